/**
 * The rules of all subscriptions in one index: an entry meets those that may take it, however many there are.
 *
 * A rule that holds has all its conditions met, so it is enough to look for one of them. Values that are looked for word
 * for word lie in one map a field; a pattern that several rules share is run once. In scope: which rules are asked. Out of
 * scope: what they say (matching/). State: the rules.
 */

import type { DescribedLeaf } from '../entries/described-leaf.js';
import type { LinearPattern } from '../matching/linear-pattern.js';
import type { RuleCondition, WatchRule } from '../matching/watch-list.js';

/** What is found for an entry: an owner whose rule is to be asked, or whose rule cannot be. */
export interface Candidate<Owner> {
  readonly owner: Owner;
  /** Undefined: what the rule asks for cannot be read, as `error` says. */
  readonly rule: WatchRule | undefined;
  readonly error?: unknown;
}

/** An index of rules, each with its owner. */
export class RuleIndex<Owner> {
  readonly #fields = new Map<string, Field<Owner>>();
  readonly #everything = new Set<OwnedRule<Owner>>();
  readonly #owned = new Map<Owner, OwnedRule<Owner>[]>();

  /** Adds an owner with its rules. */
  add(owner: Owner, rules: readonly WatchRule[]): void {
    const owned = rules.map((rule) => ({ owner, rule }));
    this.#owned.set(owner, owned);
    for (const each of owned) {
      const condition = mostSelective(each.rule);
      if (condition === undefined) this.#everything.add(each);
      else this.#fieldOf(condition).add(condition, each);
    }
  }

  /** Takes an owner out, with its rules. */
  remove(owner: Owner): void {
    for (const each of this.#owned.get(owner) ?? []) {
      const condition = mostSelective(each.rule);
      if (condition === undefined) {
        this.#everything.delete(each);
        continue;
      }
      const field = this.#fields.get(condition.field);
      field?.remove(condition, each);
      if (field?.isEmpty === true) this.#fields.delete(condition.field);
    }
    this.#owned.delete(owner);
  }

  /** Every owner. */
  owners(): Iterable<Owner> {
    return this.#owned.keys();
  }

  /**
   * Yields each rule that may take a leaf, once, and undefined after each pattern that was run: a place to pause. Owners
   * may come and go between two of them; those who come are not asked.
   */
  *candidates(leaf: DescribedLeaf): Generator<Candidate<Owner> | undefined> {
    const met = new Set<OwnedRule<Owner>>(this.#everything);
    yield* met;
    for (const field of [...this.#fields.values()]) {
      for (const found of field.find(leaf)) {
        if (found === undefined) yield undefined;
        else if (!met.has(found.of)) {
          met.add(found.of);
          const { owner, rule } = found.of;
          yield 'error' in found ? { owner, rule: undefined, error: found.error } : { owner, rule };
        }
      }
    }
  }

  #fieldOf(condition: RuleCondition): Field<Owner> {
    const known = this.#fields.get(condition.field);
    if (known !== undefined) return known;
    const field = new Field<Owner>(condition);
    this.#fields.set(condition.field, field);
    return field;
  }
}

interface OwnedRule<Owner> {
  readonly owner: Owner;
  readonly rule: WatchRule;
}

interface Found<Owner> {
  readonly of: OwnedRule<Owner>;
  readonly error?: unknown;
}

/** What nearly every entry has in common with many others. */
const WEAK_FIELDS: ReadonlySet<string> = new Set(['issuer', 'certificate-issuer', 'kind']);

/** The condition by which a rule is found; undefined for one that takes everything. */
function mostSelective({ conditions }: WatchRule): RuleCondition | undefined {
  let best: RuleCondition | undefined;
  for (const condition of conditions) {
    if (best === undefined || costOf(condition) < costOf(best)) best = condition;
  }
  return best;
}

function costOf({ field, matcher }: RuleCondition): number {
  return (WEAK_FIELDS.has(field) ? 2 : 0) + (matcher.patterns.length > 0 ? 1 : 0);
}

class Field<Owner> {
  readonly #values: RuleCondition['values'];
  readonly #exact = new Map<string, Set<OwnedRule<Owner>>>();
  readonly #patterns = new Map<LinearPattern, Set<OwnedRule<Owner>>>();

  constructor(condition: RuleCondition) {
    this.#values = (leaf) => condition.values(leaf);
  }

  get isEmpty(): boolean {
    return this.#exact.size + this.#patterns.size === 0;
  }

  add({ matcher }: RuleCondition, rule: OwnedRule<Owner>): void {
    for (const value of matcher.exact) addTo(this.#exact, value, rule);
    for (const pattern of matcher.patterns) addTo(this.#patterns, pattern, rule);
  }

  remove({ matcher }: RuleCondition, rule: OwnedRule<Owner>): void {
    for (const value of matcher.exact) removeFrom(this.#exact, value, rule);
    for (const pattern of matcher.patterns) removeFrom(this.#patterns, pattern, rule);
  }

  *find(leaf: DescribedLeaf): Generator<Found<Owner> | undefined> {
    let values: readonly string[];
    try {
      values = this.#values(leaf);
    } catch (error) {
      for (const rules of [...this.#exact.values(), ...this.#patterns.values()]) {
        for (const of of rules) yield { of, error };
      }
      return;
    }
    for (const value of values) {
      for (const of of this.#exact.get(value.toLowerCase()) ?? []) yield { of };
    }
    if (values.length === 0) return;
    for (const [pattern, rules] of this.#patterns) {
      try {
        if (values.some((value) => pattern.matches(value))) for (const of of rules) yield { of };
      } catch (error) {
        for (const of of rules) yield { of, error };
      }
      yield undefined;
    }
  }
}

function addTo<Key, Rule>(rules: Map<Key, Set<Rule>>, key: Key, rule: Rule): void {
  const known = rules.get(key);
  if (known === undefined) rules.set(key, new Set([rule]));
  else known.add(rule);
}

function removeFrom<Key, Rule>(rules: Map<Key, Set<Rule>>, key: Key, rule: Rule): void {
  const known = rules.get(key);
  known?.delete(rule);
  if (known?.size === 0) rules.delete(key);
}
