/** A log of one key and a few leaves, made in memory: what an honest log would answer, for tests to damage. */

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { leafHash, nodeHash } from '../../src/merkle/hash.js';
import { printCheckpoint } from '../../src/note/checkpoint.js';
import { printSignedNote } from '../../src/note/signed-note.js';
import { ecdsaKeyID } from '../../src/note/verifier-key.js';
import { loadSigner } from '../../src/signing/key-file.js';
import { entryTimestampMessage } from '../../src/signing/timestamp.js';

export const HOSTNAME = 'log.example';
export const TREE_ID = 4_919n;
export const ORIGIN = `${HOSTNAME} - ${TREE_ID}`;
export const TIME = 1_700_000_000;

export function newSigner() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return loadSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

export const logSigner = newSigner();

export const artifact = Buffer.from('what was signed');
export const signerKey: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

export function publicPem(key: KeyObject): string {
  return loadSigner(key.export({ type: 'pkcs8', format: 'pem' }).toString()).publicKeyPem;
}

/** Returns the leaf of a hashedrekord over `bytes` by `key`, made without the code under test. */
export function hashedrekordLeaf(bytes: Uint8Array, key: KeyObject = signerKey): Buffer {
  const value = createHash('sha256').update(bytes).digest('hex');
  const content = sign('sha256', bytes, key).toString('base64');
  const publicKey = { content: Buffer.from(publicPem(key)).toString('base64') };
  return Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: { data: { hash: { algorithm: 'sha256', value } }, signature: { content, publicKey } },
    }),
  );
}

export interface Answer {
  body: string;
  integratedTime: number;
  logID: string;
  logIndex: number;
  verification: {
    signedEntryTimestamp: string;
    inclusionProof: {
      checkpoint: string;
      hashes: string[];
      logIndex: number;
      rootHash: string;
      treeSize: number;
    };
  };
}

/** Returns the entry ID and LogEntry that an honest log gives for `leaf` as the second of two. */
export function answerFor(leaf: Uint8Array): { entryID: string; entry: Answer } {
  const first = leafHash(Buffer.from('the first leaf'));
  const hash = leafHash(leaf);
  const root = nodeHash(first, hash);
  const body = Buffer.from(leaf).toString('base64');
  const stamp = { body, integratedTimeSeconds: TIME, logID: logSigner.keyID, logIndex: 1 };
  const signedEntryTimestamp = b64(logSigner.sign(entryTimestampMessage(stamp)));
  return {
    entryID: `${TREE_ID.toString(16).padStart(16, '0')}${hex(hash)}`,
    entry: {
      body,
      integratedTime: TIME,
      logID: logSigner.keyID,
      logIndex: 1,
      verification: {
        signedEntryTimestamp,
        inclusionProof: {
          checkpoint: checkpoint(2, root),
          hashes: [hex(first)],
          logIndex: 1,
          rootHash: hex(root),
          treeSize: 2,
        },
      },
    },
  };
}

/** Returns a v1 checkpoint. */
export function checkpoint(
  size: number,
  root: Uint8Array,
  { origin = ORIGIN, name = HOSTNAME, signer = logSigner } = {},
): string {
  const text = printCheckpoint({ origin, size: BigInt(size), root, extensions: [] });
  const signature = signer.sign(Buffer.from(text));
  const keyID = ecdsaKeyID(signer.publicKeyDer);
  return printSignedNote({ text, signatures: [{ name, keyID, signature }] });
}

/** Returns an API answer with one entry. */
export function document(leaf: Uint8Array, damage: (entry: Answer) => void = () => {}): string {
  const { entryID, entry } = answerFor(leaf);
  damage(entry);
  return JSON.stringify({ [entryID]: entry });
}

/** Returns the same evidence as protobuf JSON, as bundles hold it. */
export function transparencyLogEntry(leaf: Uint8Array): Record<string, unknown> {
  const { entry } = answerFor(leaf);
  const proof = entry.verification.inclusionProof;
  const { kind, apiVersion } = JSON.parse(Buffer.from(leaf).toString()) as Record<string, string>;
  const toBase64 = (text: string) => b64(Buffer.from(text, 'hex'));
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: toBase64(entry.logID) },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp: entry.verification.signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: toBase64(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(toBase64),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: entry.body,
  };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function b64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
