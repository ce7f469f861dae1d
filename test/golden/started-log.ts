/** The logs of both APIs in this process, on a memory store, with new keys: what goldens are replayed to. */

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
import { describeLeaf } from '../../src/entries/describe-leaf.js';
import type { EntryLimits, V2EntryPolicy } from '../../src/entries/entry-kind.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { DEFAULT_SIGNATURE_ALGORITHMS } from '../../src/entries/shared/signature-algorithms.js';
import type { Desks } from '../../src/log/log.js';
import { openLog } from '../../src/log/open-log.js';
import { canonicalPublicKeyHash } from '../../src/pki/canonical-key.js';
import { signerFromKey } from '../../src/signing/signer.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { trustDocuments } from '../../src/trust/documents.js';
import { NO_MATERIAL } from '../../src/trust/material.js';
import { Watch } from '../../src/watch/watch.js';
import { watchedDesk } from '../../src/watch/watched-source.js';
import { openPolicy, testContext } from '../entries/policy.js';
import { madeAuthority } from '../timestamping/made-authority.js';
import { packageRoot } from '../vectors.js';

export interface LogSettings {
  readonly adapter?: 'fast' | 'express';
  readonly enabledEndpoints?: readonly string[];
  readonly enabledKinds?: readonly string[];
  readonly algorithms?: readonly string[];
  readonly maxRequestBodySize?: number;
  /** True: with a timestamp authority. */
  readonly timestamps?: boolean;
  readonly limits?: Partial<EntryLimits>;
  readonly duplicates?: DuplicateAnswer;
  readonly v2?: Partial<V2EntryPolicy>;
  readonly servesV2Reads?: boolean;
}

/** Who signs the checkpoints of a v2 log. */
export interface SignedAs {
  readonly hostname: string;
  readonly publicKeyPem: string;
  readonly tilePublicKeyPem: string;
}

export interface StartedLog {
  readonly url: string;
  readonly identity: SignedAs;
  close(): Promise<void>;
}

const HOSTNAME = 'rekor.local';
const TREE_ID = 0x2733_870c_df86_a189n;
const V2_TREE_ID = 0x4411_22fa_0077_1c35n;

/** Starts two new, empty logs. */
export async function startLog(settings: LogSettings = {}): Promise<StartedLog> {
  const store = openMemoryStore();
  const watched: { watch?: Watch } = {};
  const signer = signerFromKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const tileSigner = signerFromKey(generateKeyPairSync('ed25519').privateKey);
  const policy = {
    ...openPolicy,
    enabledKinds: new Set(settings.enabledKinds ?? KNOWN_KINDS),
    allowedAlgorithms: new Set(settings.algorithms ?? DEFAULT_SIGNATURE_ALGORITHMS),
    limits: { ...openPolicy.limits, ...settings.limits },
    v2: { ...openPolicy.v2, ...settings.v2 },
  };
  const open = async (treeID: bigint, origin: string): Promise<Desks> => {
    const { keyID: logID } = signer;
    const record = { treeID, hostname: HOSTNAME, origin, logID, tileKeyID: tileSigner.keyID };
    await store.createLog(record);
    return openLog({
      store,
      record,
      signer,
      tileSigner,
      guard: { move: async () => {} },
      clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
      pause: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
      accept: (proposed) => acceptEntry(proposed, policy, testContext),
      identify: (proposed) => identifyEntry(proposed, { ...testContext, limits: policy.limits }),
      observer: { released: (batch) => watched.watch?.released(treeID, batch) },
    });
  };
  const logs = [
    await open(TREE_ID, `${HOSTNAME} - ${TREE_ID}`),
    await open(V2_TREE_ID, HOSTNAME),
  ] as const;
  const [v1, v2] = logs;
  const url = () => `https://${HOSTNAME}`;
  const watch = new Watch({
    sources: [watchedDesk(v1.rekorSide, url), watchedDesk(v2.tileSide, url)],
    describe: describeLeaf,
    maxSubscribers: 10,
    nowMs: () => performance.now(),
    pause: (ms) => sleep(ms),
    trouble: (error) => {
      throw error;
    },
  });
  watched.watch = watch;
  const anchor = {
    hostname: HOSTNAME,
    publicKeyDer: signer.publicKeyDer,
    verifierKeys: [],
    publicUrl: `https://${HOSTNAME}`,
    validFromSeconds: 0,
    operator: HOSTNAME,
    signingApis: ['v1'] as const,
  };
  const app = createApp({
    shards: { active: v1.rekorSide, inactive: [], ofV2: v2.rekorSide },
    v2: { log: v2, logs, servesReads: settings.servesV2Reads ?? true },
    ...(settings.timestamps === true && {
      timestamps: { authority: madeAuthority().authority, grantedStatus: 200 as const },
    }),
    watch: { watch, v1: TREE_ID, v2: V2_TREE_ID },
    enabledEndpoints: new Set(settings.enabledEndpoints ?? Object.keys(ENDPOINTS)),
    maxRequestBodySize: settings.maxRequestBodySize ?? 32 * 1024 * 1024,
    rules: { policy, duplicates: settings.duplicates ?? 'conflict' },
    searchKeyOf: canonicalPublicKeyHash,
    logger: { completed: () => {} },
    registry: new Registry(),
    build: { version: 'test', revision: 'none', buildDate: 'none' },
    trustDocuments: () => trustDocuments(anchor, NO_MATERIAL),
    openapiText: readFileSync(join(packageRoot, 'openapi.yaml'), 'utf8'),
    adapter: settings.adapter ?? 'fast',
  });
  const server = createServer(app.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    identity: {
      hostname: HOSTNAME,
      publicKeyPem: signer.publicKeyPem,
      tilePublicKeyPem: tileSigner.publicKeyPem,
    },
    async close() {
      watch.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all(logs.flatMap((log) => [log.rekorSide.close(), log.tileSide.close()]));
      await store.close();
    },
  };
}
