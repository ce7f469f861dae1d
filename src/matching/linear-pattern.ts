/**
 * Matching of a pattern against a text in time that is linear in the text, whatever the pattern and the text are.
 *
 * Node's own engine backtracks: a text that somebody else chose can hold it for hours. Here the pattern becomes a
 * machine of at most MAX_STEPS steps, of which all are tried at once; the sets of steps that were met are remembered
 * as states, up to a bound, so that nearly every character costs one look-up. A text that leads to ever new states is read
 * on without remembering any. In scope: whether there is a match. Out of scope: syntax (pattern-syntax.ts), where a match is.
 * State: the remembered states, which change no answer.
 */

import { LogError } from '../errors.js';
import { bothCases } from './letter-case.js';
import {
  type CodeRange,
  complement,
  joinedRanges,
  type PatternNode,
  parsePattern,
} from './pattern-syntax.js';

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
  /** A class that is repeated is one, however many steps it makes. */
  readonly #classes = new Map<PatternNode, readonly CodeRange[]>();

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
      case 'class':
        return this.add({ type: 'class', ranges: this.#rangesOf(node), next });
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

  #rangesOf(node: PatternNode & { readonly type: 'class' }): readonly CodeRange[] {
    const known = this.#classes.get(node);
    if (known !== undefined) return known;
    const folded = this.#ignoreCase ? bothCases(node.ranges) : node.ranges;
    const ranges = node.isNegated === true ? complement(folded) : joinedRanges(folded);
    this.#classes.set(node, ranges);
    return ranges;
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

/** A set of steps that wait for a character. */
interface State {
  readonly waiting: readonly number[];
  /** True when the text may go on as it likes. */
  readonly accepts: boolean;
  /** True when the text may end here. */
  readonly acceptsAtEnd: boolean;
  /** The states behind it, by symbol. */
  readonly next: (State | undefined)[];
}

/** New states of one text, in multiples of those that are remembered, after which none is made any more. */
const MOST_ROUNDS = 2;

class Machine implements LinearPattern {
  readonly #steps: readonly Step[];
  readonly #entry: number;
  readonly #whole: boolean;
  readonly #bounds: PatternBounds;
  readonly #alphabet: Alphabet;
  /** By step: which symbols it takes, one byte a symbol; undefined for steps that take none. */
  readonly #takes: readonly (Uint8Array | undefined)[];
  readonly #hasEnd: boolean;
  /** By step: the round in which it was last met. */
  readonly #met: Int32Array;
  #round = 0;
  #states = new Map<string, State>();
  #first: State | undefined;

  constructor(steps: readonly Step[], entry: number, whole: boolean, bounds: PatternBounds) {
    this.#steps = steps;
    this.#entry = entry;
    this.#whole = whole;
    this.#bounds = bounds;
    const classes = new Set(steps.flatMap((step) => (step.type === 'class' ? [step.ranges] : [])));
    const alphabet = new Alphabet([...classes].flat());
    const takes = new Map([...classes].map((ranges) => [ranges, alphabet.symbolsIn(ranges)]));
    this.#alphabet = alphabet;
    this.#takes = steps.map((step) => (step.type === 'class' ? takes.get(step.ranges) : undefined));
    this.#hasEnd = steps.some(({ type }) => type === 'end');
    this.#met = new Int32Array(steps.length);
  }

  matches(text: string): boolean {
    this.#first ??= this.#remembered(this.#stateOf([this.#entry], true));
    let state = this.#first;
    let news = 0;
    for (let at = 0; at < text.length; at++) {
      if (state.accepts && !this.#whole) return true;
      if (state.waiting.length === 0 && this.#whole) return false;
      const unit = text.charCodeAt(at);
      let symbol: number;
      if (unit < ASCII) {
        symbol = this.#alphabet.ofAscii(unit);
      } else {
        const point = text.codePointAt(at) as number;
        if (point > 0xffff) at++;
        symbol = this.#alphabet.of(point);
      }
      let next = state.next[symbol];
      if (next === undefined) {
        this.#bounds.spend();
        next = this.#stateOf(this.#after(state, symbol), false);
        if (++news <= MOST_ROUNDS * this.#bounds.states) {
          next = this.#remembered(next);
          state.next[symbol] = next;
        }
      }
      state = next;
    }
    return state.acceptsAtEnd;
  }

  #after(state: State, symbol: number): number[] {
    const next: number[] = [];
    for (const index of state.waiting) {
      if (this.#takes[index]?.[symbol] === 1) next.push((this.#steps[index] as ClassStep).next);
    }
    // A match of a part may begin anywhere.
    if (!this.#whole) next.push(this.#entry);
    return next;
  }

  /** Returns the state of these steps and all that follow them without a character. */
  #stateOf(from: readonly number[], atStart: boolean): State {
    const waiting: number[] = [];
    const accepts = this.#follow(from, atStart, false, waiting);
    const acceptsAtEnd = accepts || (this.#hasEnd && this.#follow(from, atStart, true, []));
    return { waiting, accepts, acceptsAtEnd, next: [] };
  }

  /** Returns the state that is remembered for these steps. */
  #remembered(state: State): State {
    const { waiting, accepts, acceptsAtEnd } = state;
    const steps = [...waiting].sort(byNumber).join(',');
    const name = `${steps}${accepts ? '!' : ''}${acceptsAtEnd ? '$' : ''}`;
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    if (this.#states.size >= this.#bounds.states) {
      this.#states = new Map();
      this.#first = undefined;
    }
    this.#states.set(name, state);
    return state;
  }

  /** Adds every step that waits for a character; returns whether the accepting one is reached. */
  #follow(from: readonly number[], atStart: boolean, atEnd: boolean, waiting: number[]): boolean {
    const round = this.#nextRound();
    const open = [...from];
    let accepts = false;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.#met[at] === round) continue;
      this.#met[at] = round;
      const step = this.#steps[at] as Step;
      if (step.type === 'class') waiting.push(at);
      else if (step.type === 'accept') accepts = true;
      else if (step.type === 'split') for (const next of step.next) open.push(next);
      else if (step.type === 'start' ? atStart : atEnd) open.push(step.next);
    }
    return accepts;
  }

  #nextRound(): number {
    if (this.#round === 0x7fffffff) {
      this.#met.fill(0);
      this.#round = 0;
    }
    return ++this.#round;
  }
}

type ClassStep = Step & { readonly type: 'class' };

const ASCII = 128;

/** Code points between which no class of a pattern makes a difference are one symbol. */
class Alphabet {
  /** Where symbols begin; the first is 0. */
  readonly #starts: readonly number[];
  readonly #ascii = new Uint16Array(ASCII);

  constructor(ranges: readonly CodeRange[]) {
    const starts = new Set([0, ...ranges.flatMap(([from, to]) => [from, to + 1])]);
    this.#starts = [...starts].sort(byNumber);
    for (let point = 0; point < ASCII; point++) this.#ascii[point] = this.of(point);
  }

  ofAscii(point: number): number {
    return this.#ascii[point] as number;
  }

  of(point: number): number {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] as number) <= point) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Returns a byte for each symbol: 1 for those in the ranges, which were given to the constructor. */
  symbolsIn(ranges: readonly CodeRange[]): Uint8Array {
    const within = new Uint8Array(this.#starts.length);
    for (const [from, to] of ranges) within.fill(1, this.of(from), this.of(to) + 1);
    return within;
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}
