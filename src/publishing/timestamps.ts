/**
 * Signed entry timestamps: made once for each entry, handed out unchanged.
 *
 * Spec: ARCHITECTURE.md, "The commit", late rows. The SETs of a batch are signed while the next one is being
 * written, and kept as one late row; when that row was lost in a crash, a new SET is made at the next read (another
 * ECDSA signature over the same bytes).
 *
 * In scope: signing, keeping, reading back. Out of scope: the signed bytes (signing/timestamp.ts). State: the
 * batches whose SETs are not stored yet, the reads under way, and the newest SETs.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { BoundedCache } from '../caching/bounded-cache.js';
import { toBase64 } from '../encoding/base64.js';
import { isLogError } from '../errors.js';
import type { Signer, SignTogether } from '../signing/signer.js';
import { entryTimestampMessage } from '../signing/timestamp.js';
import type { LogStore } from '../storage/log-store.js';
import type { LateRowWriter } from './late-rows.js';
import { signOrThrow } from './notes.js';

/** What a SET is made from. */
export interface TimestampedLeaf {
  /** Index in this log. */
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly integratedTimeSeconds: number;
}

/** What the timestamps of a log are made from. */
export interface TimestampsOptions {
  readonly log: Pick<LogStore, 'timestamp'>;
  readonly late: LateRowWriter;
  readonly signer: Signer;
  /** Signs a large batch beside the event loop; what it fails at is signed here. */
  readonly signTogether?: SignTogether | undefined;
  /** Lower-case hex. */
  readonly logID: string;
  /** What is added to an index of this log for the index over all shards, which the SET names. */
  readonly firstVirtualIndex: number;
  /** Told when the SETs of a batch could not be signed. */
  readonly failed?: (error: unknown) => void;
  /** Told of stored SETs that are damaged; they are made again. */
  readonly damaged?: (error: unknown) => void;
}

/** SETs kept in memory beside the store: reading one back costs more than the leaf it belongs to. */
const SETS_IN_MEMORY = 8_192;

/** SETs signed in one turn of the event loop: less than a millisecond. */
const SIGNED_PER_TURN = 16;

/** SETs that are worth sending to a thread: a log that writes so many at once has an event loop with much to do. */
const LARGE_BATCH = 8;

interface UnstoredBatch {
  readonly from: number;
  readonly leaves: readonly TimestampedLeaf[];
  readonly signatures: (Uint8Array | undefined)[];
  /** While they are signed elsewhere; ends when there is nothing to wait for. */
  elsewhere: Promise<void> | undefined;
}

/** The timestamps of one log. */
export class Timestamps {
  readonly #options: TimestampsOptions;
  /** Oldest first. */
  #unstored: UnstoredBatch[] = [];
  /** Reads from the store under way, remaking included: two readers of one lost SET get the same new one. */
  readonly #reading = new Map<number, Promise<Uint8Array>>();
  readonly #known = new BoundedCache<number, Uint8Array>(SETS_IN_MEMORY, () => 1);
  #background: Promise<void> = Promise.resolve();

  constructor(options: TimestampsOptions) {
    this.#options = options;
  }

  /** Begins to sign and keep the SETs of a batch that is committed and guarded; returns at once. */
  begin(leaves: readonly TimestampedLeaf[]): void {
    const first = leaves[0];
    if (first === undefined) return;
    const batch: UnstoredBatch = {
      from: first.index,
      leaves,
      signatures: leaves.map(() => undefined),
      elsewhere: undefined,
    };
    const { signTogether } = this.#options;
    if (signTogether !== undefined && leaves.length >= LARGE_BATCH) {
      batch.elsewhere = this.#signElsewhere(batch, signTogether);
    }
    this.#unstored.push(batch);
    this.#background = this.#background.then(() => this.#finish(batch));
  }

  /**
   * Returns the SET of a leaf whose batch is not stored yet, undefined for another leaf and for one that is waited for.
   * Throws SIGNER_UNAVAILABLE.
   */
  atHand(index: number): Uint8Array | undefined {
    const batch = this.#unstoredWith(index);
    if (batch === undefined || batch.elsewhere !== undefined) return undefined;
    return this.#signed(batch, index - batch.from);
  }

  /**
   * Returns the SET of a committed leaf: the one that was handed out, if it was kept. `leaf` is asked only to
   * make a lost one again. Throws SIGNER_UNAVAILABLE.
   */
  async of(index: number, leaf: () => Promise<TimestampedLeaf>): Promise<Uint8Array> {
    await this.#unstoredWith(index)?.elsewhere;
    const atHand = this.atHand(index) ?? this.#known.get(index);
    if (atHand !== undefined) return atHand;
    const underWay = this.#reading.get(index);
    if (underWay !== undefined) return underWay;
    const reading = this.#readOrRemake(index, leaf).finally(() => this.#reading.delete(index));
    this.#reading.set(index, reading);
    return reading;
  }

  /** Returns when every SET is stored or lost. */
  async idle(): Promise<void> {
    await this.#background;
    await Promise.allSettled(this.#reading.values());
  }

  async #finish(batch: UnstoredBatch): Promise<void> {
    try {
      // The answers go first: most of them ask for their SET before this loop comes to it.
      await nextTurn();
      await batch.elsewhere;
      for (let i = 0, signed = 0; i < batch.leaves.length; i++) {
        if (batch.signatures[i] !== undefined) continue;
        this.#signed(batch, i);
        if (++signed % SIGNED_PER_TURN === 0) await nextTurn();
      }
      const signatures = batch.signatures as Uint8Array[];
      for (const [i, signature] of signatures.entries()) this.#known.set(batch.from + i, signature);
      await this.#options.late.write({ timestamps: { from: batch.from, signatures } });
    } catch (error) {
      // The entries are in the log; their SETs are made when somebody asks and the signer is back.
      this.#options.failed?.(error);
    }
    this.#unstored = this.#unstored.filter((other) => other !== batch);
  }

  #unstoredWith(index: number): UnstoredBatch | undefined {
    return this.#unstored.find(({ from, leaves }) => index >= from && index < from + leaves.length);
  }

  async #signElsewhere(batch: UnstoredBatch, signTogether: SignTogether): Promise<void> {
    try {
      const signatures = await signTogether(batch.leaves.map((leaf) => this.#messageOf(leaf)));
      // Copied: each is a part of the block in which they came, and some outlive the others.
      signatures.forEach((signature, i) => {
        batch.signatures[i] = new Uint8Array(signature);
      });
    } catch {
      // Not lost: they are signed here, one by one as they are asked for.
    }
    batch.elsewhere = undefined;
  }

  #signed(batch: UnstoredBatch, i: number): Uint8Array {
    const known = batch.signatures[i];
    if (known !== undefined) return known;
    const signature = this.#sign(batch.leaves[i] as TimestampedLeaf);
    batch.signatures[i] = signature;
    return signature;
  }

  async #readOrRemake(index: number, leaf: () => Promise<TimestampedLeaf>): Promise<Uint8Array> {
    const stored = await this.#readStored(index);
    const signature = stored ?? this.#sign(await leaf());
    this.#known.set(index, signature);
    if (stored === undefined) {
      await this.#options.late.write({ timestamps: { from: index, signatures: [signature] } });
    }
    return signature;
  }

  /** A late row can be made again, so damage to it must not keep anybody from the entry. */
  async #readStored(index: number): Promise<Uint8Array | undefined> {
    try {
      return await this.#options.log.timestamp(index);
    } catch (error) {
      if (!isLogError(error, 'STORE_CORRUPT')) throw error;
      this.#options.damaged?.(error);
      return undefined;
    }
  }

  #sign(leaf: TimestampedLeaf): Uint8Array {
    return signOrThrow(this.#options.signer, this.#messageOf(leaf));
  }

  #messageOf({ bytes, integratedTimeSeconds, index }: TimestampedLeaf): Uint8Array {
    const { logID, firstVirtualIndex } = this.#options;
    return entryTimestampMessage({
      body: toBase64(bytes),
      integratedTimeSeconds,
      logID,
      logIndex: firstVirtualIndex + index,
    });
  }
}
