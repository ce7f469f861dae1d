/** Query parameters of the v1 API, read as recorded. */

import { lastQueryValue, type QueryValues } from '../../http/request-target.js';
import { belowMinimum, missing, noMatch, wrongType } from './field-error.js';

/** Returns a required int64 of at least `minimum`. Throws RefusedRequest. */
export function requiredInteger(query: QueryValues, name: string, minimum: number): bigint {
  const value = optionalInteger(query, name, minimum);
  if (value === undefined) throw missing(name, 'query');
  return value;
}

/** Returns an int64 of at least `minimum`, undefined when absent or empty. Throws RefusedRequest. */
export function optionalInteger(
  query: QueryValues,
  name: string,
  minimum: number,
): bigint | undefined {
  const text = lastQueryValue(query, name) ?? '';
  if (text === '') return undefined;
  const value = parseInt64(text);
  if (value === undefined) throw wrongType(name, 'query', 'int64', text);
  if (value < BigInt(minimum)) throw belowMinimum(name, 'query', minimum);
  return value;
}

/** Returns the decimal text of `treeID`, undefined when absent or empty. Throws RefusedRequest. */
export function optionalTreeID(query: QueryValues): string | undefined {
  const text = lastQueryValue(query, 'treeID') ?? '';
  if (text === '') return undefined;
  if (!/^[0-9]+$/.test(text)) throw noMatch('treeID', 'query', '^[0-9]+$');
  return text;
}

const MAX_INT64 = 2n ** 63n - 1n;

/** Returns the value of a decimal int64 as Go's ParseInt takes it, undefined when it is none. */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  // Only the significant digits count; a megabyte of them is not worth a conversion.
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length > 19) return undefined;
  const value = text.startsWith('-') ? -BigInt(digits || '0') : BigInt(digits || '0');
  return value > MAX_INT64 || value < -MAX_INT64 - 1n ? undefined : value;
}
