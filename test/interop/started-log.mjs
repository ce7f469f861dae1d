// A log with an empty data folder for one test file, stopped and removed when the file is done.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../dist/bench/harness/server-process.js';

/** Returns { url, treeID, origin, folder, stop() }: a log started with `flags`, and a scratch folder beside its data. */
export async function startedLog(...flags) {
  const folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
  const server = await startServer({ dataDir: join(folder, 'data'), flags });
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  };
  return { url: server.url, treeID: server.treeID, origin: server.origin, folder, stop };
}
