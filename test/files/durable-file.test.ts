import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { appendLines, createFile, replaceFile } from '../../src/files/durable-file.js';

describe('files that are whole after a crash', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stele-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

  it('are replaced as a whole, in a folder that is made, and leave no draft', async () => {
    const path = join(folder, 'a', 'b', 'file');
    await replaceFile(path, 'a longer first text');
    await replaceFile(path, 'second');
    assert.equal(await readFile(path, 'utf8'), 'second');
    assert.deepEqual(await readdir(join(folder, 'a', 'b')), ['file']);
    assert.equal(await modeOf(path), 0o600);
    assert.equal(await modeOf(join(folder, 'a')), 0o700);
  });

  it('are made once: of many who make one at the same time, one does', async () => {
    const path = join(folder, 'key');
    const texts = ['one', 'two', 'three', 'four'];
    const made = await Promise.all(texts.map((text) => createFile(path, text)));
    assert.equal(made.filter(Boolean).length, 1);
    assert.equal(await readFile(path, 'utf8'), texts[made.indexOf(true)]);
    assert.deepEqual(await readdir(folder), ['key']);
    assert.equal(await modeOf(path), 0o600);
  });

  it('stay as they are where one is to be made', async () => {
    const path = join(folder, 'key');
    await writeFile(path, 'old');
    assert.equal(await createFile(path, 'new'), false);
    assert.equal(await readFile(path, 'utf8'), 'old');
  });

  it('grow by whole lines', async () => {
    const path = join(folder, 'lines');
    await appendLines(path, ['a', 'b']);
    await appendLines(path, []);
    await appendLines(path, ['c']);
    assert.equal(await readFile(path, 'utf8'), 'a\nb\nc\n');
  });
});
