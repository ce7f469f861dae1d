/** A write or a sync of the store fails once: the outcome is unknown, and nothing acknowledged may go. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ledger } from '../crash/ledger.js';
import { compiledShim, serverFor, temporaryFolder, until, writersFor } from './scene.js';

interface Fault {
  readonly call: 'write' | 'sync';
  /** Ending of the path of the file whose call fails. */
  readonly path: string;
  readonly nth: number;
  /** False where a server may stop writing until it is started again. */
  readonly goesOn: boolean;
}

const FAULTS: readonly Fault[] = [
  { call: 'sync', path: '.log', nth: 1, goesOn: true },
  { call: 'sync', path: '.log', nth: 7, goesOn: true },
  { call: 'write', path: '.log', nth: 1, goesOn: true },
  { call: 'write', path: '.log', nth: 20, goesOn: true },
  { call: 'sync', path: 'guard', nth: 3, goesOn: false },
  { call: 'write', path: 'guard', nth: 3, goesOn: false },
];

/** Answers that a submission may get while the store is in trouble. */
const RETRYABLE = new Set([503, 507]);

for (const fault of FAULTS) {
  const where = fault.path === 'guard' ? 'the guard' : 'the write-ahead log';
  test(`a failing ${fault.call} (number ${fault.nth}) of ${where} loses nothing acknowledged`, async (t) => {
    await survives(t, fault);
  });
}

async function survives(t: TestContext, fault: Fault): Promise<void> {
  const folder = temporaryFolder(t);
  const dataDir = join(folder, 'data');
  const armed = join(folder, 'armed');
  const said = join(folder, 'said');
  const server = await serverFor(t, {
    dataDir,
    env: {
      LD_PRELOAD: compiledShim(folder),
      FAULT_CALL: fault.call,
      FAULT_PATH: fault.path,
      FAULT_NTH: String(fault.nth),
      FAULT_ARMED: armed,
      FAULT_SAID: said,
    },
  });
  const ledger = new Ledger();
  const writers = writersFor(t, server, 16, ledger);
  await until(() => ledger.acknowledged >= 100, 30_000, 'entries before the fault');
  writeFileSync(armed, '');
  await until(() => existsSync(said), 30_000, 'the fault');
  const atFault = ledger.acknowledged;
  if (fault.goesOn) {
    await until(() => ledger.acknowledged >= atFault + 50, 60_000, 'entries after the fault');
  } else {
    await until(
      () => ledger.acknowledged >= atFault + 50 || writers.answersWith(503) > 0,
      60_000,
      'an answer after the fault',
    );
  }
  const { statuses, unanswered } = await writers.stop();
  assert.equal(unanswered, 0, 'every submission is answered');
  for (const status of statuses.keys()) {
    assert.ok(status === 201 || RETRYABLE.has(status), `a submission was answered ${status}`);
  }
  await ledger.audit(server);
  await server.stop();

  const again = await serverFor(t, { dataDir });
  const { size } = await ledger.auditAll(again);
  t.diagnostic(
    `${readFileSync(said, 'utf8').trim()}; ${ledger.acknowledged} acknowledged of ${size}`,
  );
  await again.stop();
}
