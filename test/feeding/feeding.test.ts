/** Feeding against a log of this project in this process, as tiles and through the v1 API. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { boundedFetch } from '../../src/cli/system-fetch.js';
import { type BoundedFetch, RequestFailed } from '../../src/client/bounded-fetch.js';
import { logKeyOf } from '../../src/client/followed-log.js';
import { verifyLogSignature } from '../../src/client/log-signature.js';
import { fromHex } from '../../src/encoding/hex.js';
import { type FedLog, type FeedKind, parseFeedConfig } from '../../src/feeding/feed-config.js';
import { FedLogState, WitnessRefused } from '../../src/feeding/feed-one.js';
import { type FeedLogger, startFeeding } from '../../src/feeding/feeder.js';
import type { NoteVerifier } from '../../src/note/signed-note.js';
import { SIGNATURE_TYPE, type VerifierKey } from '../../src/note/verifier-key.js';
import type { RunningServer } from '../../src/server/compose.js';
import { manualClock } from '../http/manual-clock.js';
import { start, submit, temporaryFolder } from '../server/scene.js';
import { startPlainWitness } from './plain-witness.js';

const HOUR_MS = 3_600_000;

test('a Rekor v1 log is cosigned without its help, from nothing and as it grows', async (t) => {
  const { server, witness, log } = await scene(t, 'rekor-v1');
  const state = stateOf(log, witness.url);
  const first = await state.look(0, HOUR_MS);
  assert.equal(first.outcome, 'cosigned');
  await grow(server, 3);
  const second = await state.look(1, HOUR_MS);
  assert.deepEqual(second, { outcome: 'cosigned', size: first.size + 3 });
  assert.deepEqual(witness.exchanges, ['old 0 -> 200', `old ${first.size} -> 200`]);
  assert.equal(witness.cosigned.get(server.origin)?.size, second.size);
  // P-256 under the host's name: the key of type 2 that Rekor signs with.
  assert.deepEqual(
    witness.notes[1]?.signatures.map(({ name }) => name),
    ['localhost'],
  );
});

test('a log of tiles is cosigned with proofs made of its tiles', async (t) => {
  const { server, witness, log } = await scene(t, 'tiles');
  const state = stateOf(log, witness.url);
  const first = await state.look(0, HOUR_MS);
  for (let size = first.size + 1; size < first.size + 4; size++) {
    await grow(server, 1);
    assert.deepEqual(await state.look(0, HOUR_MS), { outcome: 'cosigned', size });
  }
});

test('who begins anew learns from the 409 what the witness knows', async (t) => {
  const { server, witness, log } = await scene(t, 'tiles');
  const { size } = await stateOf(log, witness.url).look(0, HOUR_MS);
  await grow(server, 2);
  await stateOf(log, witness.url).look(0, HOUR_MS);
  assert.deepEqual(witness.exchanges, ['old 0 -> 200', 'old 0 -> 409', `old ${size} -> 200`]);
});

test('what has not changed is posted again only when its cosignature has become old', async (t) => {
  const { witness, log } = await scene(t, 'rekor-v1');
  const state = stateOf(log, witness.url);
  const { size } = await state.look(0, HOUR_MS);
  assert.equal((await state.look(HOUR_MS - 1, HOUR_MS)).outcome, 'unchanged');
  assert.equal((await state.look(HOUR_MS, HOUR_MS)).outcome, 'cosigned');
  assert.deepEqual(witness.exchanges, ['old 0 -> 200', `old ${size} -> 200`]);
});

test('a log that shows less than the witness knows is not posted', async (t) => {
  const { witness, log } = await scene(t, 'rekor-v1');
  const state = stateOf(log, witness.url);
  const { size } = await state.look(0, HOUR_MS);
  witness.cosigned.set(log.origin, { size: size + 5, root: fromHex('00'.repeat(32)) });
  const found = await state.look(HOUR_MS, HOUR_MS);
  assert.deepEqual(found, { outcome: 'behind', size, known: size + 5 });
});

test('a checkpoint by another key, or of another origin, never reaches the witness', async (t) => {
  const { witness, log } = await scene(t, 'rekor-v1');
  const other = await scene(t, 'rekor-v1');
  for (const wrong of [
    { ...log, key: other.log.key },
    { ...log, origin: 'localhost' },
  ]) {
    await assert.rejects(stateOf(wrong, witness.url).look(0, HOUR_MS), { code: 'NOTE_UNVERIFIED' });
  }
  assert.deepEqual(witness.exchanges, []);
});

test('a refusal of the witness is told with the checkpoint that it refused', async (t) => {
  const { witness, log } = await scene(t, 'rekor-v1');
  witness.instead = { status: 422, body: 'another history' };
  await assert.rejects(stateOf(log, witness.url).look(0, HOUR_MS), (error) => {
    assert.ok(error instanceof WitnessRefused);
    assert.equal(error.status, 422);
    assert.match(error.message, /another history/);
    assert.ok(error.note.startsWith(`${log.origin}\n`));
    return true;
  });
});

test('a witness that answers 409 for ever, or without a size, is given up', async (t) => {
  const { witness, log } = await scene(t, 'rekor-v1');
  witness.instead = { status: 409, type: 'text/x.tlog.size', body: '0\n' };
  await assert.rejects(stateOf(log, witness.url).look(0, HOUR_MS), RequestFailed);
  assert.equal(witness.exchanges.length, 3);
  for (const [type, body] of [
    ['text/plain', '3\n'],
    ['text/x.tlog.size', '03\n'],
    ['text/x.tlog.size', '9007199254740993\n'],
  ] as const) {
    witness.instead = { status: 409, type, body };
    const looking = stateOf(log, witness.url).look(0, HOUR_MS);
    await assert.rejects(looking, { code: 'ENCODING_MALFORMED' });
  }
});

test('answers have a bound, and redirects are not followed', async (t) => {
  const { witness } = await scene(t, 'rekor-v1');
  const request = { url: `${witness.url}/x`, maxBytes: 10, timeoutMs: 10_000 };
  witness.instead = { status: 200, body: '12345678901' };
  await assert.rejects(boundedFetch(request), /longer than 10 bytes/);
  witness.instead = { status: 302, headers: { Location: `${witness.url}/elsewhere` } };
  assert.equal((await boundedFetch(request)).status, 302);
  assert.equal(witness.exchanges.length, 2);
});

test('one log that is away is looked at more seldom, and stops no other', async (t) => {
  const { server, witness, log } = await scene(t, 'rekor-v1');
  const away: FedLog = { ...log, origin: 'away.example', url: 'http://127.0.0.1:1/' };
  const asked: string[] = [];
  const counting: BoundedFetch = async (request) => {
    asked.push(request.url.startsWith('http://127.0.0.1:1/') ? 'away' : 'there');
    return boundedFetch(request);
  };
  const clock = manualClock();
  const told = collectingLogger();
  const feeding = startFeeding({
    logs: [away, log],
    witnessUrl: witness.url,
    verifierOf,
    fetch: counting,
    clock,
    logger: told,
  });
  await told.count(2);
  assert.deepEqual(told.lines.toSorted(), ['info cosigned', 'warn away.example']);
  await armed(clock, 2);
  await grow(server, 1);
  // The interval of the log that is there; the other one pauses twice as long.
  clock.advance(log.intervalMs);
  await told.count(3);
  assert.equal(told.lines[2], 'info cosigned');
  assert.equal(asked.filter((which) => which === 'away').length, 1);
  await armed(clock, 2);
  clock.advance(log.intervalMs);
  await told.count(4);
  assert.equal(told.lines[3], 'warn away.example');
  await feeding.stop();
  assert.equal(clock.armed, 0);
});

test('the file is read strictly', () => {
  const key = 'log.example+09ab12cd+AQ==';
  const pem = `-----BEGIN PUBLIC KEY-----\n${P256_KEY}\n-----END PUBLIC KEY-----\n`;
  const good = {
    kind: 'rekor-v1',
    url: 'https://log.example',
    origin: 'log.example - 77',
    key: pem,
  };
  const [log] = parseFeedConfig(JSON.stringify({ logs: [{ ...good, interval: 5 }] }));
  assert.equal(log?.key.name, 'log.example');
  assert.equal(log?.key.type, SIGNATURE_TYPE.ecdsa);
  assert.equal(log?.intervalMs, 5_000);
  const bad: readonly unknown[] = [
    '',
    { logs: [] },
    { logs: [good, good] },
    { logs: [good], other: 1 },
    { logs: [{ ...good, colour: 'red' }] },
    { logs: [{ ...good, kind: 'ct' }] },
    { logs: [{ ...good, url: 'file:///etc/passwd' }] },
    { logs: [{ ...good, url: 'https://log.example/?a=b' }] },
    { logs: [{ ...good, key }] },
    { logs: [{ ...good, interval: 0 }] },
    { logs: [{ ...good, interval: 86_401 }] },
    { logs: [{ kind: 'tiles', url: 'https://log.example', key: pem }] },
  ];
  for (const document of bad) {
    const text = JSON.stringify(document);
    assert.throws(() => parseFeedConfig(text), { code: 'CONFIG_INVALID' }, text);
  }
  assert.throws(() => parseFeedConfig('logs: &a [*a, *a]'), { code: 'CONFIG_INVALID' });
});

const P256_KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==';

async function scene(t: TestContext, kind: FeedKind) {
  const server = await start(t, temporaryFolder(t));
  const witness = await startPlainWitness(t);
  await grow(server, 2);
  const { origin, treeID, identity } = server;
  const log: FedLog = {
    kind,
    url: kind === 'tiles' ? `${server.url}/logs/${treeID}` : server.url,
    origin,
    key: logKeyOf(identity.publicKeyPem, origin),
    intervalMs: 60_000,
  };
  return { server, witness, log };
}

let submitted = 0;

async function grow(server: RunningServer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const answer = await submit(server.url, `feeding ${submitted++}`);
    assert.equal(answer.status, 201);
  }
}

function stateOf(log: FedLog, witnessUrl: string): FedLogState {
  const reach = { witnessUrl, fetch: boundedFetch, timeoutMs: 10_000 };
  return new FedLogState(log, verifierOf(log.key), reach);
}

function verifierOf({ name, keyID, publicKey }: VerifierKey): NoteVerifier {
  const verify = (text: Uint8Array, signature: Uint8Array) =>
    verifyLogSignature(publicKey, text, signature);
  return { name, keyID, verify };
}

function collectingLogger(): FeedLogger & { lines: string[]; count(n: number): Promise<void> } {
  const lines: string[] = [];
  let waiting: (() => void)[] = [];
  const write = (line: string): void => {
    lines.push(line);
    for (const wake of waiting) wake();
    waiting = [];
  };
  return {
    lines,
    info: ({ outcome }) => write(`info ${outcome}`),
    warn: ({ origin }) => write(`warn ${origin}`),
    error: ({ origin }) => write(`error ${origin}`),
    async count(n) {
      while (lines.length < n) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** The pause is armed some microtasks after the line was told. */
async function armed(clock: { readonly armed: number }, count: number): Promise<void> {
  while (clock.armed < count) await new Promise((resolve) => setImmediate(resolve));
}
