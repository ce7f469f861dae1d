/**
 * What a monitor has to tell: entries that were found (matching/match-event.ts), and logs that contradict themselves.
 *
 * In scope: shapes. Out of scope: where findings go (finding-sink.ts). Names of members are a promise to whoever reads the
 * output: docs/monitor.md.
 */

import type { MatchEvent, UnparsableEvent } from '../matching/match-event.js';

/** Anything that a monitor tells. */
export type MonitorEvent = EntryEvent | TamperingEvent;

/** What it tells of an entry. */
export type EntryEvent = MatchEvent | LookAlikeEvent | UnparsableEvent;

/** A match whose names nobody trusted has vouched for: no alarm, and not forgotten. */
export type LookAlikeEvent = Omit<MatchEvent, 'type'> & { readonly type: 'look-alike' };

/** How a log contradicted itself. */
export type TamperingKind =
  /** No signature of the log's key, or one that does not verify. */
  | 'signature'
  /** The checkpoint is of another log, or of none that it may be of. */
  | 'origin'
  | 'quorum'
  | 'shrunk'
  | 'fork'
  /** The entries are not those of the root. */
  | 'entries'
  /** A frozen shard has another size than when it was frozen. */
  | 'frozen'
  /** A tree that was there is there no more. */
  | 'vanished';

/** A log that is not what it was. */
export interface TamperingEvent {
  readonly type: 'tampering';
  readonly id: string;
  readonly kind: TamperingKind;
  readonly log: string;
  readonly origin: string;
  readonly reason: string;
  /** Folder with the notes. */
  readonly evidence: string;
}
