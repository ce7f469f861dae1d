/**
 * The patterns of all subscriptions: equal ones are compiled once, run once for a text, and paid for once an entry.
 *
 * In scope: sharing, and the bounds for patterns of strangers in memory and in time. Out of scope: how a pattern is
 * matched (matching/). State: the patterns in use, and what they said of the entry at hand.
 */

import { LogError } from '../errors.js';
import {
  compilePattern,
  type LinearPattern,
  type MatchOptions,
} from '../matching/linear-pattern.js';
import type { PatternCompiler } from '../matching/value-matcher.js';

/** Most different patterns of all strangers together. */
export const MAX_SHARED_PATTERNS = 256;

/** Of one pattern: steps of its machine, states that are remembered, and characters of an entry beyond those. */
const MAX_STEPS = 128;
const MAX_STATES = 64;
const MAX_SPENT = 4_096;

/** Texts of which the verdict is remembered, for as long as one entry is at hand. */
const MAX_REMEMBERED = 64;

/** The patterns of one subscription. */
export interface PatternLease {
  readonly compile: PatternCompiler;
  /** Gives them back. */
  release(): void;
}

/** The patterns of all subscriptions. */
export class SharedPatterns {
  readonly #patterns = new Map<string, SharedPattern>();
  readonly #entry = { number: 0 };

  /** Different patterns in use. */
  get size(): number {
    return this.#patterns.size;
  }

  /** Another entry is at hand: what was said of texts is forgotten, and every pattern may spend anew. */
  nextEntry(): void {
    this.#entry.number++;
  }

  /**
   * Returns a compiler for a subscription of at most `most` patterns. It throws CONFIG_INVALID for one more or one too
   * large, OVERLOADED where all subscriptions together have too many.
   */
  lease(most: number): PatternLease {
    const names: string[] = [];
    return {
      compile: (source, options) => {
        if (names.length >= most) {
          throw new LogError('CONFIG_INVALID', `there are more than ${most} patterns`);
        }
        const name = `${options.whole} ${options.ignoreCase} ${source}`;
        const pattern = this.#patterns.get(name) ?? this.#add(name, source, options);
        pattern.users++;
        names.push(name);
        return pattern;
      },
      release: () => {
        for (const name of names.splice(0)) this.#giveBack(name);
      },
    };
  }

  #add(name: string, source: string, options: MatchOptions): SharedPattern {
    if (this.#patterns.size >= MAX_SHARED_PATTERNS) {
      throw new LogError('OVERLOADED', 'the subscriptions have too many patterns together');
    }
    const pattern = new SharedPattern(source, options, this.#entry);
    this.#patterns.set(name, pattern);
    return pattern;
  }

  #giveBack(name: string): void {
    const pattern = this.#patterns.get(name);
    if (pattern !== undefined && --pattern.users === 0) this.#patterns.delete(name);
  }
}

class SharedPattern implements LinearPattern {
  users = 0;
  readonly #pattern: LinearPattern;
  readonly #entry: { readonly number: number };
  readonly #said = new Map<string, boolean>();
  #number = 0;
  #spent = 0;

  constructor(source: string, options: MatchOptions, entry: { readonly number: number }) {
    const spend = (): void => {
      if (++this.#spent > MAX_SPENT) {
        throw new LogError('ENTRY_TOO_COSTLY', 'it takes too long to hold it against a pattern');
      }
    };
    const bounds = { steps: MAX_STEPS, states: MAX_STATES, spend };
    this.#pattern = compilePattern(source, { ...options, bounds });
    this.#entry = entry;
  }

  matches(text: string): boolean {
    if (this.#number !== this.#entry.number) {
      this.#number = this.#entry.number;
      this.#spent = 0;
      this.#said.clear();
    }
    const known = this.#said.get(text);
    if (known !== undefined) return known;
    const said = this.#pattern.matches(text);
    if (this.#said.size < MAX_REMEMBERED) this.#said.set(text, said);
    return said;
  }
}
