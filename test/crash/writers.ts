/** Concurrent submitters of fresh entries, alone and in batches, to either API, that tell a ledger what they were promised. */

import { randomInt } from 'node:crypto';
import { Connection, ConnectionLost, requestBytes } from '../../bench/harness/connection.js';
import {
  asV2Submission,
  newSigningKey,
  newSubmission,
  submissionRequest,
} from '../../bench/harness/entries.js';
import { pause } from '../../bench/harness/server-process.js';
import type { Ledger } from './ledger.js';
import type { V2Ledger } from './v2-ledger.js';

/** What happened to the submissions of one run. */
export interface WriterReport {
  readonly statuses: ReadonlyMap<number, number>;
  /** Submissions that were sent and whose connection ended without an answer. */
  readonly unanswered: number;
  readonly longestMs: number;
}

/** Writers at work. `stop` lets each finish the submission that it has under way. */
export interface Writers {
  /** Answers so far, of every status. */
  answers(): number;
  /** Answers so far with one status. */
  answersWith(status: number): number;
  stop(): Promise<WriterReport>;
}

/** Every so many writers one sends batches. */
const BATCH_WRITER = 8;
const MAX_BATCH = 40;

/** A request, and how its 201 is told to the ledger. */
interface Sending {
  readonly request: Buffer;
  readonly record: (body: Buffer, sentMs: number, answeredMs: number) => void;
}

type Key = ReturnType<typeof newSigningKey>;

function entryRequest(key: Key, ledger: Ledger): Sending {
  const request = submissionRequest(newSubmission(key));
  return { request, record: (...answered) => ledger.record(...answered) };
}

/** All or nothing, of 2 to 40 entries. */
function batchRequest(key: Key, ledger: Ledger): Sending {
  const size = randomInt(2, MAX_BATCH + 1);
  const entries = Array.from({ length: size }, () => newSubmission(key));
  ledger.announceBatch(entries.map((entry) => JSON.parse(entry).spec.data.hash.value));
  return {
    request: requestBytes('POST', '/api/v1/log/entries/batch', `{"entries":[${entries.join()}]}`),
    record: (body, ...times) => ledger.recordBatch(body, size, ...times),
  };
}

/** Returns the request that submits `submission`, of the v1 API, to the v2 API. */
export function v2SubmissionRequest(submission: string): Buffer {
  return requestBytes('POST', '/api/v2/log/entries', asV2Submission(submission));
}

function v2EntryRequest(key: Key, ledger: V2Ledger): Sending {
  const request = v2SubmissionRequest(newSubmission(key));
  return { request, record: (body) => ledger.record(body) };
}

/**
 * Starts `count` writers against `url`, each with a connection and a key of its own; with `v2` every second one submits
 * to the v2 API. They submit as fast as they are answered; a lost connection is opened again until they are stopped.
 */
export function startWriters(url: string, count: number, ledger: Ledger, v2?: V2Ledger): Writers {
  const statuses = new Map<number, number>();
  let stopping = false;
  let unanswered = 0;
  let longestMs = 0;

  const write = async (_: unknown, writer: number): Promise<void> => {
    const key = newSigningKey();
    const next = (): Sending => {
      if (v2 !== undefined && writer % 2 === 1) return v2EntryRequest(key, v2);
      return writer % BATCH_WRITER === 0 ? batchRequest(key, ledger) : entryRequest(key, ledger);
    };
    let connection: Connection | undefined;
    while (!stopping) {
      try {
        if (connection?.usable !== true) connection = await Connection.open(url);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        await pause(20);
        continue;
      }
      const { request, record } = next();
      const sentMs = Date.now();
      try {
        const { status, body } = await connection.send(request);
        const answeredMs = Date.now();
        longestMs = Math.max(longestMs, answeredMs - sentMs);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 201) record(body, sentMs, answeredMs);
        else await pause(10);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        unanswered++;
      }
    }
    connection?.close();
  };
  const all = Promise.all(Array.from({ length: count }, write));
  // A writer that throws is reported by `stop`; without this it would end the process before.
  all.catch(() => undefined);
  return {
    answers: () => [...statuses.values()].reduce((sum, each) => sum + each, 0),
    answersWith: (status) => statuses.get(status) ?? 0,
    stop: async () => {
      stopping = true;
      await all;
      return { statuses, unanswered, longestMs };
    },
  };
}
