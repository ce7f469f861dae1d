/**
 * Which log of several a request means: by tree ID, by the first part of an entry ID, or all of them with the active
 * one first.
 */

import type { Log, Shards } from '../../log/log.js';
import type { FoundEntry } from './entry-json.js';

/** Returns the log with this tree ID in decimal, the active one for undefined; undefined when there is none. */
export function logOfTree(shards: Shards, treeID: bigint | undefined): Log | undefined {
  if (treeID === undefined) return shards.active;
  return allLogs(shards).find((log) => log.identity.treeID === treeID);
}

/** Returns every log, the active one first, then the inactive ones from the oldest, then that of the v2 API. */
export function allLogs({ active, inactive, ofV2 }: Shards): readonly Log[] {
  return [active, ...inactive, ...(ofV2 === undefined ? [] : [ofV2])];
}

/** Returns what every log has under a leaf hash, the active one first. */
export async function findInAll(shards: Shards, leafHash: Uint8Array): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  for (const log of allLogs(shards)) {
    const [entry] = await log.entriesByLeafHash([leafHash]);
    if (entry !== undefined) found.push({ log, entry });
  }
  return found;
}

/** Returns the entry that one log has under a leaf hash. */
export async function findIn(log: Log, leafHash: Uint8Array): Promise<FoundEntry | undefined> {
  const [entry] = await log.entriesByLeafHash([leafHash]);
  return entry === undefined ? undefined : { log, entry };
}

const MAX_INT64 = 2n ** 63n - 1n;

/** Returns the tree ID of 16 hex digits, undefined when it is no positive int64. */
export function treeIDOfHex(digits: string): bigint | undefined {
  const treeID = BigInt(`0x${digits}`);
  return treeID === 0n || treeID > MAX_INT64 ? undefined : treeID;
}

/** The pattern of an entry ID (80 digits) or leaf hash (64 digits), as it is quoted in answers. */
export const ENTRY_ID_PATTERN = '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$';
const ENTRY_ID = new RegExp(ENTRY_ID_PATTERN);

/** True for 64 or 80 hex digits. */
export function isEntryID(text: string): boolean {
  return ENTRY_ID.test(text);
}

const TREE_DIGITS = 16;
const FULL_DIGITS = 80;

/** Returns the two parts of an entry ID; `tree` is undefined for a bare leaf hash. */
export function splitEntryID(id: string): { tree: string | undefined; leaf: string } {
  if (id.length !== FULL_DIGITS) return { tree: undefined, leaf: id };
  return { tree: id.slice(0, TREE_DIGITS), leaf: id.slice(TREE_DIGITS) };
}
