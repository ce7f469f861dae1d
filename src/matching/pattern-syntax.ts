/**
 * Regular expressions that cost what they look like: a subset of RE2's syntax, read into a tree.
 *
 * Spec: https://github.com/google/re2/wiki/Syntax. In scope: literals, escapes, `.`, classes, groups without capture in
 * effect, `|`, `* + ? {n,m}`, `^ $`, `(?i)` at the start. Out of scope, and refused: back references, look-around, `\b`,
 * properties, flags elsewhere: what cannot be matched in linear time, or would be read differently elsewhere. Pure.
 */

import { LogError } from '../errors.js';

/** Longest pattern, in characters. */
export const MAX_PATTERN_LENGTH = 1_024;

/** Most that `{n,m}` may repeat. */
export const MAX_REPEAT = 256;

/** Deepest nesting of groups. */
const MAX_DEPTH = 32;

/** A range of code points, both ends inclusive. */
export type CodeRange = readonly [from: number, to: number];

/** A node of the tree. */
export type PatternNode =
  | { readonly type: 'empty' }
  /** One code point of these, or when negated one of all others: letter case is folded before that. */
  | { readonly type: 'class'; readonly ranges: readonly CodeRange[]; readonly isNegated?: true }
  | { readonly type: 'start' | 'end' }
  | { readonly type: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  /** `most` undefined: any number. */
  | {
      readonly type: 'repeat';
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number | undefined;
    };

/** A pattern as read. */
export interface ParsedPattern {
  readonly node: PatternNode;
  readonly ignoresCase: boolean;
}

/** Returns the pattern. Throws CONFIG_INVALID with the position of what is not understood. */
export function parsePattern(source: string): ParsedPattern {
  const points = [...source].map((character) => character.codePointAt(0) as number);
  if (points.length > MAX_PATTERN_LENGTH) {
    throw new LogError('CONFIG_INVALID', `a pattern is longer than ${MAX_PATTERN_LENGTH}`);
  }
  const ignoresCase = source.startsWith('(?i)');
  const parser = new Parser(points, ignoresCase ? '(?i)'.length : 0);
  return { node: parser.parse(), ignoresCase };
}

const code = (character: string): number => character.codePointAt(0) as number;

const LAST_POINT = 0x10ffff;
const NEWLINE = code('\n');

const DIGITS: readonly CodeRange[] = [[code('0'), code('9')]];
const WORDS: readonly CodeRange[] = [
  [code('0'), code('9')],
  [code('A'), code('Z')],
  [code('_'), code('_')],
  [code('a'), code('z')],
];
// As in RE2: without vertical tab.
const SPACES: readonly CodeRange[] = [
  [code('\t'), code('\n')],
  [code('\f'), code('\r')],
  [code(' '), code(' ')],
];

/** Returns ranges sorted and joined. */
export function joinedRanges(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const joined: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** Returns the ranges of all other code points, sorted. */
export function complement(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const others: CodeRange[] = [];
  let next = 0;
  for (const [from, to] of joinedRanges(ranges)) {
    if (from > next) others.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= LAST_POINT) others.push([next, LAST_POINT]);
  return others;
}

const CLASSES: ReadonlyMap<number, readonly CodeRange[]> = new Map([
  [code('d'), DIGITS],
  [code('D'), complement(DIGITS)],
  [code('w'), WORDS],
  [code('W'), complement(WORDS)],
  [code('s'), SPACES],
  [code('S'), complement(SPACES)],
]);
const CONTROLS: ReadonlyMap<number, number> = new Map([
  [code('n'), NEWLINE],
  [code('r'), code('\r')],
  [code('t'), code('\t')],
  [code('f'), code('\f')],
]);
/** As in RE2 any ASCII punctuation may be escaped, and nothing else. */
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

class Parser {
  readonly #points: readonly number[];
  #at: number;
  #depth = 0;

  constructor(points: readonly number[], start: number) {
    this.#points = points;
    this.#at = start;
  }

  parse(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#points.length) throw this.#refusal('a ) that closes nothing');
    return node;
  }

  #choice(): PatternNode {
    const parts = [this.#sequence()];
    while (this.#takes('|')) parts.push(this.#sequence());
    return parts.length === 1 ? (parts[0] as PatternNode) : { type: 'choice', parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#points.length && !this.#isAt('|') && !this.#isAt(')')) {
      parts.push(this.#repeated(this.#atom()));
    }
    if (parts.length === 0) return { type: 'empty' };
    return parts.length === 1 ? (parts[0] as PatternNode) : { type: 'sequence', parts };
  }

  #repeated(part: PatternNode): PatternNode {
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    const [least, most] = bounds;
    // Whether it takes much or little changes nothing for who asks only whether there is a match.
    this.#takes('?');
    if (this.#isAt('*') || this.#isAt('+') || this.#isAt('?') || this.#isRepeat()) {
      throw this.#refusal('a repetition of a repetition');
    }
    return { type: 'repeat', part, least, most };
  }

  #bounds(): readonly [number, number | undefined] | undefined {
    if (this.#takes('*')) return [0, undefined];
    if (this.#takes('+')) return [1, undefined];
    if (this.#takes('?')) return [0, 1];
    if (!this.#isRepeat()) return undefined;
    const [whole, leastText, comma, mostText] = this.#repeatText() as RegExpExecArray;
    const least = Number(leastText);
    const most = comma === undefined ? least : mostText === '' ? undefined : Number(mostText);
    if (Math.max(least, most ?? 0) > MAX_REPEAT || (most ?? least) < least) {
      throw this.#refusal(`a repetition beyond ${MAX_REPEAT}, or of more than at most`);
    }
    this.#at += (whole as string).length;
    return [least, most];
  }

  #isRepeat(): boolean {
    return this.#isAt('{') && this.#repeatText() !== null;
  }

  /** `{n}`, `{n,}` or `{n,m}`; any other brace stands for itself. */
  #repeatText(): RegExpExecArray | null {
    const ahead = String.fromCodePoint(...this.#points.slice(this.#at, this.#at + 12));
    return /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(ahead);
  }

  #atom(): PatternNode {
    const point = this.#next();
    switch (String.fromCodePoint(point)) {
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '.':
        return { type: 'class', ranges: complement([[NEWLINE, NEWLINE]]) };
      case '^':
        return { type: 'start' };
      case '$':
        return { type: 'end' };
      case '\\':
        return { type: 'class', ranges: this.#escape() };
      case '*':
      case '+':
      case '?':
        this.#at--;
        throw this.#refusal('a repetition of nothing');
      default:
        return { type: 'class', ranges: [[point, point]] };
    }
  }

  #group(): PatternNode {
    if (this.#takes('?') && !this.#takes(':')) throw this.#refusal('a group of this kind');
    if (++this.#depth > MAX_DEPTH) throw this.#refusal(`groups nested deeper than ${MAX_DEPTH}`);
    const node = this.#choice();
    this.#depth--;
    if (!this.#takes(')')) throw this.#refusal('a ( that is not closed');
    return node;
  }

  #escape(): readonly CodeRange[] {
    if (this.#at >= this.#points.length) throw this.#refusal('a \\ at the end');
    const point = this.#next();
    const ranges = CLASSES.get(point);
    if (ranges !== undefined) return ranges;
    const control = CONTROLS.get(point);
    if (control !== undefined) return [[control, control]];
    if (PUNCTUATION.test(String.fromCodePoint(point))) return [[point, point]];
    this.#at--;
    throw this.#refusal('an escape that is not known');
  }

  #class(): PatternNode {
    const isNegated = this.#takes('^');
    const ranges: CodeRange[] = [];
    for (let isFirst = true; isFirst || !this.#isAt(']'); isFirst = false) {
      if (this.#at >= this.#points.length) throw this.#refusal('a [ that is not closed');
      if (this.#isAt('[') && this.#points[this.#at + 1] === code(':')) {
        throw this.#refusal('a named class');
      }
      ranges.push(...this.#classItem());
    }
    this.#at++;
    return { type: 'class', ranges, ...(isNegated && { isNegated }) };
  }

  #classItem(): readonly CodeRange[] {
    const from = this.#classEnd();
    const isRange = this.#isAt('-') && this.#points[this.#at + 1] !== code(']');
    if (!isRange) return from;
    this.#at++;
    if (this.#at >= this.#points.length) throw this.#refusal('a [ that is not closed');
    const to = this.#classEnd();
    const [first, last] = [from[0]?.[0], to[0]?.[0]];
    const isSingle = [from, to].every(([range]) => range?.[0] === range?.[1]);
    if (!isSingle || first === undefined || last === undefined || first > last) {
      throw this.#refusal('a range without an order');
    }
    return [[first, last]];
  }

  #classEnd(): readonly CodeRange[] {
    const point = this.#next();
    return point === code('\\') ? this.#escape() : [[point, point]];
  }

  #next(): number {
    return this.#points[this.#at++] as number;
  }

  #isAt(character: string): boolean {
    return this.#points[this.#at] === code(character);
  }

  #takes(character: string): boolean {
    if (!this.#isAt(character)) return false;
    this.#at++;
    return true;
  }

  #refusal(what: string): LogError {
    return new LogError('CONFIG_INVALID', `a pattern has ${what}, at character ${this.#at}`);
  }
}
