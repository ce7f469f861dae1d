/**
 * The front desk of one log: what the API, and later every other doorway, may ask of it.
 *
 * In scope: submissions, entries, proofs, checkpoints, search, readiness. Out of scope: HTTP, and how the
 * rooms behind the desk do their work. The types of this file are the only ones that api/ needs.
 */

import type { ProposedEntry, SearchTerm } from '../entries/entry-kind.js';
import type { TileCoordinates } from '../merkle/tile.js';
import type { Publication } from '../publishing/publisher.js';

export type { Publication };

/** Who a log is; constant for its life. */
export interface LogIdentity {
  /** Positive 63-bit tree ID. */
  readonly treeID: bigint;
  /** The tree ID as 16 hex digits: the first part of an 80-digit entry ID. */
  readonly treeHex: string;
  /** Name on the signature line of its checkpoints. */
  readonly hostname: string;
  /** First line of the checkpoints of this desk. */
  readonly origin: string;
  /**
   * Lower-case hex, 32 bytes: SHA-256 of the DER SubjectPublicKeyInfo; at the tile side, for keys that are not ECDSA,
   * the hash of which the key ID of its signature lines is the start.
   */
  readonly logID: string;
  /** PEM of the public key, 64 columns, trailing newline. */
  readonly publicKeyPem: string;
}

/** A named head with the note that speaks for it: everything in one answer comes from the same one. */
export interface Checkpoint {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** The signed note, as text. */
  readonly note: string;
}

/** An entry with all that a client verifies, made from one head. */
export interface PublishedEntry {
  /** 80 hex digits: tree ID and leaf hash. */
  readonly entryID: string;
  readonly leaf: Uint8Array;
  readonly logIndex: number;
  readonly integratedTimeSeconds: number;
  /**
   * Signature over the RFC 8785 form of body, integratedTime, logID, logIndex. Undefined from a desk that hands out
   * none: that of the tile side, and every desk of a log that the v2 API alone writes to.
   */
  readonly signedEntryTimestamp: Uint8Array | undefined;
  readonly proof: {
    /** Leaf to root, 32 bytes each. */
    readonly hashes: readonly Uint8Array[];
    readonly checkpoint: Checkpoint;
  };
  readonly attestation?: Uint8Array;
}

/** What became of a submission. */
export type Submission =
  | { readonly outcome: 'added'; readonly entry: PublishedEntry }
  /**
   * `duplicate`: the log has this leaf; nothing was written. `unanswered`: it was added, but its timestamp or proof
   * cannot be made now; it will be there to read. `unpublished`: it was added, but witnesses have not cosigned it in time;
   * only a desk whose log is witnessed in mode `closed` says so.
   */
  | {
      readonly outcome: 'duplicate' | 'unanswered' | 'unpublished';
      readonly entryID: string;
      readonly logIndex: number;
    };

/** Whether a batch is one whole, or a list of submissions that share nothing but a request. */
export type BatchMode = 'all-or-nothing' | 'per-item';

/** What became of one entry of a batch. */
export type BatchItem =
  | Submission
  | { readonly outcome: 'refused'; readonly error: Error }
  /** It could have been added, but another entry of its batch was refused. */
  | { readonly outcome: 'withheld' };

/** An entry without the signatures and proofs about it. */
export type EntryLeaf = Pick<
  PublishedEntry,
  'entryID' | 'leaf' | 'logIndex' | 'integratedTimeSeconds'
>;

/** What is searched for: an entry matches when it carries at least one term of each group; no groups match nothing. */
export type TermGroups = readonly (readonly SearchTerm[])[];

/** A search by terms, a page of it. */
export interface TermSearch {
  readonly groups: TermGroups;
  readonly order: 'oldest' | 'newest';
  /** Tree size that is searched, at most the current one; the same for all pages. */
  readonly size: number;
  /** The log index at which the page before ended. */
  readonly after?: number;
  readonly limit: number;
}

/** Which part cannot do its work; `undefined` when it can. */
export interface Readiness {
  readonly append: string | undefined;
  readonly sign: string | undefined;
  readonly read: string | undefined;
}

/** Figures of a log, as they are now. */
export interface Statistics {
  readonly treeSize: number;
  /** Submissions in the writer's pool that have no answer yet, and their bytes. */
  readonly heldEntries: number;
  readonly heldBytes: number;
  /** How the checkpoints of the tile side are published; undefined: as they are signed. */
  readonly publication?: Publication;
}

/** A desk of one log, opened. All parts of one answer are of one head. */
export interface Log {
  readonly identity: LogIdentity;

  /**
   * Verifies, canonicalises and stores a submission; returns when it is durable. Throws ENTRY_*, KEY_*,
   * SIGNATURE_INVALID, ALGORITHM_NOT_ALLOWED for the client's mistakes; OVERLOADED, SHUTTING_DOWN,
   * CLOCK_UNTRUSTED, COMMIT_UNKNOWN, STORE_UNAVAILABLE, DISK_FULL when a retry may succeed; GUARD_AHEAD when a witness has
   * shown that the log is not what it was. It never throws when the entry is known to be in the log.
   */
  submit(proposed: ProposedEntry): Promise<Submission>;

  /**
   * Does so with several entries and returns what became of each, in order; an Error stands for one that was refused
   * before, and comes back. `all-or-nothing`: what is not in the log yet is added by one commit, unless any is
   * refused; throws as `submit` does when nothing was added for another reason, and ENTRY_TOO_LARGE for more than the
   * log holds at once. `per-item`: each for itself, whatever it throws is its own.
   */
  submitBatch(
    proposed: readonly (ProposedEntry | Error)[],
    mode: BatchMode,
  ): Promise<readonly BatchItem[]>;

  /**
   * Returns the leaf hash that a proposed or stored form of an entry has in any log; verifies it as `submit`
   * does, without the switches on what may be written.
   */
  leafHashOf(proposed: ProposedEntry): Promise<Uint8Array>;

  /**
   * Returns the entries at these log indexes, in order, undefined where there is none; one head for all. A witnessed tile
   * side waits until that is published, and throws QUORUM_MISSING.
   */
  entriesByIndex(indexes: readonly number[]): Promise<readonly (PublishedEntry | undefined)[]>;

  /** Returns the entries with these leaf hashes, in order, undefined where there is none; one head for all. */
  entriesByLeafHash(
    hashes: readonly Uint8Array[],
  ): Promise<readonly (PublishedEntry | undefined)[]>;

  /** Returns the current checkpoint; of a witnessed tile side the published one. Throws SIGNER_UNAVAILABLE, QUORUM_MISSING. */
  checkpoint(): Promise<Checkpoint>;

  /** Returns whether the current tree reaches as far as a tile. Nothing is read. */
  hasTile(tile: TileCoordinates): boolean;

  /**
   * Returns the bytes of a hash tile or entry bundle of the current tree, of any width; undefined when the tree does
   * not reach so far. Throws STORE_CORRUPT.
   */
  tile(tile: TileCoordinates): Promise<Uint8Array | undefined>;

  /**
   * Returns the consistency proof from `firstSize` to `lastSize` and the current root; sizes beyond the safe
   * integers may be given as bigint, to be named in the refusal. Throws PROOF_RANGE in Rekor's words.
   */
  consistency(
    firstSize: number | bigint,
    lastSize: number | bigint,
  ): Promise<{ readonly hashes: readonly Uint8Array[]; readonly rootHash: Uint8Array }>;

  /**
   * Returns the entry IDs that carry all (`and`) or any (`or`) of the keys, letter case aside, oldest first. Throws
   * SEARCH_TOO_WIDE when there are more than `most`, OVERLOADED when too many searches wait already.
   */
  search(keys: readonly string[], operator: 'and' | 'or', most: number): Promise<readonly string[]>;

  /**
   * Returns the log indexes of a page of entries, in the order asked for; `isLast` says that none follow. Throws
   * SEARCH_TOO_WIDE when too much was read without filling the page, OVERLOADED as `search` does.
   */
  searchByTerms(
    search: TermSearch,
  ): Promise<{ readonly indexes: readonly number[]; readonly isLast: boolean }>;

  /** Returns how many entries below `size` match; not exact beyond `most`, or when counting takes too long. */
  countByTerms(
    groups: TermGroups,
    size: number,
    most: number,
  ): Promise<{ readonly count: number; readonly isExact: boolean }>;

  /** Returns the bare entries at these log indexes, in order, undefined where there is none. */
  leavesByIndex(indexes: readonly number[]): Promise<readonly (EntryLeaf | undefined)[]>;

  readiness(): Promise<Readiness>;

  /** Returns figures for metrics; costs nothing. */
  statistics(): Statistics;

  /** Refuses new submissions to the log, answers those of this desk, and returns when nothing is left to do. */
  close(): Promise<void>;
}

/** The two desks of one log: the same leaves and the same writer, answers for two audiences. */
export interface Desks {
  /** For Rekor v1's clients: one signature line in a checkpoint, entries with SETs. */
  readonly rekorSide: Log;
  /** For the v2 API and for tile readers: all signature lines, no SETs. */
  readonly tileSide: Log;
}

/** The logs of a server, as Rekor v1's clients see them. */
export interface Shards {
  readonly active: Log;
  /** Its predecessors, oldest first: they share one row of indexes with it. */
  readonly inactive: readonly Log[];
  /** The log of the v2 API where that is one of its own: its entries are found by ID and by search. */
  readonly ofV2?: Log;
}
