/** What a replay knows of a v2 log, and what it has learnt of its tree: entries and checkpoints are verified here. */

import { createHash, createPublicKey } from 'node:crypto';
import { leafHash } from '../../src/merkle/hash.js';
import { verifyInclusion } from '../../src/merkle/verify.js';
import { type CheckpointText, parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import type { SignedAs } from './started-log.js';

/** An entry that was answered, and the head that its proof ends at. */
export interface AnsweredEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly treeSize: number;
  readonly root: Uint8Array;
}

type Json = Record<string, unknown>;

export class V2LogUnderTest {
  readonly #identity: SignedAs;
  readonly #logID: Buffer;
  readonly #lines: readonly { readonly keyID: Buffer; readonly publicKeyDer: Uint8Array }[];
  /** Entries that were added, by the name of the case. */
  readonly entries = new Map<string, AnsweredEntry>();

  constructor(identity: SignedAs) {
    this.#identity = identity;
    const [log, tiles] = [derOf(identity.publicKeyPem), derOf(identity.tilePublicKeyPem)];
    this.#logID = logIDOf(identity.hostname, log);
    this.#lines = [log, tiles].map((publicKeyDer) => ({
      keyID: logIDOf(identity.hostname, publicKeyDer).subarray(0, 4),
      publicKeyDer,
    }));
  }

  /** Returns `text` with its placeholders filled in; the log was empty before the first case. */
  fillIn(text: string): string {
    const { size } = this.entries;
    return text.replace('{{size}}', String(size)).replace('{{size+1}}', String(size + 1));
  }

  /** Returns the parts of a checkpoint: origin and name are the host name, P-256 line first, then Ed25519. Throws. */
  checkpoint(note: string): CheckpointText {
    const { text, signatures } = parseSignedNote(note);
    const checkpoint = parseCheckpoint(text);
    const { hostname } = this.#identity;
    if (checkpoint.origin !== hostname) throw new Error(`origin ${checkpoint.origin}`);
    if (checkpoint.extensions.length > 0) throw new Error('extension lines');
    if (signatures.length !== this.#lines.length) throw new Error(`${signatures.length} lines`);
    this.#lines.forEach(({ keyID, publicKeyDer }, i) => {
      const line = signatures[i];
      if (line?.name !== hostname) throw new Error(`line ${i} is of ${line?.name}`);
      if (!keyID.equals(line.keyID)) throw new Error(`line ${i} is of another key`);
      const isSigned = verifyWithKey(publicKeyDer, Buffer.from(text), line.signature);
      if (!isSigned) throw new Error(`line ${i} does not verify`);
    });
    return checkpoint;
  }

  /** Returns an entry as it was answered, all of it verified. Throws. */
  entry(text: string): AnsweredEntry {
    const entry = JSON.parse(text) as Json;
    hasMembers(entry, ENTRY_MEMBERS);
    const { logId, kindVersion, inclusionProof, canonicalizedBody, integratedTime } = entry;
    const proof = inclusionProof as Json;
    hasMembers(logId as Json, ['keyId']);
    hasMembers(kindVersion as Json, ['kind', 'version']);
    hasMembers(proof, ['logIndex', 'rootHash', 'treeSize', 'hashes', 'checkpoint']);
    hasMembers(proof['checkpoint'] as Json, ['envelope']);
    if (integratedTime !== '0' || entry['inclusionPromise'] !== null) throw new Error('promised');
    const keyID = bytesOf((logId as Json)['keyId']);
    if (!this.#logID.equals(keyID)) throw new Error('logId.keyId is not that of the log');
    if (proof['logIndex'] !== entry['logIndex']) throw new Error('two indexes');
    const index = integerOf(entry['logIndex']);
    const treeSize = integerOf(proof['treeSize']);
    const { root, size } = this.checkpoint((proof['checkpoint'] as Json)['envelope'] as string);
    if (size !== BigInt(treeSize)) throw new Error('the checkpoint has another size');
    if (!bytesOf(proof['rootHash']).equals(root))
      throw new Error('the checkpoint has another root');
    const leaf = bytesOf(canonicalizedBody);
    const hashes = (proof['hashes'] as unknown[]).map(bytesOf);
    verifyInclusion({ index, size: treeSize, leafHash: leafHash(leaf), proof: hashes, root });
    const { kind, apiVersion } = JSON.parse(leaf.toString()) as Json;
    const told = kindVersion as Json;
    if (told['kind'] !== kind || told['version'] !== apiVersion) throw new Error('another kind');
    return { index, leaf, treeSize, root };
  }
}

const ENTRY_MEMBERS = [
  'logIndex',
  'logId',
  'kindVersion',
  'integratedTime',
  'inclusionPromise',
  'inclusionProof',
  'canonicalizedBody',
];

/** Clients refuse members that they do not know; the order is the recorded one. */
function hasMembers(object: Json, names: readonly string[]): void {
  const found = Object.keys(object).join();
  if (found !== names.join()) throw new Error(`members ${found}`);
}

function integerOf(value: unknown): number {
  if (typeof value !== 'string' || !/^(?:0|[1-9][0-9]*)$/.test(value)) {
    throw new Error(`${JSON.stringify(value)} is no integer as protobuf's JSON has them`);
  }
  return Number(value);
}

function bytesOf(value: unknown): Buffer {
  const bytes = Buffer.from(String(value), 'base64');
  if (bytes.toString('base64') !== value) throw new Error(`${value} is not base64 with padding`);
  return bytes;
}

/** As C2SP's signed notes and rekor-tiles say: SHA-256 over what stands for the key, by its type. */
function logIDOf(name: string, der: Buffer): Buffer {
  const { asymmetricKeyType } = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (asymmetricKeyType === 'ec') return sha256(der);
  const isEd25519 = asymmetricKeyType === 'ed25519';
  const type = isEd25519 ? '\x01' : '\xffPKIX-RSA-PKCS#1v1.5';
  const key = isEd25519 ? der.subarray(-32) : der;
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from(type, 'latin1'), key]));
}

function derOf(pem: string): Buffer {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' });
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
