/** Copies of the golden trees, which have empty and equal entries, through tiles that a test may damage. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestFailed } from '../../src/client/bounded-fetch.js';
import { tilesLog } from '../../src/client/tiles-log.js';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { EMPTY_EDGE, integrate } from '../../src/merkle/integrate.js';
import { checkpointOpener } from '../../src/mirror/belief.js';
import { CopyCompletion } from '../../src/mirror/complete-copy.js';
import { type FollowOptions, followOnce, LogForked } from '../../src/mirror/follower.js';
import { MirroredLog } from '../../src/mirror/mirrored-log.js';
import { printCheckpoint } from '../../src/note/checkpoint.js';
import { readCosignature } from '../../src/note/cosignature.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import type { FaultPoint } from '../../src/storage/fault-point.js';
import type { Store } from '../../src/storage/log-store.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { entries, leafHashes, recipe } from '../merkle/golden-trees.js';
import { recordOf, TREE_ID } from '../storage/growing-log.js';
import { logVerifier, type ServedTree, servedTree } from './served-tree.js';
import { notesInMemory, testCosigner } from './uploaded-log.js';

test('a copy has the leaves and the checkpoint of the log, and grows with it', async () => {
  const tree = await servedTree(600);
  const copy = await newCopy(tree);
  assert.deepEqual(await pass(tree, copy), { outcome: 'copied', size: 600 });
  assert.deepEqual(await pass(tree, copy), { outcome: 'unchanged', size: 600 });
  for (const size of [601, 767, 768, 2_000]) {
    await tree.grow(size);
    assert.deepEqual(await pass(tree, copy), { outcome: 'copied', size });
    assert.equal(Buffer.from(copy.root).toString('base64'), rootOf(copy));
    assert.equal(copy.checkpoint?.note, fromUtf8(await tilesLog(reach(tree)).checkpoint()));
  }
  assert.deepEqual(await copy.tiles.leafBytes(500, 700), entries.slice(500, 700));
});

test('a tree of three tile levels is copied', async () => {
  const tree = await servedTree(65_537);
  const copy = await newCopy(tree);
  assert.equal((await pass(tree, copy)).size, 65_537);
  assert.equal(Buffer.from(copy.root).toString('base64'), recipe.roots_base64['65537']);
  assert.ok(tree.asked.includes('tile/2/000.p/1'));
});

test('an empty log is copied', async () => {
  const tree = await servedTree(0);
  const copy = await newCopy(tree);
  assert.deepEqual(await pass(tree, copy), { outcome: 'copied', size: 0 });
  await tree.grow(1);
  assert.deepEqual(await pass(tree, copy), { outcome: 'copied', size: 1 });
});

for (const [what, path] of [
  ['an entry', 'tile/entries/005'],
  ['an entry of the last bundle', 'tile/entries/007.p/208'],
  ['a full hash tile', 'tile/0/003'],
  ['a partial hash tile', 'tile/0/007.p/208'],
  ['a hash tile of level 1', 'tile/1/000.p/7'],
] as const) {
  test(`${what} that was changed is refused, and nothing of its batch is kept`, async () => {
    const tree = await servedTree(2_000);
    const copy = await newCopy(tree);
    tree.damage = (asked, body) => (asked === path ? flipped(body) : undefined);
    await assert.rejects(pass(tree, copy), { code: 'PROOF_INVALID' });
    assert.equal(copy.checkpoint, undefined);
    assert.deepEqual(await copy.tiles.leafBytes(0, copy.size), entries.slice(0, copy.size));
    tree.damage = () => undefined;
    assert.deepEqual(await pass(tree, copy), { outcome: 'copied', size: 2_000 });
  });
}

test('a bundle that is cut, or a tile that is missing, is refused', async () => {
  const tree = await servedTree(600);
  const copy = await newCopy(tree);
  tree.damage = (path, body) => (path === 'tile/entries/001' ? body.subarray(0, 99) : undefined);
  await assert.rejects(pass(tree, copy), { code: 'TILE_MALFORMED' });
  const withoutTile: ServedTree = {
    ...tree,
    fetch: async (request) =>
      request.url.includes('/tile/0/001')
        ? { status: 404, mediaType: '', body: new Uint8Array(0), retryAfterSeconds: undefined }
        : tree.fetch(request),
  };
  tree.damage = () => undefined;
  await assert.rejects(pass(withoutTile, copy), RequestFailed);
  assert.equal(copy.checkpoint, undefined);
});

test('a checkpoint by another key or of another origin is refused', async () => {
  const tree = await servedTree(10);
  const copy = await newCopy(tree);
  const other = await servedTree(10);
  await assert.rejects(pass({ ...tree, key: other.key }, copy), { code: 'NOTE_UNVERIFIED' });
  await assert.rejects(pass({ ...tree, origin: 'x.example' }, copy), { code: 'NOTE_UNVERIFIED' });
  assert.equal(copy.size, 0);
});

test('a log that signs a second root for a size is told with both notes', async () => {
  const tree = await servedTree(300);
  const copy = await newCopy(tree);
  await pass(tree, copy);
  const forked = tree.sign(forkedText(tree, 300));
  tree.damage = (path) => (path === 'checkpoint' ? utf8(forked) : undefined);
  await assert.rejects(pass(tree, copy), (error) => {
    assert.ok(error instanceof LogForked);
    assert.deepEqual(error.notes, [copy.checkpoint?.note, forked]);
    return true;
  });
});

test('a log that turns to another history before the first was copied is told with both notes', async () => {
  const tree = await servedTree(3_000);
  const copy = await newCopy(tree);
  const goal = notesInMemory();
  const again = () => pass(tree, copy, (same) => same, undefined, goal);
  tree.damage = (path, body) => (path === 'tile/entries/009' ? body.subarray(1) : undefined);
  await assert.rejects(again());
  assert.ok(copy.size > 0 && copy.checkpoint === undefined);
  const [first] = await goal.read();
  const forked = tree.sign(forkedText(tree, 3_000));
  tree.damage = (path) => (path === 'checkpoint' ? utf8(forked) : undefined);
  await assert.rejects(again(), (error) => {
    assert.ok(error instanceof LogForked);
    assert.deepEqual(error.notes, [first, forked]);
    return true;
  });
});

test('a larger tree that does not begin with the copied one is refused before its leaves', async () => {
  const tree = await servedTree(300);
  const copy = await newCopy(tree);
  await pass(tree, copy);
  await tree.grow(400);
  tree.damage = (path) =>
    path === 'checkpoint' ? utf8(tree.sign(forkedText(tree, 400))) : undefined;
  tree.asked.length = 0;
  await assert.rejects(pass(tree, copy), LogForked);
  assert.deepEqual(
    tree.asked.filter((path) => path.includes('entries')),
    [],
  );
  assert.equal(copy.size, 300);
});

test('an older tree of the same leaves is no fork; one with another root is', async () => {
  const tree = await servedTree(300);
  const copy = await newCopy(tree);
  await pass(tree, copy);
  await tree.grow(257);
  assert.deepEqual(await pass(tree, copy), { outcome: 'behind', size: 257 });
  assert.equal(copy.checkpoint?.size, 300);
  const forked = tree.sign(forkedText(tree, 257));
  tree.damage = (path) => (path === 'checkpoint' ? utf8(forked) : undefined);
  await assert.rejects(pass(tree, copy), LogForked);
});

test('a copy that was broken off goes on where it was', async () => {
  const store = await newStore();
  const tree = await servedTree(5_000);
  const first = await openCopy(tree, store);
  tree.damage = (path, body) => (path === 'tile/entries/010' ? body.subarray(1) : undefined);
  await assert.rejects(pass(tree, first));
  assert.ok(first.size >= 2_048 && first.checkpoint === undefined);
  tree.damage = () => undefined;
  tree.asked.length = 0;
  const second = await openCopy(tree, store);
  assert.equal(second.size, first.size);
  await pass(tree, second);
  assert.equal(tree.asked.includes('tile/entries/000'), false);
  assert.deepEqual(await second.tiles.leafBytes(0, 5_000), entries.slice(0, 5_000));
});

for (const fault of ['before', 'after'] as const) {
  test(`a commit whose outcome is unknown is settled by the store (${fault})`, async () => {
    let faults = 1;
    const store = await newStore((step) =>
      step === 'commit' && faults-- === 0 ? fault : undefined,
    );
    const tree = await servedTree(3_000);
    const copy = await openCopy(tree, store);
    await assert.rejects(pass(tree, copy), { code: 'COMMIT_UNKNOWN' });
    await pass(tree, copy);
    assert.deepEqual(await copy.tiles.leafBytes(0, 3_000), entries.slice(0, 3_000));
    assert.equal(copy.checkpoint?.size, 3_000);
  });
}

test('a copy finds out what became of its commit when another log has recovered the store', async () => {
  let faults = 1;
  const store = await newStore((step) =>
    step === 'commit' && faults-- === 0 ? 'after' : undefined,
  );
  const [tree, other] = [await servedTree(3_000), await servedTree(300, 'other.example/log')];
  await store.createLog({ ...recordOf(2n), leavesRepeat: true });
  const copy = await openCopy(tree, store);
  const beside = await MirroredLog.open(other.origin, 2n, {
    store,
    stated: notesInMemory(),
    nowSeconds,
  });
  await assert.rejects(pass(tree, copy), { code: 'COMMIT_UNKNOWN' });
  await pass(other, beside);
  assert.deepEqual(await pass(tree, copy), { outcome: 'copied', size: 3_000 });
});

test("a note with so many lines that none can be added is served with the log's own", async () => {
  const tree = await servedTree(10);
  const copy = await newCopy(tree);
  const cosigner = testCosigner();
  const completion = new CopyCompletion({ copy, cosigners: [cosigner], nowSeconds });
  const note = tree.sign(printCheckpoint({ ...partsOf(tree, 10), extensions: [] }));
  const [own = ''] = note.split('\n').slice(-2);
  const junk = Array.from({ length: 98 }, (_, i) => `— j.example/${i} AAAAAAAA\n`).join('');
  tree.damage = (path) => (path === 'checkpoint' ? utf8(`${note}${own}\n${junk}`) : undefined);
  await pass(tree, copy, (checkpoint) => checkpoint, completion);
  const names = parseSignedNote(copy.checkpoint?.note ?? '').signatures.map(({ name }) => name);
  assert.deepEqual(names, [tree.origin, cosigner.key.name]);
});

test('a copy of other leaves than were stated is damage', async () => {
  const tree = await servedTree(300);
  const [store, stated] = [await newStore(), notesInMemory()];
  const wrong = tree.sign(forkedText(tree, 299));
  await pass(tree, await openCopy(tree, store, stated));
  await stated.write([wrong]);
  await assert.rejects(openCopy(tree, store, stated), { code: 'STORE_CORRUPT' });
  const other = await servedTree(10, 'other.example');
  await stated.write([other.sign(forkedText(other, 10))]);
  await assert.rejects(openCopy(tree, store, stated), { code: 'STORE_CORRUPT' });
});

test('a copy that was lost states nothing until it holds again what was stated', async () => {
  const tree = await servedTree(600);
  const stated = notesInMemory();
  await pass(tree, await openCopy(tree, await newStore(), stated));
  const copy = await openCopy(tree, await newStore(), stated);
  assert.deepEqual([copy.checkpoint, copy.stated?.size], [undefined, 600]);
  await tree.grow(400);
  assert.deepEqual(await pass(tree, copy), { outcome: 'behind', size: 400 });
  assert.equal(copy.size, 0);
  await tree.grow(700);
  assert.deepEqual(await pass(tree, copy), { outcome: 'copied', size: 700 });
  assert.equal(copy.checkpoint?.size, 700);
});

test('a copy that was put back follows no history but the one that was stated', async () => {
  const tree = await servedTree(600);
  const [store, stated] = [await newStore(), notesInMemory()];
  await pass(tree, await openCopy(tree, store, stated));
  // What was stated is larger than what the store has, and of another history than the log now shows.
  const other = tree.sign(forkedText(tree, 700));
  await stated.write([other]);
  const copy = await openCopy(tree, store, stated);
  await tree.grow(800);
  tree.asked.length = 0;
  await assert.rejects(pass(tree, copy), (error) => {
    assert.ok(error instanceof LogForked);
    assert.equal(error.notes[0], other);
    return true;
  });
  assert.ok(!tree.asked.some((path) => path.includes('entries')));
  assert.equal(copy.size, 600);
  await tree.grow(700);
  await assert.rejects(pass(tree, copy), LogForked);
  assert.equal(copy.checkpoint, undefined);
});

test('a log that stands still is cosigned anew after a while, and never with an earlier time', async () => {
  const tree = await servedTree(10);
  const copy = await newCopy(tree);
  let seconds = 1_800_000_000;
  const completion = new CopyCompletion({
    copy,
    cosigners: [testCosigner()],
    nowSeconds: () => seconds,
  });
  const times: (bigint | undefined)[] = [];
  for (const later of [0, 3_599, 3_600, -9_000]) {
    seconds = 1_800_000_000 + later;
    await pass(tree, copy, (same) => same, completion);
    const [line] = completion.linesIn(copy.checkpoint?.note ?? '');
    times.push(readCosignature(line?.signature ?? new Uint8Array(0))?.timeSeconds);
  }
  await tree.grow(11);
  await pass(tree, copy, (same) => same, completion);
  const [line] = completion.linesIn(copy.checkpoint?.note ?? '');
  times.push(readCosignature(line?.signature ?? new Uint8Array(0))?.timeSeconds);
  const late = 1_800_003_600n;
  assert.deepEqual(times, [1_800_000_000n, 1_800_000_000n, late, late, late]);
});

function nowSeconds(): number {
  return 1_800_000_000;
}

async function newStore(fault?: FaultPoint): Promise<Store> {
  const store = openMemoryStore(fault === undefined ? {} : { fault });
  await store.createLog({ ...recordOf(), leavesRepeat: true });
  return store;
}

async function newCopy(tree: ServedTree): Promise<MirroredLog> {
  return openCopy(tree, await newStore());
}

function openCopy(
  { origin }: ServedTree,
  store: Store,
  stated = notesInMemory(),
): Promise<MirroredLog> {
  return MirroredLog.open(origin, TREE_ID, { store, stated, nowSeconds });
}

function reach({ url, fetch }: ServedTree) {
  return { url, fetch, timeoutMs: 1_000 };
}

type Checkpoint = Parameters<FollowOptions['complete']>[0];

function pass(
  tree: ServedTree,
  copy: MirroredLog,
  change: (checkpoint: Checkpoint) => Checkpoint = (same) => same,
  completion = new CopyCompletion({ copy, cosigners: [], nowSeconds }),
  goal = notesInMemory(),
) {
  const { origin, key } = tree;
  return followOnce({
    copy,
    remote: tilesLog(reach(tree)),
    ahead: tilesLog(reach(tree)),
    goal,
    open: checkpointOpener({ origin, keys: [key], policy: undefined, verifierOf: logVerifier }),
    complete: async (checkpoint) => {
      await completion.complete(change(checkpoint), 3_600);
    },
  });
}

function partsOf({ origin }: ServedTree, size: number) {
  const { root } = integrate(EMPTY_EDGE, leafHashes.slice(0, size));
  return { origin, size: BigInt(size), root };
}

function forkedText({ origin }: ServedTree, size: number): string {
  const root = new Uint8Array(32).fill(7);
  return printCheckpoint({ origin, size: BigInt(size), root, extensions: [] });
}

function flipped(body: Uint8Array): Uint8Array {
  const damaged = body.slice();
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  return damaged;
}

function rootOf(copy: MirroredLog): string {
  return /^.*\n\d+\n(.*)\n/.exec(copy.checkpoint?.note ?? '')?.[1] ?? '';
}
