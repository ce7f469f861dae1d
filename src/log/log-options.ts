/** What a log is opened with. The log reads no clock, no environment and no file of its own. */

import type { AcceptedEntry, IdentifiedEntry, ProposedEntry } from '../entries/entry-kind.js';
import type { PublishedNote } from '../publishing/published-note.js';
import type { StoreVerdict } from '../publishing/second-guard.js';
import type { WitnessEvent } from '../publishing/witness-client.js';
import type { Witnessing } from '../publishing/witnessing.js';
import type { Clock } from '../sequencing/clock.js';
import type { PoolLimits } from '../sequencing/pool.js';
import type { Pause } from '../sequencing/recovery.js';
import type { ReleasedBatch } from '../sequencing/sequencer.js';
import type { HeadGuard, WriterTrouble } from '../sequencing/store-writer.js';
import type { Signer, SignTogether } from '../signing/signer.js';
import type { LogRecord, Store } from '../storage/log-store.js';

/** The parts of a log and its limits. */
export interface LogOptions {
  readonly store: Store;
  /** Which log of the store; its key IDs must be those of the two signers. */
  readonly record: LogRecord;
  /** The log's key: SETs and every checkpoint. */
  readonly signer: Signer;
  /** Signs the SETs of large batches beside the event loop; undefined: all of them are signed here. */
  readonly signTogether?: SignTogether;
  /** The key of the second line of the tile side's checkpoints. */
  readonly tileSigner: Signer;
  readonly guard: HeadGuard;
  readonly clock: Clock;
  readonly pause: Pause;
  /** Returns what is to be stored of a submission: entries/accept.ts in line, or in a worker. */
  accept(proposed: ProposedEntry): Promise<AcceptedEntry>;
  /** Returns the leaf of a proposed or stored entry, without the rules on what may be written. */
  identify(proposed: ProposedEntry): Promise<IdentifiedEntry>;
  readonly limits?: Partial<LogLimits>;
  /** Index over all shards of this log's first leaf; 0 unless there are inactive shards before it. */
  readonly firstVirtualIndex?: number;
  readonly observer?: LogObserver;
  /** Who cosigns the checkpoints of the tile side; undefined: nobody is asked. */
  readonly witnessing?: Witnessing;
  /** What witnesses have shown of the store; one for all its logs. */
  readonly verdict?: StoreVerdict;
}

/** Bounds of one log. */
export interface LogLimits extends PoolLimits {
  /** Memory for expanded tiles, in bytes. */
  readonly tileCacheBytes: number;
  /** Memory for entries that were read, in bytes, at each desk. */
  readonly entryCacheBytes: number;
  /** Memory for hash tiles and for entry bundles that were handed out, in bytes. */
  readonly servedTileBytes: number;
  readonly servedBundleBytes: number;
  /** How long a submission waits for a store, or a signer, that failed under it, in milliseconds. */
  readonly patienceMs: number;
}

/** What the log tells about its work: for metrics and log lines. All of it is optional and must not throw. */
export interface LogObserver {
  /** A batch is committed and guarded. */
  released?(batch: ReleasedBatch): void;
  /** The writer met trouble, or left it. */
  trouble?(event: WriterTrouble): void;
  /** Notes or SETs were not kept, and will be made again at need. */
  lateRowsLost?(error: unknown): void;
  /** Entries are in the log, and their submitter was told only where: their answer could not be made. */
  unanswered?(error: unknown): void;
  /** SETs of a committed batch could not be signed. */
  signingFailed?(error: unknown): void;
  /** A witness fails, refuses, or is back. */
  witness?(event: WitnessEvent): void;
  /** A witnessed log shows a head, or one more cosignature of it. */
  published?(note: PublishedNote): void;
}
