/**
 * The JSON of a request body as a Go decoder assigns it to a struct: only the first value is read, member
 * names match in any letter case, the last of several wins, unknown members are ignored. Spec: rekor-v1.md
 * section 1, "Body decoding" and "Body limit".
 */

import { decodeFirstGoJson } from '../../encoding/go-json.js';
import { isLogError, LogError } from '../../errors.js';
import { RefusedRequest } from '../../http/reply.js';
import type { RequestBody } from '../../http/route.js';

/** The first JSON value of a body and its text. */
export interface JsonBody {
  readonly value: unknown;
  /** The bytes of the value alone. */
  readonly bytes: Uint8Array;
}

/**
 * Returns the JSON value, undefined for a body with nothing in it. Throws ENCODING_MALFORMED with Go's text,
 * and RefusedRequest (413) when the value does not end within the limit.
 */
export function readJsonBody(body: RequestBody | undefined): JsonBody | undefined {
  if (body === undefined) return undefined;
  try {
    const { value, end } = decodeFirstGoJson(body.bytes);
    return { value, bytes: body.bytes.subarray(0, end) };
  } catch (error) {
    if (!isLogError(error, 'ENCODING_MALFORMED')) throw error;
    if (!isCutOff(error)) throw error;
    if (body.truncated) throw tooLarge(body.limit);
    if (error.message === 'EOF') return undefined;
    throw error;
  }
}

/** How a member of a struct is typed in Go. */
export type GoType = 'string' | 'any' | 'array';

/** A struct: its name in error texts, and its members' types. */
export interface GoStruct<Names extends string> {
  /** As in `cannot unmarshal array into Go value of type NAME`. */
  readonly valueType: string;
  /** As in `Go struct field NAME.member`. */
  readonly fieldOwner: string;
  readonly members: Readonly<Record<Names, GoType>>;
  /** Go's name for the type of a member that is an array. */
  readonly arrayTypes?: Readonly<Partial<Record<Names, string>>>;
}

/**
 * Returns the members of `value` that `struct` has; absent and null ones are undefined. Throws
 * ENCODING_MALFORMED in Go's words for the first member of a wrong type, and for a value that is no object.
 */
export function assignStruct<Names extends string>(
  value: unknown,
  struct: GoStruct<Names>,
): Partial<Record<Names, unknown>> {
  const found: Partial<Record<Names, unknown>> = {};
  if (value === null) return found;
  if (jsonKind(value) !== 'object') {
    throw cannotUnmarshal(jsonKind(value), `Go value of type ${struct.valueType}`);
  }
  const names = Object.keys(struct.members) as Names[];
  for (const [key, item] of Object.entries(value as object)) {
    const name = names.find((candidate) => isSameName(candidate, key));
    if (name === undefined) continue;
    const type = struct.members[name];
    if (item === null) {
      // Null leaves a string as it was and empties everything else.
      if (type !== 'string') delete found[name];
      continue;
    }
    if (type !== 'any' && jsonKind(item) !== type) {
      const goType = type === 'array' ? (struct.arrayTypes?.[name] ?? '[]') : 'string';
      throw wrongMember(struct.fieldOwner, name, jsonKind(item), goType);
    }
    found[name] = item;
  }
  return found;
}

/** Returns the error for a member of the wrong type, in Go's words. */
export function wrongMember(owner: string, name: string, found: string, goType: string): LogError {
  return cannotUnmarshal(found, `Go struct field ${owner}.${name} of type ${goType}`);
}

/** Returns Go's name for the kind of a JSON value. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

/** Returns the error that Go has for a JSON value that does not fit. */
export function cannotUnmarshal(found: string, target: string): LogError {
  return new LogError('ENCODING_MALFORMED', `json: cannot unmarshal ${found} into ${target}`);
}

/** True when `key` names the member: in any letter case, and with the two letters that fold to ASCII. */
export function isSameName(member: string, key: string): boolean {
  if (member === key) return true;
  return member.toLowerCase() === key.toLowerCase().replaceAll('ſ', 's');
}

function isCutOff(error: LogError): boolean {
  return error.message === 'EOF' || error.message === 'unexpected EOF';
}

function tooLarge(limit: number): RefusedRequest {
  return new RefusedRequest(413, `Request Entity Too Large. Limit set to ${limit}`);
}
