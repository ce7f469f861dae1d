/**
 * The walk back from the head: is everything that the newest commits wrote still there?
 *
 * A damaged LevelDB opens without an error, with batches missing under a head that survived, see
 * docs/design/embedded-store.md. The chain of batch rows shows a missing batch; the rows of each batch show a
 * missing row; the roots show that the leaves are those that were signed.
 *
 * In scope: checking what is stored against the head row. Out of scope: mending (a backup does that). The walk
 * reads only what is below the head it was given, so it may run beside commits.
 */

import { equalBytes } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import { appendToFrontier, type Frontier, frontierRoot } from '../../merkle/frontier.js';
import { leafHash } from '../../merkle/hash.js';
import { frontierOfEdge } from '../../merkle/integrate.js';
import type { LogStore } from '../log-store.js';
import { edgeAt } from '../root-at.js';
import {
  type BatchRow,
  genesisLink,
  keysOfBatch,
  readBatch,
  summarizeRows,
} from './batch-chain.js';
import type { LogKeys } from './keyspace.js';
import type { LevelDatabase } from './level-database.js';
import { type HeadRow, type IndexedLeafRow, readIndexedLeaf } from './row-formats.js';
import { openPresentRow, openRow, presentValue } from './rows.js';

/** The log whose tail is walked. */
export interface TailSource {
  readonly treeID: bigint;
  readonly database: LevelDatabase;
  readonly keys: LogKeys;
  readonly headRow: HeadRow;
  readonly hashes: LogStore['hashes'];
}

/** How far the walk goes. */
export interface TailReach {
  /** Rows are checked over the newest `entries` entries, or `bytes` of rows, whichever comes first. */
  readonly entries: number;
  readonly bytes: number;
  /** The links of batch rows are checked over at least this many bytes of rows, and as far as rows are. */
  readonly chainBytes: number;
  /** Told after each step how many entries were checked, of how many; the walk waits for it. */
  readonly onProgress?: ((checked: number, total: number) => void | Promise<void>) | undefined;
  /** Ends the walk early, without an error. */
  readonly signal?: AbortSignal | undefined;
}

const BATCHES_A_READ = 1024;
const LEAVES_A_READ = 512;
/** Groups of batches that are being read while one is checked: the disk and the threads work beside the event loop. */
const GROUPS_AHEAD = 2;

/**
 * Walks the tail of a log. Returns the number of entries whose rows were checked. Throws STORE_CORRUPT naming
 * the first row that is missing, damaged or out of place.
 */
export async function verifyTail(source: TailSource, reach: TailReach): Promise<number> {
  const { head } = source.headRow;
  if (!equalBytes(frontierRoot({ size: head.size, hashes: head.frontier }), head.root)) {
    throw corrupt(
      source,
      `the frontier of the head of size ${head.size} does not fold to its root`,
    );
  }
  const batches = await walkChain(source, reach);
  const oldest = batches[0];
  if (oldest === undefined) return 0;
  // If the hashes below are wrong, so is the root of the first batch that is built on them.
  let frontier = frontierOfEdge(await edgeAt(source, oldest.sizeBefore));
  const total = head.size - oldest.sizeBefore;
  for await (const group of readAhead(groupsOf(batches), (each) => readGroup(source, each))) {
    if (reach.signal?.aborted === true) break;
    for (const { batch, leaves, rows } of group) {
      frontier = checkBatch(source, batch, leaves, rows, frontier);
    }
    await reach.onProgress?.(frontier.size - oldest.sizeBefore, total);
  }
  return frontier.size - oldest.sizeBefore;
}

/** Returns the batches whose rows are to be checked, oldest first. */
async function walkChain(source: TailSource, reach: TailReach): Promise<BatchRow[]> {
  const { head, link } = source.headRow;
  const newestFirst: BatchRow[] = [];
  let size = head.size;
  let expectedLink = link;
  let bytes = 0;
  for await (const { number, batch, link: found } of chainBackwards(source)) {
    const fits = equalBytes(found, expectedLink) && batch.sizeAfter === size;
    if (!fits || batch.sizeBefore >= size || (size === head.size && !sameHead(batch, source))) {
      throw corrupt(source, `batch ${number} is not the one that size ${size} was built on`);
    }
    const newer = head.size - size;
    const beyondRows = newer >= reach.entries || (newer > 0 && bytes >= reach.bytes);
    if (!beyondRows) newestFirst.push(batch);
    if (reach.signal?.aborted === true) return [];
    if (beyondRows && bytes >= reach.chainBytes) return newestFirst.reverse();
    bytes += batch.rowBytes;
    size = batch.sizeBefore;
    expectedLink = batch.previousLink;
  }
  if (size !== 0 || !equalBytes(expectedLink, genesisLink(source.treeID))) {
    throw corrupt(source, `the chain of batches ends at size ${size}, not at the empty log`);
  }
  return newestFirst.reverse();
}

function sameHead(batch: BatchRow, source: TailSource): boolean {
  const { head } = source.headRow;
  return (
    equalBytes(batch.root, head.root) && batch.integratedTimeSeconds === head.integratedTimeSeconds
  );
}

async function* chainBackwards(
  source: TailSource,
): AsyncGenerator<{ number: number; batch: BatchRow; link: Uint8Array }> {
  const { database, keys, headRow } = source;
  // The first read is small: a start looks at few batches when they are large.
  let width = 64;
  for (let to = headRow.head.batch; to > 0; to -= width, width = BATCHES_A_READ) {
    const count = Math.min(width, to);
    const wanted = Array.from({ length: count }, (_, i) => keys.batch(to - i));
    const values = await database.getMany(wanted);
    for (const [i, key] of wanted.entries()) {
      yield { number: to - i, ...readBatch(key, openPresentRow(key, values[i])) };
    }
  }
}

function* groupsOf(batches: readonly BatchRow[]): Generator<BatchRow[]> {
  let group: BatchRow[] = [];
  let leaves = 0;
  for (const batch of batches) {
    group.push(batch);
    leaves += batch.sizeAfter - batch.sizeBefore;
    if (leaves < LEAVES_A_READ) continue;
    yield group;
    group = [];
    leaves = 0;
  }
  if (group.length > 0) yield group;
}

/** Yields what `read` returns for each item, in their order, and reads the next items meanwhile. */
async function* readAhead<Item, Result>(
  items: Iterable<Item>,
  read: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  for (const item of items) {
    const reading = read(item);
    // Thrown in its turn, below; or nobody asks any more.
    reading.catch(() => undefined);
    underWay.push(reading);
    if (underWay.length > GROUPS_AHEAD) yield underWay.shift() as Promise<Result>;
  }
  yield* underWay;
}

/** A batch and all that it wrote. */
interface ReadBatch {
  readonly batch: BatchRow;
  readonly leaves: readonly IndexedLeafRow[];
  /** In the order in which they were digested. */
  readonly rows: readonly PresentRow[];
}

/** Returns neighbouring batches with all of their rows, each there and sealed. */
async function readGroup(
  { database, keys }: TailSource,
  group: readonly BatchRow[],
): Promise<ReadBatch[]> {
  const from = (group[0] as BatchRow).sizeBefore;
  const to = (group.at(-1) as BatchRow).sizeAfter;
  const leafKeys = Array.from({ length: to - from }, (_, i) => keys.leaf(from + i));
  const leafValues = await database.getMany(leafKeys);
  const leaves = leafKeys.map((key, i) => readIndexedLeaf(key, openPresentRow(key, leafValues[i])));
  const otherKeys = group.map((batch) =>
    keysOfBatch(
      keys,
      batch.sizeBefore,
      leaves.slice(batch.sizeBefore - from, batch.sizeAfter - from),
    ),
  );
  const otherValues = await database.getMany(otherKeys.flat());
  let at = 0;
  return group.map((batch, i) => {
    const [first, end] = [batch.sizeBefore - from, batch.sizeAfter - from];
    const others = otherKeys[i] ?? [];
    // The seals of leaf rows were looked at above.
    const leafRows = leafKeys.slice(first, end).map((key, j) => {
      return { key, value: leafValues[first + j] as Buffer };
    });
    const otherRows = rowsPresent(others, otherValues.slice(at, at + others.length));
    at += others.length;
    return { batch, leaves: leaves.slice(first, end), rows: [...leafRows, ...otherRows] };
  });
}

interface PresentRow {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Seals are not looked at here: the digest over the rows of a batch covers them. */
function rowsPresent(
  keys: readonly Buffer[],
  values: readonly (Buffer | undefined)[],
): PresentRow[] {
  return keys.map((key, i) => ({ key, value: presentValue(key, values[i]) }));
}

function checkBatch(
  source: TailSource,
  batch: BatchRow,
  leaves: readonly IndexedLeafRow[],
  rows: readonly PresentRow[],
  before: Frontier,
): Frontier {
  leaves.forEach((leaf, i) => {
    const index = batch.sizeBefore + i;
    const { integratedTimeSeconds: time } = leaf;
    if (!equalBytes(leafHash(leaf.bytes), leaf.hash) || time !== batch.integratedTimeSeconds) {
      throw corrupt(source, `leaf ${index} is not the one that batch committed`);
    }
  });
  const summary = summarizeRows(rows);
  if (
    summary.rowCount !== batch.rowCount ||
    summary.rowBytes !== batch.rowBytes ||
    !equalBytes(summary.rowDigest, batch.rowDigest)
  ) {
    // The row that is damaged is named by its seal.
    for (const { key, value } of rows) openRow(key, value);
    throw corrupt(source, `the rows of leaves ${batch.sizeBefore} to ${batch.sizeAfter} changed`);
  }
  const hashes = leaves.map((leaf) => leaf.hash);
  const frontier = appendToFrontier(before, hashes);
  if (!equalBytes(frontierRoot(frontier), batch.root)) {
    throw corrupt(source, `the leaves below size ${batch.sizeAfter} do not fold to its root`);
  }
  return frontier;
}

function corrupt(source: TailSource, what: string): LogError {
  return new LogError('STORE_CORRUPT', `log ${source.treeID}: ${what}`);
}
