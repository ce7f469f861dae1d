/**
 * Which logs the witness follows. A log that was ever configured is never forgotten: what it cosigned stays, and a log
 * that is not named any more is disabled, not removed, for one that came back with nothing known could be cosigned on
 * another history.
 *
 * Logs named by the operator have the keys that the operator names. A pulled list may bring new logs; new keys of a
 * known log it may not: that takes a human.
 *
 * In scope: the set, and its rows. Out of scope: reading lists (log-list.ts) and fetching them (pulled-lists.ts).
 * Mutable state: the set.
 */

import { isLogError, LogError } from '../errors.js';
import { originID } from '../note/origin-id.js';
import type { NoteVerifier } from '../note/signed-note.js';
import { parseVerifierKey, printVerifierKey, type VerifierKey } from '../note/verifier-key.js';
import { noteVerifier } from '../signing/note-verifier.js';
import type { ListedLog } from './log-list.js';
import type { Row, SyncedRows } from './synced-rows.js';

/** A log that is or was followed. */
export interface FollowedLog {
  readonly id: string;
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
  readonly verifiers: readonly NoteVerifier[];
  /** `operator`, or the URL of the list that brought it. */
  readonly source: string;
  /** Its checkpoints are refused; what is known of it stays. */
  readonly isDisabled: boolean;
}

/** What a pulled list has changed. */
export interface ListChanges {
  readonly added: readonly string[];
  /** Origins for which the list names other keys than those that are trusted; nothing was changed. */
  readonly otherKeys: readonly string[];
  /** Origins that had no room, or a key of which is none. */
  readonly refused: readonly string[];
}

/** The logs of a witness. */
export interface FollowedLogs {
  /** Returns a log that is followed and not disabled. */
  byOrigin(origin: string): FollowedLog | undefined;
  /** Returns a log, disabled or not. */
  byID(id: string): FollowedLog | undefined;
  /** Returns all, by origin. */
  all(): readonly FollowedLog[];
  /** Makes `logs` what the operator names: others of the operator become disabled, and so do those of `disabled`. */
  setOperatorLogs(logs: readonly ListedLog[], disabled?: readonly string[]): Promise<void>;
  /** Adds the logs of a pulled list that are new. */
  addListed(logs: readonly ListedLog[], source: string): Promise<ListChanges>;
}

/** Most logs that pulled lists may bring together with all others. */
export const MAX_LOGS = 10_000;

const PREFIX = 'log/';
const OPERATOR = 'operator';

/** Returns the logs in `rows`. Throws STORE_CORRUPT, STORE_UNAVAILABLE. */
export async function openFollowedLogs(rows: SyncedRows): Promise<FollowedLogs> {
  const logs = new Map<string, FollowedLog>();
  for (const { value } of await rows.list(PREFIX)) {
    const log = readRow(value);
    logs.set(log.id, log);
  }
  const store = async (changed: readonly FollowedLog[]): Promise<void> => {
    if (changed.length === 0) return;
    await rows.put(changed.map(printRow));
    for (const log of changed) logs.set(log.id, log);
  };
  return {
    byOrigin(origin) {
      const log = logs.get(originID(origin));
      return log === undefined || log.isDisabled ? undefined : log;
    },
    byID: (id) => logs.get(id),
    all: () => [...logs.values()].sort((a, b) => (a.origin < b.origin ? -1 : 1)),
    async setOperatorLogs(named, disabled = []) {
      const wanted = new Map(named.map((log) => [originID(log.origin), log]));
      const off = new Set(disabled.map(originID));
      const changed = named.map(({ origin, keys }) =>
        followed(origin, keys, OPERATOR, off.has(originID(origin))),
      );
      for (const log of logs.values()) {
        if (wanted.has(log.id)) continue;
        const isDisabled = log.source === OPERATOR || off.has(log.id);
        if (isDisabled !== log.isDisabled) changed.push({ ...log, isDisabled });
      }
      await store(changed.filter((log) => !isSame(logs.get(log.id), log)));
    },
    async addListed(listed, source) {
      const added: FollowedLog[] = [];
      const [otherKeys, refused]: [string[], string[]] = [[], []];
      for (const { origin, keys } of listed) {
        const known = logs.get(originID(origin));
        if (known !== undefined) {
          const trusted = new Set(known.keys.map(printVerifierKey));
          if (!keys.every((key) => trusted.has(printVerifierKey(key)))) otherKeys.push(origin);
        } else {
          const log = logs.size + added.length < MAX_LOGS && readable(origin, keys, source);
          if (log) added.push(log);
          else refused.push(origin);
        }
      }
      await store(added);
      return { added: added.map(({ origin }) => origin), otherKeys, refused };
    },
  };
}

function followed(
  origin: string,
  keys: readonly VerifierKey[],
  source: string,
  isDisabled: boolean,
): FollowedLog {
  const verifiers = keys.map(noteVerifier);
  return { id: originID(origin), origin, keys, verifiers, source, isDisabled };
}

/** One key that is none must not keep the other logs of a list away. */
function readable(
  origin: string,
  keys: readonly VerifierKey[],
  source: string,
): FollowedLog | undefined {
  try {
    return followed(origin, keys, source, false);
  } catch (error) {
    if (isLogError(error, 'KEY_MALFORMED')) return undefined;
    throw error;
  }
}

function isSame(known: FollowedLog | undefined, log: FollowedLog): boolean {
  return known !== undefined && printRow(known).value === printRow(log).value;
}

function printRow({ id, origin, keys, source, isDisabled }: FollowedLog): Row {
  const value = JSON.stringify({ origin, keys: keys.map(printVerifierKey), source, isDisabled });
  return { key: `${PREFIX}${id}`, value };
}

function readRow(value: string): FollowedLog {
  try {
    const row = JSON.parse(value) as {
      origin: string;
      keys: string[];
      source: string;
      isDisabled: boolean;
    };
    return followed(row.origin, row.keys.map(parseVerifierKey), row.source, row.isDisabled);
  } catch (cause) {
    throw new LogError('STORE_CORRUPT', 'the row of a log of the witness cannot be read', {
      cause,
    });
  }
}
