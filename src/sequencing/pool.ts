/**
 * The pool: entries that wait for the writer, and everybody who waits for their answers.
 *
 * Spec: ARCHITECTURE.md, "The commit". In scope: the bound on what is held, equal entries in flight, the cut
 * of a batch, groups that stay together, answering each waiter exactly once. Out of scope: what is written and when
 * (sequencer.ts).
 * The pool owns the waiters; nobody else settles their promises.
 */

import { LogError } from '../errors.js';
import { hashName } from '../merkle/hash.js';
import type { Head, NewLeaf } from '../storage/log-store.js';

/** What the writer says of an entry, after its commit and after the guard has moved. */
export type Sequenced =
  | {
      readonly outcome: 'added';
      readonly index: number;
      readonly integratedTimeSeconds: number;
      /** The committed head that made the entry real. */
      readonly head: Head;
    }
  /** The log has this leaf; `head` is a committed head above it. */
  | { readonly outcome: 'duplicate'; readonly index: number; readonly head: Head };

/** Bounds of the pool and of a batch. Bytes count leaves, search keys and attachments. */
export interface PoolLimits {
  /** Most submissions held, from `add` to their answers, joined ones included. */
  readonly maxEntries: number;
  /** Most bytes held; a single larger submission is taken when nothing else is held. */
  readonly maxBytes: number;
  readonly batchEntries: number;
  /** A batch ends before it would exceed this; one larger entry goes alone. */
  readonly batchBytes: number;
}

/** The bounds of a log that is not told otherwise. A batch of 4 MiB keeps the event loop free. */
export const DEFAULT_POOL_LIMITS: PoolLimits = {
  maxEntries: 8_192,
  maxBytes: 64 * 1024 * 1024,
  batchEntries: 1_024,
  batchBytes: 4 * 1024 * 1024,
};

/** An entry on its way through the writer. */
export interface Waiter {
  readonly leaf: NewLeaf;
  readonly weight: number;
  /** Waiters of one group are committed together or not at all; undefined for one that came alone. */
  readonly group: Group | undefined;
}

/** What the members of a group have in common: nothing but this. */
export type Group = Readonly<Record<string, never>>;

interface Held extends Waiter {
  readonly key: string;
  readonly resolve: (answer: Sequenced) => void;
  readonly reject: (error: Error) => void;
  /** Equal entries that came later; `undefined` once this one has its answer. */
  joined: Joined[] | undefined;
}

type Joined = Pick<Held, 'weight' | 'resolve' | 'reject'>;

/** What a search key costs beside its text: a row of its own, a digest in the leaf row, and their place in memory. */
const BYTES_PER_INDEX_KEY = 100;

/** Returns the bytes that an entry counts for. */
export function weightOf(leaf: NewLeaf): number {
  let weight = leaf.bytes.length + (leaf.attachment?.length ?? 0);
  for (const key of leaf.indexKeys) weight += BYTES_PER_INDEX_KEY + key.length;
  return weight;
}

/** Yields the waiters in parts that must not be divided: the members of a group are neighbours. */
export function* unitsOf<Each extends Waiter>(
  waiters: readonly Each[],
): Generator<readonly Each[]> {
  let from = 0;
  for (const [i, { group }] of waiters.entries()) {
    if (group !== undefined && group === waiters[i + 1]?.group) continue;
    yield waiters.slice(from, i + 1);
    from = i + 1;
  }
}

/** The entries of one log that wait or are being written. */
export class Pool {
  readonly #limits: PoolLimits;
  #waiting: Held[] = [];
  /** By leaf hash, the newest of equal ones: a group has members of its own, whatever else is in flight. */
  readonly #inFlight = new Map<string, Held>();
  #heldEntries = 0;
  #heldBytes = 0;

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  /** Number of entries that wait for a batch. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Number of submissions that have no answer yet, and their bytes. */
  get held(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#heldEntries, bytes: this.#heldBytes };
  }

  /** Returns whether an equal entry is in flight, so that `add` would join it. */
  has(leaf: NewLeaf): boolean {
    return this.#equalIn(undefined, hashName(leaf.hash)) !== undefined;
  }

  /**
   * Throws OVERLOADED when `count` further submissions are not taken now, ENTRY_TOO_LARGE when they never will be.
   */
  assertAdmits(count = 1): void {
    const { maxEntries } = this.#limits;
    if (count > maxEntries) {
      throw new LogError('ENTRY_TOO_LARGE', `a batch of ${count} entries exceeds ${maxEntries}`);
    }
    if (this.#heldEntries + count <= maxEntries) return;
    throw new LogError(
      'OVERLOADED',
      `${this.#heldEntries} submissions are under way and ${maxEntries} are allowed`,
    );
  }

  /**
   * Returns the answer to come. An entry equal to one in flight is not written: it gets `duplicate` when that
   * one is added, and that one's error when it fails. A member of a group is not joined, it may fail for what its
   * neighbours are: the entry comes after it. Throws OVERLOADED when the pool is full.
   */
  add(leaf: NewLeaf): Promise<Sequenced> {
    const weight = weightOf(leaf);
    this.#admit(1, weight);
    return this.#hold(leaf, weight, undefined);
  }

  /**
   * Returns the answers to come of entries that are written together: all of them or none. An equal one within the
   * group waits for the first. One in flight outside is not joined, its failure would divide the group: the group
   * comes after it, and the store says what is a duplicate. Throws OVERLOADED; ENTRY_TOO_LARGE for a group that
   * the pool has no room for even when it is empty.
   */
  addGroup(leaves: readonly NewLeaf[]): Promise<readonly Sequenced[]> {
    const weights = leaves.map(weightOf);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const { maxBytes } = this.#limits;
    if (total > maxBytes) {
      throw new LogError('ENTRY_TOO_LARGE', `a batch of ${total} bytes exceeds ${maxBytes}`);
    }
    this.#admit(leaves.length, total);
    const group: Group = {};
    return Promise.all(leaves.map((leaf, i) => this.#hold(leaf, weights[i] as number, group)));
  }

  /**
   * Removes and returns the next batch, in the order of arrival; empty when nothing waits. It ends before a group
   * that does not fit in, and before an entry that it has: the next batch finds out that it is a duplicate.
   */
  takeBatch(): readonly Waiter[] {
    const { batchEntries, batchBytes } = this.#limits;
    const keys = new Set<string>();
    let bytes = 0;
    for (const unit of unitsOf(this.#waiting)) {
      bytes += unit.reduce((sum, { weight }) => sum + weight, 0);
      const isFull = keys.size + unit.length > batchEntries || bytes > batchBytes;
      if (keys.size > 0 && (isFull || unit.some(({ key }) => keys.has(key)))) break;
      for (const { key } of unit) keys.add(key);
    }
    return this.#waiting.splice(0, keys.size);
  }

  /** Answers a waiter, and everybody who joined it with `duplicate`. Does nothing when it has its answer. */
  answer(waiter: Waiter, answer: Sequenced): void {
    const held = waiter as Held;
    const joined = this.#settle(held);
    if (joined === undefined) return;
    held.resolve(answer);
    const { index, head } = answer;
    for (const other of joined) other.resolve({ outcome: 'duplicate', index, head });
  }

  /** Refuses a waiter and everybody who joined it. Does nothing when it has its answer. */
  refuse(waiter: Waiter, error: Error): void {
    const held = waiter as Held;
    const joined = this.#settle(held);
    if (joined === undefined) return;
    held.reject(error);
    for (const other of joined) other.reject(error);
  }

  /** Refuses everything that waits for a batch. */
  refuseWaiting(error: LogError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const held of waiting) this.refuse(held, error);
  }

  /** Joins an equal one of its group, or alone an equal one that came alone; else waits for a batch. */
  #hold(leaf: NewLeaf, weight: number, group: Group | undefined): Promise<Sequenced> {
    return new Promise((resolve, reject) => {
      const key = hashName(leaf.hash);
      const equal = this.#equalIn(group, key);
      if (equal?.joined !== undefined) {
        equal.joined.push({ weight, resolve, reject });
        return;
      }
      const held: Held = { leaf, weight, group, key, resolve, reject, joined: [] };
      this.#inFlight.set(key, held);
      this.#waiting.push(held);
    });
  }

  #equalIn(group: Group | undefined, key: string): Held | undefined {
    const equal = this.#inFlight.get(key);
    return equal?.group === group ? equal : undefined;
  }

  #admit(count: number, weight: number): void {
    this.assertAdmits(count);
    const { maxBytes } = this.#limits;
    if (this.#heldEntries > 0 && this.#heldBytes + weight > maxBytes) {
      const reason = `${this.#heldBytes} bytes are under way and ${maxBytes} are allowed`;
      throw new LogError('OVERLOADED', reason);
    }
    this.#heldEntries += count;
    this.#heldBytes += weight;
  }

  #settle(held: Held): readonly Joined[] | undefined {
    const { joined } = held;
    if (joined === undefined) return undefined;
    held.joined = undefined;
    if (this.#inFlight.get(held.key) === held) this.#inFlight.delete(held.key);
    this.#heldEntries -= 1 + joined.length;
    this.#heldBytes -= held.weight;
    for (const other of joined) this.#heldBytes -= other.weight;
    return joined;
  }
}
