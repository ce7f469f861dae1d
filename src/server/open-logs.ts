/**
 * The logs of both APIs, opened on what openParts found: one with a tree for each, or one tree for both.
 *
 * In scope: which desks there are, the first entry of a new v2 log. Out of scope: what a log is made of (log/), which
 * records there are (open-parts.ts).
 */

import { acceptEntry } from '../entries/accept.js';
import type { AcceptedEntry, EntryPolicy, ProposedEntry } from '../entries/entry-kind.js';
import { DEFAULT_ENTRY_LIMITS, DEFAULT_V2_POLICY } from '../entries/limits.js';
import { SIGNATURE_ALGORITHM_NAMES } from '../entries/shared/signature-algorithms.js';
import { verifySignatures } from '../entries/verify-signatures.js';
import { LogError } from '../errors.js';
import type { Desks, Log, Shards } from '../log/log.js';
import type { LogObserver, LogOptions } from '../log/log-options.js';
import { openLog } from '../log/open-log.js';
import type { Witnessing } from '../publishing/witnessing.js';
import type { Pause } from '../sequencing/recovery.js';
import type { ReleasedBatch } from '../sequencing/sequencer.js';
import type { LogRecord } from '../storage/log-store.js';
import { genesisProposal } from './genesis-entry.js';
import type { LogRecords } from './identity.js';
import type { LogParts } from './open-parts.js';
import { systemClock } from './system-clock.js';

type Passed = 'accept' | 'identify' | 'limits' | 'signTogether';

/** What the logs work with beside their parts. */
export interface OpenLogsOptions extends Pick<LogOptions, Passed> {
  readonly parts: Pick<LogParts, 'store' | 'records' | 'keys' | 'guard'>;
  readonly pause: Pause;
  readonly observer: LogObserver;
  /** Told of what each log has committed and guarded, after the observer. */
  released?(treeID: bigint, batch: ReleasedBatch): void;
  /** Whether an empty log of the v2 API gets an entry of its own. */
  readonly genesisEntry: boolean;
  /** Returns how a log is witnessed, undefined for one that is not. Default: none is. */
  witnessingOf?(record: LogRecord): Witnessing | undefined;
  /** Wraps each desk. */
  checked(log: Log): Log;
}

/** The logs of a server. */
export interface OpenLogs {
  /** As Rekor v1's clients see them. */
  readonly shards: Shards;
  /** Every log, that of the v1 API first. */
  readonly all: readonly Desks[];
  /** The log of the v2 API: the last of them. */
  readonly v2: Desks;
  /** Refuses new submissions, answers those under way. */
  close(): Promise<void>;
}

/**
 * Returns the logs. Throws as openLog does, and as `submit` for the first entry of a new v2 log: one that cannot take
 * it need not start.
 */
export async function openLogs(options: OpenLogsOptions): Promise<OpenLogs> {
  const { records, keys, guard, store } = options.parts;
  const { pause, observer, identify, limits, signTogether, checked } = options;
  const opened: Desks[] = [];
  const verdict = { contradiction: undefined };
  let first: ProposedEntry | undefined;
  const accept: LogOptions['accept'] = (proposed) =>
    proposed === first ? acceptOwn(proposed) : options.accept(proposed);
  const close = async (): Promise<void> => {
    const desks = opened.flatMap(({ rekorSide, tileSide }) => [rekorSide, tileSide]);
    await Promise.all(desks.map((desk) => desk.close()));
  };
  try {
    for (const record of distinct(records)) {
      const witnessing = options.witnessingOf?.(record);
      const { rekorSide, tileSide } = await openLog({
        store,
        record,
        signer: keys.log,
        tileSigner: keys.tiles,
        guard: guard.forLog(record.treeID),
        clock: systemClock(),
        pause,
        accept,
        identify,
        ...(limits !== undefined && { limits }),
        ...(signTogether !== undefined && { signTogether }),
        observer: {
          ...observer,
          released(batch) {
            observer.released?.(batch);
            options.released?.(record.treeID, batch);
          },
        },
        verdict,
        ...(witnessing !== undefined && { witnessing }),
      });
      opened.push({ rekorSide: checked(rekorSide), tileSide: checked(tileSide) });
    }
    const v2 = (opened.at(-1) as Desks).tileSide;
    if (options.genesisEntry && v2.statistics().treeSize === 0) {
      first = genesisProposal(v2.identity, keys.log);
      // Witnesses may be away, or not know the log yet: a start does not wait for them.
      const isWitnessed = v2.statistics().publication !== undefined;
      await writeGenesisEntry(isWitnessed ? (opened.at(-1) as Desks).rekorSide : v2, first);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const [v1, ofV2] = opened as [Desks, Desks?];
  return {
    shards: {
      active: v1.rekorSide,
      inactive: [],
      ...(ofV2 !== undefined && { ofV2: ofV2.rekorSide }),
    },
    all: opened,
    v2: ofV2 ?? v1,
    close,
  };
}

async function writeGenesisEntry(v2: Log, proposal: ProposedEntry): Promise<void> {
  const { outcome } = await v2.submit(proposal);
  if (outcome === 'added') return;
  throw new LogError('STORE_UNAVAILABLE', 'the first entry of the v2 log could not be answered');
}

/** What the log's own entry is held against: what clients may write does not matter for it. */
function acceptOwn(proposal: ProposedEntry): Promise<AcceptedEntry> {
  const policy: EntryPolicy = {
    enabledKinds: new Set(),
    allowedAlgorithms: new Set(SIGNATURE_ALGORITHM_NAMES),
    limits: DEFAULT_ENTRY_LIMITS,
    v2: DEFAULT_V2_POLICY,
  };
  return acceptEntry(proposal, policy, { verifySignatures, nowMs: 0 });
}

function distinct({ v1, v2 }: LogRecords) {
  return v1 === v2 ? [v1] : [v1, v2];
}
