/**
 * Writing late rows: in the background, never in anybody's way.
 *
 * Spec: ARCHITECTURE.md, "The commit", late rows. A late row that is lost is made again, so a failure is reported
 * and forgotten: the writer finds out about a failed store by itself. In scope: not waiting, not failing, knowing
 * when all is written. Out of scope: what the rows say. State: the writes under way.
 */

import type { LateRows, LogStore } from '../storage/log-store.js';

/** Told of late rows that were not kept. */
export type LateRowsLost = (error: unknown) => void;

/** Writes the late rows of one log. */
export class LateRowWriter {
  readonly #log: Pick<LogStore, 'late'>;
  readonly #lost: LateRowsLost;
  readonly #underWay = new Set<Promise<boolean>>();

  constructor(log: Pick<LogStore, 'late'>, lost: LateRowsLost = () => {}) {
    this.#log = log;
    this.#lost = lost;
  }

  /** Returns, when the rows are written or lost, whether they are written; never rejects. Nobody has to wait for it. */
  write(rows: LateRows): Promise<boolean> {
    const writing = this.#write(rows);
    this.#underWay.add(writing);
    void writing.then(() => this.#underWay.delete(writing));
    return writing;
  }

  /** Returns when no write is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #write(rows: LateRows): Promise<boolean> {
    try {
      await this.#log.late(rows);
      return true;
    } catch (error) {
      // Not swallowed but handed on: the rows are made again when somebody asks for them.
      this.#lost(error);
      return false;
    }
  }
}
