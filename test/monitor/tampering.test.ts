import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import type { TamperingEvent } from '../../src/monitor/monitor-event.js';
import { cosignatureMessage, printCosignature } from '../../src/note/cosignature.js';
import type { SignatureLine } from '../../src/note/signed-note.js';
import { parseVerifierKey } from '../../src/note/verifier-key.js';
import { hashedrekordLeaf } from '../client/made-log.js';
import { monitorScene, type Polled } from './scene.js';
import { type NoteKey, newNoteKey, ORIGIN, TileServer } from './tile-server.js';

const made: Uint8Array[] = [];

function leaf(at: number): Uint8Array {
  made[at] ??= hashedrekordLeaf(utf8(`entry ${at}`));
  return made[at];
}

const OTHER_LEAF = hashedrekordLeaf(utf8('another'));

async function grownLog(t: TestContext, size: number): Promise<TileServer> {
  const log = await new TileServer().start(t);
  grow(log, size);
  return log;
}

function grow(log: TileServer, size: number): void {
  while (log.leaves.length < size) log.leaves.push(leaf(log.leaves.length));
}

function configOf({ url, key }: TileServer, more: object = {}) {
  return { logs: [{ url, key: key.vkey, start: 'oldest', ...more }] };
}

const ALL = [{ name: 'all', everything: true }];

function assertCaught(polled: Polled, kind: string, before: string | undefined, after: string) {
  assert.equal(polled.verdict, 1);
  const caught = polled.events.filter((event): event is TamperingEvent & { time: string } => {
    return event.type === 'tampering';
  });
  assert.deepEqual(
    caught.map((event) => event.kind),
    [kind],
  );
  const evidence = caught[0]?.evidence ?? '';
  assert.equal(readFileSync(join(evidence, 'after.note'), 'utf8'), after);
  const kept = join(evidence, 'before.note');
  assert.equal(existsSync(kept) ? readFileSync(kept, 'utf8') : undefined, before);
  assert.match(readFileSync(join(evidence, 'finding.json'), 'utf8'), new RegExp(`"${kind}"`));
}

test('a log that grows honestly is clean at every size', async (t) => {
  const log = await grownLog(t, 0);
  const scene = monitorScene(t);
  for (const size of [0, 0, 1, 2, 3, 7, 8, 255, 256, 257, 257, 600]) {
    grow(log, size);
    const { verdict, events } = await scene.poll(configOf(log));
    assert.equal(verdict, 0, `${size}`);
    assert.deepEqual(events, []);
  }
});

const GROWTHS = [
  [0, 5],
  [4, 9],
  [5, 5],
  [256, 300],
  [300, 301],
  [511, 600],
] as const;

for (const [first, second] of GROWTHS) {
  test(`a log begun at its newest checkpoint, of ${first}, is read from there to ${second}`, async (t) => {
    const log = await grownLog(t, first);
    const scene = monitorScene(t);
    const config = { ...configOf(log, { start: 'newest' }), watch: ALL };
    assert.equal((await scene.poll(config)).verdict, 0);
    grow(log, second);
    const { events, verdict } = await scene.poll(config);
    assert.equal(verdict, second > first ? 4 : 0);
    const indexes = events.map((event) => (event.type === 'match' ? event.index : -1));
    const expected = Array.from({ length: second - first }, (_, at) => first + at);
    assert.deepEqual(indexes, expected);
  });
}

test('a log begun at any entry is read from there, and held to its root', async (t) => {
  const log = await grownLog(t, 300);
  for (const start of [1, 2, 3, 4, 100, 256, 257, 299, 300, 1000]) {
    const config = { ...configOf(log, { start }), watch: ALL };
    const { events, verdict } = await monitorScene(t).poll(config);
    // From a power of two one entry more is read, or a small tree whole.
    const least = Math.max(0, 300 - start);
    assert.ok(events.length >= least && events.length <= least + 4, `${start}: ${events.length}`);
    assert.equal(verdict, least > 0 ? 4 : 0);
  }
  log.shown.set(200, OTHER_LEAF);
  assert.equal((await monitorScene(t).poll(configOf(log, { start: 100 }))).verdict, 1);
});

test('a forked root is caught, and goes on being caught', async (t) => {
  const log = await grownLog(t, 10);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  const before = log.checkpoint();
  log.leaves[3] = OTHER_LEAF;
  assertCaught(await scene.poll(configOf(log)), 'fork', before, log.checkpoint());
  log.leaves.push(leaf(10));
  assertCaught(await scene.poll(configOf(log)), 'fork', before, log.checkpoint());
  assertCaught(await scene.poll(configOf(log)), 'fork', before, log.checkpoint());
});

test('a tree that shrank is caught', async (t) => {
  const log = await grownLog(t, 10);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  const before = log.checkpoint();
  log.size = 9;
  assertCaught(await scene.poll(configOf(log)), 'shrunk', before, log.checkpoint());
});

test('an entry that is not that of the root is caught, and a mended log is clean again', async (t) => {
  const log = await grownLog(t, 300);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  const before = log.checkpoint();
  grow(log, 600);
  log.shown.set(400, OTHER_LEAF);
  assertCaught(await scene.poll(configOf(log)), 'entries', before, log.checkpoint());
  assert.equal((await scene.poll(configOf(log))).verdict, 1);
  log.shown.clear();
  assert.equal((await scene.poll(configOf(log))).verdict, 0);
});

test('a checkpoint of another key is caught, with the one that was believed', async (t) => {
  const log = await grownLog(t, 10);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  const before = log.checkpoint();
  log.forger = newNoteKey(ORIGIN);
  assertCaught(await scene.poll(configOf(log)), 'signature', before, log.checkpoint());
});

test('a checkpoint whose text was changed is caught at first sight', async (t) => {
  const log = await grownLog(t, 10);
  log.answer = log.checkpoint().replace('\n10\n', '\n11\n');
  const polled = await monitorScene(t).poll(configOf(log));
  assertCaught(polled, 'signature', undefined, log.answer);
});

test('a checkpoint of another origin is caught where the origin is known', async (t) => {
  const log = await grownLog(t, 3);
  const polled = await monitorScene(t).poll(configOf(log, { origin: 'other.example' }));
  assertCaught(polled, 'signature', undefined, log.checkpoint());
});

test('an empty tree with the root of another is caught', async (t) => {
  const log = await grownLog(t, 1);
  const text = `${ORIGIN}\n0\n${log.checkpoint().split('\n')[2]}\n`;
  const { keyID } = parseVerifierKey(log.key.vkey);
  const line = Buffer.concat([keyID, sign(null, Buffer.from(text), log.key.privateKey)]);
  log.answer = `${text}\n— ${ORIGIN} ${line.toString('base64')}\n`;
  assertCaught(await monitorScene(t).poll(configOf(log)), 'fork', undefined, log.answer);
});

test('a frozen shard that signs a larger tree is caught', async (t) => {
  const log = await grownLog(t, 5);
  const scene = monitorScene(t);
  const config = configOf(log, { frozen: true });
  await scene.poll(config);
  const before = log.checkpoint();
  assert.equal((await scene.poll(config)).verdict, 0);
  log.leaves.push(leaf(5));
  assertCaught(await scene.poll(config), 'frozen', before, log.checkpoint());
});

test('a log that is suddenly another is caught', async (t) => {
  const log = await grownLog(t, 5);
  const pem = log.key.vkey;
  const scene = monitorScene(t);
  const config = { logs: [{ url: log.url, key: [pem], start: 'oldest' }] };
  await scene.poll(config);
  const before = log.checkpoint();
  const other = newNoteKey('tiles.example/other');
  log.origin = 'tiles.example/other';
  log.forger = other;
  const both = { logs: [{ url: log.url, key: [pem, other.vkey], start: 'oldest' }] };
  assertCaught(await scene.poll(both), 'vanished', before, log.checkpoint());
});

function cosigner({ privateKey, vkey }: NoteKey): (text: string) => SignatureLine {
  const { name, keyID } = parseVerifierKey(vkey);
  return (text) => {
    const signature = sign(null, cosignatureMessage(1_700_000_000n, text), privateKey);
    return { name, keyID, signature: printCosignature(1_700_000_000n, signature) };
  };
}

test('a quorum of witnesses is asked of every checkpoint', async (t) => {
  const [one, two] = [newNoteKey('w.example/1', 4), newNoteKey('w.example/2', 4)];
  const stranger = newNoteKey('w.example/3', 4);
  const log = await grownLog(t, 4);
  const policy = [
    `log ${log.key.vkey}`,
    `witness a ${one.vkey}`,
    `witness b ${two.vkey}`,
    'group g 2 a b',
    'quorum g',
    '',
  ].join('\n');
  const config = { logs: [{ url: log.url, policy: 'policy.txt', start: 'oldest' }] };
  const scene = monitorScene(t, { 'policy.txt': policy });
  log.cosign = (text) => [cosigner(one)(text), cosigner(two)(text)];
  assert.equal((await scene.poll(config)).verdict, 0);
  const before = log.checkpoint();
  const missing: ((text: string) => SignatureLine[])[] = [
    (text) => [cosigner(one)(text)],
    (text) => [cosigner(one)(text), cosigner(two)(`${text}x\n`)],
    (text) => [cosigner(one)(text), cosigner(stranger)(text)],
    () => [],
  ];
  for (const cosign of missing) {
    log.cosign = cosign;
    assertCaught(await scene.poll(config), 'quorum', before, log.checkpoint());
  }
  log.cosign = (text) => [stranger, two, one].map((key) => cosigner(key)(text));
  assert.equal((await scene.poll(config)).verdict, 0);
});

test('a stale checkpoint that is fresh when asked for again accuses nobody', async (t) => {
  const log = await grownLog(t, 10);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  log.size = 9;
  let polls = 0;
  log.isAway = (path) => {
    if (path === 'checkpoint' && ++polls === 2) log.size = undefined;
    return false;
  };
  assert.equal((await scene.poll(configOf(log))).verdict, 0);
  assert.equal(polls, 2);
});

test('a log that is away, or answers nonsense, is operational and changes nothing', async (t) => {
  const log = await grownLog(t, 10);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  log.isAway = () => true;
  assert.equal((await scene.poll(configOf(log))).verdict, 3);
  log.isAway = () => false;
  log.answer = '<html>';
  assert.equal((await scene.poll(configOf(log))).verdict, 3);
  log.answer = undefined;
  log.leaves.push(leaf(10));
  log.isAway = (path) => path.startsWith('tile/entries');
  assert.equal((await scene.poll(configOf(log))).verdict, 3);
  log.isAway = () => false;
  assert.equal((await scene.poll(configOf(log))).verdict, 0);
});

test('a log that grew past its checkpoint and dropped partial tiles is read from the full ones', async (t) => {
  const log = await grownLog(t, 300);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  grow(log, 600);
  log.size = 500;
  log.isGone = (path) => path.endsWith('/001.p/244');
  assert.equal((await scene.poll(configOf(log))).verdict, 0);
  assert.ok(log.asked.includes('tile/entries/001'));
  log.isGone = (path) => path.includes('/001');
  log.size = 501;
  assert.equal((await scene.poll(configOf(log))).verdict, 3);
});

test('a shard that follows another is read from its first entry once that is known', async (t) => {
  const [first, second] = [await grownLog(t, 5), await grownLog(t, 7)];
  const scene = monitorScene(t);
  const old = { url: first.url, key: first.key.vkey };
  await scene.poll({ logs: [old], watch: ALL });
  first.leaves.push(leaf(5));
  const logs = [
    { ...old, frozen: true },
    { url: second.url, key: second.key.vkey, follows: first.url },
  ];
  const { events } = await scene.poll({ logs, watch: ALL });
  const places = events.map((event) => event.type === 'match' && `${event.log} ${event.index}`);
  const all = Array.from({ length: 7 }, (_, index) => `${second.url} ${index}`);
  assert.deepEqual(places.sort(), [`${first.url} 5`, ...all].sort());
  const fresh = await monitorScene(t).poll({ logs, watch: ALL });
  assert.deepEqual(fresh.events, []);
});

/** A log that answers its n-th request for a checkpoint so, and all others as it is. */
function showOnce(log: TileServer, n: number, note: string): void {
  let asked = 0;
  log.isAway = (path) => {
    if (path === 'checkpoint') log.answer = ++asked === n ? note : undefined;
    return false;
  };
}

test('another view that the log signed is caught even when it is shown only once', async (t) => {
  const log = await grownLog(t, 10);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  const known = log.checkpoint();
  const honest = log.leaves[3] as Uint8Array;
  for (const size of [10, 9]) {
    log.leaves[3] = OTHER_LEAF;
    log.size = size;
    const other = log.checkpoint();
    log.leaves[3] = honest;
    log.size = undefined;
    showOnce(log, 1, other);
    assertCaught(await scene.poll(configOf(log)), 'fork', other, known);
  }
});

test('one log that is slow, endless or caught holds up no other', async (t) => {
  const [slow, caught, other] = [await grownLog(t, 3), await grownLog(t, 3), await grownLog(t, 3)];
  const logs = [slow, caught, other].map(({ url, key }) => ({ url, key: key.vkey, start: 0 }));
  const scene = monitorScene(t);
  slow.isAway = () => true;
  caught.forger = newNoteKey(ORIGIN);
  const { verdict, events } = await scene.poll({ logs, watch: ALL });
  assert.equal(verdict, 1);
  const told = events.map(({ type, log }) => `${type} ${log}`).sort();
  const matches = Array.from({ length: 3 }, () => `match ${other.url}`);
  assert.deepEqual(told, [...matches, `tampering ${caught.url}`].sort());
  caught.forger = undefined;
  assert.equal((await scene.poll({ logs, watch: ALL })).verdict, 4);
  assert.equal((await scene.poll({ logs, watch: ALL })).verdict, 3);
  slow.isAway = () => false;
  assert.equal((await scene.poll({ logs, watch: [] })).verdict, 0);
});

test('tampering counts when the evidence cannot be kept or told', async (t) => {
  const log = await grownLog(t, 10);
  const scene = monitorScene(t);
  await scene.poll(configOf(log));
  writeFileSync(join(scene.folder, 'state', 'evidence'), 'no folder');
  log.size = 9;
  const { verdict, warnings } = await scene.poll(configOf(log));
  assert.equal(verdict, 1);
  assert.match(warnings.join(), /shrunk/);
  rmSync(join(scene.folder, 'state', 'evidence'));
  const line = () => Promise.reject(new Error('no space'));
  assert.equal((await scene.poll(configOf(log), { line })).verdict, 1);
});

test('cosignatures count as long as the configuration says', async (t) => {
  const witness = newNoteKey('w.example/1', 4);
  const log = await grownLog(t, 4);
  log.cosign = (text) => [cosigner(witness)(text)];
  const policy = `log ${log.key.vkey}\nwitness a ${witness.vkey}\nquorum a\n`;
  const at = (seconds: number, cosignedWithin: number | undefined) =>
    monitorScene(t, { 'policy.txt': policy }).poll(
      {
        logs: [
          {
            url: log.url,
            policy: 'policy.txt',
            ...(cosignedWithin !== undefined && { cosignedWithin }),
          },
        ],
      },
      { now: () => new Date((1_700_000_000 + seconds) * 1000) },
    );
  assert.equal((await at(1_000_000, undefined)).verdict, 0);
  assert.equal((await at(3_600, 3_600)).verdict, 0);
  assert.equal((await at(-300, 3_600)).verdict, 0);
  const late = await at(3_601, 3_600);
  assert.equal(late.verdict, 1);
  assert.match(late.events[0]?.type === 'tampering' ? late.events[0].reason : '', /3600 seconds/);
  assert.equal((await at(-301, 3_600)).verdict, 1);
});
