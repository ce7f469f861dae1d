/**
 * Matching of a pattern against a text in time that is linear in the text, whatever the pattern and the text are.
 *
 * Node's own engine backtracks: a text that somebody else chose can hold it for hours. Here the pattern becomes a
 * machine of at most MAX_STEPS steps, of which all are tried at once; the sets of steps that were met are remembered
 * as states, up to a bound, so that nearly every character costs one look-up. In scope: whether there is a match.
 * Out of scope: syntax (pattern-syntax.ts), where a match is. State: the remembered states, which change no answer.
 */

import { LogError } from '../errors.js';
import { type CodeRange, joinedRanges, type PatternNode, parsePattern } from './pattern-syntax.js';

/** Most steps of a machine: what repetitions in repetitions may unfold to. */
export const MAX_STEPS = 4_096;

const NO_BOUNDS: PatternBounds = { steps: MAX_STEPS, states: 512, spend: () => {} };

/** What of a text must match. */
export interface MatchOptions {
  /** True: the whole text. False: some part of it. */
  readonly whole: boolean;
  /** True: letters match in either case, as with `(?i)`. */
  readonly ignoreCase: boolean;
  /** For patterns of strangers. */
  readonly bounds?: PatternBounds;
}

/** What a pattern may take. */
export interface PatternBounds {
  /** Most steps of its machine. */
  readonly steps: number;
  /** Most states that are remembered; then all are forgotten. */
  readonly states: number;
  /** Called for each character that is not one look-up; what it throws ends the match. */
  spend(): void;
}

/** A compiled pattern. */
export interface LinearPattern {
  /** Returns whether the text matches. Throws what its bounds throw; time is at most steps of the machine times length. */
  matches(text: string): boolean;
}

/** Returns the compiled pattern. Throws CONFIG_INVALID for syntax that is not taken, or a machine too large. */
export function compilePattern(source: string, options: MatchOptions): LinearPattern {
  const { node, ignoresCase } = parsePattern(source);
  const { whole, ignoreCase, bounds = NO_BOUNDS } = options;
  const compiler = new Compiler(ignoreCase || ignoresCase, bounds.steps);
  const accept = compiler.add({ type: 'accept' });
  return new Machine(compiler.steps, compiler.compile(node, accept), whole, bounds);
}

type Step =
  | { readonly type: 'class'; readonly ranges: readonly CodeRange[]; readonly next: number }
  | { readonly type: 'start' | 'end'; readonly next: number }
  | { type: 'split'; next: number[] }
  | { readonly type: 'accept' };

class Compiler {
  readonly steps: Step[] = [];
  readonly #ignoreCase: boolean;
  readonly #most: number;

  constructor(ignoreCase: boolean, most: number) {
    this.#ignoreCase = ignoreCase;
    this.#most = most;
  }

  add(step: Step): number {
    if (this.steps.length >= this.#most) {
      throw new LogError('CONFIG_INVALID', `a pattern unfolds to more than ${this.#most} steps`);
    }
    return this.steps.push(step) - 1;
  }

  /** Returns the first step of a node that goes on with `next`. */
  compile(node: PatternNode, next: number): number {
    switch (node.type) {
      case 'empty':
        return next;
      case 'class': {
        const ranges = this.#ignoreCase ? bothCases(node.ranges) : node.ranges;
        return this.add({ type: 'class', ranges, next });
      }
      case 'start':
      case 'end':
        return this.add({ type: node.type, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.compile(part, after), next);
      case 'choice':
        return this.add({
          type: 'split',
          next: node.parts.map((part) => this.compile(part, next)),
        });
      case 'repeat':
        return this.#repeat(node.part, node.least, node.most, next);
    }
  }

  #repeat(part: PatternNode, least: number, most: number | undefined, next: number): number {
    let entry = next;
    if (most === undefined) {
      const loop: { type: 'split'; next: number[] } = { type: 'split', next: [next] };
      entry = this.add(loop);
      loop.next.push(this.compile(part, entry));
    } else {
      for (let more = least; more < most; more++) {
        entry = this.add({ type: 'split', next: [next, this.compile(part, entry)] });
      }
    }
    for (let again = 0; again < least; again++) entry = this.compile(part, entry);
    return entry;
  }
}

/** Letters of ASCII alone: names in certificates and addresses are compared so elsewhere too. */
function bothCases(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const [upper, lower, distance] = [0x41, 0x61, 0x20];
  const others: CodeRange[] = [];
  for (const [from, to] of ranges) {
    for (const [first, shift] of [
      [upper, distance],
      [lower, -distance],
    ] as const) {
      const [low, high] = [Math.max(from, first), Math.min(to, first + 25)];
      if (low <= high) others.push([low + shift, high + shift]);
    }
  }
  return joinedRanges([...ranges, ...others]);
}

/** A set of steps that wait for a character. */
interface State {
  readonly waiting: readonly number[];
  /** True when the text may go on as it likes, or end here. */
  readonly accepts: boolean;
  readonly acceptsAtEnd: boolean;
  /** By code point below 128. */
  readonly ascii: (State | undefined)[];
}

class Machine implements LinearPattern {
  readonly #steps: readonly Step[];
  readonly #entry: number;
  readonly #whole: boolean;
  readonly #bounds: PatternBounds;
  #states = new Map<string, State>();
  #first: State | undefined;

  constructor(steps: readonly Step[], entry: number, whole: boolean, bounds: PatternBounds) {
    this.#steps = steps;
    this.#entry = entry;
    this.#whole = whole;
    this.#bounds = bounds;
  }

  matches(text: string): boolean {
    this.#first ??= this.#state([this.#entry], true);
    let state = this.#first;
    for (let at = 0; at < text.length; at++) {
      if (state.accepts && !this.#whole) return true;
      if (state.waiting.length === 0 && this.#whole) return false;
      const unit = text.charCodeAt(at);
      if (unit < 128) {
        const known = state.ascii[unit];
        if (known !== undefined) {
          state = known;
          continue;
        }
        const next = this.#after(state, unit);
        state.ascii[unit] = next;
        state = next;
        continue;
      }
      const point = text.codePointAt(at) as number;
      if (point > 0xffff) at++;
      state = this.#after(state, point);
    }
    return state.acceptsAtEnd;
  }

  #after(state: State, point: number): State {
    this.#bounds.spend();
    const next: number[] = [];
    for (const index of state.waiting) {
      const step = this.#steps[index] as Step & { type: 'class' };
      if (isIn(step.ranges, point)) next.push(step.next);
    }
    // A match of a part may begin anywhere.
    if (!this.#whole) next.push(this.#entry);
    return this.#state(next, false);
  }

  /** Returns the state of these steps and all that follow them without a character. */
  #state(from: readonly number[], atStart: boolean): State {
    const reached = new Set<number>();
    const accepts = this.#follow(from, atStart, false, reached);
    const waiting = [...reached].filter((at) => this.#steps[at]?.type === 'class').sort(byNumber);
    const acceptsAtEnd = accepts || this.#follow(from, atStart, true, new Set());
    const name = `${waiting.join(',')}${accepts ? '!' : ''}${acceptsAtEnd ? '$' : ''}`;
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    if (this.#states.size >= this.#bounds.states) {
      this.#states = new Map();
      this.#first = undefined;
    }
    const state: State = { waiting, accepts, acceptsAtEnd, ascii: new Array(128) };
    this.#states.set(name, state);
    return state;
  }

  /** Adds every step that is reached; returns whether the accepting one is among them. */
  #follow(
    from: readonly number[],
    atStart: boolean,
    atEnd: boolean,
    reached: Set<number>,
  ): boolean {
    const open = [...from];
    let accepts = false;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (reached.has(at)) continue;
      reached.add(at);
      const step = this.#steps[at] as Step;
      if (step.type === 'accept') accepts = true;
      else if (step.type === 'split') open.push(...step.next);
      else if (step.type === 'start' && atStart) open.push(step.next);
      else if (step.type === 'end' && atEnd) open.push(step.next);
    }
    return accepts;
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}

function isIn(ranges: readonly CodeRange[], point: number): boolean {
  return ranges.some(([from, to]) => from <= point && point <= to);
}
