/** A server as operators start it, in a process of its own: what it answers, and what an answer costs it. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type ServerProcess, startServer } from '../../bench/harness/server-process.js';

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** What an act cost the server. */
export interface Cost {
  /** Time of the processors, all threads together: other work on the machine does not count. */
  readonly cpuMs: number;
  /** How far the resident memory rose above where it was. */
  readonly grownMiB: number;
}

/** A log that is there while the tests of one file run. */
export class ServedLog {
  readonly #process: ServerProcess;

  private constructor(server: ServerProcess) {
    this.#process = server;
  }

  /** Starts a log that ends with the tests of the file. */
  static async start(...flags: readonly string[]): Promise<ServedLog> {
    const dataDir = mkdtempSync(join(tmpdir(), 'stele-incidents-'));
    const server = await startServer({ dataDir, flags: ['--log-level=error', ...flags] });
    after(async () => {
      const { code } = await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
      assert.equal(code, 0);
    });
    return new ServedLog(server);
  }

  get url(): string {
    return this.#process.url;
  }

  /** Returns what the server has printed: errors alone. */
  get output(): string {
    return this.#process.output();
  }

  /** Sends a JSON body; a string is sent as it is. */
  async post(path: string, body: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      redirect: 'manual',
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  /** Submits a proposal. */
  submit(proposal: unknown): Promise<Answer> {
    return this.post('/api/v1/log/entries', proposal);
  }

  async get(path: string): Promise<Answer> {
    const response = await fetch(this.url + path, { redirect: 'manual' });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  /** Returns what `act` gives, and its cost; without a cost where the system does not tell. */
  async measured<T>(act: () => Promise<T>): Promise<readonly [T, Cost | undefined]> {
    const folder = `/proc/${this.#process.pid}`;
    if (!startsCounting(folder)) return [await act(), undefined];
    const startMiB = statusMiB(folder, 'VmRSS');
    const startMs = processorMs(folder);
    const result = await act();
    const cpuMs = processorMs(folder) - startMs;
    return [result, { cpuMs, grownMiB: statusMiB(folder, 'VmHWM') - startMiB }];
  }
}

/** Throws unless an answer cost less than a second and 64 MiB. */
export function assertCheap(cost: Cost | undefined, what: string): void {
  if (cost === undefined) return;
  assert.ok(cost.cpuMs < 1_000, `${what}: ${cost.cpuMs} ms`);
  assert.ok(cost.grownMiB < 64, `${what}: ${cost.grownMiB} MiB`);
}

/** Makes the highest memory use count from now on. Returns false where the system does not keep it, or not for us. */
function startsCounting(folder: string): boolean {
  try {
    writeFileSync(`${folder}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

function statusMiB(folder: string, field: string): number {
  const found = readFileSync(`${folder}/status`, 'utf8').match(`${field}:\\s+(\\d+) kB`);
  return Math.round(Number(found?.[1]) / 1024);
}

/** Clock ticks are hundredths of a second everywhere. */
function processorMs(folder: string): number {
  const fields = readFileSync(`${folder}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Returns the leaf of the entry in an answer of 201. */
export function leafIn({ status, text }: Answer): string {
  assert.equal(status, 201, text);
  const [entry] = Object.values(JSON.parse(text) as Record<string, { readonly body: string }>);
  return Buffer.from(entry?.body ?? '', 'base64').toString();
}
