/** `POST /api/v2/log/entries`: appending an entry. Spec: openapi.yaml, createEntryV2. */

import type { ByteText } from '../../encoding/byte-text.js';
import type { EntryRequest } from '../../entries/v2-messages.js';
import { JSON_TYPE, RefusedRequest, type Reply } from '../../http/reply.js';
import { type Route, type RouteRequest, route } from '../../http/route.js';
import type { Log } from '../../log/log.js';
import { problemReply } from './dialect.js';
import { transparencyLogEntryJson } from './entry-json.js';
import { v2ConflictOf } from './problem.js';
import { readEntryRequest } from './request-json.js';
import type { SubmitRequest } from './submit.js';

/** Longest body of a submission, in bytes; a server may have a lower limit for all bodies. */
export const MAX_SUBMISSION_BYTES = 4 * 1024 * 1024;

/** Returns the route. */
export function createEntryV2Route({ identity }: Log, submit: SubmitRequest): Route {
  return route<EntryRequest>({
    method: 'POST',
    path: '/api/v2/log/entries',
    exact: true,
    hot: true,
    costly: true,
    produces: [JSON_TYPE],
    ignoresTypes: true,
    maxBodyBytes: MAX_SUBMISSION_BYTES,
    noCache: false,
    measured: false,
    read: readSubmission,
    async handle(request) {
      const answer = await submit(request);
      if (answer.outcome === 'known') {
        const index = String(answer.logIndex);
        return problemReply(v2ConflictOf(answer.logIndex), [['x-log-index', index]]);
      }
      return entryReply(201, transparencyLogEntryJson(answer.entry, identity.logID));
    },
  });
}

/** Returns the answer that carries an entry. */
export function entryReply(status: number, json: ByteText): Reply {
  return { status, contentType: JSON_TYPE, body: json, isByteText: true };
}

function readSubmission({ body }: RouteRequest): EntryRequest {
  if (body === undefined) return undefined;
  if (body.truncated) throw new RefusedRequest(413, 'http: request body too large');
  return readEntryRequest(body.bytes);
}
