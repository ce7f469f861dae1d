/** What the routes of a mirror that take bodies have in common. No state. */

import { isLogError } from '../errors.js';
import { RefusedRequest } from '../http/reply.js';
import type { RouteRequest } from '../http/route.js';

/** Members of such a route. */
export const POST_ROUTE = {
  method: 'POST',
  exact: true,
  hot: true,
  produces: ['text/plain'],
  ignoresTypes: true,
  noCache: true,
  measured: false,
} as const;

/** Returns the body. Throws RefusedRequest (413) when it is longer than is read. */
export function readSubmission({ body }: RouteRequest): Uint8Array {
  if (body?.truncated === true) {
    throw new RefusedRequest(413, `the submission is longer than ${body.limit} bytes`);
  }
  return body?.bytes ?? new Uint8Array(0);
}

/** Returns what `read` returns; what is malformed is answered 400. */
export function clientsMistake<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isLogError(error)) throw error;
    throw new RefusedRequest(400, error.message);
  }
}
