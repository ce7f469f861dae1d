/**
 * `stele trust export`: the files that clients need to sign with a log and to believe it.
 *
 * In scope: writing the files, and what is said beside them. Out of scope: where their content comes from
 * (trust-source.ts) and what it is (trust/).
 */

import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clientLines } from '../trust/client-lines.js';
import { TRUST_FILES, type TrustDocuments } from '../trust/documents.js';
import { OperationalError, type Output } from './output.js';
import {
  type ExportedTrust,
  fetchedTrust,
  type OfflineSource,
  offlineTrust,
} from './trust-source.js';

/** The options of `stele trust export`: of a log that runs elsewhere, or of a data folder. */
export interface ExportOptions extends OfflineSource {
  /** Folder of the files; it is made where it is not there. */
  readonly out: string;
  /** Replaces files that are there. */
  readonly force?: boolean;
  /** A running log whose documents are taken as they are; the members of OfflineSource are not looked at then. */
  readonly url?: string;
  /** Hex: the only logs that documents from `url` may trust. */
  readonly logId?: readonly string[];
}

/**
 * Writes the files and prints how clients use them. Throws CONFIG_INVALID; OperationalError when a file is there
 * already, or the log cannot be read or is not the one that was asked for.
 */
export async function exportTrust(options: ExportOptions, output: Output): Promise<void> {
  const { out, url, logId } = options;
  const exported = url === undefined ? await offlineTrust(options) : await fetchedTrust(url, logId);
  await writeDocuments(exported.documents, out, options.force === true);
  output.line(`log ID  ${exported.logID}`);
  for (const file of TRUST_FILES) output.line(`wrote   ${join(out, file)}`);
  for (const note of exported.notes) output.line(`\nNOTE    ${note}`);
  printClientLines(exported, out, output);
}

async function writeDocuments(
  documents: TrustDocuments,
  folder: string,
  force: boolean,
): Promise<void> {
  const paths = TRUST_FILES.map((file) => [join(folder, file), documents[file]] as const);
  try {
    await mkdir(folder, { recursive: true });
    if (!force) await refuseExisting(paths.map(([path]) => path));
    for (const [path, text] of paths) await writeFile(path, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    if (cause instanceof OperationalError) throw cause;
    throw new OperationalError(`${folder}: ${(cause as Error).message}`, { cause });
  }
}

/** All are looked at before the first is written: files of two exports do not go together. */
async function refuseExisting(paths: readonly string[]): Promise<void> {
  const there: string[] = [];
  for (const path of paths) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) there.push(path);
  }
  if (there.length === 0) return;
  throw new OperationalError(`${there.join(', ')}: already there; --force replaces them`);
}

function printClientLines(exported: ExportedTrust, folder: string, output: Output): void {
  output.line(
    '\nWords in capitals are yours: FILE is what you sign. First to sign, then to verify:',
  );
  for (const { client, lines } of clientLines({ ...exported.reach, folder })) {
    output.line(`\n${client}`);
    for (const line of lines) output.line(`  ${line}`);
  }
}
