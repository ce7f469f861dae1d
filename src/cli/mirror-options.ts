/**
 * What `stele mirror` is told: which logs it follows and which are uploaded, whom it believes, its key.
 *
 * In scope: options and files of the operator, turned into values. Out of scope: what a mirror does (mirror/).
 */

import { readFile, stat } from 'node:fs/promises';
import { utf8 } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import { type FedLog, parseFeedConfig } from '../feeding/feed-config.js';
import { MAX_COSIGNED_NAME_BYTES } from '../note/cosignature.js';
import { type Policy, parsePolicy } from '../note/policy.js';
import { checkKeyName } from '../note/signed-note.js';
import { parseVerifierKey, SIGNATURE_TYPE, type VerifierKey } from '../note/verifier-key.js';
import { type ListedLog, mergeLogs, parseLogFlag } from '../witness/log-list.js';

/** The options, as commander gives them. */
export interface MirrorOptions {
  readonly url?: string;
  readonly kind: string;
  readonly key?: string;
  readonly origin?: string;
  readonly logs?: string;
  readonly policy?: string;
  readonly upload?: readonly string[];
  readonly push?: readonly string[];
  readonly pushKey?: readonly string[];
  readonly name?: string;
  readonly mldsaSeedFile?: string;
  readonly dataDir: string;
  readonly guardDir?: string;
  readonly port: string;
  readonly address: string;
  readonly metricsPort?: string;
  readonly metricsAddress: string;
  readonly interval: string;
  readonly logLevel: string;
  readonly once?: boolean;
}

/** The logs of a mirror, and whom it believes. */
export interface MirrorPlan {
  readonly followed: readonly FedLog[];
  readonly uploaded: readonly ListedLog[];
  readonly policy: Policy | undefined;
  readonly push: PushPlan;
}

/** Where every copy is brought to. */
export interface PushPlan {
  /** Submission prefixes of other mirrors. */
  readonly urls: readonly string[];
  /** Of which one must have cosigned. */
  readonly keys: readonly VerifierKey[];
  readonly intervalMs: number;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Returns the plan of the options. Throws CONFIG_INVALID. */
export async function mirrorPlan(options: MirrorOptions): Promise<MirrorPlan> {
  const policy = options.policy === undefined ? undefined : await policyIn(options.policy);
  const followed = await followedLogs(options, policy);
  const uploaded = uploadedLogs(options.upload ?? []);
  if (followed.length + uploaded.length === 0) {
    throw invalid('no log: give --url and --key, --logs, --policy with URLs, or --upload');
  }
  if (uploaded.length > 0 && (options.name === undefined || options.mldsaSeedFile === undefined)) {
    throw invalid(
      '--upload needs --name and --mldsa-seed-file: an upload is answered by a cosignature',
    );
  }
  checkName(options.name);
  if ((options.name === undefined) !== (options.mldsaSeedFile === undefined)) {
    throw invalid('--name and --mldsa-seed-file go together');
  }
  refuseTwice([...followed.map(({ origin }) => origin), ...uploaded.map(({ origin }) => origin)]);
  return { followed, uploaded, policy, push: pushPlan(options) };
}

function checkName(name: string | undefined): void {
  try {
    if (name !== undefined) checkKeyName(name);
  } catch (cause) {
    throw invalid('--name is empty or holds white space or a plus sign', cause);
  }
  if (name !== undefined && utf8(name).length > MAX_COSIGNED_NAME_BYTES) {
    throw invalid(`--name is longer than ${MAX_COSIGNED_NAME_BYTES} bytes`);
  }
}

async function followedLogs(
  options: MirrorOptions,
  policy: Policy | undefined,
): Promise<readonly FedLog[]> {
  const { url, kind, key, origin, logs } = options;
  const interval = Number(options.interval);
  const found = logs === undefined ? [] : parseFeedConfig(await textIn('logs', logs));
  if (url !== undefined) {
    if (key === undefined) throw invalid('--url needs --key');
    // A verifier key as it is, or a file with one or a PEM key.
    const text = /^\S+\+[0-9a-f]{8}\+\S+$/.test(key) ? key : await textIn('key', key);
    const log = { kind, url, key: text, interval, ...(origin === undefined ? {} : { origin }) };
    return [...found, ...parseFeedConfig(JSON.stringify({ logs: [log] }))];
  }
  if (found.length > 0) return found;
  return (policy?.logs ?? []).flatMap((each) =>
    each.url === undefined
      ? []
      : [
          {
            kind: 'tiles',
            url: each.url,
            key: each.key,
            origin: each.key.name,
            intervalMs: interval * 1000,
          },
        ],
  );
}

function pushPlan({ push = [], pushKey = [], interval }: MirrorOptions): PushPlan {
  const seconds = Number(interval);
  if (!/^[1-9]\d{0,4}$/.test(interval) || seconds > 86_400) {
    throw invalid('--interval is not a number of seconds from 1 to 86400');
  }
  for (const url of push) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    const isPlain = parsed?.search === '' && parsed.hash === '' && parsed.username === '';
    if (!isPlain || !/^https?:$/.test(parsed.protocol)) {
      throw invalid(`--push ${url} is not the http(s) URL of a mirror`);
    }
  }
  if (pushKey.length > 0 && push.length === 0) throw invalid('--push-key needs --push');
  return { urls: push, keys: pushKey.map(pushedKey), intervalMs: seconds * 1000 };
}

function pushedKey(text: string): VerifierKey {
  try {
    return parseVerifierKey(text);
  } catch (cause) {
    throw invalid(`--push-key: ${(cause as Error).message}`, cause);
  }
}

async function policyIn(path: string): Promise<Policy> {
  try {
    return parsePolicy(await textIn('policy', path));
  } catch (cause) {
    if (!isLogError(cause, 'POLICY_MALFORMED')) throw cause;
    throw invalid(`--policy ${path}: ${cause.message}`, cause);
  }
}

/** A log that changes its key is named with both. */
function uploadedLogs(flags: readonly string[]): readonly ListedLog[] {
  try {
    const logs = mergeLogs(flags.map(parseLogFlag));
    const keys = logs.flatMap((log) => log.keys);
    if (!keys.some(({ type }) => type === SIGNATURE_TYPE.ed25519Cosignature)) return logs;
  } catch (cause) {
    throw invalid(`--upload: ${(cause as Error).message}`, cause);
  }
  throw invalid('--upload: a verifier key is of a witness, not of a log');
}

/** A log that is followed and uploaded too might be two histories in one copy. */
function refuseTwice(origins: readonly string[]): void {
  const twice = origins.find((origin, i) => origins.indexOf(origin) !== i);
  if (twice !== undefined) throw invalid(`the log ${twice} is named twice`);
}

async function textIn(option: string, path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_FILE_BYTES) return await readFile(path, 'utf8');
  } catch (cause) {
    throw invalid(`--${option} ${path}: ${(cause as Error).message}`, cause);
  }
  throw invalid(`--${option} ${path}: longer than ${MAX_FILE_BYTES} bytes`);
}

function invalid(message: string, cause?: unknown): LogError {
  return new LogError('CONFIG_INVALID', message, { cause });
}
