/**
 * What the log has promised: every acknowledged entry and every checkpoint that it served, kept by the client
 * side, and the audit that holds the log to it. One ledger lives through all restarts of one log.
 */

import { Connection, requestBytes } from '../../bench/harness/connection.js';
import type { ServerProcess } from '../../bench/harness/server-process.js';
import {
  artifactDigest,
  type CheckpointFacts,
  currentCheckpoint,
  type EntryAnswer,
  LogVerifier,
  readBatchAnswers,
  readEntryAnswers,
} from './entry-answer.js';

interface Acknowledged {
  readonly answer: EntryAnswer;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** What an audit of the entries from `from` on found. */
export interface Audit {
  readonly from: number;
  readonly size: number;
  /** Entries of that range whose submitter had its answer. */
  readonly acknowledged: number;
  /** Entries of that range that nobody was told of: committed, but the process died before the answer. */
  readonly untold: number;
  readonly checkpoints: number;
  /** Batches of that range, each there as a whole. */
  readonly batches: number;
}

/** A batch that was sent: its entries are all in the log, side by side, or none of them is. */
interface SentBatch {
  readonly size: number;
}

/** Integrated times may differ from the clock by this much. */
const CLOCK_TOLERANCE_MS = 2000;
const RETRIEVE_LIMIT = 10;
const AUDITORS = 8;

export class Ledger {
  readonly #acknowledged = new Map<number, Acknowledged>();
  /** One checkpoint for each size; two roots for one size are a broken promise. */
  readonly #checkpoints = new Map<number, CheckpointFacts>();
  /** By the digest of each of its artifacts. */
  readonly #batches = new Map<string, SentBatch>();
  #audited: CheckpointFacts | undefined;
  #auditedTime = 0;

  /** How many entries were acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Returns the leaf hashes of the acknowledged entries, hex, by their indexes. */
  leafHashes(): ReadonlyMap<number, string> {
    const entries = [...this.#acknowledged];
    return new Map(entries.map(([index, { answer }]) => [index, answer.entryID.slice(-64)]));
  }

  /** Returns the checkpoints that were served, one for each size. */
  checkpoints(): Iterable<CheckpointFacts> {
    return this.#checkpoints.values();
  }

  /** Notes an answer 201. Cheap, so that writers are not slowed down: everything is checked by `audit`. */
  record(body: Buffer, sentMs: number, answeredMs: number): void {
    const [answer] = readEntryAnswers(body);
    if (answer === undefined) throw new Error('a 201 answer without an entry');
    this.#note(answer, sentMs, answeredMs);
  }

  /** Notes a batch that is about to be sent, by the digests of its artifacts. */
  announceBatch(digests: readonly string[]): void {
    const batch: SentBatch = { size: digests.length };
    for (const digest of digests) this.#batches.set(digest, batch);
  }

  /** Notes an answer 201 to a batch of `size` entries. */
  recordBatch(body: Buffer, size: number, sentMs: number, answeredMs: number): void {
    const answers = readBatchAnswers(body);
    if (answers.length !== size) throw new Error(`${answers.length} answers to ${size} entries`);
    for (const answer of answers) this.#note(answer, sentMs, answeredMs);
  }

  #note(answer: EntryAnswer, sentMs: number, answeredMs: number): void {
    const before = this.#acknowledged.get(answer.logIndex);
    if (before !== undefined) {
      throw new Error(
        `index ${answer.logIndex} was given to ${before.answer.entryID} and to ${answer.entryID}`,
      );
    }
    this.#acknowledged.set(answer.logIndex, { answer, sentMs, answeredMs });
  }

  /** Notes a checkpoint that was served. Throws when another root was served for its size. */
  witness(facts: CheckpointFacts): void {
    const known = this.#checkpoints.get(facts.size);
    if (known !== undefined && !known.root.equals(facts.root)) {
      throw new Error(`two roots were served for size ${facts.size}`);
    }
    this.#checkpoints.set(facts.size, facts);
  }

  /**
   * Holds the log to every promise since the last audit: acknowledged entries, their times and timestamps, each
   * index once, every served checkpoint a prefix of the next. Throws at the first broken one.
   */
  async audit(server: ServerProcess): Promise<Audit> {
    const connections = await Promise.all(
      Array.from({ length: AUDITORS }, () => Connection.open(server.url)),
    );
    const [first] = connections;
    if (first === undefined) throw new Error('no connection');
    const verifier = await LogVerifier.of(first, server.origin);
    const from = this.#audited?.size ?? 0;
    for (const [index, { answer }] of this.#acknowledged) {
      if (index >= from) this.witness(verifier.entry(answer));
    }
    const head = await currentCheckpoint(first, verifier);
    const checkpoints = await this.#auditCheckpoints(first, verifier, head);
    const found = new Map<SentBatch, number[]>();
    const untold = await this.#auditEntries(connections, verifier, from, head.size, found);
    for (const [batch, indexes] of found) assertWhole(batch, indexes);
    for (const connection of connections) connection.close();
    const acknowledged = [...this.#acknowledged.keys()].filter((index) => index >= from);
    const beyond = acknowledged.find((index) => index >= head.size);
    if (beyond !== undefined) throw new Error(`acknowledged entry ${beyond} is gone`);
    this.#audited = head;
    const batches = found.size;
    return {
      from,
      size: head.size,
      acknowledged: acknowledged.length,
      untold,
      checkpoints,
      batches,
    };
  }

  /** The same from the first entry on. */
  async auditAll(server: ServerProcess): Promise<Audit> {
    this.#audited = undefined;
    this.#auditedTime = 0;
    return await this.audit(server);
  }

  async #auditCheckpoints(
    connection: Connection,
    verifier: LogVerifier,
    head: CheckpointFacts,
  ): Promise<number> {
    this.witness(head);
    const since = this.#audited?.size ?? 0;
    const sizes = [...this.#checkpoints.keys()]
      .filter((size) => size >= since)
      .sort((a, b) => a - b);
    const chain = sizes.map((size) => this.#checkpoints.get(size) ?? head);
    for (const [at, next] of chain.entries()) {
      if (next.size > head.size) throw new Error(`size ${next.size} was served, now ${head.size}`);
      const previous = at === 0 ? this.#audited : chain[at - 1];
      if (previous !== undefined && previous.size < next.size) {
        await verifier.consistency(connection, previous, next);
      }
    }
    return chain.length;
  }

  async #auditEntries(
    connections: readonly Connection[],
    verifier: LogVerifier,
    from: number,
    size: number,
    found: Map<SentBatch, number[]>,
  ): Promise<number> {
    const times = new Array<number>(size - from);
    let next = from;
    let untold = 0;
    const walk = async (connection: Connection): Promise<void> => {
      while (next < size) {
        const start = next;
        next = Math.min(size, start + RETRIEVE_LIMIT);
        const stored = await retrieve(connection, start, next);
        for (const [at, answer] of stored.entries()) {
          if (answer.logIndex !== start + at) throw new Error(`entry ${start + at} is missing`);
          verifier.entry(answer);
          times[answer.logIndex - from] = answer.integratedTime;
          const digest = artifactDigest(answer);
          // Where both APIs have one tree; what they were told is in a ledger of their own.
          if (digest === undefined) continue;
          if (!this.#keeps(answer, verifier)) untold++;
          const batch = this.#batches.get(digest);
          if (batch !== undefined) found.set(batch, [...(found.get(batch) ?? []), answer.logIndex]);
        }
      }
    };
    await Promise.all(connections.map(walk));
    for (const [at, time] of times.entries()) {
      const before = at === 0 ? this.#auditedTime : (times[at - 1] ?? 0);
      if (time < before) throw new Error(`the time of entry ${from + at} is before the one below`);
    }
    this.#auditedTime = times.at(-1) ?? this.#auditedTime;
    return untold;
  }

  /** True when somebody was told of the stored entry, and all that was told still holds. */
  #keeps(stored: EntryAnswer, verifier: LogVerifier): boolean {
    const told = this.#acknowledged.get(stored.logIndex);
    if (told === undefined) return false;
    const { answer, sentMs, answeredMs } = told;
    for (const name of ['entryID', 'body', 'integratedTime', 'logID'] as const) {
      if (stored[name] !== answer[name]) {
        throw new Error(
          `${name} of entry ${stored.logIndex}: ${answer[name]}, now ${stored[name]}`,
        );
      }
    }
    // The timestamp that was handed out, over what is stored now.
    verifier.timestamp({ ...stored, signedEntryTimestamp: answer.signedEntryTimestamp });
    const timeMs = stored.integratedTime * 1000;
    if (timeMs < sentMs - CLOCK_TOLERANCE_MS || timeMs > answeredMs + CLOCK_TOLERANCE_MS) {
      throw new Error(`entry ${stored.logIndex} carries a time over 2 s away from the clock`);
    }
    return true;
  }
}

function assertWhole({ size }: SentBatch, indexes: readonly number[]): void {
  const first = Math.min(...indexes);
  if (indexes.length !== size || Math.max(...indexes) !== first + size - 1) {
    throw new Error(`a batch of ${size} entries is at ${indexes}`);
  }
}

async function retrieve(connection: Connection, from: number, to: number): Promise<EntryAnswer[]> {
  const logIndexes = Array.from({ length: to - from }, (_, at) => from + at);
  const body = JSON.stringify({ logIndexes });
  const path = '/api/v1/log/entries/retrieve';
  const answer = await connection.send(requestBytes('POST', path, body));
  if (answer.status !== 200) {
    throw new Error(`entries ${from} to ${to}: ${answer.status} ${answer.body.toString()}`);
  }
  return readEntryAnswers(answer.body);
}
