/**
 * All rows of one commit, sealed: what the commit point hands to LevelDB as one batch.
 *
 * In scope: a Commit turned into rows, batch row and head row included. Out of scope: writing them. Pure.
 */

import { perfectSubtreeRoot, subtreeRoots } from '../../merkle/frontier.js';
import { type Commit, SIXTEENTHS } from '../log-store.js';
import { type BatchRow, sealBatch, summarizeRows } from './batch-chain.js';
import { type LogKeys, searchDigest } from './keyspace.js';
import { encodeNumber, type HeadRow, sealHead, sealLeaf, sealTile } from './row-formats.js';
import { type Row, sealRow } from './rows.js';

/** The rows of a commit and the head row that they lead to. */
export interface CommitRows {
  readonly rows: readonly Row[];
  readonly headRow: HeadRow;
  /** Length of all keys and values. */
  readonly bytes: number;
}

/** Returns the rows of `commit`, whose batch follows the one with link `previousLink`. */
export function rowsOfCommit(keys: LogKeys, commit: Commit, previousLink: Uint8Array): CommitRows {
  const rows = entryRows(keys, commit);
  const summary = summarizeRows(rows);
  const { head } = commit;
  const batch: BatchRow = {
    previousLink,
    sizeBefore: commit.expect.size,
    sizeAfter: head.size,
    root: head.root,
    integratedTimeSeconds: head.integratedTimeSeconds,
    ...summary,
  };
  const { row, link } = sealBatch(keys.batch(head.batch), batch);
  const headRow: HeadRow = { head, link };
  rows.push(row, sealHead(keys.head(), headRow));
  return { rows, headRow, bytes: summary.rowBytes };
}

// The order is that of `keysOfBatch`, leaf rows first: the walk at start digests the rows in the same order.
function entryRows(keys: LogKeys, commit: Commit): Row[] {
  const { leaves, head } = commit;
  const from = commit.expect.size;
  const leafRows: Row[] = [];
  const others: Row[] = [];
  leaves.forEach((leaf, i) => {
    const index = from + i;
    const searchDigests = leaf.indexKeys.map(searchDigest);
    leafRows.push(
      sealLeaf(keys.leaf(index), {
        integratedTimeSeconds: head.integratedTimeSeconds,
        hash: leaf.hash,
        searchDigests,
        hasAttachment: leaf.attachment !== undefined,
        bytes: leaf.bytes,
      }),
    );
    if (!keys.leavesRepeat) {
      others.push(sealRow(keys.leafHash(leaf.hash), encodeNumber(index)));
    }
    for (const digest of searchDigests) others.push(sealRow(keys.search(digest, index)));
    if (leaf.attachment !== undefined) {
      others.push(sealRow(keys.attachment(index), leaf.attachment));
    }
  });
  const tiles = [...commit.fullTiles].sort((a, b) => a.level - b.level || a.index - b.index);
  for (const { level, index, hashes } of tiles) {
    const sixteenths = subtreeRoots(hashes, SIXTEENTHS);
    others.push(
      sealTile(keys.tile(level, index), keys.format === 1 ? { hashes } : { hashes, sixteenths }),
      sealRow(keys.tileRoot(level, index), perfectSubtreeRoot(sixteenths)),
    );
  }
  return [...leafRows, ...others];
}
