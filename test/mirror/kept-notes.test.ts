import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { notesInFile } from '../../src/mirror/kept-notes.js';

test('notes are read back as they were written last, and damage is told', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stele-notes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'pending', 'log.json');
  assert.deepEqual(await notesInFile(path).read(), []);
  await notesInFile(path).write(['first\n']);
  await notesInFile(path).write(['first\n', 'second\n']);
  assert.deepEqual(await notesInFile(path).read(), ['first\n', 'second\n']);
  assert.deepEqual(readdirSync(join(folder, 'pending')), ['log.json']);
  // A write that was killed leaves an unfinished file, which counts for nothing.
  writeFileSync(`${path}.new`, '{"not');
  assert.deepEqual(await notesInFile(path).read(), ['first\n', 'second\n']);
  for (const damaged of ['', '{"notes":[1]}', '[]', 'null']) {
    writeFileSync(path, damaged);
    await assert.rejects(notesInFile(path).read(), { code: 'STORE_CORRUPT' }, damaged);
  }
  const folderThere = join(folder, 'in-the-way');
  mkdirSync(folderThere);
  await assert.rejects(notesInFile(folderThere).read(), { code: 'STORE_UNAVAILABLE' });
  await assert.rejects(notesInFile(folderThere).write([]), { code: 'STORE_UNAVAILABLE' });
});
