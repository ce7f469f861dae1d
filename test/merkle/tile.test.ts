import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLogError } from '../../src/errors.js';
import {
  encodeEntryBundle,
  MAX_BUNDLE_ENTRY_SIZE,
  parseEntryBundle,
} from '../../src/merkle/entry-bundle.js';
import { parseTilePath, tilePath } from '../../src/merkle/tile.js';

const malformed = (error: unknown) => isLogError(error, 'TILE_MALFORMED');

test('tiles have the paths of the specification', () => {
  const paths: [string, number | 'entries', number, number][] = [
    ['tile/0/005', 0, 5, 256],
    ['tile/0/000.p/1', 0, 0, 1],
    ['tile/63/x001/x234/067.p/255', 63, 1_234_067, 255],
    ['tile/entries/x001/000', 'entries', 1000, 256],
    ['tile/entries/999', 'entries', 999, 256],
    ['tile/1/x009/x007/x199/x254/x740/991', 1, Number.MAX_SAFE_INTEGER, 256],
  ];
  for (const [path, level, index, width] of paths) {
    assert.equal(tilePath({ level, index, width }), path);
    assert.deepEqual(parseTilePath(path), { level, index, width });
  }
});

test('every tile reads back from its path', () => {
  const levels = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const));
  const members = {
    level: levels,
    index: fc.maxSafeNat(),
    width: fc.integer({ min: 1, max: 256 }),
  };
  const tiles = fc.record(members, { noNullPrototype: true });
  fc.assert(
    fc.property(tiles, (tile) => {
      assert.deepEqual(parseTilePath(tilePath(tile)), tile);
    }),
    { seed: 23, numRuns: 500 },
  );
});

test('other spellings are refused', () => {
  const spellings = [
    '',
    'tile',
    'tile/0',
    'tile/0/',
    '/tile/0/000',
    'tile/0/000/',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/0',
    'tile/0/0000',
    'tile/0/x000/000',
    'tile/0/x000/001',
    'tile/0/x1/000',
    'tile/0/X001/000',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/000.p',
    'tile/0/000.p/',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/257',
    'tile/0/000.p/999',
    'tile/0/000.p/-1',
    'tile/0/000.P/1',
    'tile/0/000.p/1/',
    'tile/0/000.p/1.p/1',
    'tile/0/000\n',
    'tile/0/٠٠٠',
    'tile/data/000',
    'tile/entries/x009/x007/x199/x254/x740/992',
    'tile/0/x001/x009/x007/x199/x254/x740/991',
    `tile/0/${'x001/'.repeat(10_000)}000`,
  ];
  for (const path of spellings) assert.throws(() => parseTilePath(path), malformed, path);
});

test('any text either reads back to itself or is refused', () => {
  const pieces = fc.constantFrom('tile/', '0', '1', '63', 'entries', '/', 'x', '000', '123', '.p/');
  const texts = fc.array(pieces, { maxLength: 9 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(texts, (path) => {
      let tile: ReturnType<typeof parseTilePath>;
      try {
        tile = parseTilePath(path);
      } catch (error) {
        assert.ok(malformed(error));
        return;
      }
      assert.equal(tilePath(tile), path);
    }),
    { seed: 24, numRuns: 3000 },
  );
});

test('coordinates of no tile have no path', () => {
  const good = { level: 0, index: 0, width: 256 };
  for (const bad of [
    { level: 64 },
    { level: -1 },
    { level: 0.5 },
    { index: -1 },
    { index: 2 ** 53 },
    { width: 0 },
    { width: 257 },
  ]) {
    assert.throws(() => tilePath({ ...good, ...bad }), malformed);
  }
});

test('a bundle reads back, empty leaves and leaves of the largest size included', () => {
  const leaves = [
    new Uint8Array(0),
    new Uint8Array(MAX_BUNDLE_ENTRY_SIZE).fill(1),
    Uint8Array.of(9),
  ];
  assert.deepEqual(parseEntryBundle(encodeEntryBundle(leaves)), leaves);
  assert.deepEqual([...encodeEntryBundle([Uint8Array.of(7, 8)])], [0, 2, 7, 8]);
  const full = Array.from({ length: 256 }, (_, i) => Uint8Array.of(i));
  assert.deepEqual(parseEntryBundle(encodeEntryBundle(full)), full);
});

test('a bundle of no, too many or too long leaves is refused', () => {
  const tooLong = new Uint8Array(MAX_BUNDLE_ENTRY_SIZE + 1);
  const tooMany = Array.from({ length: 257 }, () => new Uint8Array(0));
  for (const leaves of [[], [tooLong], tooMany]) {
    assert.throws(() => encodeEntryBundle(leaves), malformed);
  }
  for (const bytes of [[], [0], [0, 1], [0, 2, 1], [0, 1, 5, 0]]) {
    assert.throws(() => parseEntryBundle(Uint8Array.from(bytes)), malformed);
  }
  assert.throws(() => parseEntryBundle(new Uint8Array(2 * 257)), malformed);
});

test('any bytes are a bundle that prints back, or are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40, max: 6 }), (bytes) => {
      let leaves: Uint8Array[];
      try {
        leaves = parseEntryBundle(bytes);
      } catch (error) {
        assert.ok(malformed(error));
        return;
      }
      assert.deepEqual(encodeEntryBundle(leaves), bytes);
    }),
    { seed: 25, numRuns: 2000 },
  );
});
