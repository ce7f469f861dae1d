/**
 * Entries by what a client knows of them, in any log of the server: log index, leaf hash, entry ID.
 *
 * In scope: the three spellings, and which desk answers. Out of scope: how an entry is printed. An entry goes to its
 * readers as the API that takes its kind would give it, whatever tree it stands in.
 */

import { fromHex } from '../encoding/hex.js';
import { isOfV2, kindOfLeaf } from '../entries/leaf-kind.js';
import { RefusedRequest } from '../http/reply.js';
import type { Desks, Log, PublishedEntry } from '../log/log.js';
import { isEntryID, splitEntryID } from './v1/shards.js';

/** How a client names an entry. */
export type EntryReference =
  | { readonly logIndex: number }
  /** `treeID` undefined: in whichever log it is. */
  | { readonly leafHash: Uint8Array; readonly treeID: bigint | undefined };

/** An entry as the tile side of its log gives it. */
export interface ReferredEntry {
  readonly desks: Desks;
  readonly entry: PublishedEntry;
}

const LOG_INDEX = /^(?:0|[1-9][0-9]{0,15})$/;

/** Returns what `text` names. Throws RefusedRequest (400), naming the parameter. */
export function readEntryReference(text: string, parameter: string): EntryReference {
  if (isEntryID(text)) {
    const { tree, leaf } = splitEntryID(text);
    return {
      leafHash: fromHex(leaf),
      treeID: tree === undefined ? undefined : BigInt(`0x${tree}`),
    };
  }
  if (LOG_INDEX.test(text)) return { logIndex: Number(text) };
  throw new RefusedRequest(
    400,
    `${parameter} must be a log index, a leaf hash of 64 hex digits or an entry ID of 80`,
  );
}

/**
 * Returns the entry; an index is one of `logs[0]`, a bare leaf hash is looked for in all of them, in order. Undefined
 * when there is none.
 */
export async function findReferred(
  logs: readonly Desks[],
  reference: EntryReference,
): Promise<ReferredEntry | undefined> {
  const isIndex = 'logIndex' in reference;
  for (const desks of isIndex ? logs.slice(0, 1) : logs) {
    const { tileSide } = desks;
    const { treeID } = tileSide.identity;
    if (!isIndex && (reference.treeID ?? treeID) !== treeID) continue;
    const [entry] = isIndex
      ? await tileSide.entriesByIndex([reference.logIndex])
      : await tileSide.entriesByLeafHash([reference.leafHash]);
    if (entry !== undefined) return { desks, entry };
  }
  return undefined;
}

/** Returns an entry as its own readers trust it: by the desk of the API that takes its kind. */
export async function trustedForm({
  desks,
  entry,
}: ReferredEntry): Promise<{ readonly desk: Log; readonly entry: PublishedEntry }> {
  const { rekorSide, tileSide } = desks;
  if (isOfV2(kindOfLeaf(entry.leaf))) return { desk: tileSide, entry };
  const [signed] = await rekorSide.entriesByIndex([entry.logIndex]);
  // What the tile side has shown is there: both sides are of one log, which only grows.
  return { desk: rekorSide, entry: signed as PublishedEntry };
}
