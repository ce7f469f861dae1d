/** The lock file between PID namespaces, and after it was removed. */

import assert from 'node:assert/strict';
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { isLogError } from '../../../src/errors.js';
import { commitOf, grow, logIn, makeLeaves } from '../growing-log.js';
import { openAt, temporaryFolder } from './level-fixture.js';

const code = (expected: string) => (error: unknown) => isLogError(error) && error.code === expected;

/** Makes the holder of a lock file one of another PID namespace, as it looks from another container. */
async function moveToOtherNamespace(path: string): Promise<string> {
  const holder = JSON.parse(await readFile(path, 'utf8')) as object;
  const text = JSON.stringify({ ...holder, pidNamespace: 'pid:[1]' });
  await writeFile(path, text);
  return text;
}

describe('the lock between PID namespaces', () => {
  it('is left as it is when its holder has LevelDB’s lock', async () => {
    const directory = await temporaryFolder();
    const store = await openAt(directory, { create: true });
    const text = await moveToOtherNamespace(`${directory}.lock`);
    await assert.rejects(openAt(directory), code('STORE_LOCKED'));
    assert.equal(await readFile(`${directory}.lock`, 'utf8'), text);
    await store.close();
  });

  it('is taken over when its holder is gone', async () => {
    const directory = await temporaryFolder();
    const first = await openAt(directory, { create: true });
    const text = await moveToOtherNamespace(`${directory}.lock`);
    await first.close();
    await writeFile(`${directory}.lock`, text);
    const store = await openAt(directory);
    assert.match(await readFile(`${directory}.lock`, 'utf8'), new RegExp(`"pid":${process.pid},`));
    await assert.rejects(openAt(directory), code('STORE_LOCKED'));
    await store.close();
    await assert.rejects(readFile(`${directory}.lock`), { code: 'ENOENT' });
  });

  for (const [name, harm] of [
    ['was removed', (path: string) => unlink(path)],
    ['names a holder that cannot be judged', moveToOtherNamespace],
  ] as const) {
    it(`is made again at a recovery when it ${name}`, async () => {
      const directory = await temporaryFolder();
      let fails = false;
      const fault = (step: string) => (step === 'commit' && fails ? 'before' : undefined);
      const store = await openAt(directory, { create: true, fault });
      const log = await logIn(store);
      await grow(log, 2);
      const own = await readFile(`${directory}.lock`, 'utf8');
      await harm(`${directory}.lock`);
      fails = true;
      await assert.rejects(log.commit(await commitOf(log, makeLeaves(2, 1))));
      fails = false;
      await store.recover();
      assert.equal(await readFile(`${directory}.lock`, 'utf8'), own);
      await grow(log, 1);
      await store.close();
    });
  }

  it('that names another living holder stops a recovery and leaves no handle open', async () => {
    const directory = await temporaryFolder();
    let fails = true;
    const fault = (step: string) => (step === 'commit' && fails ? 'before' : undefined);
    const store = await openAt(directory, { create: true, fault });
    const log = await logIn(store);
    const own = await readFile(`${directory}.lock`, 'utf8');
    await assert.rejects(log.commit(await commitOf(log, makeLeaves(0, 1))));
    fails = false;
    await writeFile(`${directory}.lock`, own.replace(/"token":"[^"]*"/, '"token":"another"'));
    await assert.rejects(store.recover(), code('STORE_LOCKED'));
    await unlink(`${directory}.lock`);
    await (await openAt(directory)).close();
    await store.recover();
    await grow(log, 1);
    await store.close();
  });
});

describe('closing during a recovery', () => {
  it('leaves no handle open', async () => {
    const directory = await temporaryFolder();
    let fails = false;
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const store = await openAt(directory, {
      create: true,
      fault: async (step) => {
        if (step === 'recover') await held;
        return step === 'commit' && fails ? 'before' : undefined;
      },
    });
    const log = await logIn(store);
    fails = true;
    await assert.rejects(log.commit(await commitOf(log, makeLeaves(0, 1))));
    const recovery = assert.rejects(store.recover(), code('STORE_UNAVAILABLE'));
    await store.close();
    letGo();
    await recovery;
    await (await openAt(directory)).close();
  });
});
