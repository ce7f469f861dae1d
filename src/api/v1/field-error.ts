/**
 * Validation errors of parameters and body members, in the words and with the numbers of the recorded validator.
 * Each is a 422 of which only the first is reported.
 */

import { goQuote } from '../../encoding/go-quote.js';
import { RefusedRequest } from '../../http/reply.js';

/** Where a value stood. */
export type Place = 'query' | 'path' | 'body';

/** Returns the refusal of a text that does not read as a Go `type`. */
export function wrongType(name: string, place: Place, type: string, value: string): RefusedRequest {
  return refuse(601, `${name} in ${place} must be of type ${type}: ${goQuote(value)}`);
}

/** Returns the refusal of a request without a required value. */
export function missing(name: string, place: Place): RefusedRequest {
  return refuse(602, `${name} in ${place} is required`);
}

/** Returns the refusal of a body member of more than `max` characters. */
export function tooLong(name: string, max: number): RefusedRequest {
  return refuse(603, `${name} in body should be at most ${max} chars long`);
}

/** Returns the refusal of a value that `pattern` does not match. */
export function noMatch(name: string, place: Place, pattern: string): RefusedRequest {
  return refuse(605, `${name} in ${place} should match '${pattern}'`);
}

/** Returns the refusal of a body member that is none of `values`. */
export function notOneOf(name: string, values: readonly string[]): RefusedRequest {
  return refuse(606, `${name} in body should be one of [${values.join(' ')}]`);
}

/** Returns the refusal of a number below `minimum`. */
export function belowMinimum(name: string, place: Place, minimum: number): RefusedRequest {
  return refuse(609, `${name} in ${place} should be greater than or equal to ${minimum}`);
}

/** Returns the refusal of a list of more than `max` items. */
export function tooManyItems(name: string, max: number): RefusedRequest {
  return refuse(611, `${name} in body should have at most ${max} items`);
}

/** Returns the refusal of a list of less than `min` items. */
export function tooFewItems(name: string, min: number): RefusedRequest {
  return refuse(612, `${name} in body should have at least ${min} items`);
}

function refuse(code: number, message: string): RefusedRequest {
  return new RefusedRequest(422, message, { code });
}
