import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { type ErrorCode, isLogError, LogError } from '../../src/errors.js';
import { leafHash } from '../../src/merkle/hash.js';
import { verifyConsistency } from '../../src/merkle/verify.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import type { Store } from '../../src/storage/log-store.js';
import {
  acceptText,
  FakeGuard,
  LOG_KEY,
  newStore,
  openTestDesks,
  openTestLog,
  proposal,
  RECORD,
  TILE_KEY,
  TREE_ID,
} from './log-fixture.js';
import { added, assertPublished } from './published-entry.js';

function code(expected: ErrorCode, message?: string): (error: unknown) => boolean {
  return (error) =>
    isLogError(error, expected) && (message === undefined || error.message === message);
}

test('an empty log has a checkpoint of size 0 and no entries', async () => {
  const log = await openTestLog(await newStore());
  const { size, note } = await log.checkpoint();
  assert.equal(size, 0);
  assert.match(
    note,
    /^log\.example - \d+\n0\n47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— log\.example /,
  );
  assert.deepEqual(await log.entriesByIndex([0]), [undefined]);
  assert.deepEqual(await log.search(['#a'], 'or', 10), []);
});

test('the identity of a log is that of its record and its keys', async () => {
  const log = await openTestLog(await newStore());
  assert.deepEqual(log.identity, {
    treeID: TREE_ID,
    treeHex: '1122334455667788',
    hostname: 'log.example',
    origin: RECORD.origin,
    logID: LOG_KEY.keyID,
    publicKeyPem: LOG_KEY.publicKeyPem,
  });
});

test('a submission is answered with proof, checkpoint and SET that verify', async () => {
  const log = await openTestLog(await newStore());
  for (let i = 0; i < 5; i++) {
    const entry = added(await log.submit(proposal(`entry ${i}`)));
    assert.equal(entry.logIndex, i);
    assert.equal(entry.proof.checkpoint.size, i + 1);
    assertPublished(entry);
  }
});

test('the SET of a shard names the index over all shards', async () => {
  const log = await openTestLog(await newStore(), { firstVirtualIndex: 41 });
  const entry = added(await log.submit(proposal('a')));
  assert.equal(entry.logIndex, 0);
  assertPublished(entry, 41);
});

test('an entry that the log has is a duplicate with its entry ID and index', async () => {
  const log = await openTestLog(await newStore());
  await log.submit(proposal('a'));
  const first = added(await log.submit(proposal('b')));
  assert.deepEqual(await log.submit(proposal('b')), {
    outcome: 'duplicate',
    entryID: first.entryID,
    logIndex: 1,
  });
  assert.equal((await log.checkpoint()).size, 2);
});

test('equal submissions at the same time make one entry', async () => {
  const log = await openTestLog(await newStore());
  const submissions = await Promise.all(
    Array.from({ length: 20 }, () => log.submit(proposal('a'))),
  );
  const outcomes = submissions.map((submission) => submission.outcome);
  assert.equal(outcomes.filter((outcome) => outcome === 'added').length, 1);
  assert.equal((await log.checkpoint()).size, 1);
});

test('a duplicate is still told when nothing can be written any more', async () => {
  const guard = new FakeGuard();
  const log = await openTestLog(await newStore(), {
    guard,
    limits: { patienceMs: 0 },
    pause: (_ms, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  });
  await log.submit(proposal('a'));
  guard.fault = 'before';
  guard.times = Number.POSITIVE_INFINITY;
  await assert.rejects(log.submit(proposal('b')), code('COMMIT_UNKNOWN'));
  assert.equal((await log.submit(proposal('a'))).outcome, 'duplicate');
  // Committed, but never guarded: not shown, not as a duplicate either.
  await assert.rejects(log.submit(proposal('b')), code('STORE_UNAVAILABLE'));
  assert.deepEqual(await log.entriesByLeafHash([leafHash(utf8('b'))]), [undefined]);
  assert.match((await log.readiness()).append ?? '', /guard/);
  await log.close();
});

test('what accept refuses is refused with its error', async () => {
  const log = await openTestLog(await newStore());
  await assert.rejects(log.submit(proposal('')), code('ENTRY_MALFORMED', 'the text is empty'));
});

test('a leaf of 65,535 bytes is stored, a longer one refused', async () => {
  const log = await openTestLog(await newStore());
  assertPublished(added(await log.submit(proposal('x'.repeat(65_535)))));
  await assert.rejects(
    log.submit(proposal('x'.repeat(65_536))),
    code('ENTRY_TOO_LARGE', 'canonical entry of 65536 bytes exceeds 65535'),
  );
});

test('entries are read by index and by leaf hash, in order, absent ones undefined', async () => {
  const log = await openTestLog(await newStore());
  for (const text of ['a', 'b', 'c']) await log.submit(proposal(text));
  const byIndex = await log.entriesByIndex([2, 9, 0, 2, 2 ** 62, -1]);
  assert.deepEqual(
    byIndex.map((entry) => entry && fromUtf8(entry.leaf)),
    ['c', undefined, 'a', 'c', undefined, undefined],
  );
  const byHash = await log.entriesByLeafHash(['b', 'x', 'a'].map((text) => leafHash(utf8(text))));
  assert.deepEqual(
    byHash.map((entry) => entry && fromUtf8(entry.leaf)),
    ['b', undefined, 'a'],
  );
  for (const entry of [...byIndex, ...byHash]) {
    if (entry !== undefined) assertPublished(entry);
  }
});

test('a SET and a note are the same bytes at every read, and after a restart', async () => {
  const store = await newStore();
  const log = await openTestLog(store);
  const texts = Array.from({ length: 50 }, (_, i) => `entry ${i}`);
  const told = (await Promise.all(texts.map((text) => log.submit(proposal(text))))).map(added);
  const { note } = await log.checkpoint();
  assert.equal((await log.checkpoint()).note, note);
  await log.close();
  const reopened = await openTestLog(store);
  assert.equal((await reopened.checkpoint()).note, note);
  const read = await reopened.entriesByIndex(told.map((entry) => entry.logIndex));
  read.forEach((entry, i) => {
    assert.deepEqual(entry?.signedEntryTimestamp, told[i]?.signedEntryTimestamp);
    assert.equal(entry?.integratedTimeSeconds, told[i]?.integratedTimeSeconds);
  });
});

test('the tile side has the same head under two lines, and goes with a head of its own kind', async () => {
  const { rekorSide, tileSide } = await openTestDesks(await newStore());
  await rekorSide.submit(proposal('a'));
  const tile = await tileSide.checkpoint();
  const note = parseSignedNote(tile.note);
  assert.equal(note.text, parseSignedNote((await rekorSide.checkpoint()).note).text);
  const [first, second] = note.signatures;
  const text = utf8(note.text);
  assert.ok(verifyWithKey(LOG_KEY.publicKeyDer, text, first?.signature ?? text));
  assert.ok(verifyWithKey(TILE_KEY.publicKeyDer, text, second?.signature ?? text));
  assert.equal(note.signatures.length, 2);
});

test('an attestation is kept beside its entry and comes with reads, not with the answer', async () => {
  const log = await openTestLog(await newStore());
  const entry = added(await log.submit(proposal('a', 'statement!')));
  assert.equal('attestation' in entry, false);
  await log.submit(proposal('b'));
  const read = await log.entriesByIndex([0, 1]);
  assert.deepEqual(
    read.map((each) => each?.attestation && fromUtf8(each.attestation)),
    ['statement!', undefined],
  );
});

test('consistency proofs verify, and equal sizes need none', async () => {
  const log = await openTestLog(await newStore());
  const heads = [];
  for (let i = 0; i < 9; i++) {
    await log.submit(proposal(`entry ${i}`));
    heads.push(await log.checkpoint());
  }
  const newest = await log.checkpoint();
  for (const head of heads) {
    const { hashes, rootHash } = await log.consistency(head.size, 9);
    assert.deepEqual(rootHash, newest.root);
    verifyConsistency({
      first: head.size,
      last: 9,
      firstRoot: head.root,
      lastRoot: newest.root,
      proof: hashes,
    });
  }
  const equal = await log.consistency(4, 4);
  assert.deepEqual(equal.hashes, []);
  assert.deepEqual(equal.rootHash, newest.root);
});

test('consistency is refused in Rekor’s words', async () => {
  const log = await openTestLog(await newStore());
  await log.submit(proposal('a'));
  const cases: [number | bigint, number | bigint, string][] = [
    [10, 5, 'firstSize(10) must be less than lastSize(5)'],
    [1, 2, 'the tree size requested(2) was greater than what is currently observable(1)'],
    [2, 2, 'the tree size requested(2) was greater than what is currently observable(1)'],
    [
      1n,
      2n ** 63n - 1n,
      'the tree size requested(9223372036854775807) was greater than what is currently observable(1)',
    ],
  ];
  for (const [first, last, message] of cases) {
    await assert.rejects(log.consistency(first, last), code('PROOF_RANGE', message));
  }
});

test('search finds entry IDs by all or any of the keys, whatever the letter case', async () => {
  const log = await openTestLog(await newStore());
  const texts = ['x #a', 'x #b', 'x #a #b', 'x'];
  const ids = [];
  for (const text of texts) ids.push(added(await log.submit(proposal(text))).entryID);
  assert.deepEqual(await log.search(['#A', '#b'], 'or', 3), [ids[0], ids[1], ids[2]]);
  assert.deepEqual(await log.search(['#a', '#B'], 'and', 3), [ids[2]]);
  assert.deepEqual(await log.search(['#nobody'], 'or', 3), []);
});

test('a full pool refuses before anything is verified', async () => {
  let verified = 0;
  let letGo = (): void => {};
  const held = new Promise<undefined>((resolve) => {
    letGo = () => resolve(undefined);
  });
  const store = await newStore((step) => (step === 'commit' ? held : undefined));
  const log = await openTestLog(store, {
    limits: { maxEntries: 1 },
    accept: (proposed) => {
      verified += 1;
      return acceptText(proposed);
    },
  });
  const first = log.submit(proposal('a'));
  while (log.statistics().heldEntries === 0) await Promise.resolve();
  await assert.rejects(log.submit(proposal('b')), code('OVERLOADED'));
  assert.equal(verified, 1);
  letGo();
  assertPublished(added(await first));
  assert.deepEqual(log.statistics(), { treeSize: 1, heldEntries: 0, heldBytes: 0 });
});

test('close answers what is under way and leaves the late rows written', async () => {
  const store = await newStore();
  const log = await openTestLog(store);
  const submissions = ['a', 'b', 'c'].map((text) => log.submit(proposal(text)));
  while (log.statistics().heldEntries === 0) await Promise.resolve();
  await log.close();
  for (const submission of await Promise.all(submissions)) assertPublished(added(submission));
  await assert.rejects(log.submit(proposal('d')), code('SHUTTING_DOWN'));
  const stored = store.log(TREE_ID);
  for (const index of [0, 1, 2]) assert.notEqual(await stored.timestamp(index), undefined);
  assert.equal((await stored.newestNote('v1'))?.size, 3);
});

test('close waits for a submission that is still being verified', async () => {
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
  const refused = assert.rejects(log.submit(proposal('a')), code('SHUTTING_DOWN'));
  let closed = false;
  const closing = log.close().then(() => {
    closed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(closed, false);
  letGo();
  await refused;
  await closing;
});

test('an entry that was just added is answered without reading anything back', async () => {
  const store = await newStore();
  const log = await openTestLog(store);
  const stored = store.log(TREE_ID);
  for (const read of ['hashes', 'leaves', 'timestamp'] as const) {
    Object.defineProperty(stored, read, { value: () => assert.fail(`${read} was read`) });
  }
  const texts = Array.from({ length: 600 }, (_, i) => `entry ${i}`);
  await Promise.all(texts.map((text) => log.submit(proposal(text))));
});

test('another key than the recorded one is refused', async () => {
  const store = await newStore();
  await assert.rejects(openTestLog(store, { signer: TILE_KEY }), code('STORE_IDENTITY'));
  await assert.rejects(openTestLog(store, { tileSigner: LOG_KEY }), code('STORE_IDENTITY'));
});

test('a guard that cannot be moved keeps the log from opening', async () => {
  const guard = new FakeGuard();
  guard.fault = 'before';
  await assert.rejects(openTestLog(await newStore(), { guard }), /guard/);
});

test('readiness names the part that cannot work', async () => {
  const store = await newStore();
  let signs = true;
  const signer = {
    ...LOG_KEY,
    sign(message: Uint8Array) {
      if (!signs) throw new Error('no');
      return LOG_KEY.sign(message);
    },
  };
  const log = await openTestLog(store, { signer });
  assert.deepEqual(await log.readiness(), { append: undefined, sign: undefined, read: undefined });
  signs = false;
  assert.equal((await log.submit(proposal('a'))).outcome, 'unanswered');
  assert.deepEqual(await log.readiness(), {
    append: undefined,
    sign: 'the log cannot sign',
    read: undefined,
  });
  signs = true;
  failReads(store);
  assert.match((await log.readiness()).read ?? '', /gone/);
  await log.close();
  assert.match((await log.readiness()).append ?? '', /shutting down/);
});

function failReads(store: Store): void {
  store.log(TREE_ID).head = async () => {
    throw new LogError('STORE_UNAVAILABLE', 'the disk is gone');
  };
}
