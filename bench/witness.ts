/**
 * How long does a witness take for a checkpoint? One log that grows, one connection, one submission after the other; each
 * answer waits for a synced write. With an Ed25519 key, and with an ML-DSA-44 key beside it.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestLog } from '../test/witness/test-log.js';
import { Connection, requestBytes } from './harness/connection.js';
import { Times } from './harness/latencies.js';
import type { ResultRow } from './harness/result.js';
import { programCommand, startListening } from './harness/server-process.js';

export interface WitnessOptions {
  /** Checkpoints a round and case. */
  readonly requests: number;
  readonly rounds: number;
}

const CASES = [
  ['Ed25519', ['ed25519']],
  ['Ed25519 and ML-DSA-44', ['ed25519', 'mldsa']],
] as const;
const WARM_UP = 200;

/** Measures add-checkpoint; a row a case. */
export async function witness({ requests, rounds }: WitnessOptions): Promise<ResultRow[]> {
  const log = new TestLog('bench.example/log');
  const bodies = Array.from({ length: WARM_UP + requests * rounds }, (_, size) =>
    requestBytes('POST', '/add-checkpoint', log.body(size, size + 1)),
  );
  const rows: ResultRow[] = [];
  for (const [name, keys] of CASES) {
    const { p50Ms, p99Ms, count, elapsedMs } = await measure(log, bodies, keys);
    rows.push({
      case: `add-checkpoint, one connection, ${name}`,
      figures: { 'p50 ms': p50Ms, 'p99 ms': p99Ms, 'per second': (1000 * count) / elapsedMs },
    });
  }
  return rows;
}

async function measure(log: TestLog, bodies: readonly Buffer[], keys: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'stele-witness-bench-'));
  const seeds = keys.flatMap((key) => {
    const path = join(folder, key);
    writeFileSync(path, randomBytes(32));
    return [`--${key}-seed-file`, path];
  });
  const server = await startListening([
    ...[...programCommand('src/cli/main'), 'witness', '--name', 'bench.example/witness'],
    ...['--port', '0', '--metrics-port', '0', '--data-dir', join(folder, 'data')],
    ...['--log', log.vkey, '--log-level', 'warn', ...seeds],
  ]);
  try {
    const connection = await Connection.open(server.url);
    const send = async (body: Buffer): Promise<void> => {
      const { status } = await connection.send(body);
      if (status !== 200) throw new Error(`add-checkpoint answered ${status}`);
    };
    for (const body of bodies.slice(0, WARM_UP)) await send(body);
    const times = new Times();
    const began = performance.now();
    for (const body of bodies.slice(WARM_UP)) {
      const sent = performance.now();
      await send(body);
      times.add(performance.now() - sent);
    }
    const elapsedMs = performance.now() - began;
    connection.close();
    return { ...times.spread(), elapsedMs };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
