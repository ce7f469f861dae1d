/**
 * Specs read against a table, the way Rekor reads them: a member of the wrong JSON type counts as absent, base64
 * members are decoded, and only then does the schema decide.
 *
 * In scope: shapes, their decoding, and the text of `validation failure list:`. Out of scope: rules across
 * members, which each kind has of its own. Recursion is as deep as the table, never as deep as the input.
 */

import { fromGoBase64 } from '../../encoding/base64.js';
import { fromUtf8, utf8 } from '../../encoding/bytes.js';
import { isJsonObject, member } from '../../encoding/go-json.js';
import { isLogError, LogError } from '../../errors.js';

/** A string. An empty one is present. */
export interface TextShape {
  readonly type: 'text';
  readonly required?: boolean;
  /** The values that are allowed. */
  readonly oneOf?: readonly string[];
  /** A rule with the name it has in messages. */
  readonly pattern?: { readonly source: string; readonly matches: (text: string) => boolean };
}

/**
 * Base64 in JSON, bytes here. An empty string is absent, unless it `mayBeEmpty`. `field` is its name in Rekor's
 * messages.
 */
export interface BytesShape {
  readonly type: 'bytes';
  readonly field: string;
  readonly required?: boolean;
  readonly mayBeEmpty?: boolean;
}

/** An array; items of the wrong type, and empty base64 items, are left out. */
export interface ListShape {
  readonly type: 'list';
  readonly items: ObjectShape | BytesShape;
  readonly atLeast: number;
  readonly required?: boolean;
}

/** An object; members that it does not name are ignored. */
export interface ObjectShape {
  readonly type: 'object';
  readonly members: Readonly<Record<string, Shape>>;
  readonly required?: boolean;
  /** The object counts as absent unless this member, or one of these, is there with the right type. */
  readonly presentWith?: string | readonly string[];
}

/** Any shape. */
export type Shape = TextShape | BytesShape | ListShape | ObjectShape;

/** What `readSpec` returns for a shape: required members are there, the others may be undefined. */
export type Read<S> = S extends { type: 'text' }
  ? string
  : S extends { type: 'bytes' }
    ? Uint8Array
    : S extends { type: 'list'; items: infer Items }
      ? readonly Read<Items>[]
      : S extends { type: 'object'; members: infer Members }
        ? {
            readonly [Name in keyof Members]: Members[Name] extends { required: true }
              ? Read<Members[Name]>
              : Read<Members[Name]> | undefined;
          }
        : never;

/**
 * Returns `spec` as `shape` describes it. Throws ENTRY_MALFORMED with Rekor's text: for a spec that is no
 * object, for base64 that cannot be decoded, for what the schema forbids.
 */
export function readSpec<S extends ObjectShape>(shape: S, spec: unknown): Read<S> {
  if (!isJsonObject(spec)) {
    throw new LogError(
      'ENTRY_MALFORMED',
      `unsupported input type ${goTypeOf(spec)} for DecodeEntry`,
    );
  }
  const decoded = decodeObject(shape, spec);
  const failures: string[] = [];
  for (const [name, inner] of sortedMembers(shape)) {
    const failure = memberFailure(inner, decoded[name], name, name);
    if (failure !== undefined) failures.push(failure);
  }
  if (failures.length > 0) {
    throw new LogError('ENTRY_MALFORMED', `validation failure list:\n${failures.join('\n')}`);
  }
  // The table and the type are two views of one shape; the walk above has just compared them.
  return decoded as Read<S>;
}

type Decoded = Record<string, unknown>;

const sortedByShape = new WeakMap<ObjectShape, readonly (readonly [string, Shape])[]>();

/** Returns the members in the order in which their failures are told; a shape is sorted once. */
function sortedMembers(shape: ObjectShape): readonly (readonly [string, Shape])[] {
  let sorted = sortedByShape.get(shape);
  if (sorted === undefined) {
    sorted = Object.entries(shape.members).sort(([a], [b]) => (a < b ? -1 : 1));
    sortedByShape.set(shape, sorted);
  }
  return sorted;
}

function decodeObject(shape: ObjectShape, value: Record<string, unknown>): Decoded {
  const decoded: Decoded = {};
  for (const [name, inner] of Object.entries(shape.members)) {
    decoded[name] = decode(inner, member(value, name));
  }
  return decoded;
}

function decode(shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'text':
      return typeof value === 'string' ? wellFormed(value) : undefined;
    case 'bytes':
      if (typeof value !== 'string' || (value === '' && !shape.mayBeEmpty)) return undefined;
      return decodeBase64(shape, value);
    case 'list':
      return Array.isArray(value)
        ? value.map((item) => decode(shape.items, item)).filter((item) => item !== undefined)
        : undefined;
    case 'object': {
      if (!isJsonObject(value)) return undefined;
      const decoded = decodeObject(shape, value);
      const needed = shape.presentWith === undefined ? [] : [shape.presentWith].flat();
      const absent =
        needed.length > 0 && needed.every((name) => decoded[name as string] === undefined);
      return absent ? undefined : decoded;
    }
  }
}

// A lone surrogate has no UTF-8; Go's reader puts U+FFFD in its place, and so does encoding.
function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? fromUtf8(utf8(text)) : text;
}

function decodeBase64(shape: BytesShape, text: string): Uint8Array {
  try {
    return fromGoBase64(text);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError(
      'ENTRY_MALFORMED',
      `failed parsing base64 data for ${shape.field}: ${cause.message}`,
      { cause },
    );
  }
}

/**
 * The first failure at or below a member; `path` is its name in the message, from the spec or from the list
 * item that it belongs to. Rekor's generated code names a nested member by its whole path, and every object on
 * the way out puts its own whole path in front once more.
 */
function memberFailure(
  shape: Shape,
  value: unknown,
  path: string,
  pathInType: string,
): string | undefined {
  if (value === undefined) return shape.required ? `${pathInType} in body is required` : undefined;
  switch (shape.type) {
    case 'text':
      return textFailure(shape, value as string, pathInType);
    case 'bytes':
      return undefined;
    case 'list':
      return listFailure(shape, value as readonly unknown[], path);
    case 'object': {
      const failure = firstFailure(shape, value as Decoded, `${path}.`);
      return failure === undefined ? undefined : `${path}.${failure}`;
    }
  }
}

function firstFailure(shape: ObjectShape, value: Decoded, prefix: string): string | undefined {
  for (const [name, inner] of sortedMembers(shape)) {
    const path = `${prefix}${name}`;
    const failure = memberFailure(inner, value[name], path, path);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function textFailure(shape: TextShape, value: string, path: string): string | undefined {
  if (shape.oneOf !== undefined && !shape.oneOf.includes(value)) {
    return `${path} in body should be one of [${shape.oneOf.join(' ')}]`;
  }
  if (shape.pattern !== undefined && !shape.pattern.matches(value)) {
    return `${path} in body should match '${shape.pattern.source}'`;
  }
  return undefined;
}

function listFailure(
  shape: ListShape,
  items: readonly unknown[],
  path: string,
): string | undefined {
  if (items.length < shape.atLeast) {
    return `${path} in body should have at least ${shape.atLeast} items`;
  }
  const { items: inner } = shape;
  if (inner.type !== 'object') return undefined;
  for (const [at, item] of items.entries()) {
    // An item is a type of its own in Rekor: its members are named without the path to the list.
    const failure = firstFailure(inner, item as Decoded, '');
    if (failure !== undefined) return `${path}.${at}.${failure}`;
  }
  return undefined;
}

/** The name that Go prints for the type of a decoded JSON value; Rekor's decoder keeps numbers as text. */
function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return 'json.Number';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
