// A log whose keys are known before it is started, so that witnesses can be told of it, and that is stopped and started again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../dist/bench/harness/server-process.js';
import { stele } from './started-log.mjs';

/**
 * Returns a new log: { folder, dataDir, origin, vkeys, tileVkey, start(...flags), stop(), end() }. `start` returns the server, on
 * a new port each time; `tileVkey` is its Ed25519 key, the one that Go's witnesses read; `end` removes everything.
 */
export function newLog(...initFlags) {
  const folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
  const dataDir = join(folder, 'data');
  stele('init', '--data-dir', dataDir, ...initFlags);
  const { verifierKeys, v2 } = JSON.parse(stele('keys', 'show', '--data-dir', dataDir, '--json'));
  let server;
  const stop = async () => {
    await server?.stop();
    server = undefined;
  };
  const start = async (...flags) => {
    server = await startServer({ dataDir, flags: [...initFlags, ...flags] });
    return server;
  };
  const end = async () => {
    await stop();
    rmSync(folder, { recursive: true });
  };
  const [, tileVkey] = verifierKeys;
  return { folder, dataDir, origin: v2.origin, vkeys: verifierKeys, tileVkey, start, stop, end };
}

/** Writes a policy into the log's folder; returns the flag that names it. */
export function policyFlag(log, text) {
  const path = join(log.folder, 'policy');
  writeFileSync(path, text);
  return `--witness-policy=${path}`;
}
