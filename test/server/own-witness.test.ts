/** The log and this project's witness together: what a witness that keeps its memory saves a log from that lost its own. */

import assert from 'node:assert/strict';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { parseVerifierKey, printVerifierKey } from '../../src/note/verifier-key.js';
import { composeServer, initialiseLog, type RunningServer } from '../../src/server/compose.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { type ServedWitness, serveWitness } from '../witness/served-witness.js';
import { configFor, start, submit, submitV2, temporaryFolder } from './scene.js';

interface Scene {
  readonly folder: string;
  readonly data: string;
  readonly witness: ServedWitness;
  startLog(...flags: readonly string[]): Promise<RunningServer>;
}

/** A log, and a witness that knows its key and is named in its policy. */
async function scene(t: TestContext): Promise<Scene> {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  const { v2, verifierKeys } = (await initialiseLog(configFor(data))).identity;
  const keys = verifierKeys.map((vkey) => parseVerifierKey(vkey));
  const witness = await serveWitness(t, {
    logs: [{ origin: v2.origin, keys }],
    nowSeconds: () => BigInt(Math.floor(Date.now() / 1000)),
  });
  const policy = join(folder, 'policy');
  const vkey = printVerifierKey(witness.cosigner.key);
  writeFileSync(policy, `witness w ${vkey} ${witness.url}\nquorum w\n`);
  const flags = [`--witness-policy=${policy}`, '--witness-wait-ms=60000'];
  return { folder, data, witness, startLog: (...more) => start(t, data, ...flags, ...more) };
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

test('an answer of the v2 API carries the line of the witness, which verifies', async (t) => {
  const { witness, startLog } = await scene(t);
  const { url } = await startLog();
  const answer = await submitV2(url, 'artifact');
  assert.equal(answer.status, 201);
  const { envelope } = JSON.parse(await answer.text()).inclusionProof.checkpoint;
  const lines = openSignedNote(parseSignedNote(envelope), [noteVerifier(witness.cosigner.key)]);
  assert.equal(lines.length, 1);
  assert.equal(await textOf(`${url}/checkpoint`), envelope);
});

test('a log that was restored from an old backup takes nothing, and shows what was published', async (t) => {
  const { folder, data, witness, startLog } = await scene(t);
  const before = await startLog();
  assert.equal((await submitV2(before.url, 'kept')).status, 201);
  const kept = await textOf(`${before.url}/checkpoint`);
  await before.close();
  const backup = join(folder, 'backup');
  cpSync(data, backup, { recursive: true });
  const after = await startLog();
  assert.equal((await submitV2(after.url, 'lost')).status, 201);
  await after.close();
  rmSync(data, { recursive: true });
  cpSync(backup, data, { recursive: true });
  for (const mode of ['closed', 'open', 'async']) {
    const restored = await startLog(`--witness-mode=${mode}`);
    const { url } = restored;
    const refused = await submitV2(url, 'fork');
    assert.equal(refused.status, 500, mode);
    assert.match(await refused.text(), /GUARD_AHEAD/);
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /a tree of 3 leaves but the store ends at 2/);
    assert.equal(await textOf(`${url}/checkpoint`), kept);
    // Nobody witnesses that tree, but it lies in the same store.
    assert.equal((await submit(url, 'of v1')).status, 500);
    await restored.close();
  }
  assert.equal(witness.conflicts.length, 0);
});

test('a log whose store was lost and whose keys were not begins no second tree', async (t) => {
  const { folder, data, startLog } = await scene(t);
  const before = await startLog();
  assert.equal((await submitV2(before.url, 'lost')).status, 201);
  await before.close();
  const flags = [
    `--signing-key=${join(data, 'keys', 'log.pem')}`,
    `--tile-key=${join(data, 'keys', 'tiles.pem')}`,
    `--witness-policy=${join(folder, 'policy')}`,
  ];
  await assert.rejects(
    composeServer(configFor(join(folder, 'fresh'), ...flags)),
    (error) => isLogError(error, 'GUARD_AHEAD') && /a tree of 2 leaves/.test(error.message),
  );
});
