/**
 * Calls as streams of HTTP/2: what comes in is bounded in size, time and number before connect reads it as gRPC, and
 * what it answers is written out.
 *
 * Spec: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. In scope: one stream, its body, its trailers,
 * its record. Out of scope: connections (grpc-server.ts), messages and statuses (connect), methods (the services).
 * Mutable state: the number of calls under way.
 *
 * A request that is one message is read whole before it is handed on: connect's own reader looks at every chunk again
 * with each that comes, and sets the announced length aside before anything of it is there.
 */

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Code, ConnectError, createContextValues } from '@connectrpc/connect';
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { BodyReader } from '../http/body.js';
import { ClientGone } from '../http/body-rate.js';
import type { Clock } from '../http/clock.js';
import { RefusedRequest } from '../http/reply.js';
import type { RequestBody } from '../http/route.js';
import { CALL_RECORD, type CallRecord } from './call.js';

/** What is said about a call when it is over. */
export interface CompletedCall {
  readonly requestID: string;
  /** `/package.Service/Method` as it was asked for. */
  readonly method: string;
  /** gRPC code; undefined when the call was cut off, or was no call of gRPC. */
  readonly code: number | undefined;
  readonly durationMs: number;
  readonly userAgent: string;
  readonly remoteAddress: string;
  /** What was thrown, when the answer is an error of the log's. */
  readonly error: unknown;
}

/** What calls are answered with. */
export interface CallOptions {
  /** The methods by their paths. */
  readonly methods: ReadonlyMap<string, UniversalHandler>;
  readonly bodies: BodyReader;
  /** Longest message, in bytes. */
  readonly maxMessageBytes: number;
  /** Calls under way at once; one more is turned away, and its client may send it again. */
  readonly maxCalls: number;
  /** Longest time of a call, whatever its client allows. */
  readonly callTimeoutMs: number;
  readonly clock: Clock;
  newRequestID(): string;
  /** Must not throw. */
  completed(call: CompletedCall): void;
}

/** Characters of a path that an answer repeats. */
const MAX_SHOWN_LENGTH = 200;

/** Bytes in front of each message: a flag and a length. */
const ENVELOPE_BYTES = 5;

/** Time for a client to stop sending when it has its answer. */
const LINGER_MS = 5_000;

/** Returns what answers the streams of a server. */
export function callStreams(
  options: CallOptions,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  let underWay = 0;
  return (stream, headers) => {
    // A stream that breaks is closed, and that is what is listened for.
    stream.on('error', () => {});
    if (underWay >= options.maxCalls) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    underWay++;
    stream.once('close', () => {
      underWay--;
    });
    void serve(stream, headers, options);
  };
}

/** Answers one call; never rejects. */
async function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: CallOptions,
): Promise<void> {
  const { clock } = options;
  const startedMs = clock.nowMs();
  const remoteAddress = stream.session?.socket.remoteAddress ?? '';
  const record: CallRecord = { requestID: options.newRequestID() };
  const callOff = clock.after(options.callTimeoutMs, () => stream.close(constants.NGHTTP2_CANCEL));
  const held: RequestBody[] = [];
  let code: number | undefined;
  try {
    code = await answer(stream, headers, { record, held }, options);
  } catch (error) {
    // The stream broke under the answer, or connect did what it never does: nobody is left to be told.
    if (!isOver(stream)) record.error ??= error;
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
  callOff();
  for (const body of held) options.bodies.release(body);
  if (!isOver(stream)) {
    const reset = clock.after(LINGER_MS, () => stream.close(constants.NGHTTP2_NO_ERROR));
    stream.once('close', reset);
  }
  options.completed({
    requestID: record.requestID,
    method: String(headers[':path'] ?? ''),
    code,
    durationMs: clock.nowMs() - startedMs,
    userAgent: headers['user-agent'] ?? '',
    remoteAddress,
    error: record.error,
  });
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { record, held }: { readonly record: CallRecord; readonly held: RequestBody[] },
  options: CallOptions,
): Promise<number | undefined> {
  const path = String(headers[':path'] ?? '');
  const method = options.methods.get(path);
  if (!isGrpc(headers)) return writeAnswer(stream, { status: 415 });
  if (method === undefined) return writeAnswer(stream, unknownMethod(path));
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  const isOneMessage =
    method.method.methodKind === 'unary' || method.method.methodKind === 'server_streaming';
  const response = await method({
    httpVersion: '2.0',
    method: String(headers[':method'] ?? ''),
    url: `http://localhost${path}`,
    header: readHeaders(headers),
    // Leaving the loop over it must not break the stream, which is still to be answered.
    body: isOneMessage
      ? wholeBody(stream, held, options)
      : stream.iterator({ destroyOnReturn: false }),
    signal: gone.signal,
    contextValues: createContextValues().set(CALL_RECORD, record),
  });
  return writeAnswer(stream, response);
}

/** gRPC's own encoding alone: what connect would read as JSON has other rules than the JSON of the API. */
function isGrpc(headers: IncomingHttpHeaders): boolean {
  return /^application\/grpc(?:\+proto)?\s*(?:;|$)/.test(headers['content-type'] ?? '');
}

const HEADERS_READ = ['content-type', 'grpc-encoding', 'grpc-accept-encoding', 'grpc-timeout'];

function readHeaders(headers: IncomingHttpHeaders): Headers {
  const read = new Headers();
  for (const name of HEADERS_READ) {
    const value = headers[name];
    if (typeof value === 'string' && /^[\x20-\x7e]*$/.test(value)) read.set(name, value);
  }
  return read;
}

function unknownMethod(path: string): UniversalServerResponse {
  const header = new Headers({ 'content-type': 'application/grpc' });
  const trailer = new Headers({
    'grpc-status': String(Code.Unimplemented),
    'grpc-message': encodeURIComponent(`unknown method ${path.slice(0, MAX_SHOWN_LENGTH)}`),
  });
  return { status: 200, header, trailer };
}

/** Brings the body in one piece, and leaves it in `held` for as long as the call lasts. */
async function* wholeBody(
  stream: ServerHttp2Stream,
  held: RequestBody[],
  { bodies, maxMessageBytes }: CallOptions,
): AsyncGenerator<Uint8Array> {
  try {
    const body = await bodies.readAll(stream, maxMessageBytes + ENVELOPE_BYTES);
    held.push(body);
    if (body.truncated) {
      const what = `received message larger than max (${maxMessageBytes} bytes)`;
      throw new ConnectError(what, Code.ResourceExhausted);
    }
    yield body.bytes;
  } catch (error) {
    if (error instanceof ClientGone) throw new ConnectError(error.message, Code.Canceled);
    if (!(error instanceof RefusedRequest)) throw error;
    throw new ConnectError(
      error.message,
      error.status === 408 ? Code.DeadlineExceeded : Code.Unavailable,
    );
  }
}

/** Writes an answer and returns its gRPC code, undefined where it has none. */
async function writeAnswer(
  stream: ServerHttp2Stream,
  { status, header, body, trailer }: UniversalServerResponse,
): Promise<number | undefined> {
  if (isOver(stream)) return undefined;
  stream.respond({ ':status': status, ...plain(header) }, { waitForTrailers: true });
  stream.once('wantTrailers', () => {
    if (!isOver(stream)) stream.sendTrailers(trailers(trailer));
  });
  for await (const chunk of body ?? []) {
    if (isOver(stream)) return undefined;
    if (!stream.write(chunk)) await drained(stream);
  }
  if (isOver(stream)) return undefined;
  const code = trailer?.get('grpc-status');
  stream.end();
  // What the client still sends of its request goes nowhere; a reset at once would overtake the trailers.
  stream.resume();
  return code === undefined || code === null ? undefined : Number(code);
}

/** Whether it was closed by either side, or its connection is gone: whatever is sent on it then is an error. */
function isOver(stream: ServerHttp2Stream): boolean {
  return stream.closed || stream.destroyed;
}

function drained(stream: ServerHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

/** Returns trailers with a message that escapes no more than gRPC asks for: some clients take back no more. */
function trailers(headers: Headers | undefined): Record<string, string> {
  const { 'grpc-message': message, ...others } = plain(headers);
  if (message === undefined) return others;
  const escaped = decodeURIComponent(message).replace(
    /[^\x20-\x24\x26-\x7e]+/g,
    encodeURIComponent,
  );
  return { ...others, 'grpc-message': escaped };
}

function plain(headers: Headers | undefined): Record<string, string> {
  return Object.fromEntries(headers ?? []);
}
