/** How the witness says what is wrong: plain text, one line. An outage says its code and the request ID, no more. */

import { isLogError } from '../errors.js';
import type { Dialect } from '../http/dialect.js';
import type { Reply } from '../http/reply.js';

/** The media type of every text that the witness answers. */
export const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Returns an answer of one line. */
export function textReply(status: number, line: string, headers: Reply['headers'] = []): Reply {
  return { status, contentType: TEXT_TYPE, body: `${line}\n`, headers };
}

/** What is no failure of the state. */
const PASSING: ReadonlySet<string> = new Set(['SHUTTING_DOWN', 'OVERLOADED', 'CLOCK_UNTRUSTED']);

/** The answers of the witness to what is refused or fails. */
export const WITNESS_DIALECT: Dialect = {
  refusalOf: ({ status, message, headers }) => textReply(status, message, headers),
  problemOf(error, requestID) {
    if (isLogError(error, 'NOTE_MALFORMED')) return textReply(400, error.message);
    const code = isLogError(error) ? error.code : 'INTERNAL';
    // The specification's answer to a write that failed is 500; nothing was signed that anybody has seen.
    const status = PASSING.has(code) ? 503 : 500;
    return textReply(status, `${code}, request ${requestID}`, [['Retry-After', '5']]);
  },
  exposed: [],
};
