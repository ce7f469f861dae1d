/**
 * The file that names the logs which a witness follows by itself: YAML.
 *
 *     logs:
 *       - kind: tiles                       # or rekor-v1
 *         url: https://log.example/         # prefix of the tiles, or of /api/v1
 *         key: log.example+09ab12cd+AQ…     # verifier key, or a PEM PUBLIC KEY (ECDSA or Ed25519)
 *         origin: log.example               # first line of its checkpoints; default: the name of the verifier key
 *         interval: 60                      # seconds between two looks; optional
 *
 * In scope: reading it, strictly. Out of scope: whether the witness knows these logs too: it is asked, and says so. Pure.
 */

import { parse } from 'yaml';
import { logKeyOf } from '../client/followed-log.js';
import {
  countAt,
  items,
  members,
  optional,
  type Place,
  required,
  textAt,
} from '../client/json-reader.js';
import { isLogError, LogError } from '../errors.js';
import type { VerifierKey } from '../note/verifier-key.js';

/** How a log is read. */
export type FeedKind = 'tiles' | 'rekor-v1';

/** A log that is followed. */
export interface FedLog {
  readonly kind: FeedKind;
  readonly url: string;
  /** Whose signature its checkpoints must have. */
  readonly key: VerifierKey;
  readonly origin: string;
  /** Between two looks at a log that answers. */
  readonly intervalMs: number;
}

/** Most logs of a file. */
export const MAX_FED_LOGS = 1_024;
const DEFAULT_INTERVAL_SECONDS = 60;
const LONGEST_INTERVAL_SECONDS = 86_400;
const LOG_MEMBERS = ['kind', 'url', 'key', 'origin', 'interval'];

/** Returns the logs of a file, at least one, each origin once. Throws CONFIG_INVALID, naming the place. */
export function parseFeedConfig(text: string): readonly FedLog[] {
  try {
    const document = { value: yamlOf(text), path: 'feed' };
    refuseOthers(document, ['logs']);
    const logs = items(required(document, 'logs'), MAX_FED_LOGS).map(readLog);
    if (logs.length === 0) throw new LogError('CONFIG_INVALID', 'feed.logs names no log');
    const seen = new Set<string>();
    for (const { origin } of logs) {
      if (seen.has(origin)) {
        throw new LogError('CONFIG_INVALID', `feed.logs names the origin ${origin} twice`);
      }
      seen.add(origin);
    }
    return logs;
  } catch (cause) {
    if (!isLogError(cause) || cause.code === 'CONFIG_INVALID') throw cause;
    throw new LogError('CONFIG_INVALID', cause.message, { cause });
  }
}

function yamlOf(text: string): unknown {
  try {
    // Aliases could make a small file a large one.
    return parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    const reason = `feed is not YAML: ${(cause as Error).message}`;
    throw new LogError('CONFIG_INVALID', reason, { cause });
  }
}

function readLog(place: Place): FedLog {
  refuseOthers(place, LOG_MEMBERS);
  const given = optional(place, 'origin');
  const origin = given === undefined ? undefined : textAt(given);
  const key = keyAt(required(place, 'key'), origin);
  return {
    kind: kindAt(required(place, 'kind')),
    url: urlAt(required(place, 'url')),
    key,
    origin: origin ?? key.name,
    intervalMs: intervalAt(optional(place, 'interval')) * 1000,
  };
}

function kindAt(place: Place): FeedKind {
  const kind = textAt(place);
  if (kind === 'tiles' || kind === 'rekor-v1') return kind;
  throw new LogError('CONFIG_INVALID', `${place.path} is neither tiles nor rekor-v1`);
}

function keyAt(place: Place, origin: string | undefined): VerifierKey {
  try {
    return logKeyOf(textAt(place), origin);
  } catch (cause) {
    if (!isLogError(cause, 'KEY_MALFORMED')) throw cause;
    throw new LogError('CONFIG_INVALID', `${place.path}: ${cause.message}`, { cause });
  }
}

function urlAt(place: Place): string {
  const text = textAt(place);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.search === '' && url.hash === '' && url.username === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href;
  throw new LogError('CONFIG_INVALID', `${place.path} is not the http(s) URL of a log`);
}

function intervalAt(place: Place | undefined): number {
  if (place === undefined) return DEFAULT_INTERVAL_SECONDS;
  const seconds = countAt(place);
  if (seconds >= 1 && seconds <= LONGEST_INTERVAL_SECONDS) return seconds;
  const range = `1 to ${LONGEST_INTERVAL_SECONDS} seconds`;
  throw new LogError('CONFIG_INVALID', `${place.path} is not ${range}`);
}

function refuseOthers(place: Place, known: readonly string[]): void {
  const other = members(place).find(([name]) => !known.includes(name));
  if (other === undefined) return;
  throw new LogError('CONFIG_INVALID', `${place.path} has the unknown member ${other[0]}`);
}
