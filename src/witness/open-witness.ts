/**
 * A whole witness from its parts: state, logs, keys, distributor, listener.
 *
 * In scope: opening them in order and closing them in reverse. Out of scope: sockets, files of the operator, options
 * (cli/witness-command.ts).
 */

import type { RequestListener } from 'node:http';
import type { Registry } from 'prom-client';
import { toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';
import { SYSTEM_CLOCK } from '../http/clock.js';
import type { CompletedRequest } from '../http/exchange.js';
import type { VerifierKey } from '../note/verifier-key.js';
import type { Cosigner } from '../signing/cosigner.js';
import { createWitnessApp } from './app.js';
import { createDistributor } from './distributor.js';
import type { Evidence } from './evidence.js';
import {
  type FollowedLog,
  type FollowedLogs,
  type ListChanges,
  openFollowedLogs,
} from './followed-logs.js';
import { type HeadsGuardOptions, openHeadsGuard } from './heads-guard.js';
import type { ListedLog } from './log-list.js';
import { declareWitnessMetrics } from './metrics.js';
import { bringOwnCheckpoints } from './own-checkpoints.js';
import { keepPulling } from './pulled-lists.js';
import { openSyncedRows, type SyncedRows, type WriteFault } from './synced-rows.js';
import { createWitness, type SubmissionPause } from './witness.js';
import { createWitnessState } from './witness-state.js';

/** Who is told what the operator should know. */
export interface WitnessEvents {
  completed(request: CompletedRequest): void;
  faulted(error: unknown): void;
  conflicted(origin: string, evidence: Evidence): void;
  pulled(url: string, changes: ListChanges, skipped: readonly string[]): void;
  pullFailed(url: string, error: unknown): void;
}

/** What a witness is opened with. */
export interface OpenWitnessOptions {
  /** Folder of the state; made when it is not there. */
  readonly folder: string;
  /** File with the newest heads once more (heads-guard.ts). */
  readonly guard: Pick<HeadsGuardOptions, 'read' | 'write'>;
  /** Closed with the witness. */
  readonly cosigners: readonly Cosigner[];
  /** The logs that the operator names. */
  readonly logs: readonly ListedLog[];
  /** Origins of logs that are not to be cosigned any more. */
  readonly disabled?: readonly string[];
  /** Addresses of log lists. */
  readonly listURLs?: readonly string[];
  readonly listIntervalMs?: number;
  /** Other witnesses whose checkpoints the distributor takes. */
  readonly witnesses?: readonly VerifierKey[];
  readonly registry: Registry;
  readonly events: WitnessEvents;
  /** The wall clock, POSIX seconds. */
  nowSeconds(): bigint;
  /** Returns why the clock cannot be believed: nothing is cosigned then. */
  clockTrouble?(): string | undefined;
  /** For tests alone. */
  readonly writeFault?: WriteFault | undefined;
  readonly pause?: SubmissionPause | undefined;
}

/** A witness that can be put behind a socket. */
export interface OpenWitness {
  readonly handle: RequestListener;
  readonly logs: FollowedLogs;
  /** Ends what is under way and closes the state. */
  close(): Promise<void>;
}

const LIST_INTERVAL_MS = 3_600_000;

/**
 * Opens a witness. Throws STORE_IDENTITY when a key was used under another name, CONFIG_INVALID without a key, and what
 * openSyncedRows and openHeadsGuard throw.
 */
export async function openWitness(options: OpenWitnessOptions): Promise<OpenWitness> {
  const { cosigners, events } = options;
  const keys = cosigners.map(({ key }) => key);
  if (keys.length === 0) throw new LogError('CONFIG_INVALID', 'a witness needs a key');
  const rows = await openSyncedRows(options.folder, options.writeFault);
  try {
    await claimNames(rows, keys);
    const logs = await openFollowedLogs(rows);
    await logs.setOperatorLogs(options.logs, options.disabled);
    const { handle, settled, metrics } = await wire(rows, logs, keys, options);
    const stopPulling = keepPulling({
      urls: options.listURLs ?? [],
      intervalMs: options.listIntervalMs ?? LIST_INTERVAL_MS,
      logs,
      events: {
        pulled(url, changes, skipped) {
          metrics.pulled(true);
          events.pulled(url, changes, skipped);
        },
        failed(url, error) {
          metrics.pulled(false);
          events.pullFailed(url, error);
        },
      },
    });
    const close = async (): Promise<void> => {
      await stopPulling();
      await settled();
      await rows.close();
      for (const cosigner of cosigners) await cosigner.close();
    };
    return { handle, logs, close };
  } catch (error) {
    await rows.close();
    throw error;
  }
}

async function wire(
  rows: SyncedRows,
  logs: FollowedLogs,
  keys: readonly VerifierKey[],
  options: OpenWitnessOptions,
) {
  const { cosigners, events, pause, nowSeconds, clockTrouble = () => undefined } = options;
  const state = createWitnessState(rows, {
    conflicted(id, evidence) {
      metrics.conflicted(evidence);
      events.conflicted(logs.byID(id)?.origin ?? id, evidence);
    },
    faulted: events.faulted,
  });
  const metrics = declareWitnessMetrics(options.registry, logs, state);
  const { name } = keys[0] as VerifierKey;
  const newest = async ({ id }: FollowedLog) => (await state.head(id))?.note;
  const distributor = createDistributor(rows, { name, keys, newest }, options.witnesses ?? []);
  const own = bringOwnCheckpoints(distributor, name, events.faulted);
  const guard = await openHeadsGuard({
    ...options.guard,
    logIDs: logs.all().map(({ id }) => id),
    head: (id) => state.head(id),
    after: (delayMs, action) => SYSTEM_CLOCK.after(delayMs, action),
    faulted: events.faulted,
  });
  const witness = createWitness({
    ...{ state, logs, cosigners, nowSeconds, clockTrouble, pause },
    advanced(log, head) {
      guard.advanced(log.id, head);
      own.advanced(log, head);
    },
  });
  const handle = createWitnessApp({
    ...{ witness, state, logs, distributor, keys, metrics },
    async ready() {
      await rows.mend();
      const trouble = clockTrouble();
      if (trouble !== undefined) throw new LogError('CLOCK_UNTRUSTED', trouble);
    },
    completed: events.completed,
    faulted: events.faulted,
  });
  const settled = async (): Promise<void> => {
    await guard.close();
    await own.settled();
  };
  return { handle, metrics, settled };
}

/** An Ed25519 cosignature does not say whose it is: a key that has signed under one name must not under another. */
async function claimNames(rows: SyncedRows, keys: readonly VerifierKey[]): Promise<void> {
  for (const { name, publicKey } of keys) {
    const row = `key/${toHex(publicKey)}`;
    const claimed = await rows.get(row);
    if (claimed === undefined) await rows.put([{ key: row, value: name }]);
    else if (claimed !== name) {
      throw new LogError('STORE_IDENTITY', `this key cosigns as ${claimed}, it cannot as ${name}`);
    }
  }
}
