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

/** Returns the refusal of a text of more than `max` characters. */
export function tooLong(name: string, max: number, place: Place = 'body'): RefusedRequest {
  return refuse(603, `${name} in ${place} should be at most ${max} chars long`);
}

/** Returns the refusal of a text of less than `min` characters. */
export function tooShort(name: string, min: number, place: Place): RefusedRequest {
  return refuse(604, `${name} in ${place} should be at least ${min} chars long`);
}

/** Returns the refusal of a value that `pattern` does not match. */
export function noMatch(name: string, place: Place, pattern: string): RefusedRequest {
  return refuse(605, `${name} in ${place} should match '${pattern}'`);
}

/** Returns the refusal of a value that is none of `values`. */
export function notOneOf(
  name: string,
  values: readonly string[],
  place: Place = 'body',
): RefusedRequest {
  return refuse(606, `${name} in ${place} should be one of [${values.join(' ')}]`);
}

/** Returns the refusal of a number above `maximum`. */
export function aboveMaximum(name: string, place: Place, maximum: number): RefusedRequest {
  return refuse(608, `${name} in ${place} should be less than or equal to ${maximum}`);
}

/** Returns the refusal of a number below `minimum`. */
export function belowMinimum(name: string, place: Place, minimum: number): RefusedRequest {
  return refuse(609, `${name} in ${place} should be greater than or equal to ${minimum}`);
}

/** Returns the refusal of a list of more than `max` items. */
export function tooManyItems(name: string, max: number, place: Place = 'body'): RefusedRequest {
  return refuse(611, `${name} in ${place} should have at most ${max} items`);
}

/** Returns the refusal of a list of less than `min` items. */
export function tooFewItems(name: string, min: number): RefusedRequest {
  return refuse(612, `${name} in body should have at least ${min} items`);
}

function refuse(code: number, message: string): RefusedRequest {
  return new RefusedRequest(422, message, { code });
}
