/**
 * One request and its answer: the gates that every route passes, in the order of the recording, and the writing of
 * the answer. Spec: the recording, test/vectors/rekor-v1.
 *
 *   target (400) → preflight → page or route (404, 405) → body's type (415, 400) → Accept (406) → slots (503)
 *   → body (408, 413 when its JSON is cut) → binding errors → handler
 *
 * In scope: all that is the same for every route. Out of scope: matching (router.ts), what a route does, and
 * how an error is answered (`Dialect`). Mutable state: the number of requests under way.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BodyReader, createBodyReader } from './body.js';
import { type BodyLimits, ClientGone } from './body-rate.js';
import type { Clock } from './clock.js';
import { isPreflight, originHeader, preflightHeaders } from './cors.js';
import type { Dialect } from './dialect.js';
import { accepts, negotiate, parseMediaType } from './media-type.js';
import { JSON_TYPE, RefusedRequest, type Reply } from './reply.js';
import { sendStream } from './reply-stream.js';
import { parseQuery, parseRequestTarget, type RequestTarget } from './request-target.js';
import type { Route, RouteRequest } from './route.js';
import type { RouteMatch, Router } from './router.js';
import { TurnGate } from './turn-gate.js';
import { DROPPED_BYTES, DROPPED_STREAM_BYTES, finishUnreadBody } from './unread-body.js';

/** What is said about a request when it is over. */
export interface CompletedRequest {
  readonly requestID: string;
  readonly method: string;
  readonly url: string;
  /** 499 when the client went away. */
  readonly status: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly durationMs: number;
  readonly userAgent: string;
  readonly remoteAddress: string;
  readonly protocol: string;
  /** The route, when one was matched. */
  readonly route: Route | undefined;
  /** What was thrown, when the answer is an error. */
  readonly error: unknown;
}

/** What an exchange is made of, and whom it tells. */
export interface ExchangeOptions {
  readonly router: Router;
  readonly bodyLimits: BodyLimits;
  /** API requests under way at once; one more gets 503. Pages are never refused. */
  readonly maxConcurrentRequests: number;
  readonly clock: Clock;
  /** Lower-case name of the header whose value is taken as request ID. */
  readonly requestIDHeader: string;
  newRequestID(): string;
  /** How refusals and errors are answered. */
  readonly dialect: Dialect;
  /** How they are answered below some prefixes. */
  readonly dialects?: Readonly<Record<string, Dialect>>;
  completed(request: CompletedRequest): void;
  /** Told of a failure outside any handler: in writing an answer, or in `completed`. */
  faulted(error: unknown): void;
}

/** Answers requests, whichever adapter they come through. */
export interface Exchange {
  readonly router: Router;
  /** Answers a request that was matched; never rejects. */
  serve(request: IncomingMessage, response: ServerResponse, matched: MatchedRequest): Promise<void>;
}

/** A request with its target read and its place found; no match when none is asked for. */
export type MatchedRequest =
  | { readonly kind: 'preflight' }
  | { readonly kind: 'server-options' }
  | { readonly kind: 'bad-target' }
  | { readonly kind: 'matched'; readonly target: RequestTarget; readonly match: RouteMatch };

/** Returns where `request` belongs; `url` is its target as sent. */
export function matchRequest(
  router: Router,
  request: IncomingMessage,
  url: string,
): MatchedRequest {
  const method = request.method ?? '';
  const target = parseRequestTarget(url);
  if (target === undefined) return { kind: 'bad-target' };
  if (method === 'OPTIONS' && url === '*') return { kind: 'server-options' };
  if (isPreflight(method, request.headers)) return { kind: 'preflight' };
  return { kind: 'matched', target, match: router.match(method, target) };
}

/** Returns an exchange; the slots and the body budget are its own. */
export function createExchange(options: ExchangeOptions): Exchange {
  const bodies = createBodyReader(options.bodyLimits, options.clock);
  const slots: Slots = {
    taken: 0,
    max: options.maxConcurrentRequests,
    turns: new TurnGate(() => options.clock.nowMs()),
  };
  return {
    router: options.router,
    async serve(request, response, matched) {
      try {
        await serveOne(request, response, matched, options, bodies, slots);
      } catch (error) {
        // Nothing may reject here, that would end the process; this connection is of no use any more.
        response.destroy();
        options.faulted(error);
      }
    },
  };
}

async function serveOne(
  request: IncomingMessage,
  response: ServerResponse,
  matched: MatchedRequest,
  options: ExchangeOptions,
  bodies: BodyReader,
  slots: Slots,
): Promise<void> {
  const startedMs = options.clock.nowMs();
  const requestID = requestIDOf(request, options);
  // Now: a connection that is gone has none.
  const remoteAddress = request.socket.remoteAddress ?? '';
  let error: unknown;
  let reply: Reply | undefined;
  try {
    reply = await answer(request, matched, requestID, bodies, slots);
  } catch (thrown) {
    error = thrown;
    if (!(thrown instanceof ClientGone)) {
      reply = replyToError(thrown, requestID, dialectOf(matched, options));
    }
  }
  let responseBytes =
    reply === undefined || response.destroyed
      ? undefined
      : writeReply(request, response, reply, headersAround(request, matched, options), {
          clock: options.clock,
          droppedBytes: droppedBytesOf(matched),
        });
  if (reply?.stream !== undefined) {
    if (responseBytes === undefined || request.method === 'HEAD') reply.stream.abandon();
    else responseBytes = await sendStream(response, reply.stream);
  }
  options.completed({
    requestID,
    method: request.method ?? '',
    url: request.url ?? '',
    status: responseBytes === undefined ? 499 : (reply as Reply).status,
    requestBytes: Number(request.headers['content-length'] ?? 0),
    responseBytes: responseBytes ?? 0,
    durationMs: options.clock.nowMs() - startedMs,
    userAgent: request.headers['user-agent'] ?? '',
    remoteAddress,
    protocol: `HTTP/${request.httpVersion}`,
    route: routeOf(matched),
    error,
  });
}

interface Slots {
  taken: number;
  readonly max: number;
  readonly turns: TurnGate;
}

const NO_CACHE: readonly string[] = [
  ...['Cache-Control', 'no-cache, no-store, no-transform, must-revalidate, private, max-age=0'],
  ...['Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ...['Pragma', 'no-cache'],
  ...['X-Accel-Expires', '0'],
];

/** As Go's server answers before any handler: plain text, and no more on this connection. */
const BAD_TARGET: Reply = {
  status: 400,
  contentType: 'text/plain; charset=utf-8',
  body: '400 Bad Request',
  headers: [['Connection', 'close']],
};

function answer(
  request: IncomingMessage,
  matched: MatchedRequest,
  requestID: string,
  bodies: BodyReader,
  slots: Slots,
): Reply | Promise<Reply> {
  if (matched.kind === 'preflight') return { status: 204 };
  if (matched.kind === 'server-options') return { status: 200 };
  if (matched.kind === 'bad-target') return BAD_TARGET;
  const { match, target } = matched;
  const method = request.method ?? '';
  switch (match.kind) {
    case 'not-found':
      throw new RefusedRequest(404, `path ${target.escapedPath} was not found`);
    case 'method-not-allowed': {
      const allowed = match.allowed.join(',');
      throw new RefusedRequest(405, `method ${method} is not allowed, but [${allowed}] are`, {
        headers: [['Allow', allowed]],
      });
    }
    case 'page':
      return match.page.handle(requestID);
    case 'route':
      return answerRoute(request, match, target, requestID, bodies, slots);
  }
}

async function answerRoute(
  request: IncomingMessage,
  match: { readonly route: Route; readonly parameters: Readonly<Record<string, string>> },
  target: RequestTarget,
  requestID: string,
  bodies: BodyReader,
  slots: Slots,
): Promise<Reply> {
  const { route, parameters } = match;
  // Nearly every request says by its headers alone whether it has a body.
  const begun = bodies.begins(request);
  const hasBody = typeof begun === 'boolean' ? begun : await begun;
  const format =
    route.ignoresTypes === true ? (route.produces[0] ?? '') : gateTypes(request, route, hasBody);
  if (slots.taken >= slots.max) {
    throw new RefusedRequest(503, 'too many requests are under way', {
      headers: [['Retry-After', '1']],
    });
  }
  slots.taken++;
  let body: RouteRequest['body'];
  try {
    const streams = route.streamsBody === true;
    if (route.method !== 'GET' && hasBody && !streams) {
      body = await bodies.read(request, route.maxBodyBytes);
    }
    const turn = route.costly === true ? slots.turns.pass() : undefined;
    if (turn !== undefined) await turn;
    return await route.answer({
      method: request.method ?? '',
      target,
      parameters,
      query: () => parseQuery(target.rawQuery),
      body,
      ...(streams && hasBody ? { stream: bodies.chunks(request) } : {}),
      format,
      requestID,
      header: (name) => headerOf(request, name),
    });
  } finally {
    slots.taken--;
    bodies.release(body);
  }
}

/** Judges Content-Type and Accept; returns the answer's format, '' when none is acceptable. */
function gateTypes(request: IncomingMessage, route: Route, hasBody: boolean): string {
  if (hasBody) {
    const sent = request.headers['content-type'];
    // The one spelling that nearly every client uses needs no parser.
    if (sent !== JSON_TYPE) gateBodyType(sent ?? '');
  }
  const { accept } = request.headers;
  const format = negotiate(accept, route.produces, '');
  if (format === '' && !hasBody) {
    const offers = route.produces.join(' ');
    const message = `unsupported media type requested, only [${offers}] are available`;
    throw new RefusedRequest(406, message);
  }
  return format;
}

function gateBodyType(sent: string): void {
  const type = parseMediaType(sent === '' ? 'application/octet-stream' : sent);
  if ('problem' in type) {
    const quoted = JSON.stringify(sent);
    const message = `parsing Content-Type header from ${quoted} failed, because ${type.problem}`;
    throw new RefusedRequest(400, message);
  }
  if (type.name === JSON_TYPE) return;
  if (accepts(type.name, JSON_TYPE)) {
    throw new RefusedRequest(400, `no consumer registered for ${type.name}`);
  }
  const quoted = JSON.stringify(type.name);
  throw new RefusedRequest(
    415,
    `unsupported media type ${quoted}, only [${JSON_TYPE}] are allowed`,
  );
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function dialectOf(matched: MatchedRequest, { dialect, dialects = {} }: ExchangeOptions): Dialect {
  if (matched.kind !== 'matched') return dialect;
  for (const [prefix, other] of Object.entries(dialects)) {
    if (matched.target.path.startsWith(prefix)) return other;
  }
  return dialect;
}

function replyToError(error: unknown, requestID: string, dialect: Dialect): Reply {
  return error instanceof RefusedRequest
    ? dialect.refusalOf(error)
    : dialect.problemOf(error, requestID);
}

function routeOf(matched: MatchedRequest): Route | undefined {
  return matched.kind === 'matched' && matched.match.kind === 'route'
    ? matched.match.route
    : undefined;
}

/** The headers that an answer carries because of the request and the route, not because of its content; names and values in turn. */
function headersAround(
  request: IncomingMessage,
  matched: MatchedRequest,
  options: ExchangeOptions,
): string[] {
  if (matched.kind === 'server-options' || matched.kind === 'bad-target') return [];
  if (matched.kind === 'preflight') return preflightHeaders(request.headersDistinct).flat();
  const headers = ['Vary', 'Origin'];
  const origin = originHeader(request.method ?? '', request.headers);
  if (origin !== undefined) {
    headers.push(...origin, ...dialectOf(matched, options).exposed.flat());
  }
  if (routeOf(matched)?.noCache === true) headers.push(...NO_CACHE);
  return headers;
}

/** Writes the answer, of a stream the head, and returns the number of its body bytes. */
function writeReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  fields: string[],
  rest: { readonly clock: Clock; readonly droppedBytes: number },
): number {
  const { body, isByteText = false, stream } = reply;
  const encoding = isByteText ? 'latin1' : 'utf8';
  const length = body === undefined ? 0 : Buffer.byteLength(body, encoding);
  for (const [name, value] of reply.headers ?? []) fields.push(name, value);
  if (reply.contentType !== undefined) fields.push('Content-Type', reply.contentType);
  if (!BODILESS.has(reply.status) && stream === undefined)
    fields.push('Content-Length', String(length));
  if (!request.complete) {
    const closes = finishUnreadBody(request, response, rest.clock, rest.droppedBytes);
    // Whoever was too slow once would be given up on again.
    if (closes || reply.status === 408) fields.push('Connection', 'close');
  }
  response.writeHead(reply.status, fields);
  if (stream !== undefined && request.method !== 'HEAD') return 0;
  const silent = request.method === 'HEAD' || length === 0;
  // Text goes out in one piece with the headers; bytes would be a second one.
  if (silent) response.end();
  else response.end(body, encoding);
  return silent ? 0 : length;
}

function droppedBytesOf(matched: MatchedRequest): number {
  return routeOf(matched)?.streamsBody === true ? DROPPED_STREAM_BYTES : DROPPED_BYTES;
}

/** In a 304, a length would be taken for that of the answer which the client holds. RFC 9110, 8.6. */
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

function requestIDOf(request: IncomingMessage, options: ExchangeOptions): string {
  const given = request.headers[options.requestIDHeader];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : options.newRequestID();
}
