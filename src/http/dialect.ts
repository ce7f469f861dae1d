/** How a family of paths answers what is wrong with a request: one server speaks for APIs that do not agree on it. */

import type { HeaderField } from './cors.js';
import type { RefusedRequest, Reply } from './reply.js';

/** The answers below a prefix that are not a handler's own. */
export interface Dialect {
  /** Returns the answer to a request that a gate refuses; an unknown path (404) and method (405) among them. */
  refusalOf(refused: RefusedRequest): Reply;
  /** Returns the answer for an error that a handler threw. */
  problemOf(error: unknown, requestID: string): Reply;
  /** Headers that tell a browser which others a script of another origin may read. */
  readonly exposed: readonly HeaderField[];
}
