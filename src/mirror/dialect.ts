/** How a mirror says what is wrong: one line of text; of an outage its code and the request ID, no more. */

import { isLogError } from '../errors.js';
import type { Dialect } from '../http/dialect.js';
import type { Reply } from '../http/reply.js';

/** Returns an answer of one line. */
export function textReply(status: number, line: string, headers: Reply['headers'] = []): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n`, headers };
}

/** The answers to what is refused or fails. */
export const MIRROR_DIALECT: Dialect = {
  refusalOf: ({ status, message, headers }) => textReply(status, message, headers),
  problemOf(error, requestID) {
    // Leaves of Rekor v1 may be longer than a bundle can say: such a bundle is not there.
    if (isLogError(error, 'TILE_MALFORMED')) return textReply(404, error.message);
    const code = isLogError(error) ? error.code : 'INTERNAL';
    return textReply(500, `${code}, request ${requestID}`, [['Retry-After', '5']]);
  },
  exposed: [],
};
