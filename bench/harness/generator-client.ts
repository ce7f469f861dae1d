/** Runs the load generator (bench/generator.ts) as a process of its own and returns what it measured. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Spread } from './latencies.js';
import { programCommand, projectRoot } from './server-process.js';

/** How the generator sends. */
export interface SendingOptions {
  /** Send all requests over and over instead of once. */
  readonly repeat?: boolean;
  /** Begin no request after so many seconds. */
  readonly seconds?: number;
}

/** What the generator is told. */
export interface GeneratorTask extends SendingOptions {
  readonly url: string;
  /** A file of packed requests. */
  readonly file: string;
  readonly connections: number;
}

/** What one run of the generator saw. Times are from sending a request to its whole answer. */
export interface GeneratorReport {
  readonly answered: number;
  /** Times of the answers with each status. */
  readonly byStatus: Readonly<Record<string, Spread>>;
  /** Requests whose connection ended before their answer. */
  readonly lost: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Length of all answers, heads included. */
  readonly receivedBytes: number;
  /** Processor time of the generator itself for one request: it shares the machine with the server. */
  readonly ownMicroseconds: number;
}

/** Runs the generator once. */
export async function runGenerator(
  url: string,
  requests: readonly Uint8Array[],
  connections: number,
  sending: SendingOptions = {},
): Promise<GeneratorReport> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-bench-'));
  try {
    const file = join(folder, 'requests');
    writeFileSync(file, packRequests(requests));
    const [program = '', ...args] = programCommand('bench/generator');
    const task: GeneratorTask = { url, file, connections, ...sending };
    const child = spawn(program, [...args, JSON.stringify(task)], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
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
