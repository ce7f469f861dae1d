/**
 * JSON documents read into named fields as Go's encoding/json does: member names in any letter case, of
 * several equal ones each in turn (so the last wins), null leaves a field as it is, unknown members are passed
 * over. Envelopes and statements are signed bytes that other programs read in this way; a log that read them
 * in another way would store another thing than was signed.
 *
 * In scope: assignment of members to fields. Out of scope: the grammar and its limits (encoding/go-json.ts),
 * which has accepted the document before this code walks over it. Recursion is as deep as the table of types.
 */

import { fromUtf8, utf8 } from '../../encoding/bytes.js';
import { decodeGoJson } from '../../encoding/go-json.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { LogError } from '../../errors.js';

/** The type of a field, with the name that Go prints for it. */
export type GoType =
  | { readonly kind: 'string'; readonly name: 'string' }
  /** The text of the value as it stands in the document. */
  | { readonly kind: 'raw'; readonly name: string }
  /** A map of strings to strings. */
  | { readonly kind: 'map'; readonly name: string }
  | { readonly kind: 'list'; readonly name: string; readonly items: GoType }
  | {
      readonly kind: 'struct';
      readonly name: string;
      readonly fields: Readonly<Record<string, GoType>>;
    };

/** The TypeScript side of a GoType; every field of a struct may be absent. */
export type GoValue<T> = T extends { kind: 'string' | 'raw' }
  ? string
  : T extends { kind: 'map' }
    ? ReadonlyMap<string, string>
    : T extends { kind: 'list'; items: infer Items }
      ? readonly GoValue<Items>[]
      : T extends { kind: 'struct'; fields: infer Fields }
        ? { readonly [Name in keyof Fields]?: GoValue<Fields[Name]> | undefined }
        : never;

/**
 * Returns `document` read into a struct of type `type`; an empty one for `null`. Throws ENCODING_MALFORMED for
 * what is no JSON, ENTRY_MALFORMED for the first member of the wrong type, both with Go's text.
 */
export function decodeGoStruct<T extends GoType & { kind: 'struct' }>(
  type: T,
  document: Uint8Array,
): GoValue<T> {
  decodeGoJson(document);
  const reader = new StructReader(fromGoUtf8(document));
  const value = reader.read(type, {});
  if (reader.mismatch !== undefined) throw new LogError('ENTRY_MALFORMED', reader.mismatch);
  return (value ?? {}) as GoValue<T>;
}

type Struct = Record<string, unknown>;

/** Walks over a well-formed document. Errors of type do not stop it: Go reports the first at the end. */
class StructReader {
  readonly #text: string;
  #at = 0;
  readonly #fieldPath: string[] = [];
  #struct = '';
  mismatch: string | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads the value at the cursor into `type`, on top of `before`, what the field has held so far. */
  read(type: GoType, before: unknown): unknown {
    this.#skipSpace();
    const start = this.#at;
    const kind = kindAt(this.#text, start);
    if (type.kind === 'raw') return this.#skipValue();
    if (kind === 'null') {
      this.#skipValue();
      return type.kind === 'string' || type.kind === 'struct' ? before : undefined;
    }
    if (kind !== EXPECTED[type.kind]) {
      this.#report(kind, type);
      this.#skipValue();
      return before;
    }
    switch (type.kind) {
      case 'string':
        return stringAt(this.#skipValue());
      case 'list':
        return this.#readList(type.items, (before ?? []) as readonly unknown[]);
      case 'map':
        return this.#readMap(before as ReadonlyMap<string, string> | undefined);
      case 'struct':
        return this.#readStruct(type, (before ?? {}) as Struct);
    }
  }

  #readStruct(type: GoType & { kind: 'struct' }, before: Struct): Struct {
    const value: Struct = { ...before };
    const outer = this.#struct;
    this.#members((name) => {
      const field = fieldNamed(type.fields, name);
      if (field === undefined) {
        this.#skipValue();
        return;
      }
      this.#struct = shortName(type.name);
      this.#fieldPath.push(field);
      value[field] = this.read(type.fields[field] as GoType, value[field]);
      this.#fieldPath.pop();
    });
    this.#struct = outer;
    return value;
  }

  #readMap(before: ReadonlyMap<string, string> | undefined): Map<string, string> {
    const value = new Map(before);
    this.#members((name) => {
      value.set(name, this.read(STRING, '') as string);
    });
    return value;
  }

  // A repeated array is decoded on top of the one before it, element by element, as Go does.
  #readList(items: GoType, before: readonly unknown[]): unknown[] {
    const value: unknown[] = [];
    this.#at++;
    for (this.#skipSpace(); this.#text[this.#at] !== ']'; this.#skipSpace()) {
      if (this.#text[this.#at] === ',') this.#at++;
      const empty = items.kind === 'struct' ? {} : undefined;
      value.push(this.read(items, before[value.length] ?? empty));
    }
    this.#at++;
    return value;
  }

  #members(visit: (name: string) => void): void {
    this.#at++;
    for (this.#skipSpace(); this.#text[this.#at] !== '}'; this.#skipSpace()) {
      if (this.#text[this.#at] === ',') this.#at++;
      this.#skipSpace();
      const name = stringAt(this.#skipValue());
      this.#skipSpace();
      this.#at++; // the colon
      this.#skipSpace();
      visit(name);
    }
    this.#at++;
  }

  #report(found: string, type: GoType): void {
    if (this.mismatch !== undefined) return;
    const where =
      this.#fieldPath.length === 0
        ? 'Go value'
        : `Go struct field ${this.#struct}.${this.#fieldPath.join('.')}`;
    this.mismatch = `json: cannot unmarshal ${found} into ${where} of type ${type.name}`;
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  /** Steps over one value of any kind and returns its text. */
  #skipValue(): string {
    const start = this.#at;
    this.#at = endOfValue(this.#text, start);
    return this.#text.slice(start, this.#at);
  }
}

const STRING: GoType = { kind: 'string', name: 'string' };

const EXPECTED = { string: 'string', list: 'array', map: 'object', struct: 'object' } as const;

/** Go's fold of ASCII field names: two letters outside ASCII have an ASCII partner. */
function fieldNamed(fields: Readonly<Record<string, GoType>>, name: string): string | undefined {
  if (Object.hasOwn(fields, name)) return name;
  const folded = fold(name);
  return Object.keys(fields).find((field) => fold(field) === folded);
}

function fold(name: string): string {
  return name
    .replace(/\u017f/g, 's')
    .replace(/\u212a/g, 'k')
    .toLowerCase();
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function kindAt(text: string, at: number): string {
  switch (text[at]) {
    case '"':
      return 'string';
    case '{':
      return 'object';
    case '[':
      return 'array';
    case 't':
    case 'f':
      return 'bool';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}

function stringAt(literal: string): string {
  const text = JSON.parse(literal) as string;
  // An escaped lone surrogate is U+FFFD in Go; encoding makes it so.
  return literal.includes('\\u') ? fromUtf8(utf8(text)) : text;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  let at = start;
  if (first !== '{' && first !== '[') {
    while (at < text.length && !isDelimiter(text.charCodeAt(at))) at++;
    return at;
  }
  for (let depth = 0; ; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (depth === 0) return at + 1;
  }
}

function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function isDelimiter(code: number): boolean {
  return isSpace(code) || code === 0x2c || code === 0x5d || code === 0x7d;
}
