/** A log on a memory store, with a clock, a guard and an entry kind that tests control. */

import { generateKeyPairSync } from 'node:crypto';
import { utf8 } from '../../src/encoding/bytes.js';
import type { AcceptedEntry, ProposedEntry } from '../../src/entries/entry-kind.js';
import { LogError } from '../../src/errors.js';
import type { Desks, Log } from '../../src/log/log.js';
import type { LogOptions } from '../../src/log/log-options.js';
import { openLog } from '../../src/log/open-log.js';
import { leafHash } from '../../src/merkle/hash.js';
import type { Clock } from '../../src/sequencing/clock.js';
import type { HeadGuard } from '../../src/sequencing/store-writer.js';
import { type Signer, signerFromKey } from '../../src/signing/signer.js';
import type { FaultPoint } from '../../src/storage/fault-point.js';
import type { Head, LogRecord, Store } from '../../src/storage/log-store.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';

export const TREE_ID = 0x1122334455667788n;
export const LOG_KEY: Signer = signerFromKey(
  generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey,
);
export const TILE_KEY: Signer = signerFromKey(generateKeyPairSync('ed25519').privateKey);

export const RECORD: LogRecord = {
  treeID: TREE_ID,
  hostname: 'log.example',
  origin: `log.example - ${TREE_ID}`,
  logID: LOG_KEY.keyID,
  tileKeyID: TILE_KEY.keyID,
};

export class FakeClock implements Clock {
  wall = 1_800_000_000_000;
  monotonic = 5_000;

  wallMs(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

export class FakeGuard implements HeadGuard {
  readonly moves: Head[] = [];
  /** How the next moves fail: before or after they took effect, or because they contradict the guard. */
  fault: 'before' | 'after' | 'contradiction' | undefined;
  /** How many moves fail. */
  times = 1;

  async move(head: Head): Promise<void> {
    const { fault } = this;
    if (fault !== undefined && --this.times === 0) {
      this.fault = undefined;
      this.times = 1;
    }
    if (fault === 'contradiction') throw new RangeError('the guard is ahead');
    if (fault === 'before') throw new Error('the guard file cannot be written');
    this.moves.push(head);
    if (fault === 'after') throw new Error('the guard file cannot be synced');
  }

  get size(): number {
    return this.moves.at(-1)?.size ?? 0;
  }
}

/** A store with one empty log. */
export async function newStore(fault?: FaultPoint): Promise<Store> {
  const store = openMemoryStore(fault === undefined ? {} : { fault });
  await store.createLog(RECORD);
  return store;
}

/** A submission whose leaf is `text`; its search keys are the words of `text` that start with `#`. */
export function proposal(text: string, attachment?: string): ProposedEntry {
  return { kind: 'text', apiVersion: '0.0.1', spec: { text, attachment } };
}

export async function acceptText({
  kind,
  apiVersion,
  spec,
}: ProposedEntry): Promise<AcceptedEntry> {
  const { text, attachment } = spec as { text: string; attachment?: string };
  if (text === '') throw new LogError('ENTRY_MALFORMED', 'the text is empty');
  const leaf = utf8(text);
  return {
    kind,
    apiVersion,
    leaf,
    leafHash: leafHash(leaf),
    indexKeys: [...new Set(text.split(' ').filter((word) => word.startsWith('#')))],
    searchTerms: [],
    ...(attachment !== undefined && { attachment: utf8(attachment) }),
  };
}

export async function openTestLog(store: Store, options: Partial<LogOptions> = {}): Promise<Log> {
  return (await openTestDesks(store, options)).rekorSide;
}

export function openTestDesks(store: Store, options: Partial<LogOptions> = {}): Promise<Desks> {
  return openLog({
    store,
    record: RECORD,
    signer: LOG_KEY,
    tileSigner: TILE_KEY,
    guard: new FakeGuard(),
    clock: new FakeClock(),
    pause: async () => {},
    accept: acceptText,
    identify: acceptText,
    ...options,
  });
}
