/** Stopping and starting: rollback, the guard, one process a store, a graceful stop under load. */

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ledger } from '../crash/ledger.js';
import {
  appendEntries,
  appendExactly,
  copyFolder,
  levelFolder,
  refusal,
  serverFor,
  stoppedLog,
  temporaryFolder,
  until,
  writersFor,
} from './scene.js';

test('a store put back to an older copy is refused, naming both sizes', async (t) => {
  const folder = temporaryFolder(t);
  const dataDir = join(folder, 'data');
  const ledger = await stoppedLog(dataDir);
  const store = levelFolder(dataDir);
  copyFolder(store, join(folder, 'copy'));

  const server = await serverFor(t, { dataDir });
  const { size } = await ledger.audit(server);
  await appendExactly(server, ledger, 10);
  await server.stop();
  copyFolder(store, join(folder, 'newer'));
  rmSync(store, { recursive: true });
  copyFolder(join(folder, 'copy'), store);

  const { output, exit } = await refusal({ dataDir });
  assert.notEqual(exit?.code, 0);
  assert.match(output, /GUARD_AHEAD/);
  for (const each of [size, size + 10]) assert.match(output, new RegExp(`\\b${each}\\b`));

  rmSync(store, { recursive: true });
  copyFolder(join(folder, 'newer'), store);
  const again = await serverFor(t, { dataDir });
  await ledger.auditAll(again);
  await again.stop();
});

test('a store without its guard is refused until --adopt-guard makes a new one', async (t) => {
  const folder = temporaryFolder(t);
  const dataDir = join(folder, 'data');
  const ledger = await stoppedLog(dataDir);
  rmSync(join(dataDir, 'guard'));

  const { output, exit } = await refusal({ dataDir });
  assert.notEqual(exit?.code, 0);
  assert.match(output, /GUARD_MISSING/);

  const adopting = await serverFor(t, { dataDir, flags: ['--adopt-guard'] });
  await appendEntries(adopting, ledger, 10);
  await adopting.stop();
  const again = await serverFor(t, { dataDir });
  await ledger.auditAll(again);
  await again.stop();
});

test('a second process on a store is refused, as often as it tries, and the first goes on', async (t) => {
  const dataDir = join(temporaryFolder(t), 'data');
  const server = await serverFor(t, { dataDir });
  const ledger = new Ledger();
  await appendEntries(server, ledger, 20);
  for (let attempt = 0; attempt < 2; attempt++) {
    const { output, exit } = await refusal({ dataDir });
    assert.notEqual(exit?.code, 0);
    assert.match(output, /STORE_LOCKED/);
  }
  await appendEntries(server, ledger, 20);
  await ledger.audit(server);
  await server.stop();
});

test('SIGTERM under load answers all that is under way and exits 0 within 10 s', async (t) => {
  const dataDir = join(temporaryFolder(t), 'data');
  const server = await serverFor(t, { dataDir });
  const ledger = new Ledger();
  const writers = writersFor(t, server, 64, ledger);
  await until(() => ledger.acknowledged >= 300, 30_000, 'entries under load');
  // From here on nobody submits anew; what was sent is under way.
  const stopped = writers.stop();
  const signalled = performance.now();
  server.signal('SIGTERM');
  const { code } = await server.exited;
  const seconds = (performance.now() - signalled) / 1000;
  const { statuses, unanswered } = await stopped;
  assert.equal(unanswered, 0, 'submissions under way that were not answered');
  assert.equal(code, 0);
  assert.ok(seconds < 10, `${seconds} s`);
  for (const status of statuses.keys()) assert.ok([201, 503].includes(status), `${status}`);

  const again = await serverFor(t, { dataDir });
  const { untold, size } = await ledger.audit(again);
  t.diagnostic(
    `${seconds.toFixed(2)} s, ${size} entries, answers ${JSON.stringify([...statuses])}`,
  );
  assert.equal(untold, 0, 'entries in the log whose submitters were not answered');
  await again.stop();
});
