/**
 * One condition of a rule: values that are looked for, word for word or by a pattern.
 *
 * What is watched for is found in any letter case and a pattern anywhere in a value; what is allowed must be exactly so
 * from end to end. Each errs on the side of the alarm. In scope: reading and asking. Pure.
 */

import { LogError } from '../errors.js';
import type { LinearPattern, MatchOptions } from './linear-pattern.js';

/** Who asks: a list of what to look for, or one of what is ours. */
export type Strictness = 'watch' | 'allow';

/** Looks for values. */
export interface ValueMatcher {
  /** Returns the first of `values` that is looked for, undefined when there is none. */
  find(values: readonly string[]): string | undefined;
  /** The values that are looked for word for word; of a watch rule in lower case. */
  readonly exact: ReadonlySet<string>;
  readonly patterns: readonly LinearPattern[];
}

/** Returns the lines of a file that a condition names; throws CONFIG_INVALID. */
export type LineReader = (path: string) => readonly string[];

/** Returns a pattern, new or shared; throws as compilePattern does. */
export type PatternCompiler = (source: string, options: MatchOptions) => LinearPattern;

/** Where conditions get from what they do not hold themselves. */
export interface MatcherSources {
  readonly readLines: LineReader;
  readonly compile: PatternCompiler;
}

/** Most values of one condition. */
export const MAX_VALUES = 1_000_000;

/** Most patterns of one condition. */
export const MAX_PATTERNS = 64;

/**
 * Returns what a condition of a configuration looks for: a text, `{pattern: …}`, `{file: …}` with a text a line, or a list
 * of these. Throws CONFIG_INVALID naming `place`.
 */
export function readValueMatcher(
  condition: unknown,
  place: string,
  strictness: Strictness,
  { readLines, compile }: MatcherSources,
): ValueMatcher {
  const isFolded = strictness === 'watch';
  const exact = new Set<string>();
  const patterns: LinearPattern[] = [];
  const add = (value: string) => exact.add(isFolded ? value.toLowerCase() : value);
  for (const item of Array.isArray(condition) ? condition : [condition]) {
    if (typeof item === 'string' && item !== '') {
      add(item);
    } else if (isOnly(item, 'pattern')) {
      const options = { whole: !isFolded, ignoreCase: isFolded };
      patterns.push(asProblemOf(place, () => compile(item.pattern, options)));
    } else if (isOnly(item, 'file')) {
      for (const line of asProblemOf(place, () => readLines(item.file))) add(line);
    } else {
      const forms = 'a text, {pattern: text} or {file: path}';
      throw new LogError('CONFIG_INVALID', `${place} is neither ${forms} nor a list of these`);
    }
  }
  if (exact.size > MAX_VALUES || patterns.length > MAX_PATTERNS) {
    const bounds = `${MAX_VALUES} values or ${MAX_PATTERNS} patterns`;
    throw new LogError('CONFIG_INVALID', `${place} has more than ${bounds}`);
  }
  return {
    exact,
    patterns,
    find: (values) =>
      values.find(
        (value) =>
          exact.has(isFolded ? value.toLowerCase() : value) ||
          patterns.some((pattern) => pattern.matches(value)),
      ),
  };
}

function isOnly<Name extends string>(item: unknown, name: Name): item is Record<Name, string> {
  if (typeof item !== 'object' || item === null) return false;
  const entries = Object.entries(item);
  return entries.length === 1 && entries[0]?.[0] === name && typeof entries[0][1] === 'string';
}

function asProblemOf<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new LogError(cause.code, `${place}: ${cause.message}`, { cause });
  }
}
