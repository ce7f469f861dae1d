/**
 * Lists of logs in the format `logs/v0`, which the public witness network publishes.
 *
 *   logs/v0
 *   vkey <verifier key>       begins a log
 *   origin <origin>           where it is not the key's name
 *   (other keywords)          ignored
 *
 * In scope: the text. Several entries of one origin are one log with several keys. Out of scope: where lists come from
 * and what becomes of them (followed-logs.ts). Pure; no state.
 */

import { toHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import { parseVerifierKey, printVerifierKey, type VerifierKey } from '../note/verifier-key.js';

/** A log and the keys that may sign its checkpoints. */
export interface ListedLog {
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
}

/** Most lines, and most keys, of a list that is read. */
export const MAX_LIST_LINES = 200_000;
export const MAX_LIST_KEYS = 20_000;

const HEADER = 'logs/v0';

/**
 * Returns the logs of a list. Throws CONFIG_INVALID, naming the line; a key that cannot be read is passed over instead
 * where `skipped` is given, and told to it.
 */
export function parseLogList(
  text: string,
  skipped?: (reason: string) => void,
): readonly ListedLog[] {
  const entries: { vkey: string; origin?: string; line: number }[] = [];
  let sawHeader = false;
  const lines = text.split('\n');
  if (lines.length > MAX_LIST_LINES) throw invalid(MAX_LIST_LINES, 'and further are too many');
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (!sawHeader) {
      if (line !== HEADER) throw invalid(index + 1, `is not ${HEADER}`);
      sawHeader = true;
      continue;
    }
    const [keyword, value] = splitLine(line);
    const last = entries.at(-1);
    if (keyword === 'vkey') {
      if (entries.length === MAX_LIST_KEYS) throw invalid(index + 1, 'has a key too many');
      entries.push({ vkey: value, line: index + 1 });
    } else if (last === undefined) throw invalid(index + 1, 'stands before any vkey');
    else if (keyword === 'origin') {
      if (value === '' || last.origin !== undefined) throw invalid(index + 1, 'gives no origin');
      last.origin = value;
    }
  }
  if (!sawHeader) throw invalid(1, `is not ${HEADER}`);
  const logs = entries.flatMap(({ vkey, origin, line }) => {
    try {
      return [logOf(vkey, origin, `line ${line}`)];
    } catch (error) {
      if (skipped === undefined || !isLogError(error)) throw error;
      skipped(error.message);
      return [];
    }
  });
  return mergeLogs(logs, skipped);
}

/** Returns the keyword and what follows it, without the white space between them. */
function splitLine(line: string): readonly [keyword: string, value: string] {
  const end = line.search(/\s/);
  return end < 0 ? [line, ''] : [line.slice(0, end), line.slice(end).trim()];
}

/** Returns the log that a flag names: a verifier key, and behind a space the origin if it is not the key's name. */
export function parseLogFlag(text: string): ListedLog {
  const space = text.indexOf(' ');
  if (space < 0) return logOf(text, undefined, '--log');
  return logOf(text.slice(0, space), text.slice(space + 1).trim(), '--log');
}

/**
 * Returns the logs with those of one origin made one. Throws CONFIG_INVALID when two keys claim one name and ID; such a log
 * is passed over instead where `skipped` is given, and told to it.
 */
export function mergeLogs(
  logs: readonly ListedLog[],
  skipped?: (reason: string) => void,
): readonly ListedLog[] {
  const merged = new Map<string, Map<string, VerifierKey>>();
  for (const { origin, keys } of logs) {
    const known = merged.get(origin) ?? new Map<string, VerifierKey>();
    merged.set(origin, known);
    for (const key of keys) known.set(printVerifierKey(key), key);
  }
  return [...merged].flatMap(([origin, keys]) => {
    const ids = [...keys.values()].map(({ name, keyID }) => `${name}+${toHex(keyID)}`);
    if (new Set(ids).size === ids.length) return [{ origin, keys: [...keys.values()] }];
    const reason = `two keys of ${origin} claim one name and key ID`;
    if (skipped === undefined) throw new LogError('CONFIG_INVALID', reason);
    skipped(reason);
    return [];
  });
}

function logOf(vkey: string, origin: string | undefined, where: string): ListedLog {
  try {
    const key = parseVerifierKey(vkey);
    return { origin: origin || key.name, keys: [key] };
  } catch (cause) {
    if (!isLogError(cause, 'NOTE_MALFORMED')) throw cause;
    throw new LogError('CONFIG_INVALID', `${where}: ${cause.message}`, { cause });
  }
}

function invalid(line: number, what: string): LogError {
  return new LogError('CONFIG_INVALID', `line ${line} of the log list ${what}`);
}
