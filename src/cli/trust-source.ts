/**
 * Where `stele trust export` takes the documents from: DATA/log.json and the options of the server, with nothing asked
 * of anybody, or a running log, which proves nothing.
 */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { sha256Hex } from '#sha256';
import { items, type Place, readJson, required, textAt } from '../client/json-reader.js';
import { readTrustedRoot, trustedLogOfPem } from '../client/trusted-log.js';
import { toHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import { type Options, readOptions } from '../server/config.js';
import { pathsBelow } from '../server/data-folder.js';
import { readTimestampChainFile } from '../server/timestamp-authority.js';
import {
  type LogFacts,
  logAnchor,
  readTrustMaterial,
  withOwnAuthority,
} from '../server/trust-options.js';
import { trustAdvice } from '../trust/advice.js';
import type { ClientScene } from '../trust/client-lines.js';
import {
  TRUST_FILES,
  type TrustDocuments,
  type TrustFile,
  trustDocuments,
} from '../trust/documents.js';
import { serviceUrlProblem, withoutFinalSlash } from '../trust/service-url.js';
import { parseTimestamp } from '../trust/time-range.js';
import { OperationalError } from './output.js';

/** What the documents of a data folder are made from. */
export interface OfflineSource {
  /** Options of the server: `--data-dir`, `--config`, those of the trust kit. */
  readonly serverArguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** RFC 3339: when the log began, where its log.json does not say. */
  readonly startTime?: string;
}

/** Documents, and what their reader should know. */
export interface ExportedTrust {
  readonly documents: TrustDocuments;
  /** Lower-case hex. */
  readonly logID: string;
  readonly reach: Omit<ClientScene, 'folder'>;
  /** Sentences, the gravest first. */
  readonly notes: readonly string[];
}

/** Returns the documents of the log in a data folder. Throws CONFIG_INVALID and OperationalError. */
export async function offlineTrust(source: OfflineSource): Promise<ExportedTrust> {
  const options = readOptions({
    argv: source.serverArguments,
    environment: source.environment,
    readFile: readText,
  });
  const path = pathsBelow(options.dataDir).identity;
  const facts = await logFacts(path, options, source.startTime);
  const log = logAnchor(options, facts);
  const given = readTrustMaterial(options, facts.hostname, readText);
  const material = withOwnAuthority(given, log, facts.timestampChain);
  const { documents, advice } = asOperational(path, () => ({
    documents: trustDocuments(log, material),
    advice: trustAdvice(log, material),
  }));
  const notes = facts.createdSeconds === undefined ? [NO_START, ...advice] : advice;
  return {
    documents,
    notes,
    logID: logIDOf(documents, path),
    reach: reachOf(documents, log.publicUrl),
  };
}

/**
 * Returns the documents that a running log serves. `expectedIDs`, where they are given, are the IDs of all logs that
 * the documents may trust. Throws CONFIG_INVALID and OperationalError.
 */
export async function fetchedTrust(
  url: string,
  expectedIDs?: readonly string[],
): Promise<ExportedTrust> {
  const problem = serviceUrlProblem(url);
  if (problem !== undefined) throw new LogError('CONFIG_INVALID', `--url ${problem}`);
  const base = withoutFinalSlash(url);
  const texts: Record<string, string> = {};
  for (const file of TRUST_FILES) {
    texts[file] = await fetchText(`${base}/.well-known/stele/${file}`);
  }
  const documents = texts as TrustDocuments;
  const logID = logIDOf(documents, base);
  if (expectedIDs !== undefined) {
    const expected = expectedIDs.map((id) => id.toLowerCase());
    const other = trustedIDs(documents, base)
      .flat()
      .find((id) => !expected.includes(id));
    if (other !== undefined) {
      const wanted = expectedIDs.join(', ');
      throw new OperationalError(
        `${base} trusts the log ${other}, not ${wanted}: nothing was written`,
      );
    }
  }
  const notes = [expectedIDs === undefined ? PROVES_NOTHING : PROVES_THE_KEY];
  return { documents, logID, reach: reachOf(documents, base), notes };
}

const NO_START =
  'log.json does not say when this log was made, so its key is trusted for all times. Give --start-time, or let a ' +
  'newer server start on the data folder once.';
const PROVES_NOTHING =
  'These files were fetched from the log itself, and that proves nothing: whoever answered may have sent a key of his ' +
  'own. Compare the log ID above with what the operator tells you in another way (stele keys show prints it), or give ' +
  'it with --log-id. The documented way is the file that the operator exports offline.';
const PROVES_THE_KEY =
  'The logs are those of --log-id. All else in these files, such as certificate and timestamp authorities, was taken ' +
  'from the log unproved.';

const readText = (path: string): string => readFileSync(path, 'utf8');

async function logFacts(
  path: string,
  options: Options,
  startTime: string | undefined,
): Promise<LogFacts> {
  const given = startTime === undefined ? undefined : parseTimestamp(startTime);
  if (startTime !== undefined && given === undefined) {
    throw new LogError(
      'CONFIG_INVALID',
      '--start-time must be a time such as 2026-01-31T00:00:00Z',
    );
  }
  const text = await readLogFile(path);
  const timestampChain = await readTimestampChainFile(options, { root: options.dataDir });
  return asOperational(path, () => {
    const place = readJson(text, path);
    const created = (place.value as { createdSeconds?: unknown } | null)?.createdSeconds;
    const known = Number.isSafeInteger(created) ? (created as number) : undefined;
    return {
      hostname: textAt(required(place, 'hostname')),
      publicKeyDer: trustedLogOfPem(textAt(required(place, 'publicKeyPem'))).publicKeyDer,
      verifierKeys: items(required(place, 'verifierKeys')).map(textAt),
      createdSeconds: given ?? known,
      port: options.port === 0 ? USUAL_PORT : options.port,
      timestampChain,
    };
  });
}

const USUAL_PORT = 3000;

async function readLogFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no log was started there yet' : message;
    throw new OperationalError(`${path}: ${reason}`, { cause });
  }
}

/** Returns the ID of the log that the documents are of. Throws OperationalError unless both trust it. */
function logIDOf(documents: TrustDocuments, source: string): string {
  const { logID } = asOperational(source, () => trustedLogOfPem(documents['log.pub']));
  const id = toHex(logID);
  if (trustedIDs(documents, source).every((ids) => ids.includes(id))) return id;
  throw new OperationalError(`${source}: the trusted root does not trust the key of log.pub`);
}

/** Returns the IDs, hashes of keys, of the logs that each document trusts. Throws OperationalError. */
function trustedIDs(documents: TrustDocuments, source: string): readonly (readonly string[])[] {
  const place = (file: TrustFile): Place => readJson(documents[file], file);
  return asOperational(source, () =>
    [place('trusted-root.json'), required(place('client-trust-config.json'), 'trustedRoot')].map(
      (root) => readTrustedRoot(root).map(({ publicKeyDer }) => sha256Hex(publicKeyDer)),
    ),
  );
}

function reachOf(documents: TrustDocuments, url: string): Omit<ClientScene, 'folder'> {
  return asOperational(url, () => {
    const config = readJson(documents['signing-config.json'], 'signing-config.json');
    const has = (list: string): boolean => items(required(config, list)).length > 0;
    return {
      url,
      hasCertificateAuthority: has('caUrls'),
      hasTimestampAuthority: has('tsaUrls'),
    };
  });
}

function asOperational<Result>(source: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new OperationalError(`${source}: ${cause.message}`, { cause });
  }
}

/** Largest document that is taken, in bytes, and the time that it may take. */
const MAX_DOCUMENT_BYTES = 1024 ** 2;
const FETCH_LIMIT_MS = 30_000;

async function fetchText(url: string): Promise<string> {
  try {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(FETCH_LIMIT_MS),
    });
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
    return await boundedText(response);
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw new OperationalError(`GET ${url}: ${(reason as Error).message}`, { cause });
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) throw new Error(`more than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
