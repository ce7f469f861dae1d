/** Concurrent submitters of fresh entries that tell a ledger what they were promised. */

import { Connection, ConnectionLost } from '../../bench/harness/connection.js';
import { newSigningKey, newSubmission, submissionRequest } from '../../bench/harness/entries.js';
import { pause } from '../../bench/harness/server-process.js';
import type { Ledger } from './ledger.js';

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

/**
 * Starts `count` writers against `url`, each with a connection and a key of its own. They submit as fast as they
 * are answered; a lost connection is opened again until they are stopped.
 */
export function startWriters(url: string, count: number, ledger: Ledger): Writers {
  const statuses = new Map<number, number>();
  let stopping = false;
  let unanswered = 0;
  let longestMs = 0;

  const write = async (): Promise<void> => {
    const key = newSigningKey();
    let connection: Connection | undefined;
    while (!stopping) {
      try {
        if (connection?.usable !== true) connection = await Connection.open(url);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        await pause(20);
        continue;
      }
      const sentMs = Date.now();
      try {
        const { status, body } = await connection.send(submissionRequest(newSubmission(key)));
        const answeredMs = Date.now();
        longestMs = Math.max(longestMs, answeredMs - sentMs);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 201) ledger.record(body, sentMs, answeredMs);
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
