/** `stele mirror` against a log of this project in this process: by tiles and through the v1 API. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runMirror } from '../../src/cli/mirror-command.js';
import { type MirrorOptions, mirrorPlan } from '../../src/cli/mirror-options.js';
import { printVerifierKey, SIGNATURE_TYPE } from '../../src/note/verifier-key.js';
import type { RunningServer } from '../../src/server/compose.js';
import { UploadedLog } from '../mirror/uploaded-log.js';
import { start, submit, temporaryFolder } from '../server/scene.js';

for (const kind of ['tiles', 'rekor-v1'] as const) {
  test(`a log is copied by ${kind}, goes on after a restart, and is served as it is`, async (t) => {
    const { server, options } = await scene(t, kind);
    assert.equal(await once(options), 0);
    await grow(server, 3);
    const mirror = await run(t, options);
    const path = `/logs/${server.treeID}`;
    await until(async () => (await text(`${mirror.url}/checkpoint`)).startsWith(server.origin));
    await until(async () => {
      const [, size] = (await text(`${mirror.url}/checkpoint`)).split('\n');
      return size === (await text(`${server.url}${path}/checkpoint`)).split('\n')[1];
    });
    const [, size = ''] = (await text(`${mirror.url}/checkpoint`)).split('\n');
    for (const tile of [`tile/entries/000.p/${size}`, `tile/0/000.p/${size}`]) {
      assert.equal(await text(`${mirror.url}/${tile}`), await text(`${server.url}${path}/${tile}`));
    }
    // The signed text is the log's; by tiles the lines are, too.
    const [copied, own] = [
      await text(`${mirror.url}/checkpoint`),
      await text(`${server.url}${path}/checkpoint`),
    ];
    assert.equal(copied.split('\n\n')[0], own.split('\n\n')[0]);
    if (kind === 'tiles') assert.equal(copied, own);
    assert.equal(await mirror.stop(), 0);
  });
}

test('a log that shows another history ends with 1, and its notes are kept', async (t) => {
  const { options } = await scene(t, 'tiles');
  const folder = options.dataDir;
  const log = new UploadedLog('forked.example');
  let served = log.checkpoint(0);
  const url = await serveText(t, () => served);
  const forked = { ...options, url, key: printVerifierKey(log.key) };
  delete (forked as { origin?: string }).origin;
  assert.equal(await once(forked), 0);
  served = log.checkpoint(0, new Uint8Array(32).fill(1));
  assert.equal(await once(forked), 1);
  const evidence = join(folder, 'evidence');
  await until(
    async () => readdirSync(folder).includes('evidence') && readdirSync(evidence).length > 0,
  );
  await until(async () => {
    const [file = ''] = readdirSync(evidence);
    return readFileSync(join(evidence, file), 'utf8').includes(JSON.stringify(served).slice(1, -1));
  });
});

test('a log that is away ends with 3, one that another key signs with 1', async (t) => {
  const { options } = await scene(t, 'tiles');
  assert.equal(await once({ ...options, url: 'http://127.0.0.1:1/' }), 3);
  const other = await scene(t, 'tiles');
  assert.equal(await once({ ...options, key: other.options.key as string }), 1);
});

test('a policy must be met by what is copied', async (t) => {
  const { options } = await scene(t, 'tiles');
  const policy = join(options.dataDir, '..', 'policy');
  const { publicKey } = new UploadedLog('w.example').key;
  const type = SIGNATURE_TYPE.ed25519Cosignature;
  const vkey = printVerifierKey({ name: 'w.example', type, publicKey });
  writeFileSync(policy, `witness w ${vkey}\nquorum w\n`);
  assert.equal(await once({ ...options, policy }), 1);
  writeFileSync(policy, `witness w ${vkey}\nquorum none\n`);
  assert.equal(await once({ ...options, policy }), 0);
});

test('a mirror pushes its copies to another, keeps what it stated elsewhere, and shows its figures', async (t) => {
  const { server, options } = await scene(t, 'tiles');
  const [vkey = ''] = server.identity.verifierKeys;
  const seed = join(options.dataDir, '..', 'seed');
  writeFileSync(seed, '42'.repeat(32));
  const { url: _url, key: _key, origin: _origin, ...bare } = options;
  const folder = join(options.dataDir, '..');
  const signing = { name: 'mirror.example/m1', mldsaSeedFile: seed };
  const other = await run(t, {
    ...{
      ...bare,
      ...signing,
      upload: [`${vkey} ${server.origin}`],
      dataDir: join(folder, 'other'),
    },
    ...{ metricsPort: '0', guardDir: join(folder, 'guard') },
  });
  const [pushKey = ''] = other.line.verifierKeys;
  const push = { push: [other.url], pushKey: [pushKey] };
  assert.equal(await once({ ...options, ...push }), 0);
  assert.match(await text(`${other.url}/checkpoint`), / mirror\.example\/m1 /);
  assert.equal(readdirSync(join(folder, 'guard')).length, 1);
  const figures = await text(`${other.line.metricsUrl}/metrics`);
  assert.match(figures, /^stele_mirror_uploads_total\{origin="[^"]+",status="200"\} 1$/m);
  assert.match(figures, /^stele_mirror_lag_entries\{origin="[^"]+"\} 0$/m);
  const wrong = printVerifierKey(new UploadedLog('mirror.example/m1').key);
  assert.equal(await once({ ...options, ...push, pushKey: [wrong] }), 3);
});

test('options that contradict each other are refused', async (t) => {
  const { options } = await scene(t, 'tiles');
  const { url: _url, key: _key, origin: _origin, ...bare } = options;
  const vkey = printVerifierKey(new UploadedLog('log.example').key);
  const signing = { name: 'm', mldsaSeedFile: 'seed' };
  for (const wrong of [
    bare,
    { ...bare, url: 'http://127.0.0.1/' },
    { ...options, url: 'ftp://127.0.0.1/' },
    { ...options, interval: '0' },
    { ...options, policy: '/nowhere/policy' },
    { ...options, name: 'mirror.example' },
    { ...bare, upload: [vkey] },
    { ...bare, upload: ['x'], name: 'm', mldsaSeedFile: 'seed' },
    { ...bare, ...signing, upload: [vkey, `${vkey} other`], name: 'a+b' },
    { ...options, ...signing, upload: [`${vkey} ${options.origin}`] },
    { ...options, push: ['mirror.example'] },
    { ...options, pushKey: [vkey] },
    { ...options, push: ['https://mirror.example'], pushKey: ['x'] },
    { ...bare, policy: '/nowhere', interval: '1e3' },
  ]) {
    await assert.rejects(mirrorPlan(wrong), { code: 'CONFIG_INVALID' }, JSON.stringify(wrong));
  }
  const policy = join(options.dataDir, '..', 'policy');
  writeFileSync(policy, `log ${vkey} http://127.0.0.1:1/log\nquorum none\n`);
  const { followed } = await mirrorPlan({ ...bare, policy });
  assert.deepEqual(
    followed.map(({ origin, url }) => [origin, url]),
    [['log.example', 'http://127.0.0.1:1/log']],
  );
});

async function scene(t: TestContext, kind: 'tiles' | 'rekor-v1') {
  const folder = temporaryFolder(t);
  const server = await start(t, join(folder, 'log'));
  await grow(server, 2);
  const key = join(folder, 'log.pub');
  writeFileSync(key, server.identity.publicKeyPem);
  const options: MirrorOptions = {
    kind,
    url: kind === 'tiles' ? `${server.url}/logs/${server.treeID}` : server.url,
    key,
    origin: server.origin,
    dataDir: join(folder, 'mirror'),
    port: '0',
    address: '127.0.0.1',
    metricsPort: '0',
    metricsAddress: '127.0.0.1',
    interval: '60',
    logLevel: 'silent',
  };
  return { server, options };
}

let submitted = 0;

async function grow(server: RunningServer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    assert.equal((await submit(server.url, `mirrored ${submitted++}`)).status, 201);
  }
}

function once(options: MirrorOptions): Promise<number> {
  return runMirror({ ...options, once: true }, worldOf(() => {}).world);
}

/** Runs a mirror in this process, until it has said where it is. */
async function run(t: TestContext, options: MirrorOptions) {
  let done: Promise<number> | undefined;
  const line = await new Promise<Announced>((resolve, reject) => {
    const { world, signal } = worldOf((text) => resolve(JSON.parse(text) as Announced));
    done = runMirror(options, world);
    done.catch(reject);
    t.after(async () => {
      signal();
      await done;
    });
    stopOf.set(options, signal);
  });
  return {
    line,
    url: line.url,
    stop: async () => {
      stopOf.get(options)?.();
      return done;
    },
  };
}

interface Announced {
  readonly url: string;
  readonly metricsUrl?: string;
  readonly verifierKeys: readonly string[];
}

const stopOf = new WeakMap<MirrorOptions, () => void>();

function worldOf(written: (line: string) => void) {
  let signal = (): void => {};
  const world = {
    env: {},
    stdout: { on: () => {}, write: written },
    once: (name: string, action: () => void) => {
      if (name === 'SIGTERM') signal = action;
    },
  };
  type World = Parameters<typeof runMirror>[1];
  return { world: world as unknown as World, signal: () => signal() };
}

async function serveText(t: TestContext, body: () => string): Promise<string> {
  const server = createServer((_, response) => response.end(body()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function text(url: string): Promise<string> {
  return Buffer.from(await (await fetch(url)).arrayBuffer()).toString('latin1');
}

/** Turns of the event loop until something holds; the test's own time limit ends it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
