/** Feeding from servers of Rekor v1 that do what they like, into the project's own witness. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { boundedFetch } from '../../src/cli/system-fetch.js';
import {
  type BoundedAnswer,
  type BoundedFetch,
  RequestFailed,
} from '../../src/client/bounded-fetch.js';
import { toHex } from '../../src/encoding/hex.js';
import { isLogError } from '../../src/errors.js';
import type { FedLog } from '../../src/feeding/feed-config.js';
import { FedLogState, WitnessRefused } from '../../src/feeding/feed-one.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { serveWitness } from '../witness/served-witness.js';
import { TestLog } from '../witness/test-log.js';

const ORIGIN = 'log.example - 7';
const LOG_URL = 'http://log.example/';
const HOUR_MS = 3_600_000;
const main = new TestLog('log.example');
const fork = new TestLog('log.example', 4);

/** The note of Rekor v1: the tree's number in its origin, and not in the name of its key. */
function noteOf(log: TestLog, size: number, extensions: readonly string[] = []): string {
  return log.sign(log.text(size, { extensions }).replace('log.example\n', `${ORIGIN}\n`));
}

interface Shown {
  log: TestLog;
  size: number;
  extensions?: readonly string[];
  /** The tree stands among those that are closed. */
  isClosed?: boolean;
}

type Answer = (path: string) => Partial<BoundedAnswer> & { readonly text?: string };

/** Returns what a sound server of this tree answers. */
function soundly(shown: Shown): Answer {
  return (path) => {
    const { pathname, searchParams } = new URL(path, LOG_URL);
    if (pathname === '/api/v1/log') {
      const { log, size, extensions, isClosed = false } = shown;
      const tree = { treeID: '7', treeSize: size, signedTreeHead: noteOf(log, size, extensions) };
      const other = { treeID: '8', treeSize: 1, signedTreeHead: 'of another tree' };
      const info = isClosed ? { ...other, inactiveShards: [tree] } : tree;
      return { text: JSON.stringify(info) };
    }
    assert.equal(searchParams.get('treeID'), '7');
    const [first, last] = ['firstSize', 'lastSize'].map((name) => Number(searchParams.get(name)));
    const hashes = shown.log.proof(first as number, last as number).map(toHex);
    return { text: JSON.stringify({ rootHash: '', hashes }) };
  };
}

async function feedingFrom(t: TestContext, answer: Answer) {
  const keys = [main.key];
  const witness = await serveWitness(t, { logs: [{ origin: ORIGIN, keys }] });
  const fetch: BoundedFetch = async (request) => {
    if (!request.url.startsWith(LOG_URL)) return boundedFetch(request);
    const { text = '', ...rest } = answer(request.url.slice(LOG_URL.length - 1));
    const body = new TextEncoder().encode(text);
    if (body.length > request.maxBytes) throw new RequestFailed('too long');
    const type = { status: 200, mediaType: 'application/json', retryAfterSeconds: undefined };
    return { ...type, body, ...rest };
  };
  const log: FedLog = {
    ...{ kind: 'rekor-v1', url: LOG_URL, key: main.key, origin: ORIGIN, intervalMs: 60_000 },
  };
  const reach = { witnessUrl: witness.url, fetch, timeoutMs: 10_000 };
  return { witness, state: new FedLogState(log, noteVerifier(main.key), reach) };
}

test('an empty log is cosigned, and left alone until it grows', async (t) => {
  const shown: Shown = { log: main, size: 0 };
  const { state } = await feedingFrom(t, soundly(shown));
  assert.deepEqual(await state.look(0, HOUR_MS), { outcome: 'cosigned', size: 0 });
  assert.deepEqual(await state.look(1, HOUR_MS), { outcome: 'unchanged', size: 0 });
  shown.size = 5;
  assert.deepEqual(await state.look(2, HOUR_MS), { outcome: 'cosigned', size: 5 });
  shown.extensions = ['Timestamp: 1'];
  assert.deepEqual(
    await state.look(3, HOUR_MS),
    { outcome: 'cosigned', size: 5 },
    'another text of the same tree is another checkpoint',
  );
});

test('a tree that is closed is found among the others', async (t) => {
  const { state } = await feedingFrom(t, soundly({ log: main, size: 5, isClosed: true }));
  assert.deepEqual(await state.look(0, HOUR_MS), { outcome: 'cosigned', size: 5 });
});

test('a log that goes back is told, and what was cosigned stays', async (t) => {
  const shown: Shown = { log: main, size: 9 };
  const { state } = await feedingFrom(t, soundly(shown));
  await state.look(0, HOUR_MS);
  shown.size = 6;
  assert.deepEqual(await state.look(1, HOUR_MS), { outcome: 'behind', size: 6, known: 9 });
  shown.size = 10;
  assert.deepEqual(await state.look(2, HOUR_MS), { outcome: 'cosigned', size: 10 });
});

test('a log that forks is refused, and leaves its evidence with the witness', async (t) => {
  const shown: Shown = { log: main, size: 6 };
  const { state, witness } = await feedingFrom(t, soundly(shown));
  await state.look(0, HOUR_MS);
  shown.log = fork;
  for (const size of [6, 9]) {
    shown.size = size;
    await assert.rejects(
      state.look(size, HOUR_MS),
      (error) => error instanceof WitnessRefused && error.status === 422,
    );
  }
  assert.deepEqual(
    witness.conflicts.map(({ kind, size }) => [kind, size]),
    [
      ['split-view', 6n],
      ['unproven', 9n],
    ],
  );
  shown.log = main;
  assert.deepEqual(await state.look(10, HOUR_MS), { outcome: 'cosigned', size: 9 });
  assert.deepEqual(
    witness.conflicts.map(({ kind, size }) => [kind, size]).slice(2),
    [['split-view', 9n]],
    'both notes of size 9 are there now',
  );
});

test('whatever a log answers, a look ends in an error that says so', async (t) => {
  const sound = soundly({ log: main, size: 9 });
  let answer = soundly({ log: main, size: 3 });
  const { state, witness } = await feedingFrom(t, (path) => answer(path));
  await state.look(0, HOUR_MS);
  const info = (change: object): Answer => {
    return () => ({ text: JSON.stringify({ treeID: '7', treeSize: 9, ...change }) });
  };
  const proof = (change: Answer): Answer => {
    return (path) => (path.includes('/proof') ? change(path) : sound(path));
  };
  const hashes = (list: unknown): Answer =>
    proof(() => ({ text: JSON.stringify({ hashes: list }) }));
  const failures: Readonly<Record<string, Answer>> = {
    'a redirect': () => ({ status: 302 }),
    'an outage': () => ({ status: 503, retryAfterSeconds: 7 }),
    'no JSON': () => ({ text: '<html>' }),
    'no object': () => ({ text: 'null' }),
    'bytes that are no text': () => ({ body: Uint8Array.of(0xff) }),
    'no checkpoint': info({}),
    'a checkpoint that is a number': info({ signedTreeHead: 9 }),
    'a checkpoint that is none': info({ signedTreeHead: 'log.example - 7\n9\n' }),
    'a checkpoint of another tree': info({ signedTreeHead: main.note(9) }),
    'an unsigned checkpoint': info({
      signedTreeHead: new TestLog('log.example', undefined, 1).note(9),
    }),
    'another tree': info({ treeID: '9', signedTreeHead: noteOf(main, 9) }),
    'shards that are none': info({ inactiveShards: 7, signedTreeHead: noteOf(main, 9) }),
    'too many shards': info({ inactiveShards: Array(2_000).fill({ treeID: '1', treeSize: 1 }) }),
    'a long answer': () => ({ text: ' '.repeat(2 ** 21) }),
    'no proof': proof(() => ({ status: 400 })),
    'a proof that is none': hashes('x'),
    'hashes that are none': hashes(['zz']),
    'too many hashes': hashes(Array(64).fill('00'.repeat(32))),
    'short hashes': hashes(['00']),
    'a wrong proof': hashes(['00'.repeat(32)]),
  };
  for (const [name, failure] of Object.entries(failures)) {
    answer = failure;
    await assert.rejects(state.look(1, HOUR_MS), (error) => {
      const isTold =
        error instanceof RequestFailed || error instanceof WitnessRefused || isLogError(error);
      assert.ok(isTold, `${name}: ${String(error)}`);
      if (error instanceof WitnessRefused) assert.ok([400, 422].includes(error.status), name);
      return true;
    });
  }
  answer = sound;
  assert.deepEqual(await state.look(2, HOUR_MS), { outcome: 'cosigned', size: 9 });
  assert.deepEqual(witness.errors, []);
});
