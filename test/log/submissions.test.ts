/** Retries and batches at the front desk: what is told of an entry that the log has, and of several at once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError, LogError } from '../../src/errors.js';
import { entryIDOf } from '../../src/log/entry-id.js';
import type { BatchItem, Log } from '../../src/log/log.js';
import type { Signer } from '../../src/signing/signer.js';
import { acceptText, LOG_KEY, newStore, openTestLog, proposal, TREE_ID } from './log-fixture.js';
import { assertPublished } from './published-entry.js';

const proposals = (...texts: readonly string[]) => texts.map((text) => proposal(text));

/** The log's key, failing as often as it is told. */
function failingSigner(times: { left: number }): Signer {
  return {
    ...LOG_KEY,
    sign(message) {
      if (times.left-- > 0) throw new Error('the key does not answer');
      return LOG_KEY.sign(message);
    },
  };
}

function told(items: readonly BatchItem[]): string[] {
  return items.map((item) => {
    if (item.outcome === 'refused') {
      return isLogError(item.error) ? item.error.code : item.error.message;
    }
    if (item.outcome === 'withheld') return item.outcome;
    return `${item.outcome} ${'entry' in item ? item.entry.logIndex : item.logIndex}`;
  });
}

async function sizeOf(log: Log): Promise<number> {
  return (await log.checkpoint()).size;
}

test('a signer that fails for a moment is waited for: the entry is answered as ever', async () => {
  const times = { left: 0 };
  const unanswered: unknown[] = [];
  const log = await openTestLog(await newStore(), {
    signer: failingSigner(times),
    observer: { unanswered: (error) => unanswered.push(error) },
  });
  times.left = 6;
  const submission = await log.submit(proposal('a'));
  assert.ok(submission.outcome === 'added');
  assertPublished(submission.entry);
  assert.deepEqual(unanswered, []);
});

test('an entry that cannot be answered is told by its place, and read when the signer is back', async () => {
  const times = { left: 0 };
  const unanswered: unknown[] = [];
  const log = await openTestLog(await newStore(), {
    signer: failingSigner(times),
    observer: { unanswered: (error) => unanswered.push(error) },
  });
  await log.submit(proposal('first'));
  times.left = Number.POSITIVE_INFINITY;
  const submission = await log.submit(proposal('a'));
  const { leafHash } = await acceptText(proposal('a'));
  const entryID = entryIDOf(log.identity.treeHex, leafHash);
  assert.deepEqual(submission, { outcome: 'unanswered', entryID, logIndex: 1 });
  assert.equal(unanswered.length, 1);
  assert.ok(isLogError(unanswered[0], 'SIGNER_UNAVAILABLE'));
  assert.deepEqual(await log.submit(proposal('a')), { outcome: 'duplicate', entryID, logIndex: 1 });
  const items = await log.submitBatch(proposals('a', 'b', 'c'), 'all-or-nothing');
  assert.deepEqual(told(items), ['duplicate 1', 'unanswered 2', 'unanswered 3']);
  times.left = 0;
  const read = await log.entriesByIndex([1, 2, 3]);
  for (const entry of read) {
    assert.ok(entry !== undefined);
    assertPublished(entry);
  }
});

test('a log that closes does not wait for its signer', async () => {
  const times = { left: 0 };
  let paused = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    paused = resolve;
  });
  const log = await openTestLog(await newStore(), {
    signer: failingSigner(times),
    pause: (_ms, signal) => {
      paused();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  });
  await log.submit(proposal('first'));
  times.left = Number.POSITIVE_INFINITY;
  const submitting = log.submit(proposal('a'));
  await waiting;
  await log.close();
  assert.equal((await submitting).outcome, 'unanswered');
});

test('proofs that cannot be read after the commit are no error of the submission', async () => {
  const store = await newStore();
  const log = await openTestLog(store, { limits: { tileCacheBytes: 0 } });
  const inner = store.log(TREE_ID);
  inner.hashes = async () => {
    throw new LogError('STORE_CORRUPT', 'a tile does not match its checksum');
  };
  const outcomes = new Set<string>();
  for (let i = 0; i < 300; i++) outcomes.add((await log.submit(proposal(`${i}`))).outcome);
  assert.deepEqual(outcomes, new Set(['added', 'unanswered']));
  assert.equal((await store.log(TREE_ID).head()).size, 300);
});

test('a batch is one commit, and every answer speaks of the same head', async () => {
  const batches: number[] = [];
  const log = await openTestLog(await newStore(), {
    observer: { released: ({ leaves }) => batches.push(leaves.length) },
    limits: { batchEntries: 2 },
  });
  const items = await log.submitBatch(proposals('a', 'b', 'c', 'd', 'e'), 'all-or-nothing');
  assert.deepEqual(told(items), ['added 0', 'added 1', 'added 2', 'added 3', 'added 4']);
  assert.deepEqual(batches, [5]);
  const notes = items.map((item) => {
    assert.ok(item.outcome === 'added');
    assertPublished(item.entry);
    return item.entry.proof.checkpoint.note;
  });
  assert.equal(new Set(notes).size, 1);
});

for (const mode of ['all-or-nothing', 'per-item'] as const) {
  test(`duplicates in a batch (${mode}) are told by their place and hinder nobody`, async () => {
    const log = await openTestLog(await newStore());
    await log.submit(proposal('old'));
    const items = await log.submitBatch(proposals('a', 'old', 'b', 'a'), mode);
    assert.deepEqual(told(items), ['added 1', 'duplicate 0', 'added 2', 'duplicate 1']);
    const again = await log.submitBatch(proposals('a', 'old', 'b'), mode);
    assert.deepEqual(told(again), ['duplicate 1', 'duplicate 0', 'duplicate 2']);
    assert.equal(await sizeOf(log), 3);
  });
}

test('one refused entry keeps a whole batch out, and every entry is judged', async () => {
  const log = await openTestLog(await newStore());
  await log.submit(proposal('old'));
  const unread = new Error('unread');
  const batch = [...proposals('a', '', 'old'), unread, proposal('x'.repeat(65_536))];
  assert.deepEqual(told(await log.submitBatch(batch, 'all-or-nothing')), [
    'withheld',
    'ENTRY_MALFORMED',
    'duplicate 0',
    'unread',
    'ENTRY_TOO_LARGE',
  ]);
  assert.equal(await sizeOf(log), 1);
  assert.deepEqual(told(await log.submitBatch(batch, 'per-item')), [
    'added 1',
    'ENTRY_MALFORMED',
    'duplicate 0',
    'unread',
    'ENTRY_TOO_LARGE',
  ]);
  assert.equal(await sizeOf(log), 2);
});

test('at most eight entries of a batch are verified at a time, and a defect ends it', async () => {
  let running = 0;
  let most = 0;
  let begun = 0;
  const log = await openTestLog(await newStore(), {
    async accept(proposed) {
      begun += 1;
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      running -= 1;
      if ((proposed.spec as { text: string }).text === 'defect') throw new TypeError('a defect');
      return acceptText(proposed);
    },
  });
  const texts = Array.from({ length: 100 }, (_, i) => `entry ${i}`);
  await log.submitBatch(proposals(...texts), 'all-or-nothing');
  assert.equal(most, 8);
  begun = 0;
  await assert.rejects(log.submitBatch(proposals('defect', ...texts), 'per-item'), TypeError);
  assert.ok(begun < 20, `${begun}`);
  assert.equal(await sizeOf(log), 100);
});

test('in one turn of the event loop one entry is begun, however many batches there are', async () => {
  let turn = 0;
  let counting = true;
  const count = (): void => {
    turn += 1;
    if (counting) setImmediate(count);
  };
  const begun: number[] = [];
  const log = await openTestLog(await newStore(), {
    async accept(proposed) {
      begun.push(turn);
      return acceptText(proposed);
    },
  });
  setImmediate(count);
  const texts = (name: string) => Array.from({ length: 20 }, (_, i) => `${name} ${i}`);
  await Promise.all([
    log.submitBatch(proposals(...texts('a')), 'all-or-nothing'),
    log.submitBatch(proposals(...texts('b')), 'per-item'),
  ]);
  counting = false;
  assert.equal(begun.length, 40);
  assert.equal(new Set(begun).size, 40);
});

test('a batch that the pool has no room for is refused before anything is verified', async () => {
  let verified = 0;
  const log = await openTestLog(await newStore(), {
    limits: { maxEntries: 2 },
    accept: (proposed) => {
      verified += 1;
      return acceptText(proposed);
    },
  });
  for (const mode of ['all-or-nothing', 'per-item'] as const) {
    await assert.rejects(log.submitBatch(proposals('a', 'b', 'c'), mode), (error) =>
      isLogError(error, 'ENTRY_TOO_LARGE'),
    );
  }
  assert.equal(verified, 0);
});

test('a look-up that fails is the fate of each entry of a batch', async () => {
  const store = await newStore();
  const log = await openTestLog(store);
  store.log(TREE_ID).indexesOf = async () => {
    throw new Error('the read failed');
  };
  for (const mode of ['all-or-nothing', 'per-item'] as const) {
    const items = await log.submitBatch(proposals('a', 'b'), mode);
    assert.deepEqual(told(items), ['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE']);
  }
  assert.equal(await sizeOf(log), 0);
});

test('entries of a batch for each item have fates of their own', async () => {
  const log = await openTestLog(await newStore(), { limits: { maxBytes: 10 } });
  const items = await log.submitBatch(proposals('12345', '67890', 'x', ''), 'per-item');
  assert.deepEqual(told(items), ['added 0', 'added 1', 'OVERLOADED', 'ENTRY_MALFORMED']);
});

test('closing waits for a batch that is being verified, and refuses it', async () => {
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const log = await openTestLog(await newStore(), {
    accept: async (proposed) => {
      await held;
      return acceptText(proposed);
    },
  });
  const batch = log.submitBatch(proposals('a', 'b'), 'all-or-nothing');
  const refused = assert.rejects(batch, (error) => isLogError(error, 'SHUTTING_DOWN'));
  const closing = log.close();
  letGo();
  await Promise.all([refused, closing]);
});
