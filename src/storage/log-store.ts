/**
 * THE STORAGE CONTRACT: what every store promises to sequencing, publishing, reading and log.
 *
 * A `Store` holds several logs, each behind a `LogStore`. Everything below a committed tree size is
 * immutable, so reads need no lock and no snapshot, only a size. Coarse on purpose: no partial tile, no
 * key layout and no checkpoint is in here. The suite in test/storage/contract.ts runs against every driver.
 *
 * In scope: atomic, durable and exact commits; reads of what was committed; late rows. Out of scope:
 * Merkle maths (merkle/), who decides indexes and times (sequencing/), what is signed (publishing/).
 */

import { HASH_SIZE } from '../merkle/hash.js';
import type { FullTile } from '../merkle/integrate.js';

/** Longest search key, in UTF-16 units: a term of the richer search has up to 4,096 and its name space before it. */
export const MAX_INDEX_KEY_LENGTH = 4_160;

/**
 * Throws RangeError for a leaf that no store takes: no hash of 32 bytes, or a search key that is empty, too long
 * or there twice. Whoever gathers leaves asks before, so that one leaf does not decide about its neighbours.
 */
export function checkLeaf({ hash, indexKeys }: NewLeaf): void {
  if (hash.length !== HASH_SIZE) throw new RangeError('a leaf hash has 32 bytes');
  if (new Set(indexKeys).size !== indexKeys.length) {
    throw new RangeError('a search key occurs twice in one leaf');
  }
  for (const key of indexKeys) {
    if (key.length === 0 || key.length > MAX_INDEX_KEY_LENGTH) {
      throw new RangeError(`a search key has 1 to ${MAX_INDEX_KEY_LENGTH} characters`);
    }
  }
}

/** The newest committed state of one log. */
export interface Head {
  /** Number of leaves. */
  readonly size: number;
  /** Root hash at `size`, 32 bytes. */
  readonly root: Uint8Array;
  /** Right-edge hashes at `size`, largest subtree first; their fold is `root`. */
  readonly frontier: readonly Uint8Array[];
  /** Integrated time of the newest leaf, seconds since 1970; 0 for the empty log. */
  readonly integratedTimeSeconds: number;
  /** Number of commits so far; the batch row of the newest one has this number. */
  readonly batch: number;
}

/** One leaf to be stored. */
export interface NewLeaf {
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
  /** Search keys exactly as `find` will be asked for them; 1 to 4,160 characters each, no duplicates. */
  readonly indexKeys: readonly string[];
  readonly attachment?: Uint8Array;
}

/** One leaf as stored. `hash` is the stored leaf hash; a driver checks it against the bytes on read-back. */
export interface StoredLeaf {
  readonly index: number;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
  readonly integratedTimeSeconds: number;
}

/** A leaf with the bytes kept beside it. */
export interface StoredEntry extends StoredLeaf {
  readonly attachment: Uint8Array | undefined;
}

/** A perfect subtree over 16 hashes of a full tile is a sixteenth of it. */
export const SIXTEENTHS = 16;

/** A tile with all its hashes; nobody may write to them. */
export interface StoredTile {
  /** 256 hashes, concatenated. */
  readonly hashes: Uint8Array;
  /** The roots of its sixteenths, concatenated, where the store keeps them: to make them takes 240 hashes. */
  readonly sixteenths?: Uint8Array;
}

/** A batch to be made real: `leaves` take the indexes from `expect.size` on. */
export interface Commit {
  readonly expect: { readonly size: number; readonly root: Uint8Array };
  readonly leaves: readonly NewLeaf[];
  /** The head after this commit; its time is the integrated time of every leaf of the batch. */
  readonly head: Head;
  readonly fullTiles: readonly FullTile[];
}

/** What became of a commit that did not throw. */
export type CommitOutcome =
  | { readonly outcome: 'committed' }
  /** Nothing was written: the stored head is not the expected one. */
  | { readonly outcome: 'conflict'; readonly head: Head }
  /** Nothing was written: these leaf hashes are in the log already, whose leaves must not repeat. */
  | {
      readonly outcome: 'duplicates';
      readonly duplicates: readonly { readonly hash: Uint8Array; readonly index: number }[];
    };

/**
 * Which note text a stored note belongs to: one kind for each audience (see publishing/). `published` is that of the tile
 * side with the cosignatures of witnesses; its own signatures may be of a smaller size than the newest.
 */
export type NoteKind = 'v1' | 'tiles' | 'published';

/** A signed note over the tree of `size` leaves. */
export interface StoredNote {
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** Rows that follow their commit and may be lost: they are made again from what was committed. */
export interface LateRows {
  /**
   * Left out silently when a note of that kind for a larger size is stored: notes are monotone in size. At one
   * size the signature lines are united; a key's first line stays, so a note that was served never changes.
   */
  readonly notes?: readonly (StoredNote & { readonly kind: NoteKind })[];
  /** Signed entry timestamps of the leaves from `from` on, one for each. */
  readonly timestamps?: { readonly from: number; readonly signatures: readonly Uint8Array[] };
  /** True for rows that must not be lost once they were served: a note with cosignatures. */
  readonly sync?: boolean;
}

/** Which of the entries that carry a search key are wanted. */
export interface FindRange {
  /** Only log indexes below this one. */
  readonly below: number;
  /** Only log indexes after this one; default: from 0. */
  readonly after?: number;
  readonly limit: number;
  /** `oldest` (default): ascending from the lower end; `newest`: descending from the upper end. */
  readonly order?: 'oldest' | 'newest';
}

/** One log in a store. All numbers are safe integers; ranges are half-open, [from, to). */
export interface LogStore {
  readonly treeID: bigint;

  /**
   * Returns the newest committed head; an empty log has size 0 and EMPTY_ROOT. It asks the store each time, so it
   * throws when the store cannot be read: STORE_UNAVAILABLE, STORE_CORRUPT.
   */
  head(): Promise<Head>;

  /**
   * Makes a batch real: atomic, durable (synced) and exact for leaves, times, the unique leaf-hash index,
   * search keys, attachments, full tiles, batch row and head. Its errors are of two sorts, told apart by code:
   *
   * - COMMIT_UNKNOWN: the batch may or may not be durable. `Store.failed` is true, no further write of any log
   *   is accepted, and only `Store.recover` leads on; the head that it reads is the verdict.
   * - anything else (DISK_FULL: the disk reserve would be used up; STORE_UNAVAILABLE: the store waits for
   *   recovery or is closed; STORE_CORRUPT: a damaged index row; RangeError: the commit contradicts itself):
   *   refused before writing, nothing of it is durable, and `Store.failed` is as it was.
   *
   * To treat every error as the first sort is safe: `recover` of a store that has not failed does no harm.
   */
  commit(commit: Commit): Promise<CommitOutcome>;

  /**
   * Stores late rows, unsynced unless `sync` says otherwise. Ordered after the commits before it. Throws as
   * `commit` does: DISK_FULL and STORE_UNAVAILABLE write nothing, COMMIT_UNKNOWN fails the store.
   */
  late(rows: LateRows): Promise<void>;

  /** Returns the leaves of [from, to), all of which must be committed. Throws STORE_CORRUPT on a bad row. */
  leaves(from: number, to: number): Promise<readonly StoredLeaf[]>;

  /**
   * Returns the bytes of the leaves of [from, to) alone, for readers who hold them against the tree themselves: their
   * checksums are looked at, their leaf hashes are not. They may share memory. Throws as `leaves` does.
   */
  leafBytes(from: number, to: number): Promise<readonly Uint8Array[]>;

  /**
   * Returns the hashes [from, to) of tile level `level`, concatenated: leaf hashes at level 0; at level L the
   * roots of the full tiles of level L-1. Only hashes of complete subtrees exist. Throws STORE_CORRUPT.
   */
  hashes(level: number, from: number, to: number): Promise<Uint8Array>;

  /** Returns tile `index` of a level, which must be full and committed. Throws STORE_CORRUPT on a bad row. */
  fullTile(level: number, index: number): Promise<StoredTile>;

  /**
   * Returns the log index for each leaf hash, undefined where the log does not have it. Throws RangeError in a log whose
   * leaves may repeat.
   */
  indexesOf(leafHashes: readonly Uint8Array[]): Promise<readonly (number | undefined)[]>;

  /** Returns the first log indexes of a range, in the order asked for, whose entries carry `key`. */
  find(key: string, range: FindRange): Promise<readonly number[]>;

  /** Returns leaf `index`, which must be committed, with the bytes kept beside it. Throws STORE_CORRUPT on a bad row. */
  entry(index: number): Promise<StoredEntry>;

  /** Returns the newest stored note of a kind, if any. */
  newestNote(kind: NoteKind): Promise<StoredNote | undefined>;

  /** Returns the stored signed entry timestamp of leaf `index`, if it was kept. */
  timestamp(index: number): Promise<Uint8Array | undefined>;
}

/** What a log is, written at its creation and never changed. */
export interface LogRecord {
  /** Positive 63-bit tree ID. */
  readonly treeID: bigint;
  readonly hostname: string;
  /** First line of its v1 checkpoints; of all of them in a log of the v2 API, where it is the host name. */
  readonly origin: string;
  /** First line of the checkpoints of its tile side, where that is another one: a log that both APIs write to. */
  readonly tileOrigin?: string;
  /** Lower-case hex SHA-256 of the SubjectPublicKeyInfo of the key that signs entries and v1 checkpoints. */
  readonly logID: string;
  /** Lower-case hex SHA-256 of the SubjectPublicKeyInfo of the key of the tile side. */
  readonly tileKeyID: string;
  /** When it was made, seconds since 1970; older stores do not say. */
  readonly createdSeconds?: number;
  /** True: a leaf may be there several times, as in a log that somebody else writes; leaf hashes are not indexed. */
  readonly leavesRepeat?: boolean;
}

/** Returns the first line of the checkpoints of a log's tile side. */
export function tileOriginOf({ origin, tileOrigin }: LogRecord): string {
  return tileOrigin ?? origin;
}

/** Whether the v2 API writes to this log; its origin there is the host name (spec of Rekor v2, checkpoint). */
export function isLogOfV2(record: LogRecord): boolean {
  return tileOriginOf(record) === record.hostname;
}

/** Whether the v1 API writes to this log, which has signed entry timestamps then. */
export function isLogOfV1(record: LogRecord): boolean {
  return record.origin !== record.hostname;
}

/** A store: several logs, one process. */
export interface Store {
  /** Returns the logs of this store in the order of their creation. */
  logs(): Promise<readonly LogRecord[]>;
  /** Writes the record of a new, empty log, synced. Throws STORE_IDENTITY when the tree ID is taken, else as `commit`. */
  createLog(record: LogRecord): Promise<void>;
  /** Returns the handle of a log. Throws TREE_UNKNOWN. The same handle each time; it survives `recover`. */
  log(treeID: bigint): LogStore;
  /**
   * After COMMIT_UNKNOWN: closes and reopens the store and reads the heads again, which alone say what became
   * durable. Throws DISK_FULL while there is not enough space to do so (reads go on using the old handle), else
   * STORE_UNAVAILABLE or STORE_CORRUPT (reads fail until it succeeds). When the store has not failed it only
   * checks the space: DISK_FULL, or done.
   */
  recover(): Promise<void>;
  /**
   * Returns when a write would not be refused now; writes nothing. Throws DISK_FULL below the disk reserve,
   * STORE_UNAVAILABLE when the store has failed or is closed.
   */
  checkWritable(): Promise<void>;
  /** True from COMMIT_UNKNOWN until `recover` has succeeded: every write of every log is refused. */
  readonly failed: boolean;
  close(): Promise<void>;
}
