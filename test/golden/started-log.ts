/** A whole log behind the API in this process, on a memory store, with a new key: what goldens are replayed to. */

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { createApp } from '../../src/api/app.js';
import { ENDPOINTS } from '../../src/api/v1/endpoint.js';
import type { DuplicateAnswer } from '../../src/api/v1/submission-rules.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import type { EntryLimits } from '../../src/entries/entry-kind.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { DEFAULT_SIGNATURE_ALGORITHMS } from '../../src/entries/shared/signature-algorithms.js';
import { openLog } from '../../src/log/open-log.js';
import { canonicalPublicKeyHash } from '../../src/pki/canonical-key.js';
import { signerFromKey } from '../../src/signing/signer.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { openPolicy, testContext } from '../entries/policy.js';
import { packageRoot } from '../vectors.js';

export interface LogSettings {
  readonly adapter?: 'fast' | 'express';
  readonly enabledEndpoints?: readonly string[];
  readonly enabledKinds?: readonly string[];
  readonly algorithms?: readonly string[];
  readonly maxRequestBodySize?: number;
  readonly limits?: Partial<EntryLimits>;
  readonly duplicates?: DuplicateAnswer;
}

export interface StartedLog {
  readonly url: string;
  close(): Promise<void>;
}

const HOSTNAME = 'rekor.local';
const TREE_ID = 0x2733_870c_df86_a189n;

/** Starts a new, empty log. */
export async function startLog(settings: LogSettings = {}): Promise<StartedLog> {
  const store = openMemoryStore();
  const signer = signerFromKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const tileSigner = signerFromKey(generateKeyPairSync('ed25519').privateKey);
  const record = {
    treeID: TREE_ID,
    hostname: HOSTNAME,
    origin: `${HOSTNAME} - ${TREE_ID}`,
    logID: signer.keyID,
    tileKeyID: tileSigner.keyID,
  };
  await store.createLog(record);
  const policy = {
    ...openPolicy,
    enabledKinds: new Set(settings.enabledKinds ?? KNOWN_KINDS),
    allowedAlgorithms: new Set(settings.algorithms ?? DEFAULT_SIGNATURE_ALGORITHMS),
    limits: { ...openPolicy.limits, ...settings.limits },
  };
  const { rekorSide: log } = await openLog({
    store,
    record,
    signer,
    tileSigner,
    guard: { move: async () => {} },
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    pause: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
    accept: (proposed) => acceptEntry(proposed, policy, testContext),
    identify: (proposed) => identifyEntry(proposed, { ...testContext, limits: policy.limits }),
  });
  const app = createApp({
    shards: { active: log, inactive: [] },
    enabledEndpoints: new Set(settings.enabledEndpoints ?? Object.keys(ENDPOINTS)),
    maxRequestBodySize: settings.maxRequestBodySize ?? 32 * 1024 * 1024,
    rules: { policy, duplicates: settings.duplicates ?? 'conflict' },
    searchKeyOf: canonicalPublicKeyHash,
    logger: { completed: () => {} },
    registry: new Registry(),
    build: { version: 'test', revision: 'none', buildDate: 'none' },
    openapiText: readFileSync(join(packageRoot, 'openapi.yaml'), 'utf8'),
    adapter: settings.adapter ?? 'fast',
  });
  const server = createServer(app.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await log.close();
      await store.close();
    },
  };
}
