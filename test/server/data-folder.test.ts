import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type ErrorCode, LogError } from '../../src/errors.js';
import { dataFolder, type FolderVerdict, judgeDataFolder } from '../../src/server/data-folder.js';
import { configFor, temporaryFolder } from './scene.js';

/** Returns what a folder with these files is; a name that ends with `/` is a folder. `FOLDER` in flags is it. */
async function judge(
  t: TestContext,
  files: readonly string[],
  flags: readonly string[] = [],
): Promise<FolderVerdict> {
  const root = temporaryFolder(t);
  for (const file of files) {
    mkdirSync(file.endsWith('/') ? join(root, file) : dirname(join(root, file)), {
      recursive: true,
    });
    if (!file.endsWith('/')) writeFileSync(join(root, file), '');
  }
  const config = configFor(root, ...flags.map((flag) => flag.replace('FOLDER', root)));
  return judgeDataFolder(dataFolder(config), config);
}

const refusal =
  (code: ErrorCode, ...named: readonly string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof LogError, String(error));
    assert.equal(error.code, code, error.message);
    for (const name of named) assert.ok(error.message.includes(name), error.message);
    return true;
  };

const ownKeys = ['--signing-key=/elsewhere/log.pem', '--tile-key=/elsewhere/tiles.pem'];
const store = ['store/CURRENT', 'keys/log.pem', 'keys/tiles.pem'];

describe('a data folder', () => {
  it('is new when nothing is in it, or nothing that speaks of a log', async (t) => {
    for (const files of [[], ['store/'], ['keys/'], ['lost+found/'], ['first-start.new']]) {
      assert.equal(await judge(t, files), 'new', files.join());
      assert.equal(await judge(t, files, ownKeys), 'new', files.join());
    }
  });

  it('is new when it holds but files that the configuration names', async (t) => {
    const flags = ['--signing-key=FOLDER/own/log.pem', '--tile-key=FOLDER/keys/mine.pem'];
    assert.equal(await judge(t, ['own/log.pem', 'keys/mine.pem'], flags), 'new');
    const told = ['--witness-policy=FOLDER/policy', '--watch-config=FOLDER/watch.yaml'];
    assert.equal(await judge(t, ['policy', 'watch.yaml'], told), 'new');
  });

  it('is never new beside the rest of a log, whoever brings the keys', async (t) => {
    const rest = ['log.json', 'guard', 'keys/log.pem', 'keys/tiles.pem', 'store.lock', 'notes.txt'];
    for (const file of rest) {
      for (const flags of [[], ownKeys]) {
        await assert.rejects(judge(t, [file], flags), refusal('STORE_MISSING', file));
      }
    }
    const named = ['--signing-key=FOLDER/keys/log.pem', '--tile-key=FOLDER/keys/tiles.pem'];
    await assert.rejects(
      judge(t, ['keys/log.pem', 'keys/tiles.pem'], named),
      refusal('STORE_MISSING', 'log.pem', 'tiles.pem'),
    );
  });

  it('is not new beside a guard in another place', async (t) => {
    const guard = join(temporaryFolder(t), 'guard');
    writeFileSync(guard, '');
    await assert.rejects(judge(t, [], [`--guard=${guard}`]), refusal('STORE_MISSING', guard));
  });

  it('with a store and its keys holds a log, whatever else lies there', async (t) => {
    assert.equal(await judge(t, [...store, 'notes.txt', 'log.json']), 'existing');
    assert.equal(await judge(t, ['store/CURRENT'], ownKeys), 'existing');
  });

  it('with a store lacks no key, also beside the mark of a first start', async (t) => {
    for (const mark of [[], ['first-start']]) {
      await assert.rejects(
        judge(t, [...mark, 'store/CURRENT', 'keys/log.pem']),
        refusal('KEY_FILE_INVALID', 'tiles.pem'),
      );
    }
  });

  it('with the mark of a first start is taken up again, unless a log was there', async (t) => {
    const stages = [[], ['keys/log.pem'], ['keys/log.pem', 'keys/tiles.pem'], store];
    for (const files of [...stages, [...store, 'guard'], [...store, 'guard', 'log.json']]) {
      assert.equal(await judge(t, ['first-start', ...files]), 'unfinished', files.join());
    }
    await assert.rejects(
      judge(t, ['first-start', 'keys/log.pem', 'keys/tiles.pem', 'log.json']),
      refusal('STORE_MISSING', 'log.json'),
    );
  });
});
