/**
 * The crash table: every step of the write path fails before and after it took effect.
 *
 * Each row says what the world sees, of entries that came one by one and of entries that came as one batch: does the tree grow, what do the waiters get, does the writer stop for good.
 * Whatever the row, after a restart on the same store everything that was acknowledged is there with its index,
 * its time and a SET that verifies, nothing is there twice, the guard is not ahead of the store, and the final
 * tree is an extension of every checkpoint that was handed out.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import type { BatchItem, Log, PublishedEntry } from '../../src/log/log.js';
import { leafHash } from '../../src/merkle/hash.js';
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify.js';
import { type Signer, verifyWithKey } from '../../src/signing/signer.js';
import { entryTimestampMessage } from '../../src/signing/timestamp.js';
import type { StoreFault, StoreStep } from '../../src/storage/fault-point.js';
import type { LogStore, Store } from '../../src/storage/log-store.js';
import {
  FakeGuard,
  LOG_KEY,
  newStore,
  openTestLog,
  proposal,
  RECORD,
  TREE_ID,
} from '../log/log-fixture.js';

interface Row {
  readonly name: string;
  /** Faults of the store, each used once, in order of their step. */
  readonly store?: Partial<Record<StoreStep, readonly (StoreFault | undefined)[]>>;
  readonly guard?: 'before' | 'after' | 'contradiction';
  /** How many moves of the guard fail; 1 if it is not said. */
  readonly guardTimes?: number;
  /** The look-up of duplicates fails; the answer of a read is lost either way. */
  readonly lookUp?: true;
  /** The log's key fails; `after`: the signature was made, but did not arrive. */
  readonly sign?: 'before' | 'after';
  /** Does the tree hold the new entries when the store has been reopened? */
  readonly grows: boolean;
  /** What the new entries' waiters get: an answer, their place alone, or a retryable error. */
  readonly waiters: 'answers' | 'COMMIT_UNKNOWN' | 'STORE_UNAVAILABLE' | 'DISK_FULL' | 'unanswered';
  /** Does the writer refuse everything from then on? */
  readonly writerDies: boolean;
}

const TABLE: readonly Row[] = [
  { name: 'nothing fails', grows: true, waiters: 'answers', writerDies: false },
  {
    name: 'the look-up of duplicates fails',
    lookUp: true,
    grows: false,
    waiters: 'STORE_UNAVAILABLE',
    writerDies: false,
  },
  {
    name: 'the commit fails before it took effect',
    store: { commit: ['before'] },
    grows: false,
    waiters: 'COMMIT_UNKNOWN',
    writerDies: false,
  },
  {
    name: 'the commit fails after it took effect',
    store: { commit: ['after'] },
    grows: true,
    waiters: 'answers',
    writerDies: false,
  },
  {
    name: 'the disk is full before the commit',
    store: { commit: ['disk-full'] },
    grows: false,
    waiters: 'DISK_FULL',
    writerDies: false,
  },
  {
    name: 'the commit fails before, and the store reopens at the third attempt',
    store: { commit: ['before'], recover: ['disk-full', 'before', undefined] },
    grows: false,
    waiters: 'COMMIT_UNKNOWN',
    writerDies: false,
  },
  {
    name: 'the commit fails after, and the store reopens at the third attempt',
    store: { commit: ['after'], recover: ['disk-full', 'before', undefined] },
    grows: true,
    waiters: 'answers',
    writerDies: false,
  },
  {
    name: 'the guard fails once before it moved',
    guard: 'before',
    grows: true,
    waiters: 'answers',
    writerDies: false,
  },
  {
    name: 'the guard fails once after it moved',
    guard: 'after',
    grows: true,
    waiters: 'answers',
    writerDies: false,
  },
  {
    name: 'the guard fails before it moved for longer than anybody waits',
    guard: 'before',
    guardTimes: Number.POSITIVE_INFINITY,
    grows: true,
    waiters: 'COMMIT_UNKNOWN',
    writerDies: false,
  },
  {
    name: 'the guard fails after it moved for longer than anybody waits',
    guard: 'after',
    guardTimes: Number.POSITIVE_INFINITY,
    grows: true,
    waiters: 'COMMIT_UNKNOWN',
    writerDies: false,
  },
  {
    name: 'the guard says that the head contradicts it',
    guard: 'contradiction',
    grows: true,
    waiters: 'COMMIT_UNKNOWN',
    writerDies: true,
  },
  {
    name: 'the commit fails after, then the guard fails three times',
    store: { commit: ['after'] },
    guard: 'before',
    guardTimes: 3,
    grows: true,
    waiters: 'answers',
    writerDies: false,
  },
  {
    name: 'the commit fails after, then the guard contradicts',
    store: { commit: ['after'] },
    guard: 'contradiction',
    grows: true,
    waiters: 'COMMIT_UNKNOWN',
    writerDies: true,
  },
  {
    name: 'the late rows fail before they took effect',
    store: { late: ['before'] },
    grows: true,
    waiters: 'answers',
    writerDies: false,
  },
  {
    name: 'the late rows fail after they took effect',
    store: { late: ['after'] },
    grows: true,
    waiters: 'answers',
    writerDies: false,
  },
  {
    name: 'all late rows are lost',
    store: { late: ['lost', 'lost', 'lost', 'lost'] },
    grows: true,
    waiters: 'answers',
    writerDies: false,
  },
  {
    name: 'the key does not sign',
    sign: 'before',
    grows: true,
    waiters: 'unanswered',
    writerDies: false,
  },
  {
    name: 'the key signs, but its signatures do not arrive',
    sign: 'after',
    grows: true,
    waiters: 'unanswered',
    writerDies: false,
  },
];

const OLD = ['old 0', 'old 1', 'old 2'];
const NEW = ['new 0', 'new 1', 'new 2', 'new 3'];

for (const row of TABLE) {
  test(`crash table: ${row.name}`, () => check(row, submitEach));
  test(`crash table, one batch: ${row.name}`, () => check(row, submitBatch));
}

async function check(row: Row, submitNew: typeof submitEach): Promise<void> {
  const world = await newWorld();
  const acknowledged = new Map<string, PublishedEntry>();
  const submit = (texts: readonly string[]) => submitEach(world.log, texts, acknowledged);

  assert.deepEqual(await submit(OLD), { answers: OLD.length });
  world.fail(row);
  // The second `new 0` joins the first one in flight and shares its fate; `old 1` is in the log.
  const texts = [...NEW, 'new 0', 'old 1'];
  const { duplicates = 0, ...fates } = await submitNew(world.log, texts, acknowledged);
  if (row.waiters === 'answers' || row.waiters === 'unanswered') {
    // A duplicate needs no signature.
    assert.deepEqual([fates, duplicates], [{ [row.waiters]: NEW.length }, 2]);
  } else {
    // Without its batch or its look-up, `old 1` is told nothing else than the new ones.
    const told = submitNew === submitBatch || row.lookUp === true ? 0 : 1;
    assert.deepEqual([fates, duplicates], [{ [row.waiters]: NEW.length + 2 - told }, told]);
  }
  world.repair();
  // Whatever can pass is waited for in the background.
  for (let i = 0; i < 100 && (await world.log.readiness()).append !== undefined; i++);

  const after = await submit(['probe']);
  assert.deepEqual(after, row.writerDies ? { STORE_UNAVAILABLE: 1 } : { answers: 1 });
  const { append } = await world.log.readiness();
  assert.equal(append !== undefined, row.writerDies, append);
  await world.log.close();

  // The restart: what an operator does after any of this, and what a crash forces.
  await world.store.recover();
  const stored = await world.store.log(TREE_ID).head();
  const grown = OLD.length + (row.grows ? NEW.length : 0) + (row.writerDies ? 0 : 1);
  assert.equal(stored.size, grown);
  assert.ok(world.guard.size <= stored.size, 'the guard is ahead of the store');
  const reopened = await openTestLog(world.store, { guard: world.guard });
  assert.equal(world.guard.size, stored.size);
  assert.equal((await reopened.readiness()).append, undefined);
  await submitEach(reopened, [...OLD, ...NEW, 'probe'], acknowledged);
  await assertHistory(reopened, acknowledged, OLD.length + NEW.length + 1);
  await reopened.close();
}

/** Submits all at once and counts the fates; entries that were added go into `acknowledged`. */
async function submitEach(
  log: Log,
  texts: readonly string[],
  acknowledged: Map<string, PublishedEntry>,
): Promise<Record<string, number>> {
  const items = await Promise.all(
    texts.map((text) => log.submit(proposal(text)).catch((error) => refused(error))),
  );
  return countFates(texts, items, acknowledged);
}

/** Does so with one batch. */
async function submitBatch(
  log: Log,
  texts: readonly string[],
  acknowledged: Map<string, PublishedEntry>,
): Promise<Record<string, number>> {
  const items = await log
    .submitBatch(
      texts.map((text) => proposal(text)),
      'all-or-nothing',
    )
    .catch((error) => texts.map(() => refused(error)));
  return countFates(texts, items, acknowledged);
}

function refused(error: Error): BatchItem {
  return { outcome: 'refused', error };
}

function countFates(
  texts: readonly string[],
  items: readonly BatchItem[],
  acknowledged: Map<string, PublishedEntry>,
): Record<string, number> {
  const fates: Record<string, number> = {};
  for (const [i, item] of items.entries()) {
    const fate = fateOf(item);
    fates[fate] = (fates[fate] ?? 0) + 1;
    if (item.outcome === 'added') {
      const text = texts[i] as string;
      assert.ok(!acknowledged.has(text), `${text} was acknowledged twice`);
      acknowledged.set(text, item.entry);
    }
  }
  return fates;
}

function fateOf(item: BatchItem): string {
  if (item.outcome === 'added') return 'answers';
  if (item.outcome === 'duplicate') return 'duplicates';
  if (item.outcome !== 'refused') return item.outcome;
  assert.ok(isLogError(item.error), `no error of ours: ${item.error}`);
  return item.error.code;
}

/** Everything acknowledged is there, unchanged; nothing twice; every checkpoint is a prefix of the last one. */
async function assertHistory(
  log: Log,
  acknowledged: ReadonlyMap<string, PublishedEntry>,
  size: number,
): Promise<void> {
  const newest = await log.checkpoint();
  assert.equal(newest.size, size);
  const indexes = Array.from({ length: size }, (_, index) => index);
  const entries = await log.entriesByIndex(indexes);
  const texts = entries.map((entry) => fromUtf8(entry?.leaf ?? utf8('')));
  assert.equal(new Set(texts).size, size, 'a leaf is there twice');
  let lastTime = 0;
  for (const entry of entries) {
    assert.ok(entry !== undefined);
    verifyInclusion({
      index: entry.logIndex,
      size,
      leafHash: leafHash(entry.leaf),
      proof: entry.proof.hashes,
      root: newest.root,
    });
    assertTimestamp(entry);
    assert.ok(entry.integratedTimeSeconds >= lastTime);
    lastTime = entry.integratedTimeSeconds;
  }
  for (const [text, told] of acknowledged) {
    assert.equal(texts[told.logIndex], text);
    assert.equal(entries[told.logIndex]?.integratedTimeSeconds, told.integratedTimeSeconds);
    assertTimestamp(told);
    const { checkpoint } = told.proof;
    const { hashes } = await log.consistency(checkpoint.size, size);
    verifyConsistency({
      first: checkpoint.size,
      last: size,
      firstRoot: checkpoint.root,
      lastRoot: newest.root,
      proof: hashes,
    });
  }
}

function assertTimestamp(entry: PublishedEntry): void {
  const message = entryTimestampMessage({
    body: Buffer.from(entry.leaf).toString('base64'),
    integratedTimeSeconds: entry.integratedTimeSeconds,
    logID: RECORD.logID,
    logIndex: entry.logIndex,
  });
  assert.ok(entry.signedEntryTimestamp);
  assert.ok(verifyWithKey(LOG_KEY.publicKeyDer, message, entry.signedEntryTimestamp));
}

interface World {
  readonly log: Log;
  readonly store: Store;
  readonly guard: FakeGuard;
  fail(row: Row): void;
  repair(): void;
}

async function newWorld(): Promise<World> {
  let row: Row | undefined;
  const used: Partial<Record<StoreStep, number>> = {};
  const store = await newStore((step) => {
    const faults = row?.store?.[step];
    if (faults === undefined) return undefined;
    const n = used[step] ?? 0;
    used[step] = n + 1;
    return faults[n];
  });
  const inner = store.log(TREE_ID);
  const indexesOf = inner.indexesOf.bind(inner);
  inner.indexesOf = async (hashes: Parameters<LogStore['indexesOf']>[0]) => {
    const indexes = await indexesOf(hashes);
    if (row?.lookUp === true) throw new Error('the read failed');
    return indexes;
  };
  const signer: Signer = {
    ...LOG_KEY,
    sign(message) {
      if (row?.sign === 'before') throw new Error('the key does not answer');
      const signature = LOG_KEY.sign(message);
      if (row?.sign === 'after') throw new Error('the signature was lost');
      return signature;
    },
  };
  const guard = new FakeGuard();
  return {
    log: await openTestLog(store, { guard, signer }),
    store,
    guard,
    fail(next) {
      row = next;
      guard.fault = next.guard;
      guard.times = next.guardTimes ?? 1;
    },
    repair() {
      row = undefined;
      guard.fault = undefined;
    },
  };
}
