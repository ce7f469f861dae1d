/** A whole witness on a free port of the loopback, with a clock that tests move. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Registry } from 'prom-client';
import { readIfThere, replaceFile } from '../../src/files/durable-file.js';
import { type Cosigner, ed25519Cosigner } from '../../src/signing/cosigner.js';
import type { Evidence } from '../../src/witness/evidence.js';
import {
  type OpenWitness,
  type OpenWitnessOptions,
  openWitness,
} from '../../src/witness/open-witness.js';

export const WITNESS_NAME = 'witness.example/w1';

export interface ServedWitness {
  readonly url: string;
  readonly folder: string;
  readonly cosigner: Cosigner;
  readonly witness: OpenWitness;
  readonly registry: Registry;
  readonly conflicts: Evidence[];
  /** Errors of requests that were answered 5xx, and of nothing that a request waited for. */
  readonly errors: unknown[];
  /** POSIX seconds. */
  nowSeconds: bigint;
  post(path: string, body: string | Uint8Array, method?: string): Promise<Answer>;
  get(path: string): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

export function witnessFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-witness-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a witness; the test ends it. */
export async function serveWitness(
  t: TestContext,
  options: Partial<OpenWitnessOptions> = {},
): Promise<ServedWitness> {
  const folder = options.folder ?? witnessFolder(t);
  const cosigner = ed25519Cosigner(WITNESS_NAME, new Uint8Array(32).fill(0x11));
  const registry = new Registry();
  const conflicts: Evidence[] = [];
  const errors: unknown[] = [];
  const clock = { nowSeconds: 1_700_000_000n };
  const guardFile = join(folder, 'guard');
  const witness = await openWitness({
    folder,
    guard: {
      read: () => readIfThere(guardFile),
      write: (text) => replaceFile(guardFile, text),
    },
    cosigners: [cosigner],
    logs: [],
    registry,
    nowSeconds: () => clock.nowSeconds,
    events: {
      completed: ({ error, status }) => {
        if (status >= 500) errors.push(error);
      },
      faulted: (error) => errors.push(error),
      conflicted: (_, evidence) => conflicts.push(evidence),
      pulled: () => {},
      pullFailed: (_, error) => errors.push(error),
    },
    ...options,
  });
  const server = createServer(witness.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await witness.close();
  };
  t.after(close);
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, init);
    const { status, headers } = response;
    return { status, contentType: headers.get('content-type'), body: await response.text() };
  };
  return Object.assign(clock, {
    ...{ url, folder, cosigner, witness, registry, conflicts, errors, close },
    post: (path: string, body: string | Uint8Array, method = 'POST') => ask(path, { method, body }),
    get: (path: string) => ask(path, {}),
  });
}
