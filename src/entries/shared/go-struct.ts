/**
 * JSON documents read into named fields as Go's encoding/json does: member names in any letter case, of
 * several equal ones each in turn (so the last wins), null leaves a field as it is, unknown members are passed
 * over. Envelopes and statements are signed bytes that other programs read in this way; a log that read them
 * in another way would store another thing than was signed.
 *
 * In scope: assignment of members to fields. Out of scope: the grammar and its limits (encoding/go-json.ts), which
 * has accepted the document before this code walks over it (with encoding/go-json-text.ts). Recursion is as deep as
 * the table of types.
 */

import { decodeGoJson } from '../../encoding/go-json.js';
import { isSameGoName, itemTexts, memberTexts, valueOfText } from '../../encoding/go-json-text.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { LogError } from '../../errors.js';
import { isGoTime } from './go-time.js';

/** The type of a field, with the name that Go prints for it. */
export type GoType =
  | { readonly kind: 'string'; readonly name: 'string' }
  | { readonly kind: 'bool'; readonly name: 'bool' }
  /** A point in time: the text, between its quotes. */
  | { readonly kind: 'time'; readonly name: 'time.Time' }
  /** Any value that Go can hold; only that it can is of interest. */
  | { readonly kind: 'any'; readonly name: 'interface {}' }
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
export type GoValue<T> = T extends { kind: 'string' | 'raw' | 'time' }
  ? string
  : T extends { kind: 'bool' }
    ? boolean
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
  return decodeGoPart(type, fromGoUtf8(document).trim());
}

/** Does so with the text of a `raw` value, which has been accepted with its document. */
export function decodeGoPart<T extends GoType & { kind: 'struct' }>(
  type: T,
  text: string,
): GoValue<T> {
  const reader = new StructReader();
  const value = reader.read(type, text, {});
  if (reader.mismatch !== undefined) throw new LogError('ENTRY_MALFORMED', reader.mismatch);
  return (value ?? {}) as GoValue<T>;
}

type Struct = Record<string, unknown>;

/** Walks over a well-formed document. Errors of type do not stop it: Go reports the first at the end. */
class StructReader {
  readonly #fieldPath: string[] = [];
  #struct = '';
  mismatch: string | undefined;

  /** Reads the value that `text` is into `type`, on top of `before`, what the field has held so far. */
  read(type: GoType, text: string, before: unknown): unknown {
    if (type.kind === 'raw') return text;
    if (type.kind === 'any') return this.#checkNumbers(text);
    const kind = kindOf(text);
    if (kind === 'null') {
      return type.kind === 'list' || type.kind === 'map' ? undefined : before;
    }
    if (type.kind === 'time') return this.#readTime(text);
    if (kind !== EXPECTED[type.kind]) {
      this.#report(kind, type);
      return before;
    }
    switch (type.kind) {
      case 'string':
      case 'bool':
        return valueOfText(text);
      case 'list':
        return this.#readList(type.items, text, (before ?? []) as readonly unknown[]);
      case 'map':
        return this.#readMap(text, before as ReadonlyMap<string, string> | undefined);
      case 'struct':
        return this.#readStruct(type, text, (before ?? {}) as Struct);
    }
  }

  #readStruct(type: GoType & { kind: 'struct' }, text: string, before: Struct): Struct {
    const value: Struct = { ...before };
    const fields = Object.keys(type.fields);
    const outer = this.#struct;
    for (const member of memberTexts(text)) {
      const field = fields.find((candidate) => isSameGoName(candidate, member.name));
      if (field === undefined) continue;
      this.#struct = shortName(type.name);
      this.#fieldPath.push(field);
      value[field] = this.read(type.fields[field] as GoType, member.value, value[field]);
      this.#fieldPath.pop();
    }
    this.#struct = outer;
    return value;
  }

  #readMap(text: string, before: ReadonlyMap<string, string> | undefined): Map<string, string> {
    const value = new Map(before);
    for (const member of memberTexts(text)) {
      value.set(member.name, this.read(STRING, member.value, '') as string);
    }
    return value;
  }

  // A repeated array is decoded on top of the one before it, element by element, as Go does.
  #readList(items: GoType, text: string, before: readonly unknown[]): unknown[] {
    const value: unknown[] = [];
    const empty = items.kind === 'struct' ? {} : undefined;
    for (const item of itemTexts(text)) {
      value.push(this.read(items, item, before[value.length] ?? empty));
    }
    return value;
  }

  // What Go's time.Time reads stops the whole reading when it is no time; an escape in it is no time either.
  #readTime(text: string): string | undefined {
    const isText = text.startsWith('"');
    if (isText && isGoTime(text.slice(1, -1))) return text.slice(1, -1);
    this.mismatch ??= 'Time.UnmarshalJSON: input is no time';
    return undefined;
  }

  #checkNumbers(text: string): undefined {
    const left = [valueOfText(text)];
    while (left.length > 0) {
      const next = left.pop();
      if (typeof next === 'object' && next !== null) {
        for (const inner of Object.values(next)) left.push(inner);
      } else if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) {
        this.#report('number', { kind: 'any', name: 'interface {}' });
      }
    }
    return undefined;
  }

  #report(found: string, type: GoType): void {
    if (this.mismatch !== undefined) return;
    const where =
      this.#fieldPath.length === 0
        ? 'Go value'
        : `Go struct field ${this.#struct}.${this.#fieldPath.join('.')}`;
    this.mismatch = `json: cannot unmarshal ${found} into ${where} of type ${type.name}`;
  }
}

const STRING: GoType = { kind: 'string', name: 'string' };

const EXPECTED = {
  string: 'string',
  bool: 'bool',
  list: 'array',
  map: 'object',
  struct: 'object',
} as const;

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Returns Go's name for the kind of value that `text` is. */
function kindOf(text: string): string {
  switch (text[0]) {
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
