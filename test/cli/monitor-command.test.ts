import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { utf8 } from '../../src/encoding/bytes.js';
import { encodePem } from '../../src/encoding/pem.js';
import { describeLeaf } from '../../src/entries/describe-leaf.js';
import { isLogError } from '../../src/errors.js';
import { readMonitorConfig } from '../../src/monitor/monitor-config.js';
import { hashedrekordLeaf } from '../client/made-log.js';
import { newAuthority } from '../entries/authority.js';
import { recordedEntries } from '../entries/recorded.js';
import { newNoteKey, ORIGIN, TileServer } from '../monitor/tile-server.js';
import { packageRoot } from '../vectors.js';

const command = import.meta.url.endsWith('.ts')
  ? ['--conditions=source', '--import', 'tsx', join(packageRoot, 'src/cli/main.ts')]
  : [join(packageRoot, 'dist/src/cli/main.js')];

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Not spawnSync: the log that it reads is in this process. */
async function monitor(...args: readonly string[]): Promise<Ended> {
  return ended(spawn(process.execPath, [...command, 'monitor', ...args]));
}

async function ended(child: ChildProcess, heard?: (out: string) => void): Promise<Ended> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (piece: Buffer) => {
    out += piece;
    heard?.(out);
  });
  child.stderr?.on('data', (piece: Buffer) => {
    err += piece;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-monitor-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the exit code names the cause: clean, match, operational, tampering, usage', async (t) => {
  const folder = folderOf(t);
  const log = await new TileServer().start(t);
  log.leaves.push(hashedrekordLeaf(utf8('first')));
  const key = join(folder, 'log.vkey');
  writeFileSync(key, `${log.key.vkey}\n`);
  const state = ['--once', '--state-dir', join(folder, 'state')];
  const flags = [...state, '--log', log.url, '--key', key];

  assert.equal((await monitor(...flags)).code, 0);
  log.leaves.push(hashedrekordLeaf(utf8('second')));
  const digest = JSON.parse(Buffer.from(log.leaves[1] as Uint8Array).toString()) as {
    spec: { data: { hash: { value: string } } };
  };
  const found = await monitor(...flags, '--digest', `sha256:${digest.spec.data.hash.value}`);
  assert.equal(found.code, 4);
  assert.match(found.out, /^\{"time":".*"type":"match".*"index":1,.*\}\n$/);

  log.isAway = (path) => path === 'checkpoint';
  const away = await monitor(...flags);
  assert.equal(away.code, 3);
  assert.match(away.err, /answered 503/);
  log.isAway = () => false;

  log.forger = newNoteKey(ORIGIN);
  const caught = await monitor(...flags);
  assert.equal(caught.code, 1);
  assert.match(caught.out, /"type":"tampering".*"kind":"signature"/);

  assert.equal((await monitor(...state)).code, 2);
  assert.equal((await monitor(...state, '--log', 'nonsense', '--key', key)).code, 2);
  assert.equal((await monitor(...state, '--log', log.url, '--key', 'missing.pub')).code, 3);
});

test('flags are rules of their own; keys that a thread reads are found, and what it cannot read is told', async (t) => {
  const folder = folderOf(t);
  const log = await new TileServer().start(t);
  const [helm] = recordedEntries('helm').flatMap(({ expect }) =>
    'leaf' in expect && expect.leaf !== undefined ? [utf8(expect.leaf)] : [],
  );
  const plain = hashedrekordLeaf(utf8('first'));
  log.leaves.push(plain, helm as Uint8Array, utf8(' {"kind":"rpm"'));
  const key = join(folder, 'log.vkey');
  writeFileSync(key, log.key.vkey);
  const flags = ['--once', '--log', log.url, '--key', key, '--start', 'oldest'];
  const keyOf = async (leaf: Uint8Array) =>
    (await describeLeaf(leaf)).signers[0]?.values('key')[0] ?? '';
  const ofHelm = await keyOf(helm as Uint8Array);
  const { code, out } = await monitor(
    ...flags,
    ...['--state-dir', join(folder, 'state'), '--fingerprint', ofHelm],
    ...['--subject', 'nobody', '--digest', `sha256:${'0'.repeat(64)}`],
  );
  assert.equal(code, 4);
  const told = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    told.map(({ type, index, rule }) => [type, index, rule]),
    [
      ['match', 1, 'fingerprint'],
      ['unparsable', 2, undefined],
    ],
  );
  const both = ['--san', 'nobody@example.com', '--fingerprint', await keyOf(plain)];
  const second = await monitor(...flags, '--state-dir', join(folder, 'other'), ...both);
  assert.match(second.out, /"index":0,.*"rule":"fingerprint"/);
});

/** Polls for ever, until the log was asked for its checkpoint so often. */
async function followed(log: TileServer, polls: number, flags: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [...command, 'monitor', ...flags, '--interval', '1']);
  let asked = 0;
  const isAway = log.isAway;
  log.isAway = (path) => {
    if (path === 'checkpoint' && ++asked === polls) child.kill('SIGTERM');
    return isAway(path);
  };
  const end = await ended(child);
  log.isAway = isAway;
  return end;
}

test('a monitor that polls for ever ends with the gravest of its polls', async (t) => {
  const folder = folderOf(t);
  const log = await new TileServer().start(t);
  log.leaves.push(hashedrekordLeaf(utf8('first')));
  const key = join(folder, 'log.vkey');
  writeFileSync(key, `${log.key.vkey}\n`);
  const flags = ['--state-dir', join(folder, 'state'), '--log', log.url, '--key', key];
  assert.equal((await followed(log, 2, flags)).code, 0);
  log.isAway = () => true;
  // Four tries a poll.
  assert.equal((await followed(log, 5, flags)).code, 3);
  log.isAway = () => false;
  log.forger = newNoteKey(ORIGIN);
  const caught = await followed(log, 3, flags);
  assert.equal(caught.code, 1);
  assert.match(caught.out, /"kind":"signature"/);
  log.forger = undefined;
  assert.equal((await monitor(...flags, '--once')).code, 0);
});

test('an output that cannot be written is operational, and what it should have said is told later', async (t) => {
  const folder = folderOf(t);
  const log = await new TileServer().start(t);
  log.leaves.push(hashedrekordLeaf(utf8('first')));
  const config = join(folder, 'monitor.yaml');
  const { url, key } = log;
  const watch = [{ name: 'all', everything: true }];
  const document = { logs: [{ url, key: key.vkey, start: 'oldest' }], watch };
  writeFileSync(config, JSON.stringify(document));
  const flags = ['--once', '--config', config, '--state-dir', join(folder, 'state')];
  const full = openSync('/dev/full', 'w');
  const args = [...command, 'monitor', ...flags];
  const lost = await ended(spawn(process.execPath, args, { stdio: ['ignore', full, 'pipe'] }));
  assert.equal(lost.code, 3, lost.err);
  assert.match(lost.err, /ENOSPC/);
  log.forger = newNoteKey(ORIGIN);
  const caught = spawn(process.execPath, args, { stdio: ['ignore', full, 'pipe'] });
  assert.equal((await ended(caught)).code, 1);
  closeSync(full);
  log.forger = undefined;
  const told = await monitor(...flags);
  assert.equal(told.code, 4);
  assert.match(told.out, /"index":0/);
});

test('a monitor that is killed tells again what it may not have told, and never leaves any out', async (t) => {
  const folder = folderOf(t);
  const log = await new TileServer().start(t);
  const leaf = hashedrekordLeaf(utf8('again'));
  const size = 20_000;
  for (let at = 0; at < size; at++) log.leaves.push(leaf);
  const config = join(folder, 'monitor.yaml');
  const { url, key } = log;
  const watch = [{ name: 'all', everything: true }];
  const document = { logs: [{ url, key: key.vkey, start: 'oldest' }], watch };
  writeFileSync(config, JSON.stringify(document));
  const args = ['--once', '--config', config, '--state-dir', join(folder, 'state')];
  const ids = new Set<string>();
  let lines = 0;
  const collect = (out: string) => {
    for (const line of out.split('\n').slice(0, -1)) {
      ids.add((JSON.parse(line) as { id: string }).id);
      lines++;
    }
  };
  for (const bytes of [1, 2_000_000, 8_000_000]) {
    const child = spawn(process.execPath, [...command, 'monitor', ...args]);
    const { code, out } = await ended(child, (text) => {
      if (text.length >= bytes) child.kill('SIGKILL');
    });
    assert.equal(code, null);
    collect(out);
    assert.ok(ids.size < size);
  }
  const last = await monitor(...args);
  assert.equal(last.code, 4);
  collect(last.out);
  assert.equal(ids.size, size);
  assert.ok(lines < 2 * size, `${lines}`);
});

test('the example of the documentation is read as it stands', () => {
  const page = readFileSync(join(packageRoot, 'docs/monitor.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { vkey } = newNoteKey(ORIGIN);
  const files: Record<string, string> = {
    'log.vkey': vkey,
    'rekor.pub': vkey,
    'policy.txt': `log ${vkey}\nquorum none\n`,
    'fingerprints.txt': '# ours\nabcd\n',
    'runs.txt': 'https://example.com/run/1\n',
    'webhook.secret': '0123456789abcdef',
    'fulcio.pem': encodePem('CERTIFICATE', newAuthority('fulcio').certificate),
  };
  const config = readMonitorConfig(parse(yaml), '/etc/stele', (path) => {
    return files[path.replace('/etc/stele/', '')] ?? assert.fail(path);
  });
  assert.deepEqual(
    config.logs.map(({ api, start }) => [api, start]),
    [
      ['tiles', 0],
      ['rekor-v1', 'newest'],
    ],
  );
  assert.equal(config.webhook?.deadLetters, '/etc/stele/undelivered.jsonl');
  assert.equal(config.feed, '/etc/stele/feed.atom');
});

test('a configuration that says something unknown or wrong is refused', () => {
  const { vkey } = newNoteKey(ORIGIN);
  const log = { url: 'https://log.example', key: vkey };
  const refused: unknown[] = [
    undefined,
    {},
    { logs: [] },
    { logs: [log, log] },
    { logs: [{ ...log, key: undefined }] },
    { logs: [{ ...log, url: 'file:///x' }] },
    { logs: [{ ...log, url: 'https://user@log.example' }] },
    { logs: [{ ...log, api: 'v3' }] },
    { logs: [{ ...log, start: -1 }] },
    { logs: [{ ...log, frozen: 'yes' }] },
    { logs: [{ ...log, more: 1 }] },
    { logs: [log], wach: [] },
    { logs: [log], trustedRoots: 'empty.pem' },
    { logs: [log], trustedRoots: true },
    { logs: [log], allow: [{ san: 'x', trustedRoots: 'roots.pem' }] },
    { logs: [{ ...log, cosignedWithin: 60 }] },
    { logs: [{ ...log, follows: 'https://other.example' }] },
    { logs: [{ ...log, follows: log.url }] },
    { logs: [log, { ...log, url: `${log.url}/` }] },
    { logs: [log], output: { webhook: { url: 'https://x.example' } } },
    { logs: [log], output: { mail: 'x' } },
    { logs: [{ ...log, key: 'name+00000000+AAAA' }] },
  ];
  for (const document of refused) {
    assert.throws(
      () => readMonitorConfig(document, '.', () => ''),
      (error) => isLogError(error, 'CONFIG_INVALID'),
      JSON.stringify(document),
    );
  }
});
