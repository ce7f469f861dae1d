import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { ClassicLevel } from 'classic-level';
import {
  type KeyRange,
  type LevelDatabase,
  openLevelDatabase,
} from '../../../src/storage/level/level-database.js';
import { LEVEL_SETTINGS } from '../../../src/storage/level/open-folder.js';
import { code } from '../contract/store-factory.js';
import { temporaryFolder } from './level-fixture.js';

/** Returns a database with a row for each length, numbered from 0: the value has that many bytes. */
async function databaseOf(lengths: readonly number[]): Promise<LevelDatabase> {
  const directory = await temporaryFolder();
  const database = await openLevelDatabase({
    directory,
    create: true,
    settings: LEVEL_SETTINGS,
    reserveBytes: 0,
  });
  const rows = lengths.map((length, i) => ({ key: keyOf(i), value: Buffer.alloc(length, i) }));
  await database.write('commit', rows, { sync: false, bytes: 0 });
  return database;
}

function keyOf(number: number): Buffer {
  const key = Buffer.from('row 0000');
  key.writeUInt32BE(number, 4);
  return key;
}

/** Asserts that a range gives the rows of these numbers and lengths, in that order. */
async function assertRange(
  database: LevelDatabase,
  range: Omit<KeyRange, 'gte'>,
  numbers: readonly number[],
  lengths: readonly number[],
): Promise<void> {
  const rows = await database.range({ gte: keyOf(0), ...range });
  assert.deepEqual(
    rows.map(([key]) => key.readUInt32BE(4)),
    numbers,
  );
  for (const [key, value] of rows) {
    const number = key.readUInt32BE(4);
    assert.ok(value.equals(Buffer.alloc(lengths[number] ?? 0, number)), `row ${number}`);
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('a range', () => {
  it('is read completely and in order when it has more than 1,000 rows', async () => {
    for (const count of [999, 1_000, 1_001, 2_000, 2_500]) {
      const lengths = upTo(count).map(() => 20);
      const database = await databaseOf(lengths);
      await assertRange(database, {}, upTo(count), lengths);
      await assertRange(database, { reverse: true }, upTo(count).reverse(), lengths);
      for (const limit of [0, 1, 999, 1_000, 1_001, 2_000, 2_400]) {
        await assertRange(database, { limit }, upTo(Math.min(limit, count)), lengths);
      }
      await database.close();
    }
  });

  it('is read completely and in order when it has more than 1 MiB', async () => {
    const mebibyte = 1024 * 1024;
    for (const lengths of [
      // Just at and around the bytes of one step, keys included, and then more.
      [mebibyte - 8, 1, 2],
      [mebibyte - 7, 1, 2],
      [mebibyte - 9, 1, 2],
      [3 * mebibyte, 5, 2 * mebibyte, 5],
      upTo(40).map((i) => 100_000 + i),
      // More than 1,000 rows and more than 1 MiB, so that now one bound is met and now the other.
      upTo(2_600).map((i) => (i % 1_300 < 1_100 ? 10 : 9_000)),
    ]) {
      const database = await databaseOf(lengths);
      const all = upTo(lengths.length);
      await assertRange(database, {}, all, lengths);
      await assertRange(database, { reverse: true }, all.toReversed(), lengths);
      const limit = lengths.length - 1;
      await assertRange(database, { limit }, upTo(limit), lengths);
      await database.close();
    }
  });

  it('is refused as any failed read when it cannot be let go of', async (t) => {
    const database = await databaseOf([1, 2, 3]);
    const iterator = ClassicLevel.prototype.iterator;
    t.after(() => mock.restoreAll());
    mock.method(ClassicLevel.prototype, 'iterator', function (this: ClassicLevel, range: object) {
      const opened = iterator.call(this, range);
      const close = opened.close.bind(opened);
      mock.method(opened, 'close', async () => {
        await close();
        throw new Error('not closed, on request');
      });
      return opened;
    });
    await assert.rejects(database.range({ gte: keyOf(0) }), code('STORE_UNAVAILABLE'));
    mock.restoreAll();
    await assertRange(database, {}, [0, 1, 2], [1, 2, 3]);
    await database.close();
  });
});
