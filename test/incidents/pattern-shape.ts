/**
 * Regular expressions taken apart, as far as it takes to see where one could backtrack, and to make the texts that
 * would make it do so.
 */

/** A piece of a regular expression. */
export type Piece =
  /** One character. */
  | { readonly type: 'atom'; readonly samples: readonly string[] }
  /** A position. */
  | { readonly type: 'anchor' }
  | {
      readonly type: 'group';
      readonly options: readonly (readonly Piece[])[];
      readonly looks: boolean;
    }
  | { readonly type: 'repeat'; readonly piece: Piece; readonly min: number; readonly max: number };

/** Returns the pieces of a pattern. Throws for what it does not know. */
export function piecesOf({ source, flags }: RegExp): Piece {
  const reader = new PatternReader(source, flags.replace(/[gy]/g, ''));
  return reader.whole();
}

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
/** Letters first: they are the least likely to mean something. */
const CANDIDATES = [...'a0Z \n\t-/.,:*"\'=+_', ...ASCII, 'é', '\u2028', '\ufffd', '\u{1f600}'];

class PatternReader {
  readonly #source: string;
  readonly #flags: string;
  #at = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#flags = flags;
  }

  whole(): Piece {
    const piece = this.#options(false);
    if (this.#at < this.#source.length) throw new Error(`cannot read /${this.#source}/`);
    return piece;
  }

  #options(looks: boolean): Piece {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    return { type: 'group', options, looks };
  }

  #sequence(): Piece[] {
    const pieces: Piece[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at] as string)) {
      pieces.push(this.#quantified(this.#piece()));
    }
    return pieces;
  }

  #quantified(piece: Piece): Piece {
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.#source.slice(this.#at));
    if (found === null) return piece;
    this.#at += found[0].length;
    const [text, least = '0', comma = '', most = ''] = found;
    if (text.startsWith('*')) return { type: 'repeat', piece, min: 0, max: Infinity };
    if (text.startsWith('+')) return { type: 'repeat', piece, min: 1, max: Infinity };
    if (text.startsWith('?')) return { type: 'repeat', piece, min: 0, max: 1 };
    const min = Number(least);
    const max = comma === '' ? min : most === '' ? Infinity : Number(most);
    return { type: 'repeat', piece, min, max };
  }

  #piece(): Piece {
    const opened = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(this.#source.slice(this.#at));
    if (opened !== null) {
      this.#at += opened[0].length;
      const group = this.#options(/[=!]$/.test(opened[0]));
      if (!this.#take(')')) throw new Error(`open group in /${this.#source}/`);
      return group;
    }
    if (this.#take('^') || this.#take('$')) return { type: 'anchor' };
    const atom =
      /^(?:\[(?:\\.|[^\]\\])*\]|\\(?:u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|p\{[^}]+\}|[\s\S])|[\s\S])/u.exec(
        this.#source.slice(this.#at),
      );
    if (atom === null) throw new Error(`nothing to read in /${this.#source}/`);
    this.#at += atom[0].length;
    if (/^\\[bB]$/.test(atom[0])) return { type: 'anchor' };
    return { type: 'atom', samples: this.#samples(atom[0]) };
  }

  #samples(atom: string): readonly string[] {
    const pattern = new RegExp(`^(?:${atom})$`, this.#flags.replace('m', ''));
    return [...new Set(CANDIDATES.filter((text) => pattern.test(text)))];
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}

/** Returns what is suspicious about a pattern: repetitions in repetitions, and repeated options that overlap. */
export function suspicionsOf(piece: Piece, isRepeated = false): string[] {
  if (piece.type === 'repeat') {
    const endless = piece.max === Infinity;
    const inner = suspicionsOf(piece.piece, isRepeated || endless);
    return endless && isRepeated ? ['a repetition in a repetition', ...inner] : inner;
  }
  if (piece.type !== 'group') return [];
  const found = piece.options.flatMap((option) =>
    option.flatMap((inner) => suspicionsOf(inner, isRepeated)),
  );
  const firsts = piece.options.map((option) => new Set(firstsOf(option)));
  const overlaps = firsts.some((one, at) =>
    firsts.slice(at + 1).some((other) => [...one].some((text) => other.has(text))),
  );
  return isRepeated && overlaps ? ['repeated options that begin alike', ...found] : found;
}

function firstsOf(pieces: readonly Piece[]): string[] {
  const found: string[] = [];
  for (const piece of pieces) {
    if (piece.type === 'anchor') continue;
    if (piece.type === 'atom') return [...found, ...piece.samples];
    if (piece.type === 'group') {
      if (!piece.looks) return [...found, ...piece.options.flatMap(firstsOf)];
    } else {
      found.push(...firstsOf([piece.piece]));
      if (piece.min > 0) return found;
    }
  }
  return found;
}

/** Returns texts of about `length` that keep each repetition of a pattern going, and then disappoint it. */
export function attacksOn(piece: Piece, length: number): string[] {
  const attacks = new Set<string>();
  attack([piece], '', length, attacks);
  return [...attacks];
}

/** What may follow: nothing, what no pattern expects, and an end of line. */
const ENDS = ['', '\u0000', 'a\u0000!', '\n', ' x'];

function attack(pieces: readonly Piece[], prefix: string, length: number, attacks: Set<string>) {
  let before = prefix;
  for (const piece of pieces) {
    if (piece.type === 'group') {
      for (const option of piece.options) attack(option, before, length, attacks);
    } else if (piece.type === 'repeat') {
      attack([piece.piece], before, length, attacks);
      if (piece.max === Infinity || piece.max > 100) {
        for (const pump of pumpsOf(piece.piece)) {
          const many = pump.repeat(Math.ceil(length / pump.length));
          for (const end of ENDS) attacks.add(before + many + end);
        }
      }
    }
    before += shortest(piece);
  }
}

const MAX_PUMPS = 6;

function pumpsOf(piece: Piece): string[] {
  if (piece.type === 'atom') return piece.samples.slice(0, MAX_PUMPS);
  if (piece.type === 'anchor') return [];
  if (piece.type === 'repeat') return pumpsOf(piece.piece);
  return piece.options
    .flatMap((option) => [
      option.map(shortest).join(''),
      option.flatMap((inner) => pumpsOf(inner).slice(0, 1)).join(''),
    ])
    .filter((pump) => pump !== '')
    .slice(0, MAX_PUMPS);
}

function shortest(piece: Piece): string {
  if (piece.type === 'atom') return piece.samples[0] ?? '';
  if (piece.type === 'anchor') return '';
  if (piece.type === 'repeat') return shortest(piece.piece).repeat(piece.min);
  if (piece.looks) return '';
  return (piece.options[0] ?? []).map(shortest).join('');
}
