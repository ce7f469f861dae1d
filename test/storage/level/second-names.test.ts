import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, statSync, watch } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SecondNames } from '../../../src/storage/level/second-names.js';
import { grow, logIn } from '../growing-log.js';
import { openAt, temporaryFolder } from './level-fixture.js';

const DEADLINE_MS = 10_000;

async function eventually(what: string, isSo: () => boolean): Promise<void> {
  for (const began = performance.now(); !isSo(); await delay(5)) {
    assert.ok(performance.now() - began < DEADLINE_MS, what);
  }
}

const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

async function folderWith(...files: string[]): Promise<string> {
  const directory = await temporaryFolder();
  await mkdir(directory);
  for (const name of files) await writeFile(join(directory, name), 'rows');
  return directory;
}

describe('second names', () => {
  it('are given to tables and logs, to those there and those to come, and to nothing else', async () => {
    const directory = await folderWith('000005.ldb', '000006.log', 'CURRENT', 'LOCK');
    const second = new SecondNames(directory);
    const given = () => names(`${directory}.unlinking`);
    await eventually('present files', () => given().join() === '000005.ldb,000006.log');
    await writeFile(join(directory, 'MANIFEST-000007'), 'x');
    await writeFile(join(directory, '000008.ldb'), 'rows');
    await eventually('a new file', () => given().includes('000008.ldb'));
    assert.deepEqual(given(), ['000005.ldb', '000006.log', '000008.ldb']);
    assert.equal(statSync(join(directory, '000008.ldb')).nlink, 2);
    await second.close();
  });

  it('go when the first name goes', async () => {
    const directory = await folderWith('000005.ldb', '000006.ldb');
    const second = new SecondNames(directory);
    const given = () => names(`${directory}.unlinking`);
    await eventually('present files', () => given().length === 2);
    rmSync(join(directory, '000005.ldb'));
    await eventually('a deleted file', () => given().join() === '000006.ldb');
    await second.close();
  });

  it('are not looked after when a file only grows, which it does with every commit', async () => {
    const directory = await folderWith('000005.ldb', '000006.log');
    const second = new SecondNames(directory);
    const given = () => names(`${directory}.unlinking`);
    await eventually('present files', () => given().length === 2);
    rmSync(join(`${directory}.unlinking`, '000006.log'));
    const seen: string[] = [];
    const watcher = watch(directory, (event) => seen.push(event));
    await appendFile(join(directory, '000006.log'), 'more');
    await eventually('the change is told', () => seen.includes('change'));
    await delay(50);
    assert.deepEqual(given(), ['000005.ldb']);
    watcher.close();
    await second.close();
  });

  it('of files whose going was not told are found after some hundred others', async () => {
    const directory = await folderWith('000005.ldb');
    const second = new SecondNames(directory);
    const given = () => names(`${directory}.unlinking`);
    await eventually('present files', () => given().length === 1);
    await writeFile(join(`${directory}.unlinking`, '000001.ldb'), 'without a first name');
    for (let i = 0; i < 300; i++) {
      const path = join(directory, '000007.ldb');
      await writeFile(path, 'rows');
      rmSync(path);
    }
    await eventually('a look', () => given().join() === '000005.ldb');
    await second.close();
  });

  it('are all removed at the end, and the files stay', async () => {
    const directory = await folderWith('000005.ldb');
    const second = new SecondNames(directory);
    await second.close();
    assert.equal(existsSync(`${directory}.unlinking`), false);
    assert.equal(statSync(join(directory, '000005.ldb')).nlink, 1);
  });

  it('that a crash left are removed at the next start, with files that have no other name', async () => {
    const directory = await folderWith('000005.ldb');
    await mkdir(`${directory}.unlinking`);
    await writeFile(join(`${directory}.unlinking`, '000001.ldb'), 'merged long ago');
    const second = new SecondNames(directory);
    const given = () => names(`${directory}.unlinking`);
    await eventually('the left one is gone', () => given().join() === '000005.ldb');
    await second.close();
  });

  it('are done without where they cannot be given', async () => {
    const directory = await folderWith('000005.ldb');
    const second = new SecondNames(directory);
    await eventually('present files', () => names(`${directory}.unlinking`).length === 1);
    rmSync(`${directory}.unlinking`, { recursive: true });
    await writeFile(`${directory}.unlinking`, 'in the way');
    await writeFile(join(directory, '000006.ldb'), 'rows');
    await eventually('it gives up', () => !existsSync(`${directory}.unlinking`));
    await second.close();
    const missing = new SecondNames(join(directory, 'nowhere'));
    await missing.close();
    assert.equal(existsSync(join(directory, 'nowhere.unlinking')), false);
  });

  it('hold no table of a store that has merged it away', async () => {
    const directory = await temporaryFolder();
    const store = await openAt(directory, { create: true, writeBufferSize: 64 << 10 });
    const log = await logIn(store);
    const tables = () => names(directory).filter((name) => name.endsWith('.ldb'));
    const seen = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await grow(log, 100);
      for (const name of tables()) seen.add(name);
    }
    await eventually('every table has both names', () => {
      const given = names(`${directory}.unlinking`).filter((name) => name.endsWith('.ldb'));
      return given.join() === tables().join();
    });
    assert.ok(seen.size > tables().length, 'tables were merged away meanwhile');
    await store.close();
    assert.equal(existsSync(`${directory}.unlinking`), false);
  });
});
