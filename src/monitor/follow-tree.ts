/**
 * One tree followed from the checkpoint that is known to the newest: first the head, then every entry between.
 *
 * In scope: the order of things. A checkpoint is kept when it is consistent; entries count as proven when they have its
 * root. Out of scope: the checks themselves (check-head.ts, scan-tree.ts), files. State: what `save` is given.
 */

import { isLogError } from '../errors.js';
import type { WatchList } from '../matching/watch-list.js';
import { EMPTY_FRONTIER, type Frontier, frontierRoot } from '../merkle/frontier.js';
import { verifyConsistency } from '../merkle/verify.js';
import { checkGrowth, checkSignatures, type Head, type LogTrust, openHead } from './check-head.js';
import type { SourceTree } from './log-source.js';
import { frontierOfProof, isPowerOfTwo } from './proof-frontier.js';
import { type LeafReader, type Scan, type ScanObserver, scanTree } from './scan-tree.js';
import { TamperingError } from './tampering-error.js';
import type { TreeState } from './tree-state.js';

/** One tree to follow. */
export interface Following {
  /** The log's URL. */
  readonly log: string;
  readonly tree: SourceTree;
  readonly trust: LogTrust;
  readonly watch: WatchList;
  readonly describe: LeafReader;
  /** Where a tree that nobody knows is begun: at its newest checkpoint, or at an entry, counted over all shards. */
  readonly start: 'newest' | number;
  readonly observer: ScanObserver;
  known(origin: string | undefined): TreeState | undefined;
  tell: Scan['tell'];
  isStopping: Scan['isStopping'];
  save(state: TreeState): Promise<void>;
}

/**
 * Resolves to the new head when all up to it is checked and told. Rejects with TamperingError, LogError for what cannot be
 * read, and as the source does.
 */
export async function followTree(following: Following): Promise<Head> {
  const { tree, trust, known, save } = following;
  const head = checkSignatures(tree, trust, known);
  const before = known(head.origin);
  const state =
    before === undefined
      ? await firstState(following, head)
      : await grownState(following, before, head);
  await save(state);
  if (state.scanned === undefined) return head;
  return await scanOn(following, state, state.scanned, head, before?.note);
}

async function firstState({ tree, start }: Following, head: Head): Promise<TreeState> {
  const frozenAt = tree.isFrozen ? head.size : undefined;
  const first = { origin: head.origin, note: head.note, frozenAt };
  const index = start === 'newest' ? head.size : Math.max(0, start - tree.offset);
  if (index >= head.size) return { ...first, scanned: undefined, proven: undefined };
  const frontier = await frontierAt(tree, index, head);
  return { ...first, scanned: frontier, proven: frontier };
}

/** The frontier of a tree nobody signed: if it is not the true one, the entries will not have the root of the head. */
async function frontierAt(tree: SourceTree, start: number, head: Head): Promise<Frontier> {
  let size = start;
  while (isPowerOfTwo(size)) size--;
  if (size === 0) return EMPTY_FRONTIER;
  const proof = await tree.consistencyProof(size, head.size);
  try {
    const frontier = frontierOfProof(size, head.size, proof, undefined);
    const [firstRoot, lastRoot] = [frontierRoot(frontier), head.root];
    verifyConsistency({ first: size, last: head.size, firstRoot, lastRoot, proof });
    return frontier;
  } catch (cause) {
    if (!isLogError(cause, 'PROOF_INVALID')) throw cause;
    const evidence = { before: undefined, after: head.note };
    throw new TamperingError('fork', head.origin, cause.message, evidence, { cause });
  }
}

async function grownState(
  { tree, trust }: Following,
  known: TreeState,
  head: Head,
): Promise<TreeState> {
  const before = openHead(known.note, trust);
  const proof = await checkGrowth(tree, before, head, known.frozenAt);
  const frozenAt = known.frozenAt ?? (tree.isFrozen ? head.size : undefined);
  const grown = { ...known, note: head.note, frozenAt };
  // Only a tree begun at its newest checkpoint has no frontier yet, and then that checkpoint is `before`.
  if (known.scanned !== undefined || head.size === before.size) return grown;
  const frontier =
    before.size === 0
      ? EMPTY_FRONTIER
      : frontierOfProof(before.size, head.size, proof, before.root);
  return { ...grown, scanned: frontier, proven: frontier };
}

async function scanOn(
  following: Following,
  state: TreeState,
  from: Frontier,
  head: Head,
  before: string | undefined,
): Promise<Head> {
  const { log, tree, watch, describe, observer, tell, save, isStopping } = following;
  const scanned = await scanTree({
    ...{ log, tree, watch, describe, observer, tell, isStopping, head, from },
    save: (frontier) => save({ ...state, scanned: frontier }),
  });
  if (scanned !== undefined) {
    await save({ ...state, scanned, proven: scanned });
    return head;
  }
  // Whatever was scanned since the last proven entry may be the one that is not the tree's.
  await save({ ...state, scanned: state.proven });
  const range = `[${state.proven?.size ?? 0}, ${head.size})`;
  const reason = `the entries ${range} do not have the root that the log signed`;
  throw new TamperingError('entries', head.origin, reason, { before, after: head.note });
}
