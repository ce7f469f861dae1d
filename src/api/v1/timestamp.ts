/**
 * The timestamp authority on the wire, as the timestamp-authority project of Sigstore offers it:
 * `POST /api/v1/timestamp`, DER (RFC 3161 section 3.4) or JSON in, DER out; `GET /api/v1/timestamp/certchain`, PEM.
 *
 * A request that is refused is answered 400 in JSON, never 200 with a rejection inside: clients that put the answer
 * into a bundle unread would keep a rejection for a timestamp. In scope: bodies and statuses. Out of scope: what is
 * granted (timestamping/).
 */

import { parseMediaType } from '../../http/media-type.js';
import { JSON_TYPE, RefusedRequest, type Reply } from '../../http/reply.js';
import { type Route, type RouteRequest, route } from '../../http/route.js';
import type { TimestampAuthority } from '../../timestamping/authority.js';
import { readTimestampRequest, type TimestampRequest } from '../../timestamping/request.js';
import { TIMESTAMP_PATH } from '../../timestamping/trust.js';
import { missing } from './field-error.js';
import { readJsonTimestampRequest } from './timestamp-json.js';

/** Media types of the wire. */
export const TIMESTAMP_QUERY_TYPE = 'application/timestamp-query';
export const TIMESTAMP_REPLY_TYPE = 'application/timestamp-reply';
export const CERTIFICATE_CHAIN_TYPE = 'application/pem-certificate-chain';

/** Longest body of a request, in bytes; a real one has less than 300. */
export const MAX_TIMESTAMP_BODY = 64 * 1024;

/** An authority, and how it answers. */
export interface TimestampService {
  readonly authority: TimestampAuthority;
  /** Status of a timestamp: 200, or 201 for clients of the project's first version. */
  readonly grantedStatus: 200 | 201;
}

/** Returns the routes of the authority; none without one, so that its paths are not found. */
export function timestampRoutes(service: TimestampService | undefined): readonly Route[] {
  if (service === undefined) return [];
  const { authority, grantedStatus } = service;
  return [
    route<TimestampRequest>({
      method: 'POST',
      path: TIMESTAMP_PATH,
      hot: true,
      // A signature with a large RSA key takes milliseconds.
      costly: true,
      produces: [TIMESTAMP_REPLY_TYPE],
      // Judged by the route: a body has one of two types, and whoever asks for a timestamp gets one in DER.
      ignoresTypes: true,
      maxBodyBytes: MAX_TIMESTAMP_BODY,
      noCache: true,
      measured: true,
      read: readRequest,
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

function readRequest({ body, header }: RouteRequest): TimestampRequest {
  const type = mediaTypeOf(header('content-type'));
  if (type !== TIMESTAMP_QUERY_TYPE && type !== JSON_TYPE) {
    const allowed = [TIMESTAMP_QUERY_TYPE, JSON_TYPE].join(' ');
    const message = `unsupported media type ${JSON.stringify(type)}, only [${allowed}] are allowed`;
    throw new RefusedRequest(415, message);
  }
  if (body === undefined) throw missing('request', 'body');
  if (body.truncated) {
    throw new RefusedRequest(413, `Request Entity Too Large. Limit set to ${body.limit}`);
  }
  return type === JSON_TYPE
    ? readJsonTimestampRequest(body.bytes)
    : readTimestampRequest(body.bytes);
}

/** The type without its parameters; what is damaged is of no known type either. */
function mediaTypeOf(header: string | undefined): string {
  const type = parseMediaType(header ?? 'application/octet-stream');
  return 'problem' in type ? (header ?? '') : type.name;
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
