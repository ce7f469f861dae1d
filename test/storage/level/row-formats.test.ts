import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { utf8 } from '../../../src/encoding/bytes.js';
import { isLogError } from '../../../src/errors.js';
import { leafHash } from '../../../src/merkle/hash.js';
import { EMPTY_EDGE, integrate } from '../../../src/merkle/integrate.js';
import { EMPTY_HEAD } from '../../../src/storage/commit-shape.js';
import { genesisLink, summarizeRows } from '../../../src/storage/level/batch-chain.js';
import { rowsOfCommit } from '../../../src/storage/level/commit-rows.js';
import {
  logKeys,
  MAX_KEY_NUMBER,
  NEWEST_FORMAT,
  PREFIX,
  searchDigest,
} from '../../../src/storage/level/keyspace.js';
import { openRow, sealRow } from '../../../src/storage/level/rows.js';
import { vectorPath } from '../../vectors.js';

const corrupt = (error: unknown) => isLogError(error) && error.code === 'STORE_CORRUPT';

describe('the layout on disk', () => {
  it('files a search key under 16 bytes of the SHA-256 of its UTF-8, whatever is in it', () => {
    for (const key of ['a', 'ü€😀', 'lone \ud800', '\udc00', 'x'.repeat(4_160)]) {
      const digest = createHash('sha256').update(Buffer.from(key)).digest().subarray(0, 16);
      assert.deepEqual(Buffer.from(searchDigest(key)), digest);
    }
  });

  for (const format of [1, 2] as const) {
    it(`is the one of format ${format}, byte for byte`, () => {
      // A change here is a new format version: stores that exist were written like this.
      const bytes = utf8('leaf');
      const hash = leafHash(bytes);
      const { root, frontier, fullTiles } = integrate(EMPTY_EDGE, [hash]);
      const head = { size: 1, root, frontier: frontier.hashes, integratedTimeSeconds: 7, batch: 1 };
      const leaf = { hash, bytes, indexKeys: ['key'], attachment: utf8('attached') };
      const expect = { size: 0, root: EMPTY_HEAD.root };
      const { rows } = rowsOfCommit(
        logKeys(5n, format),
        { expect, leaves: [leaf], head, fullTiles },
        genesisLink(5n),
      );
      const vector = readFileSync(vectorPath(`storage/format-${format}.json`), 'utf8');
      const expected = JSON.parse(vector) as { rows: string[]; digest: string };
      assert.deepEqual(
        rows.slice(0, 4).map(({ key, value }) => `${key.toString('hex')} ${value.toString('hex')}`),
        expected.rows,
      );
      assert.equal(Buffer.from(summarizeRows(rows).rowDigest).toString('hex'), expected.digest);
    });
  }

  it('has the roots of its sixteenths with a full tile since format 2', () => {
    const hashes = Array.from({ length: 256 }, (_, i) => leafHash(Uint8Array.of(i)));
    const { root, frontier, fullTiles } = integrate(EMPTY_EDGE, hashes);
    const head = { size: 256, root, frontier: frontier.hashes, integratedTimeSeconds: 7, batch: 1 };
    const leaves = hashes.map((hash, i) => ({ hash, bytes: Uint8Array.of(i), indexKeys: [] }));
    const expect = { size: 0, root: EMPTY_HEAD.root };
    for (const [format, length] of [
      [1, 256 * 32],
      [2, 256 * 32 + 16 * 32],
    ] as const) {
      const keys = logKeys(5n, format);
      const { rows } = rowsOfCommit(keys, { expect, leaves, head, fullTiles }, genesisLink(5n));
      const tile = rows.find(({ key }) => key.equals(keys.tile(0, 0)));
      assert.ok(tile !== undefined);
      assert.equal(openRow(tile.key, tile.value).length, length);
    }
  });

  it('has leaf rows behind all others since format 2', () => {
    const others = Object.values(PREFIX).filter((prefix) => prefix !== PREFIX.leaf);
    assert.ok(others.every((prefix) => prefix < PREFIX.leaf));
    assert.equal(logKeys(1n, 2).leaf(0)[0], PREFIX.leaf);
  });

  it('gives every kind of row a prefix of its own', () => {
    const prefixes = Object.values(PREFIX);
    assert.equal(new Set(prefixes).size, prefixes.length);
  });

  it('sorts keys as their numbers', () => {
    const numbers = [0, 1, 255, 256, 65_535, 2 ** 32, MAX_KEY_NUMBER];
    const keys = numbers.map((number) => logKeys(1n, NEWEST_FORMAT).leaf(number));
    assert.deepEqual(keys.toSorted(Buffer.compare), keys);
    assert.throws(() => logKeys(1n, NEWEST_FORMAT).leaf(MAX_KEY_NUMBER + 1), RangeError);
  });
});

describe('the seal of a row', () => {
  it('opens what was sealed under the same key only, and shows every changed bit', () => {
    const { key, value } = sealRow(Buffer.from('key'), utf8('con'), utf8('tent'));
    assert.equal(openRow(key, value).toString(), 'content');
    assert.throws(() => openRow(Buffer.from('kez'), value), corrupt);
    for (let bit = 0; bit < value.length * 8; bit += 1) {
      const changed = Buffer.from(value);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => openRow(key, changed), corrupt);
    }
    for (let length = 0; length < value.length; length += 1) {
      assert.throws(() => openRow(key, value.subarray(0, length)), corrupt);
    }
  });
});
