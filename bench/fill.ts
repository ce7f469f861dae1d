/**
 * Big logs, made soon: entries of the shape and size of hashedrekords with a certificate, written to the store as the
 * log writes them.
 *
 * In scope: leaves, tiles, index rows, batch rows and signed entry timestamps, the same rows that submissions leave.
 * Out of scope: answers, and the guard, which the next opening moves. A folder that has entries is gone on with.
 */

import { createHash, randomBytes } from 'node:crypto';
import type { AcceptedEntry } from '../src/entries/entry-kind.js';
import { leafHash } from '../src/merkle/hash.js';
import { prepareBatch } from '../src/sequencing/prepared-batch.js';
import { entryTimestampMessage } from '../src/signing/timestamp.js';
import type { Commit, LogStore } from '../src/storage/log-store.js';
import { edgeAt } from '../src/storage/root-at.js';
import { openDataFolder } from './harness/open-log.js';

/** Length of a leaf certificate of Fulcio. */
const CERTIFICATE_BYTES = 715;
/** Length of most P-256 signatures in DER. */
const SIGNATURE_BYTES = 71;
const BATCH = 256;

/** Returns when the log in `dataDir`, made if it is not there, has at least `count` entries. */
export async function fillLog(dataDir: string, count: number): Promise<void> {
  const parts = await openDataFolder(dataDir);
  try {
    await parts.store.learnLeafHashes();
    const { treeID, logID } = parts.records.v1;
    const log = parts.store.log(treeID);
    const sign = (message: Uint8Array): Uint8Array => parts.keys.log.sign(message);
    await append(log, count, (commit) =>
      commit.leaves.map(({ bytes }, i) =>
        sign(
          entryTimestampMessage({
            body: Buffer.from(bytes).toString('base64'),
            integratedTimeSeconds: commit.head.integratedTimeSeconds,
            logID,
            logIndex: commit.expect.size + i,
          }),
        ),
      ),
    );
  } finally {
    await parts.close();
  }
}

/** Returns when the log of the v2 API in `dataDir` has at least `count` entries, with leaves that `newLeaf` makes. */
export async function fillV2Log(
  dataDir: string,
  count: number,
  newLeaf: () => Uint8Array,
): Promise<void> {
  const parts = await openDataFolder(dataDir);
  try {
    await parts.store.learnLeafHashes();
    const make = () => {
      const leaf = newLeaf();
      return { leaf, leafHash: leafHash(leaf), indexKeys: [] };
    };
    await append(parts.store.log(parts.records.v2.treeID), count, undefined, make);
  } finally {
    await parts.close();
  }
}

/** Commits batches until the log has `count` entries; each is made while the one before is being written. */
async function append(
  log: LogStore,
  count: number,
  timestamps: ((commit: Commit) => readonly Uint8Array[]) | undefined,
  make: () => Pick<AcceptedEntry, 'leaf' | 'leafHash' | 'indexKeys'> = newEntry,
): Promise<void> {
  let head = await log.head();
  let edge = await edgeAt(log, head.size);
  let writing: Promise<unknown> = Promise.resolve();
  while (head.size < count) {
    const leaves = Array.from({ length: Math.min(BATCH, count - head.size) }, () => {
      const { leaf, leafHash: hash, indexKeys } = make();
      return { bytes: leaf, hash, indexKeys };
    });
    const prepared = prepareBatch(head, edge, leaves, Math.floor(Date.now() / 1000));
    const { commit } = prepared;
    const signatures = timestamps?.(commit);
    await writing;
    writing = write(log, commit, signatures);
    // An error is thrown by the next `await`, not here.
    writing.catch(() => undefined);
    head = commit.head;
    edge = prepared.edge;
  }
  await writing;
}

async function write(
  log: LogStore,
  commit: Commit,
  signatures: readonly Uint8Array[] | undefined,
): Promise<void> {
  const { outcome } = await log.commit(commit);
  if (outcome !== 'committed') throw new Error(`a batch of distinct entries: ${outcome}`);
  // The log of the v2 API has none.
  if (signatures === undefined) return;
  await log.late({ timestamps: { from: commit.expect.size, signatures } });
}

/** Returns an entry as the log would store it: random where a real one holds keys, hashes and signatures. */
export function newEntry(): AcceptedEntry {
  const random = randomBytes(32 + SIGNATURE_BYTES + CERTIFICATE_BYTES);
  const value = random.toString('hex', 0, 32);
  const content = random.toString('base64', 32, 32 + SIGNATURE_BYTES);
  const der = random.toString('base64', 32 + SIGNATURE_BYTES);
  const lines = der.replaceAll(/.{64}/g, '$&\n');
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  const publicKey = Buffer.from(pem).toString('base64');
  const leaf = Buffer.from(
    `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"${value}"}},` +
      `"signature":{"content":"${content}","publicKey":{"content":"${publicKey}"}}}}`,
  );
  const keyHash = createHash('sha256').update(pem).digest('hex');
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    leaf,
    leafHash: leafHash(leaf),
    indexKeys: [`sha256:${value}`, keyHash, `dev.${value.slice(0, 4)}@example.com`],
    searchTerms: [],
  };
}
