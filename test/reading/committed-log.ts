/** A memory log whose leaf `i` is the text `leaf <i>`, as in the slow tree. */

import { utf8 } from '../../src/encoding/bytes.js';
import { leafHash } from '../../src/merkle/hash.js';
import { EMPTY_EDGE, type FullTile, integrate, type TreeEdge } from '../../src/merkle/integrate.js';
import type { FaultPoint } from '../../src/storage/fault-point.js';
import type { LogStore, NewLeaf } from '../../src/storage/log-store.js';
import { newStore, TREE_ID } from '../log/log-fixture.js';

export interface GrowingLog {
  readonly log: LogStore;
  /** Ranges that were read with `hashes`, as `level:from-to`. */
  readonly reads: string[];
  edge: TreeEdge;
  /** The tiles that the last commit filled. */
  fullTiles: readonly FullTile[];
  /** Commits leaves up to `size`; `keysOf` gives the search keys of a leaf. */
  growTo(size: number, keysOf?: (index: number) => readonly string[]): Promise<void>;
}

export async function newGrowingLog(fault?: FaultPoint): Promise<GrowingLog> {
  const store = await newStore(fault);
  const log = store.log(TREE_ID);
  const reads: string[] = [];
  const hashes = log.hashes.bind(log);
  log.hashes = (level, from, to) => {
    reads.push(`${level}:${from}-${to}`);
    return hashes(level, from, to);
  };
  const fullTile = log.fullTile.bind(log);
  log.fullTile = (level, index) => {
    reads.push(`${level}:${256 * index}-${256 * index + 256}`);
    return fullTile(level, index);
  };
  const growing: GrowingLog = {
    log,
    reads,
    edge: EMPTY_EDGE,
    fullTiles: [],
    async growTo(size, keysOf = () => []) {
      const before = await log.head();
      if (size === before.size) return;
      const leaves: NewLeaf[] = [];
      for (let i = before.size; i < size; i++) {
        const bytes = utf8(`leaf ${i}`);
        leaves.push({ hash: leafHash(bytes), bytes, indexKeys: keysOf(i) });
      }
      const hashes = leaves.map((leaf) => leaf.hash);
      const { edge, frontier, root, fullTiles } = integrate(growing.edge, hashes);
      const head = {
        size,
        root,
        frontier: frontier.hashes,
        integratedTimeSeconds: 1_800_000_000 + before.batch,
        batch: before.batch + 1,
      };
      await log.commit({ expect: before, leaves, head, fullTiles });
      growing.edge = edge;
      growing.fullTiles = fullTiles;
    },
  };
  return growing;
}
