/**
 * The parameters of `GET /api/v1/search`: typed terms, how they are combined, which page is wanted.
 *
 * Spec: openapi.yaml, searchEntries. In scope: reading and refusing. A parameter that is not known is refused: a typo
 * must not widen what is found. Out of scope: looking anything up (search-entries.ts).
 */

import { MAX_SEARCH_TERM_LENGTH } from '../../entries/accept.js';
import { SEARCH_FIELDS, type SearchField, type SearchTerm } from '../../entries/entry-kind.js';
import { KNOWN_KINDS } from '../../entries/registry.js';
import { RefusedRequest } from '../../http/reply.js';
import { lastQueryValue, type QueryValues } from '../../http/request-target.js';
import type { RouteRequest } from '../../http/route.js';
import {
  aboveMaximum,
  noMatch,
  notOneOf,
  tooLong,
  tooManyItems,
  tooShort,
  wrongType,
} from './field-error.js';
import { optionalInteger } from './query-parameter.js';
import {
  type PagePlace,
  placeOfCursor,
  type SearchCondition,
  type SearchIdentity,
} from './search-cursor.js';

/** A search as it was asked for; it has at least one condition. */
export interface EntrySearchQuery extends SearchIdentity {
  readonly limit: number;
  readonly withEntries: boolean;
  readonly withCount: boolean;
  /** Where the page before ended; undefined: the first page. */
  readonly place: PagePlace | undefined;
}

/** Most conditions in one search. */
export const MAX_CONDITIONS = 32;
/** Most entries on one page, and how many there are when nothing is said. */
export const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

/** Returns the search that a request asks for. Throws RefusedRequest. */
export function readEntrySearch(request: RouteRequest): EntrySearchQuery {
  const query = request.query();
  // A pair that cannot be read is passed over everywhere else; here that would widen the search.
  const pairs = request.target.rawQuery.split('&').filter((pair) => pair !== '');
  if (pairs.length !== query.length) {
    throw new RefusedRequest(400, 'the query has a semicolon or an escape that cannot be read');
  }
  const unknown = query.find(([name]) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw notOneOf(unknown[0], PARAMETERS, 'query');
  const conditions = query
    .filter(([name]) => TERM_PARAMETERS.includes(name))
    .map(([name, value]) => readCondition(name, value));
  if (conditions.length === 0) {
    const message = `at least one of [${TERM_PARAMETERS.join(' ')}] in query is required`;
    throw new RefusedRequest(422, message, { code: 602 });
  }
  if (conditions.length > MAX_CONDITIONS) throw tooManyItems('terms', MAX_CONDITIONS, 'query');
  const search = {
    conditions,
    operator: oneOf(query, 'operator', ['and', 'or']),
    order: oneOf(query, 'order', ['newest', 'oldest']),
    limit: readLimit(query),
    withEntries: readInclude(query),
    withCount: readCount(query),
  };
  const cursor = lastQueryValue(query, 'cursor') ?? '';
  return { ...search, place: cursor === '' ? undefined : placeOfCursor(cursor, search) };
}

/** Finds a name under whatever a signer's identity may be: an e-mail address, URI, domain or other name. */
const IDENTITY = 'identity';
const IDENTITY_FIELDS: readonly SearchField[] = ['email', 'uri', 'dns', 'other-name'];
const TERM_PARAMETERS: readonly string[] = [...SEARCH_FIELDS, IDENTITY];
const PARAMETERS: readonly string[] = [
  ...TERM_PARAMETERS,
  'operator',
  'order',
  'limit',
  'cursor',
  'include',
  'count',
];

function readCondition(name: string, sent: string): SearchCondition {
  if (sent === '') throw tooShort(name, 1, 'query');
  // A byte that is no UTF-8 stands as a lone surrogate: no entry has it.
  if (/\p{Surrogate}/u.test(sent)) throw wrongType(name, 'query', 'string', sent);
  const value = sent.toLowerCase();
  if (value.length > MAX_SEARCH_TERM_LENGTH) throw tooLong(name, MAX_SEARCH_TERM_LENGTH, 'query');
  return { name, value, terms: termsOf(name, value) };
}

function termsOf(name: string, value: string): readonly SearchTerm[] {
  if (name === IDENTITY) return IDENTITY_FIELDS.map((field) => ({ field, value }));
  const field = name as SearchField;
  if (field === 'digest') return digestTerms(value);
  if (field === 'kind' && !KNOWN_KINDS.includes(value)) throw notOneOf(name, KNOWN_KINDS, 'query');
  const isHash = field === 'key' || field === 'signature';
  if (isHash && !SHA256.test(value)) throw noMatch(name, 'query', SHA256.source);
  return [{ field, value }];
}

const SHA256 = /^[0-9a-f]{64}$/;
const DIGEST = /^([^:]+:.+|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/;
/** What bare hex of a length may be; forty digits are a commit as often as anything else. */
const ALGORITHMS_OF_LENGTH: Readonly<Record<number, readonly string[]>> = {
  40: ['sha1', 'gitcommit'],
  64: ['sha256'],
  96: ['sha384'],
  128: ['sha512'],
};

function digestTerms(value: string): readonly SearchTerm[] {
  if (!DIGEST.test(value)) throw noMatch('digest', 'query', DIGEST.source);
  if (value.includes(':')) return [{ field: 'digest', value }];
  const algorithms = ALGORITHMS_OF_LENGTH[value.length] ?? [];
  return algorithms.map((algorithm) => ({ field: 'digest', value: `${algorithm}:${value}` }));
}

/** Returns the value of a parameter with a closed list of values, the first of them when it is not there. */
function oneOf<Value extends string>(
  query: QueryValues,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const sent = lastQueryValue(query, name) ?? '';
  if (sent === '') return values[0];
  const value = values.find((each) => each === sent);
  if (value === undefined) throw notOneOf(name, values, 'query');
  return value;
}

function readLimit(query: QueryValues): number {
  const limit = optionalInteger(query, 'limit', 1) ?? BigInt(DEFAULT_PAGE);
  if (limit > BigInt(MAX_PAGE)) throw aboveMaximum('limit', 'query', MAX_PAGE);
  return Number(limit);
}

function readInclude(query: QueryValues): boolean {
  const sent = lastQueryValue(query, 'include') ?? '';
  if (sent !== '' && sent !== 'entries') throw notOneOf('include', ['entries'], 'query');
  return sent === 'entries';
}

function readCount(query: QueryValues): boolean {
  const sent = lastQueryValue(query, 'count') ?? '';
  if (!['', 'true', 'false'].includes(sent)) throw wrongType('count', 'query', 'bool', sent);
  return sent === 'true';
}
