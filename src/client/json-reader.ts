/** Typed steps into JSON that other people wrote: each step names its path when it does not fit. */

import { fromBase64 } from '../encoding/base64.js';
import { fromHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';

/** A JSON value with the path that led to it. */
export interface Place {
  readonly value: unknown;
  readonly path: string;
}

/** Largest list that is read unless said otherwise, in items: few things here have a longer one in earnest. */
export const MAX_ITEMS = 64;

/** Returns the JSON of `text` as a place. Throws ENCODING_MALFORMED. */
export function readJson(text: string, path: string): Place {
  try {
    return { value: JSON.parse(text) as unknown, path };
  } catch (cause) {
    throw new LogError('ENCODING_MALFORMED', `${path} is not JSON`, { cause });
  }
}

/** Returns the own member `name`, undefined when it is absent or null. Throws unless `place` is an object. */
export function optional(place: Place, name: string): Place | undefined {
  if (!isObject(place.value)) throw wrong(place, 'an object');
  const value = Object.hasOwn(place.value, name) ? place.value[name] : undefined;
  return value === undefined || value === null
    ? undefined
    : { value, path: `${place.path}.${name}` };
}

/** Returns the own member `name`. Throws ENCODING_MALFORMED when there is none. */
export function required(place: Place, name: string): Place {
  const found = optional(place, name);
  if (found === undefined) throw new LogError('ENCODING_MALFORMED', `${place.path} has no ${name}`);
  return found;
}

/** Returns the items of a list of at most `most`. Throws ENCODING_MALFORMED. */
export function items(place: Place, most = MAX_ITEMS): readonly Place[] {
  if (!Array.isArray(place.value)) throw wrong(place, 'a list');
  if (place.value.length > most) throw wrong(place, `a list of at most ${most} items`);
  return place.value.map((value: unknown, at) => ({ value, path: `${place.path}[${at}]` }));
}

/** Returns the members of an object. Throws ENCODING_MALFORMED. */
export function members(place: Place): readonly (readonly [string, Place])[] {
  if (!isObject(place.value)) throw wrong(place, 'an object');
  return Object.entries(place.value).map(([name, value]) => [
    name,
    { value, path: `${place.path}.${name}` },
  ]);
}

/** Returns the text at a place. Throws ENCODING_MALFORMED. */
export function textAt(place: Place): string {
  if (typeof place.value === 'string') return place.value;
  throw wrong(place, 'a text');
}

/** Returns the bytes of the standard base64 at a place. Throws ENCODING_MALFORMED. */
export function base64At(place: Place): Uint8Array {
  try {
    return fromBase64(textAt(place));
  } catch (cause) {
    throw new LogError('ENCODING_MALFORMED', `${place.path} is not standard base64`, { cause });
  }
}

/** Returns the bytes of the hex at a place. Throws ENCODING_MALFORMED. */
export function hexAt(place: Place): Uint8Array {
  try {
    return fromHex(textAt(place));
  } catch (cause) {
    throw new LogError('ENCODING_MALFORMED', `${place.path} is not hex`, { cause });
  }
}

/** Returns the safe non-negative integer at a place: a number, or its digits as protobuf JSON writes them. */
export function countAt(place: Place): number {
  const { value } = place;
  const count = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
  throw wrong(place, 'a whole number from 0 to 2^53-1');
}

/** True when the value at a place is an object. */
export function isObjectAt(place: Place): boolean {
  return isObject(place.value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(place: Place, expected: string): LogError {
  return new LogError('ENCODING_MALFORMED', `${place.path} is not ${expected}`);
}
