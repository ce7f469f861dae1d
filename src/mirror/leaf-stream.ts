/**
 * The leaves of a log in order, with some requests ahead of who reads them.
 *
 * What is asked for ahead may not be long: a log that answers with as much as it may would fill the memory. What fails ahead is
 * asked for again, alone, when its turn comes. In scope: that. Out of scope: verifying. No state but that of a pass.
 */

import type { BoundedFetch } from '../client/bounded-fetch.js';
import type { RemoteLog } from '../client/remote-log.js';

/** One log, asked in two ways. */
export interface LeafSource {
  /** Whose answers may be as long as any. */
  readonly remote: RemoteLog;
  /** Whose answers are short, or fail. */
  readonly ahead: RemoteLog;
  readonly signal?: AbortSignal | undefined;
}

/** Requests under way. */
const AT_ONCE = 8;
/** Longest answer that is waited for ahead, in bytes: 256 entries of 16 kB. */
const MAX_AHEAD_BYTES = 4 * 1024 * 1024;

/** Returns a fetch that gives up on long answers. */
export function shortAnswers(fetch: BoundedFetch): BoundedFetch {
  return (request) => fetch({ ...request, maxBytes: Math.min(request.maxBytes, MAX_AHEAD_BYTES) });
}

/** Yields the leaves of [from, to), some at a time. Throws what the log throws. */
export async function* leavesInOrder(
  { remote, ahead, signal }: LeafSource,
  from: number,
  to: number,
): AsyncGenerator<readonly Uint8Array[]> {
  const underWay: Requested[] = [];
  let atOnce = AT_ONCE;
  for (let next = from, given = from; given < to; ) {
    while (next < to && underWay.length < atOnce) {
      // Up to the end of a bundle: a partial one has a path for each width, and but that of the tree's size is sure to be there.
      const end = Math.min(to, nextMultiple(next, remote.leavesAtOnce));
      underWay.push({ from: next, to: end, leaves: orUndefined(ahead.leaves(next, end)) });
      next = end;
    }
    const first = underWay.shift() as Requested;
    let leaves = await first.leaves;
    atOnce = leaves === undefined ? 1 : AT_ONCE;
    signal?.throwIfAborted();
    leaves ??= await remote.leaves(first.from, first.to);
    given += leaves.length;
    yield leaves;
  }
}

interface Requested {
  readonly from: number;
  readonly to: number;
  /** Undefined: it failed. */
  readonly leaves: Promise<readonly Uint8Array[] | undefined>;
}

function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  return promise.catch(() => undefined);
}

function nextMultiple(index: number, of: number): number {
  return (Math.floor(index / of) + 1) * of;
}
