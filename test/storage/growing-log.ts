import { utf8 } from '../../src/encoding/bytes.js';
import { leafHash } from '../../src/merkle/hash.js';
import { integrate } from '../../src/merkle/integrate.js';
import type {
  Commit,
  Head,
  LogRecord,
  LogStore,
  NewLeaf,
  Store,
} from '../../src/storage/log-store.js';
import { edgeAt } from '../../src/storage/root-at.js';

export const TREE_ID = 1193050959916656506n;

/** Returns a log record that differs from others by its tree ID. */
export function recordOf(treeID: bigint = TREE_ID): LogRecord {
  return {
    treeID,
    hostname: 'log.example.org',
    origin: `log.example.org - ${treeID}`,
    logID: 'ab'.repeat(32),
    tileKeyID: 'cd'.repeat(32),
  };
}

/** Returns the log of a store, made first when it is not there. */
export async function logIn(store: Store, treeID: bigint = TREE_ID): Promise<LogStore> {
  const records = await store.logs();
  if (!records.some((record) => record.treeID === treeID)) await store.createLog(recordOf(treeID));
  return store.log(treeID);
}

/** Returns leaves `first` to `first + count`: two search keys each, every tenth with an attachment. */
export function makeLeaves(first: number, count: number, size = 40): NewLeaf[] {
  return Array.from({ length: count }, (_, i) => {
    const number = first + i;
    const bytes = utf8(`leaf ${number} `.padEnd(size, '.'));
    const leaf = {
      bytes,
      hash: leafHash(bytes),
      indexKeys: [`number:${number}`, number % 2 === 0 ? 'parity:even' : 'parity:odd'],
    };
    return number % 10 === 0 ? { ...leaf, attachment: utf8(`attachment ${number}`) } : leaf;
  });
}

/** Returns the commit of `leaves` after the log's head; its time is 1,000 seconds and the batch number. */
export async function commitOf(log: LogStore, leaves: readonly NewLeaf[]): Promise<Commit> {
  const before = await log.head();
  const edge = await edgeAt(log, before.size);
  const grown = integrate(
    edge,
    leaves.map((leaf) => leaf.hash),
  );
  const head: Head = {
    size: before.size + leaves.length,
    root: grown.root,
    frontier: grown.frontier.hashes,
    integratedTimeSeconds: 1001 + before.batch,
    batch: before.batch + 1,
  };
  return {
    expect: { size: before.size, root: before.root },
    leaves,
    head,
    fullTiles: grown.fullTiles,
  };
}

/** Commits leaves numbered on from the head, in batches of these sizes. */
export async function grow(log: LogStore, ...batches: readonly number[]): Promise<void> {
  for (const count of batches) {
    const { size } = await log.head();
    const outcome = await log.commit(await commitOf(log, makeLeaves(size, count)));
    if (outcome.outcome !== 'committed') throw new Error(`not committed: ${outcome.outcome}`);
  }
}
