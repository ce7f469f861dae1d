/** Bodies of uploads in pieces, and the memory that they share. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { unpacked } from '../../src/mirror/unpack.js';
import { type EntryPackage, UploadBody } from '../../src/mirror/upload-body.js';
import { UploadRoom } from '../../src/mirror/upload-room.js';
import { Random } from '../random.js';
import { UploadedLog } from './uploaded-log.js';

test('a body in pieces of any length is read as it is in one', async () => {
  const log = new UploadedLog('log.example/a');
  const body = log.upload(200, 900);
  const random = new Random(3);
  const whole = await packagesOf([body], 200, 900n);
  assert.deepEqual(
    whole.map(({ start, alignedStart, entries }) => [alignedStart, start, entries.length]),
    [
      [0, 200, 56],
      [256, 256, 256],
      [512, 512, 256],
      [768, 768, 132],
    ],
  );
  for (let round = 0; round < 20; round++) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < body.length; ) {
      const to = at + 1 + random.below(round < 10 ? 20 : 9_000);
      pieces.push(body.subarray(at, to));
      at = to;
    }
    assert.deepEqual(await packagesOf(pieces, 200, 900n), whole);
  }
});

test('who holds most makes room for others, and never for itself', () => {
  const room = new UploadRoom(100);
  const cut: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ cut: () => cut.push(name) }));
  assert.ok(a && b && c);
  assert.ok(room.take(a, 60));
  assert.ok(room.take(b, 30));
  assert.equal(room.take(c, 101), false);
  assert.equal(room.take(b, 70), false);
  assert.ok(room.take(c, 20));
  assert.deepEqual(cut, ['a']);
  assert.equal(room.bytes, 50);
  room.leave(b);
  room.leave(b);
  assert.equal(room.bytes, 20);
});

test('a body that is cut for want of room says so, and holds nothing', async () => {
  const room = new UploadRoom(70_000);
  const log = new UploadedLog('log.example/a');
  const body = new UploadBody(pieces([log.upload(0, 5, { packages: 0 })]), room);
  await body.header();
  assert.ok(room.bytes > 0);
  const other = new UploadBody(pieces([new Uint8Array(70_000).fill(255)]), room);
  await assert.rejects(other.header(), { code: 'ENCODING_MALFORMED' });
  assert.deepEqual([body.isCut, other.isCut], [false, true]);
  await body.close();
  await other.close();
  assert.equal(room.bytes, 0);
});

test('what is packed comes in small pieces, whatever it claims to hold', async () => {
  const bomb = gzipSync(new Uint8Array(50_000_000));
  const source = unpacked(pieces([bomb]));
  const { value } = await source.next();
  assert.ok((value as Uint8Array).length <= 65_536);
  await source.return(undefined);
  await assert.rejects(async () => {
    for await (const _ of unpacked(broken())) assert.fail('nothing comes of it');
  }, /went away/);
});

async function packagesOf(
  chunks: readonly Uint8Array[],
  start: number,
  end: bigint,
): Promise<EntryPackage[]> {
  const body = new UploadBody(pieces(chunks), new UploadRoom(1_000_000));
  const header = await body.header();
  assert.deepEqual([header.start, header.end], [BigInt(start), end]);
  const found: EntryPackage[] = [];
  for await (const each of body.packages(start, end)) found.push(each);
  await body.close();
  return found;
}

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

// biome-ignore lint/correctness/useYield: it fails before it has anything
async function* broken(): AsyncGenerator<Uint8Array> {
  throw new Error('went away');
}
