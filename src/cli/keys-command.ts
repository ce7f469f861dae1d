/** `stele keys show`: the public half of a log, read without opening its store, so also beside a running server. */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathsBelow } from '../server/data-folder.js';
import type { PublicIdentity } from '../server/identity.js';
import { OperationalError, type Output } from './output.js';

/** Prints what DATA/log.json says, which every start writes from the store. */
export async function showKeys(
  options: { readonly dataDir: string; readonly json?: boolean },
  output: Output,
): Promise<void> {
  const path = pathsBelow(resolve(options.dataDir)).identity;
  const identity = await readIdentity(path);
  if (options.json === true) {
    output.line(JSON.stringify(identity));
    return;
  }
  output.line(`origin        ${identity.origin}`);
  output.line(`hostname      ${identity.hostname}`);
  output.line(`tree ID       ${identity.treeID}`);
  output.line(`log ID        ${identity.logID}`);
  for (const vkey of identity.verifierKeys) output.line(`verifier key  ${vkey}`);
  output.line('\nPublic key of entries and checkpoints:');
  output.line(identity.publicKeyPem.trimEnd());
  output.line('\nPublic key of the tile side:');
  output.line(identity.tilePublicKeyPem.trimEnd());
}

async function readIdentity(path: string): Promise<PublicIdentity> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as PublicIdentity;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'no log was started there yet' : (cause as Error).message;
    throw new OperationalError(`${path}: ${reason}`, { cause });
  }
}
