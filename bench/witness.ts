/**
 * How long does a witness take for a checkpoint? One log that grows over one connection, one submission after the other; and
 * 64 logs at once, each over its own. With an Ed25519 key alone, and with an ML-DSA-44 key beside it.
 *
 * Each answer waits for a synced write, so the same write by LevelDB alone is measured in the same run: what a disk, or who
 * else works on it, adds is in both. The witnesses of others are quoted, and say so.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
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

/** On a loaded machine of two cores, 2026, one connection: the version is the module's. */
const PEERS = [
  ['litewitness v0.9.1', { 'p50 ms': 1.6, 'per second': 510 }],
  ['omniwitness 54dbcdd, two Ed25519 lines', { 'p50 ms': 1.3, 'per second': 545 }],
] as const;

const CASES = [
  ['Ed25519', ['ed25519']],
  ['Ed25519 and ML-DSA-44', ['ed25519', 'mldsa']],
] as const;
const LOGS = 64;
const WARM_UP = 300;
const MOST_IN_PARALLEL = 2_000;

/** Measures add-checkpoint; a row a case. */
export async function witness({ requests, rounds }: WitnessOptions): Promise<ResultRow[]> {
  const one = bodiesOf(new TestLog('bench.example/log'), WARM_UP + requests * rounds);
  const each = Math.ceil(Math.min(requests * rounds, MOST_IN_PARALLEL) / LOGS);
  const many = Array.from({ length: LOGS }, (_, n) =>
    bodiesOf(new TestLog(`bench.example/log${n}`), 1 + each),
  );
  const bare = await bareWrites(requests);
  const rows: ResultRow[] = [
    {
      case: 'a synced write of LevelDB, bare',
      figures: { 'p50 ms': bare.p50Ms, 'p99 ms': bare.p99Ms },
    },
    ...PEERS.map(([name, figures]) => ({ case: `${name}: recorded`, figures })),
  ];
  for (const [keys, files] of CASES) {
    const sequential = await measure([one], WARM_UP, files);
    const figures = figuresOf(sequential);
    const p50Ms = figures['p50 ms'] as number;
    const beside = PEERS.map(([name, peer]) => [
      `p50 over ${name.split(' ')[0]}`,
      p50Ms / peer['p50 ms'],
    ]);
    rows.push({
      case: `add-checkpoint, one connection, ${keys}`,
      figures: {
        ...figures,
        'p50 over the write': p50Ms / bare.p50Ms,
        ...Object.fromEntries(beside),
      },
    });
    const parallel = await measure(many, 1, files);
    rows.push({
      case: `add-checkpoint, ${LOGS} logs at once, ${keys}`,
      figures: figuresOf(parallel),
    });
  }
  return rows;
}

interface LogBodies {
  readonly vkey: string;
  /** Growing by a leaf each. */
  readonly bodies: readonly Buffer[];
}

function bodiesOf(log: TestLog, count: number): LogBodies {
  const bodies = Array.from({ length: count }, (_, size) =>
    requestBytes('POST', '/add-checkpoint', log.body(size, size + 1)),
  );
  return { vkey: log.vkey, bodies };
}

/** A row as long as that of a head with one cosignature, as often as a round has checkpoints. */
async function bareWrites(count: number): Promise<{ p50Ms: number; p99Ms: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-write-bench-'));
  const level = new ClassicLevel(folder);
  const times = new Times();
  try {
    for (let i = 0; i < count + WARM_UP; i++) {
      const value = randomBytes(325).toString('hex');
      const began = performance.now();
      await level.batch([{ type: 'put', key: 'head', value }], { sync: true });
      if (i >= WARM_UP) times.add(performance.now() - began);
    }
    return times.spread();
  } finally {
    await level.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly times: Times;
  readonly elapsedMs: number;
}

function figuresOf({ times, elapsedMs }: Measured): Record<string, number> {
  const { p50Ms, p99Ms, count } = times.spread();
  return { 'p50 ms': p50Ms, 'p99 ms': p99Ms, 'per second': (1000 * count) / elapsedMs };
}

/** Sends the bodies of each log over a connection of its own, all logs at once; the first ones of each are not measured. */
async function measure(
  logs: readonly LogBodies[],
  warmUp: number,
  keys: readonly string[],
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-witness-bench-'));
  const seeds = keys.flatMap((key) => {
    const path = join(folder, key);
    writeFileSync(path, randomBytes(32));
    return [`--${key}-seed-file`, path];
  });
  const server = await startListening([
    ...[...programCommand('src/cli/main'), 'witness', '--name', 'bench.example/witness'],
    ...['--port', '0', '--metrics-port', '0', '--data-dir', join(folder, 'data')],
    ...['--log', ...logs.map(({ vkey }) => vkey), '--log-level', 'warn', ...seeds],
  ]);
  try {
    const connections = await Promise.all(logs.map(() => Connection.open(server.url)));
    const times = new Times();
    const sendAll = (from: number, to: number | undefined, kept: Times) =>
      Promise.all(
        logs.map(({ bodies }, n) =>
          sendEach(connections[n] as Connection, bodies.slice(from, to), kept),
        ),
      );
    await sendAll(0, warmUp, new Times());
    const began = performance.now();
    await sendAll(warmUp, undefined, times);
    const elapsedMs = performance.now() - began;
    for (const connection of connections) connection.close();
    return { times, elapsedMs };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function sendEach(
  connection: Connection,
  bodies: readonly Buffer[],
  times: Times,
): Promise<void> {
  for (const body of bodies) {
    const sent = performance.now();
    const { status } = await connection.send(body);
    if (status !== 200) throw new Error(`add-checkpoint answered ${status}`);
    times.add(performance.now() - sent);
  }
}
