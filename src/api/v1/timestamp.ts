/**
 * The timestamp authority on the wire, as the timestamp-authority project of Sigstore offers it:
 * `POST /api/v1/timestamp`, DER (RFC 3161 section 3.4) or JSON in, DER out; `GET /api/v1/timestamp/certchain`, PEM.
 *
 * A request that is refused is answered 400 in JSON, never 200 with a rejection inside: clients that put the answer
 * into a bundle unread would keep a rejection for a timestamp. In scope: bodies and statuses. Out of scope: what is
 * granted (timestamping/).
 */

import { JSON_TYPE, RefusedRequest, type Reply } from '../../http/reply.js';
import { type RequestBody, type Route, route } from '../../http/route.js';
import type { TimestampAuthority } from '../../timestamping/authority.js';
import { readTimestampRequest, type TimestampRequest } from '../../timestamping/request.js';
import { TIMESTAMP_PATH } from '../../timestamping/trust.js';
import { missing } from './field-error.js';
import { readJsonTimestampRequest } from './timestamp-json.js';

/** Media types of the wire. */
export const TIMESTAMP_QUERY_TYPE = 'application/timestamp-query';
export const TIMESTAMP_REPLY_TYPE = 'application/timestamp-reply';
export const CERTIFICATE_CHAIN_TYPE = 'application/pem-certificate-chain';

/** Media types that the body of a request may have. */
export const TIMESTAMP_BODY_TYPES = [TIMESTAMP_QUERY_TYPE, JSON_TYPE] as const;

/** Longest body of a request, in bytes; a real one has less than 300. */
export const MAX_TIMESTAMP_BODY = 64 * 1024;

/** How an authority answers. */
export interface TimestampAnswers {
  /** Status of a timestamp: 200, or 201 for clients of the project's first version. */
  readonly grantedStatus: 200 | 201;
}

/** Returns the routes of the authority; none without one, so that its paths are not found. */
export function timestampRoutes(
  authority: TimestampAuthority | undefined,
  { grantedStatus }: TimestampAnswers,
): readonly Route[] {
  if (authority === undefined) return [];
  return [
    route<TimestampRequest>({
      method: 'POST',
      path: TIMESTAMP_PATH,
      hot: true,
      // A signature with a large RSA key takes milliseconds.
      costly: true,
      produces: [TIMESTAMP_REPLY_TYPE],
      noCache: true,
      measured: true,
      read: ({ body }) => readRequest(body),
      handle: async (request) => granted(grantedStatus, authority.stamp(request)),
    }),
    route<undefined>({
      method: 'GET',
      path: `${TIMESTAMP_PATH}/certchain`,
      hot: true,
      produces: [CERTIFICATE_CHAIN_TYPE],
      noCache: false,
      measured: true,
      read: () => undefined,
      handle: async () => chainReply(authority),
    }),
  ];
}

/** A chain of years changes seldom, but it may: long enough to spare work, short enough to be found out. */
const CHAIN_CACHE_SECONDS = 3_600;

/** DER begins with the octet of a SEQUENCE, which is a digit in JSON, and no object begins with a digit. */
const SEQUENCE = 0x30;

function readRequest(body: RequestBody | undefined): TimestampRequest {
  if (body === undefined) throw missing('request', 'body');
  if (body.truncated || body.bytes.length > MAX_TIMESTAMP_BODY) {
    const limit = Math.min(body.limit, MAX_TIMESTAMP_BODY);
    throw new RefusedRequest(413, `Request Entity Too Large. Limit set to ${limit}`);
  }
  return body.bytes[0] === SEQUENCE
    ? readTimestampRequest(body.bytes)
    : readJsonTimestampRequest(body.bytes);
}

function granted(status: number, reply: Uint8Array): Reply {
  return { status, contentType: TIMESTAMP_REPLY_TYPE, body: reply };
}

function chainReply({ chain }: TimestampAuthority): Reply {
  return {
    status: 200,
    contentType: CERTIFICATE_CHAIN_TYPE,
    body: chain.pem,
    headers: [['Cache-Control', `public, max-age=${CHAIN_CACHE_SECONDS}`]],
  };
}
