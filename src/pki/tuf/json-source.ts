/**
 * JSON documents of TUF as a tree of source text: a number is there as it was written and a member as often as it was
 * written, because signed bytes, key ids and the stored form each treat both in a way of their own.
 *
 * In scope: the tree, and Go's assignment of members to named fields. Out of scope: the grammar (go-json-scan.ts), what
 * the fields mean. Nothing recurses.
 */

import { scanGoJson } from '../../encoding/go-json-scan.js';
import { isSameGoName, valueOfText } from '../../encoding/go-json-text.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { LogError } from '../../errors.js';

/** A value: the source text of a scalar, the items of an array, or the members of an object. */
export type JsonSource = string | JsonItems | JsonMembers;

/** An array. */
export interface JsonItems {
  readonly items: readonly JsonSource[];
}

/** An object: its members in the order of the document, repeated names too. */
export interface JsonMembers {
  readonly members: readonly JsonMember[];
}

/** A member: its name as Go reads it, and as it was written. */
export interface JsonMember {
  readonly name: string;
  readonly nameSource: string;
  readonly value: JsonSource;
}

/** Returns the tree of a document that is one JSON value. Throws ENCODING_MALFORMED with Go's text. */
export function readJsonSource(document: Uint8Array): JsonSource {
  scanGoJson(document, 'document');
  const text = fromGoUtf8(document);
  const builder = new TreeBuilder();
  let at = 0;
  while (at < text.length) {
    const end = endOfToken(text, at);
    if (!INSIGNIFICANT.includes(text[at] as string)) builder.add(text.slice(at, end));
    at = end;
  }
  return builder.root;
}

/** Returns the member with that string literal for a name. */
export function jsonMember(nameSource: string, value: JsonSource): JsonMember {
  return { name: unquote(nameSource), nameSource, value };
}

/** Returns the text that a string literal stands for; lone surrogates become U+FFFD. */
export function unquote(literal: string): string {
  return literal.includes('\\') ? (valueOfText(literal) as string) : literal.slice(1, -1);
}

/** Returns whether a value is a string literal. */
export function isStringSource(value: JsonSource): value is string {
  return typeof value === 'string' && value.startsWith('"');
}

/** Reads the value of one field; `where` is its name in messages. */
export type FieldReader = (value: JsonSource, where: string) => void;

/**
 * Calls the reader of each field for each of its members, in the order of the document, with names in any letter
 * case. `null` has no fields. Throws ENTRY_MALFORMED with Go's text for a value that is no object.
 */
export function readFields(
  value: JsonSource,
  where: string,
  struct: string,
  fields: Readonly<Record<string, FieldReader>>,
): void {
  if (value === 'null') return;
  if (typeof value === 'string' || 'items' in value) throw mismatch(value, where, struct);
  const names = Object.keys(fields);
  // A message has the whole path of a field, and of the types on it the innermost one.
  const parent = where.startsWith(FIELD) ? `${where.slice(where.indexOf('.') + 1)}.` : '';
  for (const member of value.members) {
    const field = names.find((name) => isSameGoName(name, member.name));
    if (field === undefined) continue;
    fields[field]?.(member.value, `${FIELD}${shortName(struct)}.${parent}${field}`);
  }
}

/** Returns a string, `before` for `null`; `type` is its name in messages. Throws ENTRY_MALFORMED with Go's text. */
export function readText(
  value: JsonSource,
  where: string,
  before: string,
  type = 'string',
): string {
  if (value === 'null') return before;
  if (!isStringSource(value)) throw mismatch(value, where, type);
  return unquote(value);
}

/** Returns a 64-bit number, `before` for `null`; `type` is its name in messages. Throws ENTRY_MALFORMED with Go's text. */
export function readInt64(value: JsonSource, where: string, before: bigint, type: string): bigint {
  if (value === 'null') return before;
  if (!isNumberSource(value)) throw mismatch(value, where, type);
  const number = int64Of(value);
  if (number === undefined) throw mismatch(value, where, type, `number ${value}`);
  return number;
}

/** Throws ENTRY_MALFORMED with Go's text unless the value is true, false or null. */
export function checkBoolean(value: JsonSource, where: string): void {
  if (value !== 'true' && value !== 'false' && value !== 'null') {
    throw mismatch(value, where, 'bool');
  }
}

/**
 * Returns a list, empty for `null`; each item is read on top of what a repeated list held at its place. Throws
 * ENTRY_MALFORMED with Go's text.
 */
export function readItems<Item>(
  value: JsonSource,
  where: string,
  type: string,
  before: readonly Item[],
  readItem: (item: JsonSource, where: string, before: Item | undefined) => Item,
): readonly Item[] {
  if (value === 'null') return [];
  if (typeof value === 'string' || !('items' in value)) throw mismatch(value, where, type);
  return value.items.map((item, at) => readItem(item, where, before[at]));
}

/**
 * Returns a map, empty for `null`; members go on top of what a repeated map held. Throws ENTRY_MALFORMED with Go's
 * text.
 */
export function readMap<Value>(
  value: JsonSource,
  where: string,
  type: string,
  before: ReadonlyMap<string, Value>,
  readValue: (value: JsonSource, where: string) => Value,
): ReadonlyMap<string, Value> {
  if (value === 'null') return new Map();
  if (typeof value === 'string' || !('members' in value)) throw mismatch(value, where, type);
  const map = new Map(before);
  for (const member of value.members) map.set(member.name, readValue(member.value, where));
  return map;
}

/** Returns the number of an integer literal of 64 bits, undefined for any other number. */
export function int64Of(literal: string): bigint | undefined {
  if (!/^-?[0-9]{1,19}$/.test(literal)) return undefined;
  const number = BigInt(literal);
  return BigInt.asIntN(64, number) === number ? number : undefined;
}

type OpenItems = { readonly items: JsonSource[] };
type OpenMembers = { readonly members: JsonMember[]; nameSource?: string };

/** Puts tokens together. The document is well-formed, so none can be out of place. */
class TreeBuilder {
  readonly #open: (OpenItems | OpenMembers)[] = [];
  root: JsonSource = 'null';

  add(token: string): void {
    const parent = this.#open[this.#open.length - 1];
    if (token === '}' || token === ']') {
      this.#open.pop();
    } else if (parent !== undefined && 'members' in parent && parent.nameSource === undefined) {
      parent.nameSource = token;
    } else {
      const opened = token === '{' ? { members: [] } : token === '[' ? { items: [] } : undefined;
      this.#put(parent, opened ?? token);
      if (opened !== undefined) this.#open.push(opened);
    }
  }

  #put(parent: OpenItems | OpenMembers | undefined, value: JsonSource): void {
    if (parent === undefined) {
      this.root = value;
    } else if ('items' in parent) {
      parent.items.push(value);
    } else {
      parent.members.push(jsonMember(parent.nameSource ?? '""', value));
      delete parent.nameSource;
    }
  }
}

const INSIGNIFICANT = ' \t\r\n,:';
const STRUCTURE = `${INSIGNIFICANT}{}[]`;

function endOfToken(text: string, start: number): number {
  const first = text[start] as string;
  if (first === '"') return endOfString(text, start);
  if (STRUCTURE.includes(first)) return start + 1;
  let end = start + 1;
  while (end < text.length && !STRUCTURE.includes(text[end] as string)) end++;
  return end;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isNumberSource(value: JsonSource): value is string {
  return typeof value === 'string' && /^[-0-9]/.test(value);
}

function shortName(struct: string): string {
  return struct.slice(struct.lastIndexOf('.') + 1);
}

function mismatch(
  value: JsonSource,
  where: string,
  type: string,
  found: string = kindOf(value),
): LogError {
  const reason = `json: cannot unmarshal ${found} into ${where} of type ${type}`;
  return new LogError('ENTRY_MALFORMED', reason);
}

/** What a message says before a field. */
const FIELD = 'Go struct field ';

/** What a message calls the document itself. */
export const GO_VALUE = 'Go value';

function kindOf(value: JsonSource): string {
  if (typeof value !== 'string') return 'items' in value ? 'array' : 'object';
  if (isStringSource(value)) return 'string';
  return isNumberSource(value) ? 'number' : value === 'null' ? 'null' : 'bool';
}
