import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { printVerifierKey, SIGNATURE_TYPE } from '../../src/note/verifier-key.js';
import { composeServer } from '../../src/server/compose.js';
import { type Behaviour, type FakeWitness, startWitness } from '../publishing/fake-witness.js';
import { linesOf, namesOn, policyText } from '../publishing/witnessing.js';
import {
  configFor,
  sendV2,
  start,
  submit,
  submitV2,
  temporaryFolder,
  v2Submission,
} from './scene.js';

async function witness(t: TestContext, name: string, behaviour?: Behaviour): Promise<FakeWitness> {
  const started = await startWitness(name, behaviour);
  t.after(() => started.close());
  return started;
}

interface Scene {
  readonly data: string;
  readonly flags: readonly string[];
}

function sceneWith(t: TestContext, policy: string, ...flags: readonly string[]): Scene {
  const folder = temporaryFolder(t);
  const path = join(folder, 'policy');
  writeFileSync(path, policy);
  return { data: join(folder, 'data'), flags: [`--witness-policy=${path}`, ...flags] };
}

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200);
  return answer.text();
}

test('a server with a dead witness starts, and its v2 answers say that the entry waits', async (t) => {
  const dead = await witness(t, 'w.example/1', 'slow');
  const scene = sceneWith(t, policyText([dead], 1), '--witness-wait-ms=30');
  const { url, metricsUrl } = await start(t, scene.data, ...scene.flags);
  const body = v2Submission('artifact');
  const answer = await sendV2(url, body);
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get('retry-after'), '5');
  const again = await sendV2(url, body);
  assert.equal(again.status, 409);
  assert.equal(again.headers.get('x-log-index'), '1');
  const checkpoint = await fetch(`${url}/checkpoint`);
  assert.equal(checkpoint.status, 503);
  assert.equal(checkpoint.headers.get('retry-after'), '5');
  assert.equal((await fetch(`${url}/api/v2/log/entries?logIndex=1`)).status, 503);
  assert.equal((await submit(url, 'artifact')).status, 201);
  const ready = await fetch(`${url}/readyz`);
  assert.equal(ready.status, 200);
  assert.match(JSON.parse(await ready.text()).witnesses, /^closed: no head .* has its quorum/);
  assert.match(await textOf(`${url}/`), /no published checkpoint with the cosignatures/);
  assert.match(await textOf(metricsUrl), /\nstele_published_cosigned\{origin="localhost"\} 0\n/);
});

test('a witnessed server serves cosigned checkpoints everywhere, and again after a restart', async (t) => {
  const good = await witness(t, 'w.example/1');
  const scene = sceneWith(t, policyText([good], 1), '--witness-wait-ms=60000');
  const before = await start(t, scene.data, ...scene.flags);
  const answer = await submitV2(before.url, 'artifact');
  assert.equal(answer.status, 201);
  const { envelope } = JSON.parse(await answer.text()).inclusionProof.checkpoint;
  assert.deepEqual(namesOn(envelope), ['localhost', 'localhost', 'w.example/1']);
  assert.equal(await textOf(`${before.url}/checkpoint`), envelope);
  assert.equal(JSON.parse(await textOf(`${before.url}/readyz`)).witnesses, 'ok');
  assert.match(await textOf(before.metricsUrl), /\nstele_witness_alarm\{.*w0.*\} 0\n/);
  // The log of the v1 API is not witnessed unless it is asked for.
  const { treeID } = before.identity;
  assert.equal(namesOn(await textOf(`${before.url}/logs/${treeID}/checkpoint`)).length, 2);
  await before.close();
  good.behaviour = 'slow';
  const after = await start(t, scene.data, ...scene.flags);
  assert.equal(await textOf(`${after.url}/checkpoint`), envelope);
});

test('the log of the v1 API is witnessed when it is asked for, and its answers stay as they are', async (t) => {
  const good = await witness(t, 'w.example/1');
  const scene = sceneWith(t, policyText([good], 1), '--witness-logs=v1');
  const { url, identity } = await start(t, scene.data, ...scene.flags);
  assert.equal((await submit(url, 'artifact')).status, 201);
  const info = JSON.parse(await textOf(`${url}/api/v1/log`));
  assert.equal(namesOn(info.signedTreeHead).length, 1);
  const note = await textOf(`${url}/logs/${identity.treeID}/checkpoint`);
  assert.equal(linesOf(good, note), 1);
  assert.equal(namesOn(await textOf(`${url}/checkpoint`)).length, 2);
});

test('an entry that was answered 503 is found when the witness is back, by either API', async (t) => {
  const flaky = await witness(t, 'w.example/1', 'status-500');
  const scene = sceneWith(t, policyText([flaky], 1));
  const before = await start(t, scene.data, ...scene.flags, '--witness-wait-ms=30');
  const body = v2Submission('artifact');
  assert.equal((await sendV2(before.url, body)).status, 503);
  await before.close();
  flaky.behaviour = 'honest';
  const { url } = await start(t, scene.data, ...scene.flags, '--witness-wait-ms=60000');
  const again = await sendV2(url, body);
  assert.equal(again.status, 409);
  assert.equal(again.headers.get('x-log-index'), '1');
  const shown = JSON.parse(await textOf(`${url}/api/v2/log/entries?logIndex=1`));
  assert.equal(linesOf(flaky, shown.inclusionProof.checkpoint.envelope), 1);
});

test('in a tree that both APIs share, v1 answers at once below a head that is not published', async (t) => {
  const flaky = await witness(t, 'w.example/1');
  const scene = sceneWith(t, policyText([flaky], 1), '--v2-tree=shared', '--witness-wait-ms=60000');
  const { url } = await start(t, scene.data, ...scene.flags);
  assert.equal((await submitV2(url, 'published')).status, 201);
  const published = await textOf(`${url}/checkpoint`);
  flaky.behaviour = 'status-500';
  const added = await submit(url, 'artifact');
  assert.equal(added.status, 201);
  const [entry] = Object.values((await added.json()) as Record<string, Shown>);
  assert.ok(entry !== undefined);
  const { treeSize, checkpoint } = entry.verification.inclusionProof;
  assert.equal(namesOn(checkpoint).length, 1);
  const info = JSON.parse(await textOf(`${url}/api/v1/log`));
  assert.equal(info.treeSize, treeSize);
  assert.equal(namesOn(info.signedTreeHead).length, 1);
  for (const path of ['/checkpoint', '/api/v2/checkpoint', `/logs/${info.treeID}/checkpoint`]) {
    assert.equal(await textOf(`${url}${path}`), published, path);
  }
  assert.equal(linesOf(flaky, published), 1);
  const publishedSize = Number(published.split('\n')[1]);
  assert.ok(publishedSize < treeSize);
  for (const size of [publishedSize, treeSize]) {
    assert.equal((await fetch(`${url}/tile/0/000.p/${size}`)).status, 200);
    assert.equal((await fetch(`${url}/tile/entries/000.p/${size}`)).status, 200);
  }
});

interface Shown {
  readonly verification: {
    readonly inclusionProof: { readonly treeSize: number; readonly checkpoint: string };
  };
}

test('an open server publishes without its witness and says so', async (t) => {
  const dead = await witness(t, 'w.example/1', 'hang-up');
  const scene = sceneWith(t, policyText([dead], 1), '--witness-wait-ms=30', '--witness-mode=open');
  const { url, metricsUrl } = await start(t, scene.data, ...scene.flags);
  assert.equal((await submitV2(url, 'artifact')).status, 201);
  assert.equal(namesOn(await textOf(`${url}/checkpoint`)).length, 2);
  assert.match(JSON.parse(await textOf(`${url}/readyz`)).witnesses, /^open: .*without its quorum/);
  assert.match(await textOf(metricsUrl), /\nstele_published_uncosigned_total\{.*\} [1-9]/);
});

test('without a policy nothing is said of witnesses', async (t) => {
  const { url, metricsUrl } = await start(t, join(temporaryFolder(t), 'data'));
  assert.deepEqual(Object.keys(JSON.parse(await textOf(`${url}/readyz`))), [
    'append',
    'read',
    'sign',
    'status',
  ]);
  assert.doesNotMatch(await textOf(`${url}/`), /itness/);
  assert.doesNotMatch(await textOf(metricsUrl), /stele_(published|witness)/);
});

function code(expected: ErrorCode, pattern: RegExp): (error: unknown) => boolean {
  return (error) => isLogError(error, expected) && pattern.test(error.message);
}

const KEY = new Uint8Array(32).fill(7);

function policyOf(name: string, url: string, publicKey: Uint8Array = KEY): string {
  const vkey = printVerifierKey({ name, type: SIGNATURE_TYPE.ed25519Cosignature, publicKey });
  return `witness w ${vkey} ${url}\nquorum w\n`;
}

/** Of the name of the log, and no key of it. */
const LOG_KEY = printVerifierKey({
  name: 'localhost',
  type: SIGNATURE_TYPE.ed25519,
  publicKey: new Uint8Array(32).fill(9),
});

function manyWitnesses(count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const publicKey = new Uint8Array(32).fill(i);
    return policyOf('w.example/1', 'https://w.example/', publicKey).replace(
      /^witness w|quorum w\n/g,
      (found) => (found.startsWith('witness') ? `witness w${i}` : ''),
    );
  });
  return `${lines.join('')}quorum w0\n`;
}

for (const [what, policy, pattern] of [
  ['a file that is no policy', 'quorum nobody\n', /line 1/],
  ['a quorum of witnesses without a URL', policyOf('w.example/1', ''), /cannot be met/],
  ['a URL that is none', policyOf('w.example/1', 'w.example'), /URL of witness w/],
  ['a URL with a query', policyOf('w.example/1', 'https://w.example/?a=b'), /URL of witness w/],
  ['a URL with a password', policyOf('w.example/1', 'https://a:b@w.example/'), /URL of witness w/],
  ['more witnesses than a note has room for', manyWitnesses(99), /longer than readers take/],
  ['the name of the log', policyOf('localhost', 'https://w.example'), /the name of this log/],
  ['a name below it', policyOf('localhost/w', 'https://w.example'), /the name of this log/],
  ['the address of the log', policyOf('w.example/1', 'http://127.0.0.1:3999/w'), /the address/],
  ['that address by name', policyOf('w.example/1', 'http://localhost:3999'), /the address/],
  ['another log', `log ${LOG_KEY}\n${policyOf('w.example/1', 'http://w.example')}`, /other logs/],
] as const) {
  test(`a policy is refused: ${what}`, async (t) => {
    const { data, flags } = sceneWith(t, policy, '--port=3999');
    await assert.rejects(composeServer(configFor(data, ...flags)), code('CONFIG_INVALID', pattern));
  });
}

test('a policy file that is not there is refused', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const config = configFor(data, `--witness-policy=${data}/none`);
  await assert.rejects(composeServer(config), code('CONFIG_INVALID', /--witness-policy .*ENOENT/));
});

test('a policy that names this log among others is taken', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const made = await start(t, data);
  await made.close();
  const good = await witness(t, 'w.example/1');
  for (const own of made.identity.verifierKeys) {
    const { flags } = sceneWith(t, `log ${LOG_KEY}\nlog ${own}\n${policyText([good], 1)}`);
    const { url, close } = await start(t, data, ...flags);
    assert.equal(linesOf(good, await textOf(`${url}/checkpoint`)), 1);
    await close();
  }
});

test('keys behind one address, with and without a slash at its end, are asked for in one request', async (t) => {
  const good = await witness(t, 'w.example/1');
  const second = policyOf('w.example/2', `${good.url}/`).replace(
    /^witness w |quorum w\n/g,
    (part) => (part.startsWith('witness') ? 'witness other ' : ''),
  );
  const scene = sceneWith(t, second + policyText([good], 1));
  const { url } = await start(t, scene.data, ...scene.flags);
  assert.equal((await submitV2(url, 'artifact')).status, 201);
  assert.equal(good.mostAtOnce, 1);
  assert.deepEqual(good.asked, ['old 0', 'old 0', 'old 1']);
});

test('a witness with the tile key of the log is refused unless it is allowed', async (t) => {
  const dataDir = join(temporaryFolder(t), 'data');
  const made = await start(t, dataDir);
  await made.close();
  const tileKey = createPublicKey(readFileSync(join(dataDir, 'keys', 'tiles.pem')));
  const raw = Uint8Array.from(tileKey.export({ type: 'spki', format: 'der' }).subarray(-32));
  const policy = policyOf('w.example/1', 'http://127.0.0.1:1/', raw);
  const { flags } = sceneWith(t, policy);
  await assert.rejects(
    composeServer(configFor(dataDir, ...flags)),
    code('CONFIG_INVALID', /a key of this log/),
  );
  await start(t, dataDir, ...flags, '--witness-allow-own');
});
