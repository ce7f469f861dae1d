/**
 * How the timestamps of a batch are divided into rows, so that nearly every one of them is found by a key that can be
 * guessed. To look for the nearest key below takes a seek in every table and a thread; a guess that is wrong, hardly
 * anything.
 *
 * In scope: which rows. Out of scope: what they hold (row-formats.ts). Pure. Rows of older stores hold whole batches,
 * and are found by looking for the nearest key.
 */

import type { LogKeys } from './keyspace.js';
import { sealTimestamps } from './row-formats.js';
import type { Row } from './rows.js';

/** A row ends before an index that is a multiple of this, or with its batch. */
const SPAN = 16;

/** Returns the rows of the timestamps of the leaves from `from` on. */
export function timestampRows(
  keys: LogKeys,
  from: number,
  signatures: readonly Uint8Array[],
): Row[] {
  const rows: Row[] = [];
  const end = from + signatures.length;
  for (let at = from; at < end; ) {
    const next = Math.min(end, startOfSpan(at) + SPAN);
    rows.push(sealTimestamps(keys.timestamps(at), signatures.slice(at - from, next - from)));
    at = next;
  }
  return rows;
}

/** Returns the first indexes of the rows that most likely hold the timestamp of a leaf. */
export function likelyTimestampRows(index: number): readonly number[] {
  const start = startOfSpan(index);
  return start === index ? [index] : [start, index];
}

function startOfSpan(index: number): number {
  return index - (index % SPAN);
}
