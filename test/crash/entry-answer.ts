/**
 * The answer of a log to a submission or a read, taken apart and checked as a client checks it: types, signed
 * entry timestamp, checkpoint signature, inclusion proof.
 *
 * The text formats are read by a few lines of this file and not by the code under test; only the Merkle
 * arithmetic is shared, and that has vectors of its own.
 */

import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Connection } from '../../bench/harness/connection.js';
import { requestBytes } from '../../bench/harness/connection.js';
import { leafHash } from '../../src/merkle/hash.js';
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify.js';

/** Version of the entries that the v2 API makes, and no other. */
export const V2_ENTRY_VERSION = '0.0.2';

export interface EntryAnswer {
  readonly entryID: string;
  /** Base64 of the leaf. */
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly signedEntryTimestamp: string;
  readonly proof: {
    readonly checkpoint: string;
    readonly hashes: readonly string[];
    readonly logIndex: number;
    readonly rootHash: string;
    readonly treeSize: number;
  };
}

export interface CheckpointFacts {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** Returns the entries of an answer's body: one object, or the array of `retrieve`. Throws on a wrong type. */
export function readEntryAnswers(body: Buffer): EntryAnswer[] {
  return entryAnswersOf(JSON.parse(body.toString()));
}

/** Returns the entries of the answer to a batch. Throws when one of them is not there as a new one. */
export function readBatchAnswers(body: Buffer): EntryAnswer[] {
  const { results } = members(JSON.parse(body.toString()), 'batch') as { results?: unknown };
  if (!Array.isArray(results)) throw new Error('results is no array');
  return results.flatMap((each) => {
    const result = members(each, 'result');
    if (result['status'] !== 201) throw new Error(`a result of a batch: ${result['status']}`);
    return entryAnswersOf(result['entry']);
  });
}

/** Returns the digest of the artifact that an entry of the writers is about, as hex; undefined of one of the v2 API. */
export function artifactDigest({ body }: EntryAnswer): string | undefined {
  const { apiVersion, spec } = JSON.parse(Buffer.from(body, 'base64').toString());
  return apiVersion === V2_ENTRY_VERSION ? undefined : spec.data.hash.value;
}

function entryAnswersOf(value: unknown): EntryAnswer[] {
  const objects = Array.isArray(value) ? value : [value];
  return objects.flatMap((each) => Object.entries(members(each, 'answer')).map(readEntry));
}

function readEntry([entryID, value]: [string, unknown]): EntryAnswer {
  const entry = members(value, entryID);
  const verification = members(entry['verification'], 'verification');
  const proof = members(verification['inclusionProof'], 'inclusionProof');
  const hashes = proof['hashes'];
  if (!Array.isArray(hashes)) throw new Error('inclusionProof.hashes is no array');
  return {
    entryID,
    body: text(entry, 'body'),
    integratedTime: integer(entry, 'integratedTime'),
    logID: text(entry, 'logID'),
    logIndex: integer(entry, 'logIndex'),
    signedEntryTimestamp: text(verification, 'signedEntryTimestamp'),
    proof: {
      checkpoint: text(proof, 'checkpoint'),
      hashes: hashes.map(String),
      logIndex: integer(proof, 'logIndex'),
      rootHash: text(proof, 'rootHash'),
      treeSize: integer(proof, 'treeSize'),
    },
  };
}

function members(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${name} is no object`);
  return value as Record<string, unknown>;
}

function text(object: Record<string, unknown>, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw new Error(`${name} is no string`);
  return value;
}

function integer(object: Record<string, unknown>, name: string): number {
  const value = object[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new Error(`${name}: ${value}`);
  return value;
}

/** A client that trusts one key and one origin. */
export class LogVerifier {
  readonly #key: KeyObject;
  readonly #logID: string;
  readonly #origin: string;
  /** Notes that verified: one is served with many answers. */
  readonly #notes = new Map<string, CheckpointFacts>();

  private constructor(key: KeyObject, origin: string) {
    this.#key = key;
    this.#origin = origin;
    const spki = key.export({ type: 'spki', format: 'der' });
    this.#logID = createHash('sha256').update(spki).digest('hex');
  }

  /** Reads the log's public key over `connection`. */
  static async of(connection: Connection, origin: string): Promise<LogVerifier> {
    const { body } = await connection.send(requestBytes('GET', '/api/v1/log/publicKey'));
    return new LogVerifier(createPublicKey(body), origin);
  }

  /** Throws unless the timestamp of `answer` is the log's over exactly these values. */
  timestamp(answer: EntryAnswer): void {
    const { body, integratedTime, logID, logIndex } = answer;
    if (logID !== this.#logID) throw new Error(`entry ${logIndex} names log ${logID}`);
    // Alphabetical order is the canonical order of RFC 8785 here, and base64 and hex need no escapes.
    const message = Buffer.from(JSON.stringify({ body, integratedTime, logID, logIndex }));
    const signature = Buffer.from(answer.signedEntryTimestamp, 'base64');
    if (!verify('sha256', message, this.#key, signature)) {
      throw new Error(`the signed entry timestamp of entry ${logIndex} does not verify`);
    }
  }

  /** Returns what a checkpoint says; throws unless the log, and nobody else, signed it. */
  checkpoint(note: string): CheckpointFacts {
    const known = this.#notes.get(note);
    if (known !== undefined) return known;
    const match =
      /^((?<origin>.+)\n(?<size>\d+)\n(?<root>\S+)\n)\n— (?<name>\S+) (?<line>\S+)\n$/u.exec(note);
    const { origin, size, root, line } = match?.groups ?? {};
    if (match === null || origin !== this.#origin)
      throw new Error(`no checkpoint of ours: ${note}`);
    const signature = Buffer.from(line ?? '', 'base64');
    if (signature.toString('hex', 0, 4) !== this.#logID.slice(0, 8)) throw new Error('key hint');
    if (!verify('sha256', Buffer.from(match[1] ?? ''), this.#key, signature.subarray(4))) {
      throw new Error(`a checkpoint of size ${size} does not verify`);
    }
    const facts = { origin, size: Number(size), root: Buffer.from(root ?? '', 'base64') };
    this.#notes.set(note, facts);
    return facts;
  }

  /** Throws unless timestamp, proof, entry ID and checkpoint of `answer` all agree and verify. */
  entry(answer: EntryAnswer): CheckpointFacts {
    this.timestamp(answer);
    const facts = this.checkpoint(answer.proof.checkpoint);
    const leaf = leafHash(Buffer.from(answer.body, 'base64'));
    if (!answer.entryID.endsWith(Buffer.from(leaf).toString('hex'))) {
      throw new Error(`the ID of entry ${answer.logIndex} is not its leaf hash`);
    }
    const { proof, logIndex } = answer;
    if (proof.treeSize !== facts.size || proof.rootHash !== facts.root.toString('hex')) {
      throw new Error(`proof and checkpoint of entry ${logIndex} come from different heads`);
    }
    verifyInclusion({
      index: proof.logIndex,
      size: facts.size,
      leafHash: leaf,
      proof: proof.hashes.map((hash) => Buffer.from(hash, 'hex')),
      root: facts.root,
    });
    return facts;
  }

  /** Asks the log to prove that `first` is a prefix of `last`, and throws unless the proof verifies. */
  async consistency(
    connection: Connection,
    first: CheckpointFacts,
    last: CheckpointFacts,
  ): Promise<void> {
    if (first.size === 0) return;
    const path = `/api/v1/log/proof?firstSize=${first.size}&lastSize=${last.size}`;
    const { status, body } = await connection.send(requestBytes('GET', path));
    if (status !== 200) throw new Error(`${path} answered ${status} ${body.toString()}`);
    const { hashes } = JSON.parse(body.toString()) as { hashes: string[] };
    verifyConsistency({
      first: first.size,
      last: last.size,
      firstRoot: first.root,
      lastRoot: last.root,
      proof: hashes.map((hash) => Buffer.from(hash, 'hex')),
    });
  }
}

/** Returns the checkpoint that the log serves now. */
export async function currentCheckpoint(
  connection: Connection,
  verifier: LogVerifier,
): Promise<CheckpointFacts> {
  const { status, body } = await connection.send(requestBytes('GET', '/api/v1/log'));
  if (status !== 200) throw new Error(`log info answered ${status} ${body.toString()}`);
  const info = JSON.parse(body.toString()) as { signedTreeHead: string; treeSize: number };
  const facts = verifier.checkpoint(info.signedTreeHead);
  if (facts.size !== info.treeSize) throw new Error('log info: checkpoint and size differ');
  return facts;
}
