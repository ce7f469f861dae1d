/** Runs the load generator (bench/generator.ts) as a process of its own and returns what it measured. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSeconds, memoryBytes } from './process-figures.js';
import { programCommand, projectRoot, type ServerProcess } from './server-process.js';

/** What one run of the generator saw. */
export interface GeneratorReport {
  readonly answered: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** One line of a result table. */
export interface LoadFigures {
  readonly connections: number;
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Processor time of the server for one request, over all its threads. */
  readonly cpuMicroseconds: number;
  /** The most resident memory that the server had so far. */
  readonly peakMiB: number;
}

/**
 * Sends `requests` over `connections` connections, each request once, and returns the figures. Throws when an
 * answer has a status that is not `expected`: a refused request is cheap and would flatter.
 */
export async function measureLoad(
  server: ServerProcess,
  requests: readonly Uint8Array[],
  connections: number,
  expected: number,
): Promise<LoadFigures> {
  const before = cpuSeconds(server.pid);
  const report = await runGenerator(server.url, requests, connections);
  const used = cpuSeconds(server.pid) - before;
  const good = report.statuses[String(expected)] ?? 0;
  if (good !== requests.length) {
    throw new Error(
      `${requests.length} requests, ${good} answered ${expected}: ${JSON.stringify(report)}`,
    );
  }
  return {
    connections,
    requests: requests.length,
    perSecond: Math.round(good / report.seconds),
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    p999Ms: report.p999Ms,
    cpuMicroseconds: Math.round((used / good) * 1e6),
    peakMiB: Math.round(memoryBytes(server.pid).peak / 2 ** 20),
  };
}

const GENERATOR_NICENESS = 19;

/** Runs the generator once. */
export async function runGenerator(
  url: string,
  requests: readonly Uint8Array[],
  connections: number,
): Promise<GeneratorReport> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-bench-'));
  try {
    const file = join(folder, 'requests');
    writeFileSync(file, packRequests(requests));
    const [program = '', ...args] = programCommand('bench/generator');
    const child = spawn(program, [...args, url, file, String(connections)], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // What loads the server must not take the processor from it: on two cores they share one.
    if (child.pid !== undefined) setPriority(child.pid, GENERATOR_NICENESS);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`the load generator ended with ${code}`);
    return JSON.parse(output) as GeneratorReport;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Returns requests as one buffer: for each a 32-bit length, then its bytes. */
export function packRequests(requests: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    requests.flatMap((request) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(request.length);
      return [length, request];
    }),
  );
}

/** Returns the requests of `packRequests`. */
export function unpackRequests(packed: Buffer): Buffer[] {
  const requests: Buffer[] = [];
  for (let at = 0; at < packed.length; ) {
    const end = at + 4 + packed.readUInt32BE(at);
    requests.push(packed.subarray(at + 4, end));
    at = end;
  }
  return requests;
}
