/** `POST /api/v1/index/retrieve`. Search keys in, entry IDs out, in no order. */

import { fromGoBase64 } from '../../encoding/base64.js';
import { isLogError } from '../../errors.js';
import { JSON_TYPE, payloadReply, RefusedRequest, type Reply } from '../../http/reply.js';
import type { Route, RouteRequest } from '../../http/route.js';
import type { Shards } from '../../log/log.js';
import { clientMistake, mistakeOf } from '../problem.js';
import { isEmailAddress } from './email-address.js';
import { endpointRoute } from './endpoint.js';
import { missing, noMatch, notOneOf, tooLong, wrongType } from './field-error.js';
import {
  type GoStruct,
  OPTIONAL_TEXT,
  pointerTo,
  readStruct,
  selfReading,
  TEXT,
} from './go-fields.js';
import { readJsonBody } from './json-body.js';
import { allLogs } from './shards.js';

/** Returns the search key of a public key of one of the formats. Throws when it cannot be read. */
export type SearchKeyOf = (format: string, content: Uint8Array) => string | Promise<string>;

interface Search {
  readonly email: string;
  readonly hash: string;
  readonly subject: string;
  readonly operator: 'and' | 'or';
  readonly publicKey: { readonly format: string; readonly content: Uint8Array } | undefined;
}

/** Returns the route. */
export function searchIndexRoute(
  shards: Shards,
  enabled: ReadonlySet<string>,
  searchKeyOf: SearchKeyOf,
): Route {
  return endpointRoute<Search>('searchIndex', enabled, {
    method: 'POST',
    path: '/api/v1/index/retrieve',
    hot: true,
    produces: [JSON_TYPE],
    noCache: false,
    read: readSearch,
    handle: (search, request) => runSearch(shards, search, searchKeyOf, request.format),
  });
}

const HASH_PATTERN =
  '^(sha512:)?[0-9a-fA-F]{128}$|^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$';
const HASH = new RegExp(HASH_PATTERN);
const OPERATORS = ['and', 'or'];
const KEY_FORMATS = ['pgp', 'x509', 'minisign', 'ssh', 'tuf'];
/** Longest subject that is asked for, in characters. */
export const MAX_SUBJECT_LENGTH = 512;
/** Entry IDs of one log in an answer, some 8 MB of JSON; docs/differences.md. */
export const MAX_FOUND = 100_000;

/** A key as it stands in the body: nothing is required yet. */
interface KeyMember {
  readonly format?: string;
  readonly content?: Uint8Array;
}

interface SearchMembers {
  readonly email: string;
  readonly hash: string;
  readonly operator: string;
  readonly publicKey: KeyMember;
  readonly subject: string;
}

const PUBLIC_KEY: GoStruct<Required<KeyMember>> = {
  valueType: 'models.SearchIndexPublicKey',
  fieldOwner: 'SearchIndexPublicKey.publicKey',
  fields: { content: selfReading(fromGoBase64), format: OPTIONAL_TEXT },
};

const SEARCH_INDEX: GoStruct<SearchMembers> = {
  valueType: 'models.SearchIndex',
  fieldOwner: 'SearchIndex',
  fields: {
    email: selfReading((text) => text),
    hash: TEXT,
    operator: TEXT,
    publicKey: pointerTo(PUBLIC_KEY),
    subject: TEXT,
  },
};

function readSearch(request: RouteRequest): Search {
  const { email = '', hash = '', operator = '', subject = '', publicKey } = parseSearch(request);
  // Validated in this order: of several errors the first is reported.
  if (email !== '' && !isEmailAddress(email)) throw wrongType('email', 'body', 'email', email);
  if (hash !== '' && !HASH.test(hash)) throw noMatch('hash', 'body', HASH_PATTERN);
  if (operator !== '' && !OPERATORS.includes(operator)) throw notOneOf('operator', OPERATORS);
  const key = publicKey === undefined ? undefined : requireKey(publicKey);
  if ([...subject].length > MAX_SUBJECT_LENGTH) throw tooLong('subject', MAX_SUBJECT_LENGTH);
  return { email, hash, subject, operator: operator === 'and' ? 'and' : 'or', publicKey: key };
}

function parseSearch(request: RouteRequest): Partial<SearchMembers> {
  try {
    const json = readJsonBody(request.body);
    if (json === undefined) throw missing('query', 'body');
    return readStruct(json, SEARCH_INDEX);
  } catch (error) {
    if (!isLogError(error, 'ENCODING_MALFORMED')) throw error;
    throw new RefusedRequest(400, `parsing query body from "" failed, because ${error.message}`);
  }
}

function requireKey(key: KeyMember): NonNullable<Search['publicKey']> {
  const { format, content = new Uint8Array() } = key;
  if (format === undefined) throw missing('publicKey.publicKey.format', 'body');
  if (!KEY_FORMATS.includes(format)) throw notOneOf('publicKey.publicKey.format', KEY_FORMATS);
  return { format, content };
}

async function runSearch(
  shards: Shards,
  search: Search,
  searchKeyOf: SearchKeyOf,
  format: string,
): Promise<Reply> {
  const keys: string[] = [];
  if (search.hash !== '') keys.push(prefixedHash(search.hash));
  if (search.publicKey !== undefined) {
    try {
      keys.push(await searchKeyOf(search.publicKey.format, search.publicKey.content));
    } catch (error) {
      if (!isLogError(error)) throw error;
      return clientMistake(format, 400, 'public key provided could not be parsed');
    }
  }
  if (search.email !== '') keys.push(search.email.toLowerCase());
  if (search.subject !== '') keys.push(search.subject.toLowerCase());
  if (keys.length === 0) return payloadReply(format, 200, []);
  try {
    return payloadReply(format, 200, await searchAll(shards, [...new Set(keys)], search.operator));
  } catch (error) {
    return mistakeOf(error, format);
  }
}

/** Returns the entry IDs of all logs; they begin with their tree ID, so none is there twice. */
async function searchAll(
  shards: Shards,
  keys: readonly string[],
  operator: 'and' | 'or',
): Promise<readonly string[]> {
  const logs = allLogs(shards);
  const found = await Promise.all(logs.map((log) => log.search(keys, operator, MAX_FOUND)));
  return found.flat();
}

const ALGORITHM_OF_LENGTH: Readonly<Record<number, string>> = {
  40: 'sha1',
  64: 'sha256',
  128: 'sha512',
};

/** The key of a digest: its algorithm by its length, lower-case. */
function prefixedHash(hash: string): string {
  const digest = hash.slice(hash.indexOf(':') + 1).toLowerCase();
  return `${ALGORITHM_OF_LENGTH[digest.length]}:${digest}`;
}
