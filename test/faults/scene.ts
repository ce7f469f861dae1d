/** What the fault tests share: a folder for each, a log with entries in it, and waiting for another process. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Connection, requestBytes } from '../../bench/harness/connection.js';
import { newSigningKey, newSubmission, submissionRequest } from '../../bench/harness/entries.js';
import {
  pause,
  projectRoot,
  type ServerOptions,
  type ServerProcess,
  ServerRefused,
  startServer,
} from '../../bench/harness/server-process.js';
import { Ledger } from '../crash/ledger.js';
import { startWriters, type Writers } from '../crash/writers.js';

/** Returns a new folder that is removed when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-faults-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server that is killed when the test ends, if it still runs then. */
export async function serverFor(t: TestContext, options: ServerOptions): Promise<ServerProcess> {
  const server = await startServer(options);
  t.after(() => server.kill());
  return server;
}

/** Starts writers that stop when the test ends, so that a failed one does not keep the process alive. */
export function writersFor(
  t: TestContext,
  server: ServerProcess,
  count: number,
  ledger: Ledger,
): Writers {
  const writers = startWriters(server.url, count, ledger);
  t.after(() => writers.stop().catch(() => undefined));
  return writers;
}

/** Returns the refusal of a server that must not start; ends it and throws when it listens. */
export async function refusal(options: ServerOptions): Promise<ServerRefused> {
  try {
    const server = await startServer(options);
    await server.kill();
  } catch (error) {
    if (error instanceof ServerRefused) return error;
    throw error;
  }
  throw new Error('the server listens although it must refuse to start');
}

/** Submits until at least `count` more entries are acknowledged. */
export async function appendEntries(
  server: ServerProcess,
  ledger: Ledger,
  count: number,
): Promise<void> {
  const wanted = ledger.acknowledged + count;
  const writers = startWriters(server.url, 8, ledger);
  try {
    await until(() => ledger.acknowledged >= wanted, 60_000, `${count} entries acknowledged`);
  } finally {
    await writers.stop();
  }
}

/** Submits one after the other and returns when exactly `count` are acknowledged. */
export async function appendExactly(
  server: ServerProcess,
  ledger: Ledger,
  count: number,
): Promise<void> {
  const key = newSigningKey();
  const connection = await Connection.open(server.url);
  for (let n = 0; n < count; n++) {
    const sentMs = Date.now();
    const { status, body } = await connection.send(submissionRequest(newSubmission(key)));
    if (status !== 201) throw new Error(`submission answered ${status} ${body.toString()}`);
    ledger.record(body, sentMs, Date.now());
  }
  connection.close();
}

/** A stopped log of which a part lies in table files and a part in the write-ahead log. */
export async function stoppedLog(dataDir: string): Promise<Ledger> {
  const ledger = new Ledger();
  // Opening moves the log of the opening before into a table.
  for (const count of [300, 100]) {
    const server = await startServer({ dataDir });
    await appendEntries(server, ledger, count);
    await ledger.audit(server);
    const { code } = await server.stop();
    if (code !== 0) throw new Error(`a graceful stop ended with ${code}`);
  }
  return ledger;
}

/** Copies a data folder. */
export function copyFolder(from: string, to: string): string {
  cpSync(from, to, { recursive: true });
  return to;
}

/** Returns the folder below `dataDir` that LevelDB owns. */
export function levelFolder(dataDir: string): string {
  const names = readdirSync(dataDir, { recursive: true, encoding: 'utf8' });
  const current = names.find((name) => name.endsWith('CURRENT'));
  if (current === undefined) throw new Error(`no LevelDB folder below ${dataDir}`);
  return join(dataDir, current, '..');
}

/** Returns the status of a GET. */
export async function getStatus(server: ServerProcess, path: string): Promise<number> {
  const connection = await Connection.open(server.url);
  const { status } = await connection.send(requestBytes('GET', path));
  connection.close();
  return status;
}

/** Returns once `holds`; throws after `deadlineMs`, naming what was waited for. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  deadlineMs: number,
  what: string,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause(20);
  }
}

/** Returns the library, compiled, that a server is preloaded with to fail or wait; see fault-shim.c. */
export function compiledShim(folder: string): string {
  if (spawnSync('cc', ['--version']).status !== 0) {
    throw new Error('NO C COMPILER (cc): failing writes and syncs cannot be shown without one');
  }
  const library = join(folder, 'fault-shim.so');
  const source = join(projectRoot, 'test', 'faults', 'fault-shim.c');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  return library;
}

/** Skips a test so that nobody overlooks it: the gate counts these and prints them again. */
export function skipLoudly(t: TestContext, why: string): void {
  console.error(`SKIPPED, NOT PROVED: ${t.name}: ${why}`);
  t.skip(why);
}
