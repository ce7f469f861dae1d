/**
 * rekor-tiles, Sigstore's server of the v2 API, as a peer: built from its published module, started on this machine.
 *
 * In scope: its POSIX server, unmodified, by version, in the cache folder of .ci/run. Out of scope: its cloud back ends,
 * and reading from it (it serves no tiles itself). Needs Go.
 */

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StartedProgram, startProgram } from './child-process.js';
import { Connection, ConnectionLost, requestBytes } from './connection.js';
import { pause } from './server-process.js';

/** The newest release when the figures of docs/performance.md were taken. */
export const REKOR_TILES_VERSION = '2.3.0';

/** The settings with which it answers soonest and takes most; found by trying, see docs/performance.md. */
export const FASTEST_FLAGS: readonly string[] = [
  '--checkpoint-interval=100ms',
  '--batch-max-age=100ms',
  '--batch-max-size=2048',
];

const MODULE = 'github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix';
const BUILD_WITHIN_MS = 600_000;
const HEALTHY_WITHIN_MS = 30_000;
const STOPPED_WITHIN_MS = 30_000;

/** Returns the path of the program, which is built where it is not in the cache; undefined without Go. */
export function buildRekorTiles(): string | undefined {
  const cache = process.env['STELE_CI_CACHE'] ?? join(homedir(), '.cache', 'stele-ci');
  const folder = join(cache, `rekor-tiles-posix-${REKOR_TILES_VERSION}`);
  const program = join(folder, 'posix');
  if (existsSync(program)) return program;
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  mkdirSync(cache, { recursive: true });
  const built = `${folder}.new`;
  const { status } = spawnSync('go', ['install', `${MODULE}@v${REKOR_TILES_VERSION}`], {
    env: { ...process.env, GOBIN: built },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: BUILD_WITHIN_MS,
  });
  if (status !== 0) throw new Error(`go install ${MODULE} ended with ${status}`);
  renameSync(built, folder);
  return program;
}

/** A running server with an empty log. */
export interface RekorTiles {
  readonly url: string;
  readonly pid: number;
  /** Ends it and removes its log. */
  stop(): Promise<void>;
}

/** Starts the server with an empty log and a fresh key; returns when it says that it is healthy. */
export async function startRekorTiles(
  program: string,
  flags: readonly string[],
): Promise<RekorTiles> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-rekor-tiles-'));
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(join(folder, 'key.pem'), key);
  // It refuses port 0.
  const [http, grpc, metrics] = await freePorts(3);
  const own = {
    'http-port': http,
    'grpc-port': grpc,
    'http-metrics-port': metrics,
    hostname: 'localhost',
    'signer-filepath': join(folder, 'key.pem'),
    'storage-dir': join(folder, 'log'),
    'log-level': 'warn',
  };
  const given = Object.entries(own).map(([name, value]) => `--${name}=${value}`);
  const child = startProgram([program, 'serve', ...given, ...flags], {});
  const url = `http://127.0.0.1:${http}`;
  try {
    await waitUntilHealthy(url, child);
  } catch (error) {
    await child.end('SIGKILL', 0);
    throw error;
  }
  return {
    url,
    pid: child.pid,
    stop: async () => {
      await child.end('SIGTERM', STOPPED_WITHIN_MS);
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function waitUntilHealthy(url: string, child: StartedProgram): Promise<void> {
  const end = performance.now() + HEALTHY_WITHIN_MS;
  while (performance.now() < end) {
    if (await isHealthy(url)) return;
    await pause(100);
  }
  throw new Error(`not healthy in time: ${child.output()}`);
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const connection = await Connection.open(url);
    const { status } = await connection.send(requestBytes('GET', '/healthz'));
    connection.close();
    return status === 200;
  } catch (error) {
    // Nobody listens yet.
    if (error instanceof ConnectionLost) return false;
    throw error;
  }
}
