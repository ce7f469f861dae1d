/**
 * What the v2 API has promised: every entry that it acknowledged and every checkpoint that came with one, and the audit
 * that holds the log to it, leaf by leaf. One ledger lives through all restarts of one log.
 */

import { randomInt } from 'node:crypto';
import type { Connection } from '../../bench/harness/connection.js';
import type { ServerProcess } from '../../bench/harness/server-process.js';
import { V2_ENTRY_VERSION } from './entry-answer.js';
import { TileFollower } from './tile-follower.js';
import { getBody, TileLogVerifier } from './tile-log.js';

/** What an audit of the entries that are new since the one before found. */
export interface V2Audit {
  readonly size: number;
  /** Entries of the v2 API that nobody was told of: committed, but the process died before the answer. */
  readonly untold: number;
}

export class V2Ledger {
  /** Reads the log's tiles at the root; it may be asked to follow at any time, once at a time. */
  readonly follower: TileFollower;
  readonly #verifier: TileLogVerifier;
  #answers: Buffer[] = [];
  /** Leaf hashes by their indexes. */
  readonly #acknowledged = new Map<number, Buffer>();
  /** Entries of the v2 API that were read and whose answer is not known. */
  readonly #untold = new Set<number>();
  #untoldBefore = 0;

  private constructor(verifier: TileLogVerifier) {
    this.#verifier = verifier;
    this.follower = new TileFollower('', verifier, (leaf, index) => {
      // The log's own first entry was promised to nobody.
      if (index > 0 && isOfV2(leaf)) this.#untold.add(index);
    });
  }

  /**
   * Returns the ledger of the v2 log of a server; the keys that it has now are those that it must keep. `witnesses` are verifier
   * keys, of which one at least must have cosigned each checkpoint.
   */
  static async of(
    connection: Connection,
    server: ServerProcess,
    witnesses: readonly string[] = [],
  ): Promise<V2Ledger> {
    return new V2Ledger(await TileLogVerifier.of(connection, server.v2.origin, witnesses));
  }

  /** How many entries were acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged.size + this.#answers.length;
  }

  /** Returns the leaf hashes of the entries whose answers were verified, hex, by their indexes. */
  leafHashes(): ReadonlyMap<number, string> {
    const entries = [...this.#acknowledged];
    return new Map(entries.map(([index, hash]) => [index, hash.toString('hex')]));
  }

  /** Notes an answer 201. Cheap, so that writers are not slowed down: everything is checked later. */
  record(body: Buffer): void {
    this.#answers.push(body);
  }

  /** Verifies the answers since the last time; do it before the server is started again. Throws. */
  verifyAnswers(): void {
    for (const body of this.#answers) {
      const { logIndex, leafHash, checkpoint } = this.#verifier.entry(body);
      if (this.#acknowledged.has(logIndex)) throw new Error(`index ${logIndex} was given twice`);
      this.#acknowledged.set(logIndex, leafHash);
      this.follower.witness(checkpoint);
    }
    this.#answers = [];
  }

  /** Reads what is new of the log and holds it to everything that was promised since it began. Throws. */
  async audit(connection: Connection): Promise<V2Audit> {
    this.verifyAnswers();
    const { size } = await this.follower.follow(connection);
    for (const [index, leafHash] of this.#acknowledged) {
      if (this.follower.tree.leafHash(index)?.equals(leafHash) !== true) {
        throw new Error(`acknowledged entry ${index} of the v2 API is gone`);
      }
      this.#untold.delete(index);
    }
    await this.#readSome(connection);
    const untold = this.#untold.size - this.#untoldBefore;
    this.#untoldBefore = this.#untold.size;
    return { size, untold };
  }

  async #readSome(connection: Connection): Promise<void> {
    const indexes = [...this.#acknowledged.keys()];
    for (let n = Math.min(READ_THROUGH_API, indexes.length); n > 0; n--) {
      const index = indexes[randomInt(indexes.length)] as number;
      const body = await getBody(connection, `/api/v2/log/entries?logIndex=${index}`);
      const { logIndex, leafHash, checkpoint } = this.#verifier.entry(body);
      if (logIndex !== index || this.#acknowledged.get(index)?.equals(leafHash) !== true) {
        throw new Error(`entry ${index} of the v2 API is another one when it is read`);
      }
      this.follower.witness(checkpoint);
    }
  }

  /** The same over all that the log serves now, read from the first leaf on. */
  async auditAll(connection: Connection): Promise<V2Audit> {
    const { size, untold } = await this.audit(connection);
    const fresh = new TileFollower('', this.#verifier);
    const again = await fresh.follow(connection);
    if (!fresh.tree.rootAt(size).equals(this.follower.tree.rootAt(size))) {
      throw new Error(`other leaves than before below ${again.size}`);
    }
    return { size, untold };
  }
}

/** Acknowledged entries that an audit reads through the API. */
const READ_THROUGH_API = 20;

function isOfV2(leaf: Buffer): boolean {
  return JSON.parse(leaf.toString()).apiVersion === V2_ENTRY_VERSION;
}
