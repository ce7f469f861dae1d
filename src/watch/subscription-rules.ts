/**
 * The rules of a subscription that a stranger asks for, within bounds.
 *
 * In scope: bounds of one subscription and of all together; files are not read. Out of scope: what a rule is (matching/).
 * State: what the subscriptions hold together.
 */

import { LogError } from '../errors.js';
import { readWatchList, type WatchList } from '../matching/watch-list.js';
import type { PatternLease, SharedPatterns } from './shared-patterns.js';

/** Most rules of each list, values word for word, and patterns of one subscription. */
export const MAX_SUBSCRIPTION_RULES = 32;
export const MAX_SUBSCRIPTION_VALUES = 1_000;
export const MAX_SUBSCRIPTION_PATTERNS = 16;

/** Most values of all subscriptions together. */
const MAX_HELD_VALUES = 200_000;

/** Rules in the form of a configuration: docs/watch.md. Neither: everything. */
export interface RuleDocument {
  readonly watch?: unknown;
  readonly allow?: unknown;
}

/** The rules of one subscription. */
export interface HeldRules {
  readonly list: WatchList;
  /** Gives back what they hold; once. */
  release(): void;
}

/** Reads the rules of subscriptions. */
export class SubscriptionRules {
  readonly #patterns: SharedPatterns;
  readonly #extensions = new Map<string, number>();
  #heldValues = 0;

  constructor(patterns: SharedPatterns) {
    this.#patterns = patterns;
  }

  /** OIDs of the extensions that subscriptions ask for. */
  get extensions(): readonly string[] {
    return [...this.#extensions.keys()];
  }

  /**
   * Returns the rules of a document. Throws CONFIG_INVALID naming the place; OVERLOADED where the subscriptions
   * together hold too much.
   */
  read({ watch = EVERYTHING, allow = [] }: RuleDocument): HeldRules {
    for (const [name, rules] of Object.entries({ watch, allow })) {
      if (Array.isArray(rules) && rules.length > MAX_SUBSCRIPTION_RULES) {
        throw invalid(`${name} has more than ${MAX_SUBSCRIPTION_RULES} rules`);
      }
    }
    const lease = this.#patterns.lease(MAX_SUBSCRIPTION_PATTERNS);
    try {
      const list = readWatchList({ watch, allow }, noFiles, lease.compile);
      if (list.valueCount > MAX_SUBSCRIPTION_VALUES) {
        throw invalid(`watch and allow have more than ${MAX_SUBSCRIPTION_VALUES} values`);
      }
      return this.#hold(list, lease);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** Counts the extensions of rules that are read elsewhere as asked for. */
  ask({ extensions }: WatchList): void {
    for (const oid of extensions) this.#count(oid, 1);
  }

  #hold(list: WatchList, lease: PatternLease): HeldRules {
    const { valueCount, extensions } = list;
    if (this.#heldValues + valueCount > MAX_HELD_VALUES) {
      throw new LogError('OVERLOADED', 'the subscriptions have too many values together');
    }
    this.#heldValues += valueCount;
    this.ask(list);
    return {
      list,
      release: () => {
        this.#heldValues -= valueCount;
        for (const oid of extensions) this.#count(oid, -1);
        lease.release();
      },
    };
  }

  #count(oid: string, more: 1 | -1): void {
    const count = (this.#extensions.get(oid) ?? 0) + more;
    if (count === 0) this.#extensions.delete(oid);
    else this.#extensions.set(oid, count);
  }
}

const EVERYTHING = [{ name: 'everything', everything: true }];

function noFiles(): never {
  throw invalid('a condition names a file, which is for the configuration of the operator');
}

function invalid(reason: string): LogError {
  return new LogError('CONFIG_INVALID', reason);
}
