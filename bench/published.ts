/**
 * What does a witness policy cost submissions over the v2 API, whose answers wait for the cosigned checkpoint?
 *
 * The same log without a policy, and with policies of one witness: alone, beside one that is gone, beside one that never
 * answers. The witness is this project's, a process of its own. One connection, then many; each row after the first says
 * what it is of the first.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printVerifierKey, SIGNATURE_TYPE } from '../src/note/verifier-key.js';
import { ed25519Cosigner } from '../src/signing/cosigner.js';
import { median } from './harness/latencies.js';
import { type LoadFigures, measureLoad } from './harness/measure.js';
import { requestOf } from './harness/payloads.js';
import { preparedSubmissions } from './harness/prepared.js';
import type { ResultRow } from './harness/result.js';
import { programCommand, startListening, startServer } from './harness/server-process.js';

export interface PublishedOptions {
  /** Submissions a round and case. */
  readonly entries: number;
  readonly rounds: number;
  readonly connections: readonly number[];
  readonly flags: readonly string[];
}

/** Another witness of the policy, of which one is enough. */
const CASES = {
  'no policy': undefined,
  'one witness': [],
  'one, and one that is gone': ['gone'],
  'one, and one that hangs': ['hanging'],
} as const;
type Case = keyof typeof CASES;

const NAME = 'bench.example/witness';
/** Before it is measured, a server has answered so many. */
const WARM_UP = 100;

/** Measures; a row a case and number of connections. */
export async function published(options: PublishedOptions): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  const base = new Map<number, LoadFigures[]>();
  for (const name of Object.keys(CASES) as Case[]) {
    const figures = await measureCase(name, options);
    for (const [connections, rounds] of figures) {
      if (!base.has(connections)) base.set(connections, rounds);
      rows.push(row(name, connections, rounds, base.get(connections) ?? rounds));
    }
  }
  return rows;
}

function row(
  name: Case,
  connections: number,
  rounds: readonly LoadFigures[],
  base: readonly LoadFigures[],
): ResultRow {
  const middle = (of: (figures: LoadFigures) => number, some = rounds): number =>
    median(some.map(of));
  const perSecond = (each: LoadFigures): number => each.perSecond;
  return {
    case: `${name}, ${connections} connections`,
    figures: {
      'p50 ms': middle((each) => each.p50Ms),
      'p99 ms': middle((each) => each.p99Ms),
      'entries/s': middle(perSecond),
      'CPU us/entry': middle((each) => each.cpuMicroseconds),
      'of no policy': middle(perSecond) / middle(perSecond, base),
    },
  };
}

async function measureCase(
  name: Case,
  { entries, rounds, connections, flags }: PublishedOptions,
): Promise<ReadonlyMap<number, LoadFigures[]>> {
  const bodies = preparedSubmissions(
    'hashedrekord',
    WARM_UP + entries * rounds * connections.length,
  );
  const requests = bodies.map((each) => requestOf('v2', each));
  const take = (count: number): typeof requests => requests.splice(0, count);
  const folder = mkdtempSync(join(tmpdir(), 'stele-published-'));
  const closers = [async () => rmSync(folder, { recursive: true })];
  const figures = new Map<number, LoadFigures[]>(connections.map((count) => [count, []]));
  try {
    const policy = CASES[name] && (await startWitnesses(folder, CASES[name], closers));
    const own = policy === undefined ? [] : ['--witness-policy', policy];
    const server = await startServer({ dataDir: join(folder, 'log'), flags: [...own, ...flags] });
    closers.unshift(async () => void (await server.stop()));
    await measureLoad(server, take(WARM_UP), 1, [201]);
    for (let round = 0; round < rounds; round++) {
      for (const [count, known] of figures) {
        known.push(await measureLoad(server, take(entries), count, [201]));
      }
    }
    return figures;
  } finally {
    for (const close of closers) await close();
  }
}

/** Starts a witness and what stands beside it; returns the path of the policy. */
async function startWitnesses(
  folder: string,
  others: readonly ('gone' | 'hanging')[],
  closers: (() => Promise<void>)[],
): Promise<string> {
  const seed = randomBytes(32);
  const seedPath = join(folder, 'seed');
  writeFileSync(seedPath, seed);
  const witness = await startListening([
    ...[...programCommand('src/cli/main'), 'witness', '--name', NAME, '--log-level', 'warn'],
    ...['--port', '0', '--metrics-port', '0', '--data-dir', join(folder, 'witness')],
    ...['--ed25519-seed-file', seedPath, '--log', await logKey(join(folder, 'log'))],
  ]);
  closers.unshift(async () => void (await witness.stop()));
  const lines = [
    `witness w0 ${printVerifierKey(ed25519Cosigner(NAME, seed).key)} ${witness.url}\n`,
  ];
  for (const [i, other] of others.entries()) {
    const server = await listening(createServer((socket) => socket.resume()));
    const { port } = server.address() as AddressInfo;
    if (other === 'gone') await closed(server);
    else closers.unshift(() => closed(server));
    lines.push(
      `witness w${i + 1} ${keyOfNobody(`bench.example/${other}`)} http://127.0.0.1:${port}\n`,
    );
  }
  const members = lines.map((_, i) => `w${i}`).join(' ');
  const path = join(folder, 'policy');
  writeFileSync(path, `${lines.join('')}group one any ${members}\nquorum one\n`);
  return path;
}

/** Makes the log and returns the verifier key that its witness is to know. */
async function logKey(dataDir: string): Promise<string> {
  const server = await startServer({ dataDir });
  try {
    const vkeys = await (await fetch(`${server.url}/.well-known/stele/log.vkey`)).text();
    return vkeys.slice(0, vkeys.indexOf('\n'));
  } finally {
    await server.stop();
  }
}

function keyOfNobody(name: string): string {
  const type = SIGNATURE_TYPE.ed25519Cosignature;
  return printVerifierKey({ name, type, publicKey: randomBytes(32) });
}

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
