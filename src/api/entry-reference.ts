/**
 * Entries by what a client knows of them, in any log of the server: log index, leaf hash, entry ID.
 *
 * In scope: the three spellings, and which desk answers. Out of scope: how an entry is printed. An entry goes to its
 * readers as the API that takes its kind would give it, whatever tree it stands in.
 */

import { fromHex } from '../encoding/hex.js';
import { RefusedRequest } from '../http/reply.js';
import type { Desks, Log, PublishedEntry } from '../log/log.js';
import { isOfV2, kindOfLeaf } from './leaf-kind.js';

/** How a client names an entry. */
export type EntryReference =
  | { readonly logIndex: number }
  /** `treeID` undefined: in whichever log it is. */
  | { readonly leafHash: Uint8Array; readonly treeID: bigint | undefined };

/** An entry, and the desk that its readers trust. */
export interface ReferredEntry {
  readonly desk: Log;
  readonly entry: PublishedEntry;
  readonly desks: Desks;
}

const LOG_INDEX = /^(?:0|[1-9][0-9]{0,15})$/;
const LEAF_HASH = /^[0-9a-fA-F]{64}$/;
const ENTRY_ID = /^[0-9a-fA-F]{80}$/;
const TREE_DIGITS = 16;

/** Returns what `text` names. Throws RefusedRequest (400), naming the parameter. */
export function readEntryReference(text: string, parameter: string): EntryReference {
  if (LEAF_HASH.test(text)) return { leafHash: fromHex(text), treeID: undefined };
  if (ENTRY_ID.test(text)) {
    const treeID = BigInt(`0x${text.slice(0, TREE_DIGITS)}`);
    return { leafHash: fromHex(text.slice(TREE_DIGITS)), treeID };
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
    const { rekorSide, tileSide } = desks;
    if (!isIndex && (reference.treeID ?? tileSide.identity.treeID) !== tileSide.identity.treeID) {
      continue;
    }
    const [entry] = isIndex
      ? await tileSide.entriesByIndex([reference.logIndex])
      : await tileSide.entriesByLeafHash([reference.leafHash]);
    if (entry === undefined) continue;
    if (isOfV2(kindOfLeaf(entry.leaf))) return { desk: tileSide, entry, desks };
    const [signed] = await rekorSide.entriesByIndex([entry.logIndex]);
    return signed && { desk: rekorSide, entry: signed, desks };
  }
  return undefined;
}
