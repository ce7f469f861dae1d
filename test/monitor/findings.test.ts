import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { encodePem } from '../../src/encoding/pem.js';
import { isLogError } from '../../src/errors.js';
import type { MatchEvent } from '../../src/matching/match-event.js';
import { lockFolder } from '../../src/monitor/folder-lock.js';
import { hashedrekordLeaf } from '../client/made-log.js';
import { issued, newAuthority } from '../entries/authority.js';
import { vectorLines } from '../vectors.js';
import { type MonitorScene, monitorScene, type ToldEvent } from './scene.js';
import { ORIGIN, TileServer } from './tile-server.js';

const REAL = vectorLines<{ leaf: string }>('rekor-v2/real-world-leaves.jsonl').map(({ leaf }) =>
  utf8(leaf),
);

function plain(at: number): Uint8Array {
  return hashedrekordLeaf(utf8(`plain ${at}`));
}

async function logOf(t: TestContext, leaves: readonly Uint8Array[]): Promise<TileServer> {
  const log = await new TileServer().start(t);
  log.leaves.push(...leaves);
  return log;
}

function configOf({ url, key }: TileServer, rules: object = {}) {
  return { logs: [{ url, key: key.vkey, start: 'oldest' }], ...rules };
}

function indexesOf(events: readonly ToldEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'tampering' ? [] : [event.index]));
}

const BEACON = { san: { pattern: 'extremely-dangerous-oidc-beacon' } };

test('an identity is found with its issuer, its names, its keys and its place', async (t) => {
  const log = await logOf(t, [plain(0), REAL[0] as Uint8Array, plain(1)]);
  const watch = [
    { name: 'beacon', ...BEACON, issuer: 'https://token.actions.githubusercontent.com' },
  ];
  const { verdict, events } = await monitorScene(t).poll(configOf(log, { watch }));
  assert.equal(verdict, 4);
  const [match] = events as unknown as MatchEvent[];
  assert.equal(events.length, 1);
  assert.equal(match?.id, `${ORIGIN}/1/beacon`);
  assert.equal(match?.index, 1);
  assert.equal(match?.kind, 'hashedrekord');
  assert.match(match?.leafHash ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(match?.signer?.issuers, ['https://token.actions.githubusercontent.com']);
  assert.match(match?.signer?.names[0] ?? '', /extremely-dangerous-oidc-beacon/);
  assert.deepEqual(
    match?.found.map(({ field }) => field),
    ['san', 'issuer'],
  );
});

test('what is ours is counted and alarms nobody', async (t) => {
  const log = await logOf(t, [REAL[0] as Uint8Array]);
  const allow = [{ name: 'main', ref: 'refs/heads/main' }];
  const rules = { watch: [{ name: 'beacon', ...BEACON }], allow };
  const { verdict, events, metrics } = await monitorScene(t).poll(configOf(log, rules));
  assert.equal(verdict, 0);
  assert.deepEqual(events, []);
  assert.match(metrics, /stele_monitor_allowed_total 1/);
});

test('an entry is found once, and after a restart only what came since', async (t) => {
  const log = await logOf(t, [REAL[0] as Uint8Array]);
  const scene = monitorScene(t);
  const config = configOf(log, { watch: [{ name: 'beacon', ...BEACON }] });
  assert.deepEqual(indexesOf((await scene.poll(config)).events), [0]);
  assert.deepEqual(indexesOf((await scene.poll(config)).events), []);
  log.leaves.push(plain(0), REAL[0] as Uint8Array);
  assert.deepEqual(indexesOf((await scene.poll(config)).events), [2]);
});

test('entries that cannot be read are reported, each of them, and those around them are read', async (t) => {
  const leaves = [
    utf8('not JSON'),
    plain(0),
    utf8('{"kind":"new","apiVersion":"1","spec":{}}'),
    utf8(''),
  ];
  const log = await logOf(t, [...leaves, REAL[0] as Uint8Array]);
  const config = configOf(log, { watch: [{ name: 'beacon', ...BEACON }] });
  const { verdict, events } = await monitorScene(t).poll(config);
  assert.equal(verdict, 4);
  assert.deepEqual(
    events.map((event) => event.type),
    ['unparsable', 'unparsable', 'unparsable', 'match'],
  );
  assert.deepEqual(indexesOf(events), [0, 2, 3, 4]);
});

test('findings that cannot be told are told by the next run: the place is saved after them', async (t) => {
  const log = await logOf(t, [REAL[0] as Uint8Array, plain(0)]);
  const scene = monitorScene(t);
  const config = configOf(log, { watch: [{ name: 'beacon', ...BEACON }] });
  const line = () => Promise.reject(new Error('no space'));
  const failed = await scene.poll(config, { line });
  assert.equal(failed.verdict, 3);
  assert.match(failed.warnings[0] ?? '', /no space/);
  assert.deepEqual(indexesOf((await scene.poll(config)).events), [0]);
});

test('a run that was cut off goes on where it was, and tells what it had not told', async (t) => {
  const leaves = Array.from({ length: 9_000 }, () => plain(0));
  leaves[100] = REAL[0] as Uint8Array;
  leaves[8_900] = REAL[0] as Uint8Array;
  const log = await logOf(t, leaves);
  const scene = monitorScene(t);
  const config = configOf(log, { watch: [{ name: 'beacon', ...BEACON }] });
  log.isAway = (path) => path.startsWith('tile/entries/034');
  const first = await scene.poll(config);
  assert.equal(first.verdict, 4);
  assert.deepEqual(indexesOf(first.events), [100]);
  log.isAway = () => false;
  log.asked.length = 0;
  const second = await scene.poll(config);
  assert.deepEqual(indexesOf(second.events), [8_900]);
  assert.deepEqual(
    log.asked.filter((path) => path.startsWith('tile/entries')),
    ['tile/entries/032', 'tile/entries/033', 'tile/entries/034', 'tile/entries/035.p/40'],
  );
});

test('findings go into a file of JSON lines and into a feed that lists each once', async (t) => {
  const log = await logOf(t, [REAL[0] as Uint8Array]);
  const scene = monitorScene(t);
  const config = configOf(log, {
    watch: [{ name: '<beacon> & "co"', ...BEACON }],
    output: { findings: 'out/findings.jsonl', feed: 'out/feed.atom' },
  });
  await scene.poll(config);
  log.leaves.push(utf8('nonsense'));
  await scene.poll(config);
  const lines = readFileSync(join(scene.folder, 'out/findings.jsonl'), 'utf8').trim().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as ToldEvent).type),
    ['match', 'unparsable'],
  );
  const feed = readFileSync(join(scene.folder, 'out/feed.atom'), 'utf8');
  assert.equal(feed.match(/<entry>/g)?.length, 2);
  assert.ok(feed.indexOf('cannot be read') < feed.indexOf('&lt;beacon&gt; &amp; &quot;co&quot;'));
});

test('a state file that was damaged is refused, not begun anew', async (t) => {
  const log = await logOf(t, [plain(0)]);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  const path = stateFileOf(scene);
  const text = readFileSync(path, 'utf8');
  const [hash = ''] = /"[0-9a-f]{64}"\s*\]/.exec(text) ?? [];
  const damaged = [
    '',
    '{',
    '{}',
    text.slice(0, -20),
    text.replace(
      hash,
      hash.replace(/[0-9]/, (digit) => `${(Number(digit) + 1) % 10}`),
    ),
    text.replace('"isBegun": true', '"isBegun": false'),
  ];
  for (const other of damaged) {
    writeFileSync(path, other);
    await assert.rejects(
      scene.poll(configOf(log)),
      (error) => isLogError(error, 'ENCODING_MALFORMED'),
      other,
    );
  }
  writeFileSync(path, text);
  assert.equal((await scene.poll(configOf(log))).verdict, 0);
});

test('the state file of another log is refused', async (t) => {
  const scene = monitorScene(t);
  const log = await logOf(t, [plain(0)]);
  await scene.poll(configOf(log));
  const text = readFileSync(stateFileOf(scene), 'utf8');
  const other = monitorScene(t);
  const second = await logOf(t, [plain(1)]);
  await other.poll(configOf(second));
  writeFileSync(stateFileOf(other), text);
  await assert.rejects(other.poll(configOf(second)), /is of another log/);
});

test('a log that is not followed any more is spoken of', async (t) => {
  const scene = monitorScene(t);
  const log = await logOf(t, [plain(0)]);
  await scene.poll(configOf(log));
  const other = await logOf(t, [plain(0)]);
  const { warnings } = await scene.poll(configOf(other));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /is of a log that is not followed any more/);
});

test('a folder that another monitor has is refused, and free when that one is closed', async (t) => {
  const scene = monitorScene(t);
  const log = await logOf(t, [plain(0)]);
  const release = await lockFolder(join(scene.folder, 'state'));
  await assert.rejects(scene.poll(configOf(log)), (error) => isLogError(error, 'STORE_LOCKED'));
  await release();
  assert.equal((await scene.poll(configOf(log))).verdict, 0);
});

function stateFileOf({ folder }: MonitorScene): string {
  const state = join(folder, 'state');
  const name = readdirSync(state).find((each) => each.startsWith('log-')) ?? '';
  return join(state, name);
}

test('metrics say how far a tree is checked and what was found', async (t) => {
  const log = await logOf(t, [REAL[0] as Uint8Array, plain(0)]);
  const config = configOf(log, { watch: [{ name: 'beacon', ...BEACON }] });
  const { metrics } = await monitorScene(t).poll(config);
  assert.match(metrics, /stele_monitor_checked_tree_size\{origin="tiles.example\/log"\} 2/);
  assert.match(metrics, /stele_monitor_findings_total\{type="match"\} 1/);
  assert.match(metrics, /stele_monitor_entries_total 2/);
  assert.match(metrics, /stele_monitor_polls_total\{outcome="clean"\} 1/);
});

test('a monitor that is told to stop saves its place at once, and goes on from there', async (t) => {
  const leaf = plain(0);
  const log = await logOf(t, [...Array.from({ length: 600 }, () => leaf), REAL[0] as Uint8Array]);
  const scene = monitorScene(t);
  const config = configOf(log, { watch: [{ name: 'beacon', ...BEACON }] });
  let asked = 0;
  const stopped = await scene.poll(config, { isStopping: () => ++asked > 0 });
  assert.equal(stopped.verdict, 3);
  assert.deepEqual(stopped.warnings, [`${log.url}: stopped at entry 256 of 601`]);
  log.asked.length = 0;
  assert.deepEqual(indexesOf((await scene.poll(config)).events), [600]);
  assert.ok(!log.asked.includes('tile/entries/000'));
});

function v2Leaf(certificate: Uint8Array): Uint8Array {
  const digest = Buffer.alloc(32, 1).toString('base64');
  const rawBytes = Buffer.from(certificate).toString('base64');
  const verifier = { keyDetails: 'PKIX_ECDSA_P256_SHA_256', x509Certificate: { rawBytes } };
  const hashedRekordV002 = {
    data: { algorithm: 'SHA2_256', digest },
    signature: { content: 'AAAA', verifier },
  };
  const spec = { hashedRekordV002 };
  return utf8(JSON.stringify({ apiVersion: '0.0.2', kind: 'hashedrekord', spec }));
}

test('a look-alike that nobody trusted has vouched for alarms nobody, and is kept apart', async (t) => {
  const [root, other] = [newAuthority('root'), newAuthority('root')];
  const leaves = [other, root, other].map((by) => v2Leaf(issued('alice@example.com', by)));
  const log = await logOf(t, leaves);
  const files = { 'roots.pem': encodePem('CERTIFICATE', root.certificate) };
  const digest = `sha256:${'01'.repeat(32)}`;
  const alice = { name: 'alice', san: 'alice@example.com' };
  const poll = async (rules: object) => {
    const scene = monitorScene(t, files);
    const { verdict, events } = await scene.poll(
      configOf(log, { ...rules, output: { lookAlikes: 'alike.jsonl' } }),
    );
    const path = join(scene.folder, 'alike.jsonl');
    const alike = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
    return {
      verdict,
      told: indexesOf(events),
      alike: alike.map((line) => (JSON.parse(line) as { index: number }).index),
    };
  };
  const trustedRoots = 'roots.pem';
  assert.deepEqual(await poll({ watch: [alice], trustedRoots }), {
    verdict: 4,
    told: [1],
    alike: [0, 2],
  });
  assert.deepEqual(await poll({ watch: [{ ...alice, trustedRoots }] }), {
    verdict: 4,
    told: [1],
    alike: [0, 2],
  });
  const all = { verdict: 4, told: [0, 1, 2], alike: [] };
  assert.deepEqual(await poll({ watch: [alice] }), all);
  assert.deepEqual(await poll({ watch: [{ ...alice, trustedRoots: false }], trustedRoots }), all);
  // What is no name is a fact, whoever says it.
  assert.deepEqual(await poll({ watch: [{ name: 'digest', digest }], trustedRoots }), all);
  // Our own release hides no look-alike of itself, and no look-alike passes for our own.
  const allow = [{ san: 'alice@example.com' }];
  assert.deepEqual(await poll({ watch: [alice], allow, trustedRoots }), {
    verdict: 0,
    told: [],
    alike: [0, 2],
  });
});
