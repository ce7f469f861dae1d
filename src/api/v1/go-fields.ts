/**
 * JSON objects read into typed fields as Go's encoding/json reads them into structs: names in any letter case, of
 * several equal ones each in turn, on top of what the one before it left; unknown members are passed over. A member
 * of the wrong type does not stop the reading, the first is reported at the end; a type that reads itself (a strfmt
 * type) stops it at once.
 *
 * In scope: members to fields. Out of scope: what a field may hold (validation comes after).
 */

import { isSameGoName } from '../../encoding/go-json-text.js';
import { LogError } from '../../errors.js';
import { firstItemsOf, type JsonNode, membersOf } from './json-body.js';

/** Where a value is read: its place in error texts, and who takes note of what does not fit. */
export interface FieldPlace {
  readonly owner: string;
  readonly name: string;
  /** Called for each value that does not fit; only the first error is made, a stack trace is not cheap. */
  note(mismatch: () => LogError): void;
}

/** A field: how a value is read on top of `before`, what the field holds so far; undefined is its zero. */
export type GoField<T> = (
  node: JsonNode,
  before: T | undefined,
  place: FieldPlace,
) => T | undefined;

/** A struct: its name in error texts, and its fields. */
export interface GoStruct<Fields> {
  /** As in `cannot unmarshal array into Go value of type NAME`. */
  readonly valueType: string;
  /** As in `Go struct field NAME.member`. */
  readonly fieldOwner: string;
  readonly fields: { readonly [Name in keyof Fields]: GoField<Fields[Name]> };
}

/**
 * Returns the fields of `struct` that `node` sets. Throws ENCODING_MALFORMED in Go's words for a member of a
 * wrong type, and for a value that is neither an object nor null.
 */
export function readStruct<Fields>(node: JsonNode, struct: GoStruct<Fields>): Partial<Fields> {
  if (node.value === null) return {};
  if (jsonKind(node.value) !== 'object') {
    throw cannotUnmarshal(jsonKind(node.value), `Go value of type ${struct.valueType}`);
  }
  let first: LogError | undefined;
  const found = readMembers(node, struct, {}, (mismatch) => {
    first ??= mismatch();
  });
  if (first !== undefined) throw first;
  return found;
}

/** A string; null leaves it as it was. */
export const TEXT: GoField<string> = (node, before, place) =>
  node.value === null ? before : readText(node, before, place);

/** A pointer to a string; null empties it. */
export const OPTIONAL_TEXT: GoField<string> = (node, before, place) =>
  node.value === null ? undefined : readText(node, before, place);

/** Any value; null empties it. */
export const ANY: GoField<JsonNode> = (node) => (node.value === null ? undefined : node);

/** Returns a field whose type reads strings itself: what `parse` throws ends the reading; null empties it. */
export function selfReading<T>(parse: (text: string) => T): GoField<T> {
  return ({ value }, _before, place) => {
    if (value === null) return undefined;
    if (typeof value !== 'string') throw wrongType(place, jsonKind(value), 'string');
    return parse(value);
  };
}

/**
 * Returns a field for a slice; its items are read on top of those that it has. Only the first `kept` are kept: a
 * list that is longer is refused, whatever is in it.
 */
export function listOf<T>(
  goType: string,
  item: GoField<T>,
  kept: number,
): GoField<readonly (T | undefined)[]> {
  return (node, before, place) => {
    if (node.value === null) return undefined;
    if (!Array.isArray(node.value)) {
      place.note(() => wrongType(place, jsonKind(node.value), goType));
      return before;
    }
    const items: (T | undefined)[] = [];
    for (const each of firstItemsOf(node)) {
      const value = item(each, before?.[items.length], place);
      if (items.length < kept) items.push(value);
    }
    return items;
  };
}

/** Returns a field for a pointer to a struct; null empties it, an object is read on top of what is there. */
export function pointerTo<Fields>(struct: GoStruct<Fields>): GoField<Partial<Fields>> {
  return (node, before, place) => {
    if (node.value === null) return undefined;
    if (jsonKind(node.value) === 'object') {
      return readMembers(node, struct, before ?? {}, (mismatch) => place.note(mismatch));
    }
    place.note(() => wrongType(place, jsonKind(node.value), struct.valueType));
    return before;
  };
}

/** Returns Go's name for the kind of a JSON value. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

/** Returns the error that Go has for a value of a field that does not fit `goType`. */
export function wrongType(place: FieldPlace, found: string, goType: string): LogError {
  return cannotUnmarshal(found, `Go struct field ${place.owner}.${place.name} of type ${goType}`);
}

/** Returns the error that Go has for a JSON value that does not fit. */
export function cannotUnmarshal(found: string, target: string): LogError {
  return new LogError('ENCODING_MALFORMED', `json: cannot unmarshal ${found} into ${target}`);
}

function readMembers<Fields>(
  node: JsonNode,
  struct: GoStruct<Fields>,
  before: Partial<Fields>,
  note: FieldPlace['note'],
): Partial<Fields> {
  const found: Partial<Fields> = { ...before };
  const names = Object.keys(struct.fields) as (keyof Fields & string)[];
  const nameOf = (key: string) => names.find((candidate) => isSameGoName(candidate, key));
  for (const [name, { value: json, text }] of membersOf(node, nameOf)) {
    const value = struct.fields[name]({ value: json, text }, found[name], {
      owner: struct.fieldOwner,
      name,
      note,
    });
    if (value === undefined) delete found[name];
    else found[name] = value;
  }
  return found;
}

function readText(node: JsonNode, before: string | undefined, place: FieldPlace) {
  if (typeof node.value === 'string') return node.value;
  place.note(() => wrongType(place, jsonKind(node.value), 'string'));
  return before;
}
