/** The disk fills up under load and is cleared again. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectRoot } from '../../bench/harness/server-process.js';
import { Ledger } from '../crash/ledger.js';
import { getStatus, serverFor, skipLoudly, temporaryFolder, until, writersFor } from './scene.js';

const DISK_MEBIBYTES = 512;

/** A small file system in a mount namespace of its own; needs no root. */
interface SmallDisk {
  /** The command that runs a command where the disk is mounted. */
  readonly wrapper: readonly string[];
  /** The path of the disk as seen there. */
  readonly inside: string;
  /** The path of the disk as seen from here. */
  readonly outside: string;
}

test('a full disk refuses submissions, keeps reads, and loses nothing acknowledged', async (t) => {
  const disk = await mountSmallDisk(t, temporaryFolder(t));
  if (disk === undefined) return skipLoudly(t, 'no permission to mount a tmpfs with unshare');
  const options = { dataDir: join(disk.inside, 'data'), wrapper: disk.wrapper };
  const server = await serverFor(t, options);
  const ledger = new Ledger();
  const writers = writersFor(t, server, 32, ledger);
  await until(() => ledger.acknowledged >= 200, 30_000, 'entries before the disk is full');

  const ballast = join(disk.outside, 'ballast');
  fill(disk.outside, ballast);
  await until(() => writers.answersWith(507) > 0, 60_000, 'an answer 507');
  assert.equal(await getStatus(server, '/api/v1/log'), 200, 'log info on a full disk');
  assert.equal(await getStatus(server, '/api/v1/log/entries?logIndex=7'), 200);
  assert.notEqual(await getStatus(server, '/readyz'), 200, 'readiness on a full disk');
  assert.equal(await getStatus(server, '/healthz'), 200);

  rmSync(ballast);
  const atRelief = ledger.acknowledged;
  await until(() => ledger.acknowledged >= atRelief + 50, 60_000, 'entries after there is space');
  const { statuses, unanswered } = await writers.stop();
  assert.equal(unanswered, 0, 'every submission is answered');
  for (const status of statuses.keys()) assert.ok([201, 503, 507].includes(status), `${status}`);
  await ledger.audit(server);
  await server.stop();

  const again = await serverFor(t, options);
  const { size } = await ledger.auditAll(again);
  await again.stop();
  t.diagnostic(
    `${ledger.acknowledged} acknowledged of ${size}, answers ${JSON.stringify([...statuses])}`,
  );
});

/** Takes all space but the last block or two. */
function fill(folder: string, ballast: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const chunk = Buffer.alloc(2 ** 20);
  writeFileSync(ballast, '');
  for (let left = bavail * bsize; left > 0; left -= chunk.length) {
    try {
      writeFileSync(ballast, chunk, { flag: 'a' });
    } catch (error) {
      // The server writes at the same time: full is what this is for.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      return;
    }
  }
}

async function mountSmallDisk(t: TestContext, folder: string): Promise<SmallDisk | undefined> {
  const inside = join(folder, 'disk');
  mkdirSync(inside);
  const script = `mount -t tmpfs -o size=${DISK_MEBIBYTES}m tmpfs "$0" && echo mounted && exec sleep 3600`;
  const holder = spawn('unshare', ['-Urm', 'sh', '-c', script, inside], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  const mounted = await new Promise<boolean>((resolve) => {
    holder.once('error', () => resolve(false));
    holder.once('close', () => resolve(false));
    holder.stdout.once('data', () => resolve(true));
  });
  if (!mounted) return undefined;
  const enter = ['nsenter', '-t', String(holder.pid), '-U', '-m', '--preserve-credentials'];
  return {
    wrapper: [...enter, 'sh', '-c', 'cd "$0" && exec "$@"', projectRoot],
    inside,
    outside: `/proc/${holder.pid}/root${inside}`,
  };
}
