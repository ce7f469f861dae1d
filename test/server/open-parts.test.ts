import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { type ErrorCode, LogError } from '../../src/errors.js';
import { openParts } from '../../src/server/open-parts.js';
import { configFor, start, submit, temporaryFolder } from './scene.js';

/** Makes a log with one entry in a new folder and stops it. */
async function logWithEntry(t: TestContext): Promise<string> {
  const dataDir = join(temporaryFolder(t), 'data');
  const server = await start(t, dataDir);
  assert.equal((await submit(server.url, 'one')).status, 201);
  await server.close();
  return dataDir;
}

async function emptyLog(t: TestContext): Promise<string> {
  const dataDir = join(temporaryFolder(t), 'data');
  await (await openParts(configFor(dataDir))).close();
  return dataDir;
}

/** Leaves an unfinished first start behind, as far as it had come. */
function mark(dataDir: string, ...lost: readonly string[]): void {
  writeFileSync(join(dataDir, 'first-start'), '');
  for (const name of lost) rmSync(join(dataDir, name), { recursive: true });
}

/** Takes rows out of a store behind its back. */
async function dropRows(dataDir: string, drop: (key: Buffer) => boolean): Promise<void> {
  const db = new ClassicLevel<Buffer, Buffer>(join(dataDir, 'store'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  const keys = await db.keys().all();
  for (const key of keys.filter(drop)) await db.del(key);
  await db.close();
}

const FORMAT_ROW = 1;
const RECORD_ROW = 2;

async function assertRefused(dataDir: string, code: ErrorCode, ...flags: readonly string[]) {
  // Twice: a refusal must not prepare the ground for the next start.
  for (const attempt of [1, 2]) {
    const opened = openParts(configFor(dataDir, ...flags)).then((parts) => parts.close());
    await assert.rejects(opened, (error) => {
      assert.ok(error instanceof LogError, String(error));
      assert.equal(error.code, code, `${attempt}: ${error.message}`);
      return true;
    });
  }
}

describe('a store that lost its record', () => {
  it('is damaged, with and without its guard, and gets no new log', async (t) => {
    const dataDir = await logWithEntry(t);
    await dropRows(dataDir, ([prefix]) => prefix === RECORD_ROW);
    await assertRefused(dataDir, 'STORE_CORRUPT');
    rmSync(join(dataDir, 'guard'));
    await assertRefused(dataDir, 'STORE_CORRUPT');
    await assertRefused(dataDir, 'STORE_CORRUPT', '--adopt-guard');
    mark(dataDir, 'log.json');
    await assertRefused(dataDir, 'STORE_CORRUPT');
  });

  it('and all else but its format is damaged, unless its first start is not finished', async (t) => {
    const dataDir = await emptyLog(t);
    await dropRows(dataDir, ([prefix]) => prefix !== FORMAT_ROW);
    await assertRefused(dataDir, 'STORE_CORRUPT');
    mark(dataDir, 'log.json', 'guard');
    const parts = await openParts(configFor(dataDir));
    assert.equal(parts.created, true);
    await parts.close();
  });
});

describe('a first start that is taken up again', () => {
  it('goes on with the log that it had made', async (t) => {
    const dataDir = await emptyLog(t);
    const { treeID } = JSON.parse(readFileSync(join(dataDir, 'log.json'), 'utf8')) as {
      treeID: string;
    };
    for (const lost of [[], ['log.json'], ['log.json', 'guard']]) {
      if (!existsSync(join(dataDir, 'log.json'))) assert.fail('log.json is written at each start');
      mark(dataDir, ...lost);
      const parts = await openParts(configFor(dataDir));
      assert.equal(String(parts.records.v1.treeID), treeID);
      assert.equal(parts.created, false);
      await parts.close();
      assert.equal(existsSync(join(dataDir, 'first-start')), false);
    }
  });

  it('makes no log where the guard has seen entries', async (t) => {
    const dataDir = await logWithEntry(t);
    mark(dataDir, 'store', 'log.json');
    await assertRefused(dataDir, 'GUARD_AHEAD');
    await assertRefused(dataDir, 'GUARD_AHEAD', '--adopt-guard');
  });

  it('makes no log beside a guard that cannot be read, adopted or not', async (t) => {
    const dataDir = await logWithEntry(t);
    mark(dataDir, 'store', 'log.json');
    writeFileSync(join(dataDir, 'guard'), Buffer.alloc(16_384, 'x'));
    await assertRefused(dataDir, 'GUARD_CORRUPT');
    await assertRefused(dataDir, 'GUARD_CORRUPT', '--adopt-guard');
  });

  it('makes no log where log.json tells of another one', async (t) => {
    const dataDir = await logWithEntry(t);
    mark(dataDir, 'store', 'guard');
    await assertRefused(dataDir, 'STORE_MISSING');

    const other = await emptyLog(t);
    mark(other, 'log.json');
    renameSync(join(dataDir, 'log.json'), join(other, 'log.json'));
    await assertRefused(other, 'STORE_IDENTITY');
    writeFileSync(join(other, 'log.json'), 'null');
    await assertRefused(other, 'STORE_IDENTITY');
  });
});

it('a log whose keys are elsewhere and whose store and guard are gone is not made anew', async (t) => {
  const dataDir = await emptyLog(t);
  const keys = join(dataDir, '..', 'keys');
  renameSync(join(dataDir, 'keys'), keys);
  const flags = [`--signing-key=${join(keys, 'log.pem')}`, `--tile-key=${join(keys, 'tiles.pem')}`];
  await (await openParts(configFor(dataDir, ...flags))).close();
  for (const name of ['store', 'guard']) rmSync(join(dataDir, name), { recursive: true });
  await assertRefused(dataDir, 'STORE_MISSING', ...flags);
  rmSync(dataDir, { recursive: true });
  const parts = await openParts(configFor(dataDir, ...flags));
  assert.equal(parts.created, true);
  await parts.close();
});
