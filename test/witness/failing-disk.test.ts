/** A witness whose disk fails a write or a sync: no signature, and afterwards what the disk says. */

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  programCommand,
  type ServerProcess,
  startListening,
} from '../../bench/harness/server-process.js';
import { compiledShim } from '../faults/scene.js';
import { witnessFolder } from './served-witness.js';
import { TestLog } from './test-log.js';

const log = new TestLog('log.example/main');
const fork = new TestLog('log.example/main', 0);

async function add({ url }: ServerProcess, body: string) {
  const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
  return { status: response.status, body: await response.text() };
}

for (const call of ['write', 'sync'] as const) {
  test(`a ${call} of the state that fails costs its answer, and no memory`, async (t) => {
    const folder = witnessFolder(t);
    const [armed, said, seed] = ['armed', 'said', 'seed'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(seed, '42'.repeat(32));
    const start = (env: Record<string, string>) =>
      startListening(
        [
          ...[...programCommand('src/cli/main'), 'witness', '--name', 'witness.example/w'],
          ...['--port', '0', '--metrics-port', '0', '--data-dir', join(folder, 'data')],
          ...['--ed25519-seed-file', seed, '--log', log.vkey],
        ],
        { env },
      );
    const faults = { FAULT_CALL: call, FAULT_PATH: '.log', FAULT_NTH: '1' };
    const shim = { LD_PRELOAD: compiledShim(folder), FAULT_ARMED: armed, FAULT_SAID: said };
    const witness = await start({ ...faults, ...shim });
    t.after(() => witness.kill());
    assert.equal((await add(witness, log.body(0, 3))).status, 200);
    writeFileSync(armed, '');
    const refused = await add(witness, log.body(3, 5));
    assert.ok(existsSync(said), 'the call has failed');
    assert.equal(refused.status, 500, refused.body);
    assert.doesNotMatch(refused.body, /\u2014/);
    const known = Number((await add(witness, log.body(0, 9))).body);
    assert.ok([3, 5].includes(known), `${known}`);
    assert.equal((await add(witness, fork.body(known, known))).status, 422);
    assert.equal((await add(witness, log.body(known, 8))).status, 200);
    await witness.kill();
    const again = await start({});
    t.after(() => again.kill());
    assert.deepEqual(await add(again, fork.body(0, 9)), { status: 409, body: '8\n' });
    assert.equal((await add(again, log.body(8, 8))).status, 200);
  });
}
