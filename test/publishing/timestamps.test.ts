import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { isLogError, LogError } from '../../src/errors.js';
import { LateRowWriter } from '../../src/publishing/late-rows.js';
import { type TimestampedLeaf, Timestamps } from '../../src/publishing/timestamps.js';
import { type Signer, type SignTogether, verifyWithKey } from '../../src/signing/signer.js';
import type { StoreFault } from '../../src/storage/fault-point.js';
import type { LateRows, LogStore } from '../../src/storage/log-store.js';
import { LOG_KEY, RECORD } from '../log/log-fixture.js';
import { newGrowingLog } from '../reading/committed-log.js';

function leavesFrom(from: number, count: number): TimestampedLeaf[] {
  return Array.from({ length: count }, (_, i) => ({
    index: from + i,
    bytes: utf8(`leaf ${from + i}`),
    integratedTimeSeconds: 1_800_000_000,
  }));
}

function of(timestamps: Timestamps, leaf: TimestampedLeaf): Promise<Uint8Array> {
  return timestamps.of(leaf.index, async () => leaf);
}

interface Setting {
  readonly log: LogStore;
  readonly rows: LateRows[];
  readonly signed: () => number;
  readonly lost: unknown[];
  readonly failures: unknown[];
  open(firstVirtualIndex?: number, signTogether?: SignTogether): Timestamps;
  breakSigner(broken: boolean): void;
}

async function newSetting(fault?: StoreFault): Promise<Setting> {
  const growing = await newGrowingLog((step) => (step === 'late' ? fault : undefined));
  await growing.growTo(200);
  const { log } = growing;
  const rows: LateRows[] = [];
  const lost: unknown[] = [];
  const failures: unknown[] = [];
  let signatures = 0;
  let broken = false;
  const signer: Signer = {
    ...LOG_KEY,
    sign(message) {
      if (broken) throw new Error('the key does not answer');
      signatures += 1;
      return LOG_KEY.sign(message);
    },
  };
  const late = new LateRowWriter(
    {
      async late(row) {
        rows.push(row);
        await log.late(row);
      },
    },
    (error) => lost.push(error),
  );
  return {
    log,
    rows,
    lost,
    failures,
    signed: () => signatures,
    open: (firstVirtualIndex = 0, signTogether) =>
      new Timestamps({
        log,
        late,
        signer,
        signTogether,
        logID: RECORD.logID,
        firstVirtualIndex,
        failed: (error) => failures.push(error),
      }),
    breakSigner(value) {
      broken = value;
    },
  };
}

test('a SET signs the body, the time, the log ID and the index over all shards', async () => {
  const { open } = await newSetting();
  const timestamps = open(1_000);
  const [leaf] = leavesFrom(7, 1);
  const signature = await of(timestamps, leaf as TimestampedLeaf);
  const message = `{"body":"${Buffer.from('leaf 7').toString('base64')}","integratedTime":1800000000,"logID":"${RECORD.logID}","logIndex":1007}`;
  assert.ok(verifyWithKey(LOG_KEY.publicKeyDer, utf8(message), signature));
});

test('the SETs of a batch are signed once each and kept as one late row', async () => {
  const { open, rows, signed, log } = await newSetting();
  const timestamps = open();
  const leaves = leavesFrom(3, 100);
  timestamps.begin(leaves);
  const early = leaves.map((leaf) => timestamps.atHand(leaf.index));
  assert.equal(timestamps.atHand(3), early[0]);
  await timestamps.idle();
  assert.equal(signed(), 100);
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.timestamps?.from, 3);
  for (const [i, leaf] of leaves.entries()) {
    assert.deepEqual(await log.timestamp(leaf.index), early[i]);
    assert.deepEqual(await of(timestamps, leaf), early[i]);
  }
  assert.equal(signed(), 100);
});

test('a SET that was handed out before its batch was stored is the one that is read later', async () => {
  const { open, signed } = await newSetting();
  const timestamps = open();
  const [leaf] = leavesFrom(0, 1) as [TimestampedLeaf];
  timestamps.begin([leaf]);
  const told = await of(timestamps, leaf);
  await timestamps.idle();
  assert.equal(timestamps.atHand(0), undefined);
  assert.deepEqual(await of(timestamps, leaf), told);
  assert.deepEqual(await of(open(), leaf), told);
  assert.equal(signed(), 1);
});

/** Signs when it is told to, in place of a thread. */
function newThread() {
  const asked: (readonly Uint8Array[])[] = [];
  const answers: ((isThere: boolean) => void)[] = [];
  const signTogether: SignTogether = (messages) =>
    new Promise((resolve, reject) => {
      asked.push(messages);
      answers.push((isThere) => {
        if (isThere) resolve(messages.map((message) => LOG_KEY.sign(message)));
        else reject(new LogError('SIGNER_UNAVAILABLE', 'the thread is lost'));
      });
    });
  const answer = (isThere: boolean): void => {
    for (const each of answers.splice(0)) each(isThere);
  };
  return { asked, signTogether, answer };
}

test('a large batch is signed elsewhere, and who asks for one of its SETs waits', async () => {
  const { open, signed, rows, log } = await newSetting();
  const thread = newThread();
  const timestamps = open(0, thread.signTogether);
  const leaves = leavesFrom(0, 20);
  timestamps.begin(leaves);
  assert.equal(timestamps.atHand(3), undefined);
  const told = Promise.all(leaves.map((leaf) => of(timestamps, leaf)));
  thread.answer(true);
  const signatures = await told;
  await timestamps.idle();
  assert.equal(signed(), 0);
  assert.equal(thread.asked.length, 1);
  assert.equal(rows.length, 1);
  for (const [i, leaf] of leaves.entries()) {
    const message = thread.asked[0]?.[i] as Uint8Array;
    assert.ok(verifyWithKey(LOG_KEY.publicKeyDer, message, signatures[i] as Uint8Array));
    assert.deepEqual(await log.timestamp(leaf.index), signatures[i]);
  }
});

test('a small batch is signed here, and so is a large one that the thread fails at', async () => {
  const { open, signed, failures } = await newSetting();
  const thread = newThread();
  const timestamps = open(0, thread.signTogether);
  timestamps.begin(leavesFrom(0, 3));
  assert.ok(timestamps.atHand(2) !== undefined);
  assert.equal(thread.asked.length, 0);
  const leaves = leavesFrom(3, 30);
  timestamps.begin(leaves);
  const told = Promise.all(leaves.map((leaf) => of(timestamps, leaf)));
  thread.answer(false);
  assert.equal(new Set(await told).size, 30);
  await timestamps.idle();
  assert.equal(signed(), 33);
  assert.deepEqual(failures, []);
});

test('a lost SET is made again once, for all who ask, and kept', async () => {
  const { open, signed } = await newSetting();
  const timestamps = open();
  const [leaf] = leavesFrom(5, 1) as [TimestampedLeaf];
  const [one, other] = await Promise.all([of(timestamps, leaf), of(timestamps, leaf)]);
  assert.deepEqual(one, other);
  assert.deepEqual(await of(timestamps, leaf), one);
  assert.equal(signed(), 1);
});

test('late rows that cannot be written are reported and stop nothing', async () => {
  const { open, lost } = await newSetting('before');
  const timestamps = open();
  const leaves = leavesFrom(0, 3);
  timestamps.begin(leaves);
  await timestamps.idle();
  assert.equal(lost.length, 1);
  const [leaf] = leaves as [TimestampedLeaf];
  assert.ok((await of(timestamps, leaf)).length > 0);
});

test('a key that does not answer is reported, and its SETs are made when it is back', async () => {
  const { open, failures, breakSigner } = await newSetting();
  const timestamps = open();
  const leaves = leavesFrom(0, 3) as [TimestampedLeaf, TimestampedLeaf, TimestampedLeaf];
  breakSigner(true);
  timestamps.begin(leaves);
  assert.throws(
    () => timestamps.atHand(1),
    (error) => isLogError(error, 'SIGNER_UNAVAILABLE'),
  );
  await timestamps.idle();
  assert.equal(failures.length, 1);
  await assert.rejects(of(timestamps, leaves[1]), (error) =>
    isLogError(error, 'SIGNER_UNAVAILABLE'),
  );
  breakSigner(false);
  assert.ok((await of(timestamps, leaves[1])).length > 0);
});

test('a SET whose stored row is damaged is reported and made again', async () => {
  const { log } = await newSetting();
  const damage = new LogError('STORE_CORRUPT', 'checksum');
  const damaged: unknown[] = [];
  const timestamps = new Timestamps({
    log: { timestamp: async () => Promise.reject(damage) },
    late: new LateRowWriter(log, () => undefined),
    signer: LOG_KEY,
    logID: RECORD.logID,
    firstVirtualIndex: 0,
    damaged: (error) => damaged.push(error),
  });
  const [leaf] = leavesFrom(7, 1) as [TimestampedLeaf];
  const signature = await of(timestamps, leaf);
  await timestamps.idle();
  assert.deepEqual(damaged, [damage]);
  assert.deepEqual(await log.timestamp(7), signature);
});
