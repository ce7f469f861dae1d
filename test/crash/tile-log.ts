/**
 * A log as its tile readers and the clients of the v2 API see it: checkpoints with two signature lines and, where it has
 * witnesses, theirs; entry bundles; entries without a time.
 *
 * As in entry-answer.ts, the text formats are read by a few lines of this file and not by the code under test; only
 * the Merkle arithmetic is shared.
 */

import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Connection, requestBytes } from '../../bench/harness/connection.js';
import { leafHash } from '../../src/merkle/hash.js';
import { verifyInclusion } from '../../src/merkle/verify.js';
import type { CheckpointFacts } from './entry-answer.js';

/** A checkpoint that verified, and its bytes. */
export interface TileCheckpoint extends CheckpointFacts {
  readonly note: string;
  /** Witnesses that have cosigned it. */
  readonly cosignatures: number;
}

/** An entry as the v2 API answered it, verified. */
export interface V2Entry {
  readonly logIndex: number;
  readonly leafHash: Buffer;
  readonly checkpoint: TileCheckpoint;
}

/** Hashes of a hash tile, leaves of a bundle. */
export const TILE_WIDTH = 256;

/** Returns the path of a hash tile or bundle below a log's prefix. */
export function pathOfTile(level: number | 'entries', index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const position = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group));
  return `/tile/${level}/${position.join('/')}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Returns the leaves of a bundle. Throws unless there are `width` and nothing else. */
export function leavesOfBundle(bundle: Buffer, width: number): Buffer[] {
  const leaves: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) throw new Error('a bundle is cut off');
    leaves.push(bundle.subarray(at + 2, end));
    at = end;
  }
  if (leaves.length === width) return leaves;
  throw new Error(`a bundle of ${leaves.length} leaves, not ${width}`);
}

/** Returns the body of a GET. Throws unless it is answered 200. */
export async function getBody(connection: Connection, path: string): Promise<Buffer> {
  const { status, body } = await connection.send(requestBytes('GET', path));
  if (status === 200) return body;
  throw new Error(`${path} answered ${status} ${body.toString()}`);
}

/** Of the notes that verified, as many are kept: one is served with many answers. */
const KEPT_NOTES = 10_000;

/** A client that trusts the keys of one server, as it published them once, one origin, and maybe witnesses, one of which is enough. */
export class TileLogVerifier {
  readonly #keys: readonly NoteKey[];
  readonly #witnesses: readonly NoteKey[];
  readonly #origin: string;
  readonly #notes = new Map<string, TileCheckpoint>();

  private constructor(keys: readonly NoteKey[], witnesses: readonly NoteKey[], origin: string) {
    this.#keys = keys;
    this.#witnesses = witnesses;
    this.#origin = origin;
  }

  /** Reads the log's keys over `connection`; `witnesses` are verifier keys of Ed25519 cosignatures. */
  static async of(
    connection: Connection,
    origin: string,
    witnesses: readonly string[] = [],
  ): Promise<TileLogVerifier> {
    const text = (await getBody(connection, '/.well-known/stele/log.vkey')).toString();
    const keys = text.trimEnd().split('\n');
    return new TileLogVerifier(keys.map(readKey), witnesses.map(readKey), origin);
  }

  /**
   * Returns what a checkpoint says; throws unless it has the line of each key, in their order, then of one witness at least,
   * where there are any, and nothing else.
   */
  checkpoint(note: string): TileCheckpoint {
    const known = this.#notes.get(note);
    if (known !== undefined) return known;
    const end = note.indexOf('\n\n') + 1;
    const text = note.slice(0, end);
    const lines = note.slice(end + 1).split('\n');
    const cosigned = this.#cosignersOf(lines.slice(this.#keys.length, -1));
    if (lines.pop() !== '' || lines.length !== this.#keys.length + cosigned.length) {
      throw new Error(`a checkpoint of ${lines.length} signature lines`);
    }
    if (this.#witnesses.length > 0 && cosigned.length === 0) {
      throw new Error(`a checkpoint that no witness has cosigned:\n${note}`);
    }
    [...this.#keys, ...cosigned].forEach((key, i) => {
      const [dash, name, blob = '', ...rest] = (lines[i] ?? '').split(' ');
      const bytes = Buffer.from(blob, 'base64');
      if (dash !== '—' || name !== key.name || rest.length > 0) throw new Error(`line ${lines[i]}`);
      if (!bytes.subarray(0, 4).equals(key.keyID)) throw new Error(`line ${i} is of another key`);
      if (!isSignedBy(key, text, bytes.subarray(4))) {
        throw new Error(`line ${i} of a checkpoint does not verify:\n${note}`);
      }
    });
    const match = /^(?<origin>.+)\n(?<size>\d+)\n(?<root>\S+)\n$/.exec(text);
    const { origin, size, root = '' } = match?.groups ?? {};
    if (origin !== this.#origin) throw new Error(`no checkpoint of ours: ${note}`);
    const checkpoint = {
      ...{ origin, size: Number(size), root: Buffer.from(root, 'base64'), note },
      cosignatures: cosigned.length,
    };
    if (this.#notes.size === KEPT_NOTES) this.#notes.clear();
    this.#notes.set(note, checkpoint);
    return checkpoint;
  }

  /** The witnesses that the lines name, each once, in the order of the lines. */
  #cosignersOf(lines: readonly string[]): readonly NoteKey[] {
    const named = lines.flatMap((line) =>
      this.#witnesses.filter(({ name }) => line.startsWith(`— ${name} `)),
    );
    return [...new Set(named)];
  }

  /** Returns the entry of an answer of the v2 API. Throws unless ID, proof and checkpoint all agree and verify. */
  entry(body: Buffer): V2Entry {
    const entry = JSON.parse(body.toString()) as TransparencyLogEntry;
    const { logIndex, logId, inclusionProof: proof } = entry;
    if (entry.integratedTime !== '0' || entry.inclusionPromise !== null)
      throw new Error('promised');
    if (logId.keyId !== this.#keys[0]?.logID) throw new Error(`an entry of log ${logId.keyId}`);
    const checkpoint = this.checkpoint(proof.checkpoint.envelope);
    const isSameHead =
      proof.treeSize === String(checkpoint.size) &&
      proof.rootHash === checkpoint.root.toString('base64');
    if (!isSameHead || proof.logIndex !== logIndex) {
      throw new Error(`proof, checkpoint and index of entry ${logIndex} do not agree`);
    }
    const hash = leafHash(Buffer.from(entry.canonicalizedBody, 'base64'));
    verifyInclusion({
      index: Number(logIndex),
      size: checkpoint.size,
      leafHash: hash,
      proof: proof.hashes.map((each) => Buffer.from(each, 'base64')),
      root: checkpoint.root,
    });
    return { logIndex: Number(logIndex), leafHash: Buffer.from(hash), checkpoint };
  }
}

interface TransparencyLogEntry {
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly integratedTime: string;
  readonly inclusionPromise: unknown;
  readonly inclusionProof: {
    readonly logIndex: string;
    readonly treeSize: string;
    readonly rootHash: string;
    readonly hashes: readonly string[];
    readonly checkpoint: { readonly envelope: string };
  };
  readonly canonicalizedBody: string;
}

interface NoteKey {
  readonly name: string;
  readonly keyID: Buffer;
  readonly key: KeyObject;
  /** What the signature is over. */
  readonly digest: 'sha256' | undefined;
  /** A witness, whose signature begins with a time. */
  readonly isWitness: boolean;
  /** Base64. */
  readonly logID: string;
}

/** https://c2sp.org/tlog-cosignature */
function isSignedBy({ key, digest, isWitness }: NoteKey, text: string, signature: Buffer): boolean {
  if (!isWitness) return verify(digest, Buffer.from(text), key, signature);
  const message = `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n${text}`;
  return verify(digest, Buffer.from(message), key, signature.subarray(8));
}

/** Reads `name+hex+base64`, of P-256 or Ed25519, or of a witness's Ed25519. */
function readKey(vkey: string): NoteKey {
  const [, name = '', hex = '', text = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const typed = Buffer.from(text, 'base64');
  const [type, bytes] = [typed[0], typed.subarray(1)];
  const isEd25519 = type === 1 || type === 4;
  const key = isEd25519
    ? createPublicKey({
        key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') },
        format: 'jwk',
      })
    : createPublicKey({ key: bytes, format: 'der', type: 'spki' });
  const preimage = isEd25519 ? Buffer.concat([Buffer.from(`${name}\n`), typed]) : bytes;
  const logID = createHash('sha256').update(preimage).digest();
  if (logID.toString('hex', 0, 4) !== hex) throw new Error(`a key ID that is not of ${vkey}`);
  const digest = isEd25519 ? undefined : 'sha256';
  const keyID = logID.subarray(0, 4);
  return { name, keyID, key, digest, isWitness: type === 4, logID: logID.toString('base64') };
}
