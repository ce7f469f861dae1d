/**
 * Validation errors of parameters and body members, in the words and with the numbers of the recorded
 * validator: the table of rekor-v1.md section 1. Each is a 422 of which only the first is reported.
 */

import { RefusedRequest } from '../../http/reply.js';

/** Where a value stood. */
export type Place = 'query' | 'path' | 'body';

export function wrongType(name: string, place: Place, type: string, value: string): RefusedRequest {
  return refuse(601, `${name} in ${place} must be of type ${type}: ${goQuote(value)}`);
}

export function missing(name: string, place: Place): RefusedRequest {
  return refuse(602, `${name} in ${place} is required`);
}

export function tooLong(name: string, max: number): RefusedRequest {
  return refuse(603, `${name} in body should be at most ${max} chars long`);
}

export function noMatch(name: string, place: Place, pattern: string): RefusedRequest {
  return refuse(605, `${name} in ${place} should match '${pattern}'`);
}

export function notOneOf(name: string, values: readonly string[]): RefusedRequest {
  return refuse(606, `${name} in body should be one of [${values.join(' ')}]`);
}

export function belowMinimum(name: string, place: Place, minimum: number): RefusedRequest {
  return refuse(609, `${name} in ${place} should be greater than or equal to ${minimum}`);
}

export function tooManyItems(name: string, max: number): RefusedRequest {
  return refuse(611, `${name} in body should have at most ${max} items`);
}

export function tooFewItems(name: string, min: number): RefusedRequest {
  return refuse(612, `${name} in body should have at least ${min} items`);
}

/** Returns `text` as Go's %q prints it. */
export function goQuote(text: string): string {
  const quoted = text.replace(/[\p{C}\p{Z}"\\]/gu, (character) => {
    if (character === ' ') return ' ';
    const short = SHORT_ESCAPES[character];
    if (short !== undefined) return short;
    const point = character.codePointAt(0) as number;
    if (point < 0x80) return `\\x${hex(point, 2)}`;
    // A byte of a query that is no UTF-8, see QueryValues.
    if (point >= 0xdc80 && point <= 0xdcff) return `\\x${hex(point - 0xdc00, 2)}`;
    return point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
  });
  return `"${quoted}"`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function refuse(code: number, message: string): RefusedRequest {
  return new RefusedRequest(422, message, { code });
}
