/**
 * A ROUTE IS DATA: method, path template, what it reads, and a handler from input to answer. The adapters
 * (fast-adapter.ts, express-adapter.ts) serve the same table and must not be told apart from outside.
 *
 * In scope: shapes. Out of scope: matching (router.ts), gates and writing (exchange.ts).
 */

import type { Reply } from './reply.js';
import type { QueryValues, RequestTarget } from './request-target.js';

/** What a route may look at. */
export interface RouteRequest {
  readonly method: string;
  readonly target: RequestTarget;
  /** Path parameters, percent-escapes decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Parsed at each call. */
  query(): QueryValues;
  /** Undefined when the request has no body (neither a positive length nor a transfer encoding). */
  readonly body: RequestBody | undefined;
  /** Of a route that streams its body: the body as it comes. What is not read of it is dropped. */
  readonly stream?: AsyncIterable<Uint8Array>;
  /** Negotiated answer format; '' when the client accepts none of those on offer (POST only). */
  readonly format: string;
  readonly requestID: string;
  /** Returns the value of a header, by its name in lower case. */
  header(name: string): string | undefined;
}

/** A body, held up to the limit. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  /** True when the body goes on behind `bytes`, which then has `limit` bytes. */
  readonly truncated: boolean;
  readonly limit: number;
}

/** A route. `read` may throw RefusedRequest; it runs before `handle`, so binding errors win over switches. */
export interface RouteDefinition<Input> {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** True for a GET route that answers HEAD too. */
  readonly head?: boolean;
  /** Template, `{name}` for a path parameter; `{name+}` at its end takes all that is left, slashes included. */
  readonly path: string;
  /** True: a path that is not written so, with another slash, dot or escape, is another path. */
  readonly exact?: boolean;
  /** Answered in front of express. */
  readonly hot: boolean;
  /** Does so much at once that such requests have a share of each turn of the event loop (turn-gate.ts). */
  readonly costly?: boolean;
  /** Formats on offer, the preferred one first. */
  readonly produces: readonly string[];
  /** True: neither Content-Type nor Accept is looked at, the answer has the first format. */
  readonly ignoresTypes?: boolean;
  /** Longest body that is read, in bytes, where that is less than the server's limit. */
  readonly maxBodyBytes?: number;
  /** True: the body is not read before `read`, but by `handle`, of any length, as `stream`. */
  readonly streamsBody?: boolean;
  /** Answers carry the no-cache headers. */
  readonly noCache: boolean;
  /** Counted in the metrics of the API. */
  readonly measured: boolean;
  read(request: RouteRequest): Input;
  handle(input: Input, request: RouteRequest): Promise<Reply>;
}

/** A route with its input type put away; made by `route`. */
export type Route = Omit<RouteDefinition<never>, 'read' | 'handle'> & {
  /** Throws, or rejects, with what `read` and `handle` throw. */
  answer(request: RouteRequest): Promise<Reply>;
};

/** Returns `definition` as an entry of a table. */
export function route<Input>(definition: RouteDefinition<Input>): Route {
  const { read, handle, ...rest } = definition;
  return { ...rest, answer: (request) => handle(read(request), request) };
}

/** A page outside the API: no negotiation, no body. */
export interface Page {
  readonly path: string;
  /** Undefined: any method. A method that is not listed falls through to the routes, and so to their 404. */
  readonly methods?: readonly string[];
  /** How the request's path is compared. */
  readonly match: 'exact' | 'any-case' | 'cleaned';
  readonly hot: boolean;
  handle(requestID: string): Reply | Promise<Reply>;
}

/** All that a server answers. */
export interface RouteTable {
  readonly pages: readonly Page[];
  readonly routes: readonly Route[];
}
