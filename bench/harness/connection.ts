/**
 * One HTTP/1.1 connection over a bare socket: the cheapest client that reads an answer correctly.
 *
 * The load generator shares two cores with the server that it measures, so it must cost little; the crash
 * and fault programs need to know exactly what was sent and what came back before a connection broke. One
 * request at a time, prepared as bytes beforehand. Not a general client: no redirects, no TLS, no pipelining.
 */

import { connect, type Socket } from 'node:net';

/** What came back for one request. Header names are lower-case; a repeated header keeps its last value. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Thrown when the connection ends before the answer is complete: nobody knows what became of the request. */
export class ConnectionLost extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ConnectionLost';
  }
}

interface Waiter {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Returns the bytes of a request; a body makes it carry Content-Length and, by default, a JSON type. */
export function requestBytes(
  method: string,
  path: string,
  body?: Uint8Array | string,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const content = body === undefined ? undefined : Buffer.from(body);
  const all: Record<string, string> = {
    Host: 'localhost',
    ...(content === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': String(content.length) }),
    ...headers,
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const start = Buffer.from(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n`);
  return content === undefined ? start : Buffer.concat([start, content]);
}

/** A connection to one server; `send` may be called again once the answer before is there. */
export class Connection {
  readonly #socket: Socket;
  #waiter: Waiter | undefined;
  #received: Buffer = Buffer.alloc(0);
  #lost: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(undefined));
  }

  /** Connects to the host and port of `url`. Throws ConnectionLost when nobody listens there. */
  static open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      const refuse = (cause: Error): void =>
        reject(new ConnectionLost(`no connection to ${url}: ${cause.message}`, { cause }));
      socket.once('error', refuse);
      socket.once('connect', () => {
        socket.off('error', refuse);
        resolve(new Connection(socket));
      });
    });
  }

  /** False once the connection has ended; open another one then. */
  get usable(): boolean {
    return this.#lost === undefined;
  }

  /** Sends one request and returns its answer. Throws ConnectionLost when the connection ends before. */
  send(request: Uint8Array): Promise<Answer> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (this.#waiter !== undefined) throw new Error('one request at a time on a connection');
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#socket.write(request);
    });
  }

  /** Ends the connection without waiting for anything. */
  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const parsed = readAnswer(this.#received);
    if (parsed === undefined) return;
    this.#received = this.#received.subarray(parsed.length);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (parsed.answer.headers.get('connection')?.toLowerCase() === 'close') {
      this.#lost = new ConnectionLost('the server closed the connection after its last answer');
      this.#socket.end();
    }
    waiter?.resolve(parsed.answer);
  }

  #fail(cause: Error | undefined): void {
    this.#lost ??= new ConnectionLost(cause?.message ?? 'the connection was closed', { cause });
    this.#socket.destroy();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(this.#lost);
  }
}

/** Returns the first complete answer in `bytes` and its length, or undefined while more is to come. */
export function readAnswer(bytes: Buffer): { answer: Answer; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const lines = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number((lines[0] ?? '').split(' ')[1]);
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const bodyStart = headEnd + 4;
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
    const decoded = decodeChunks(bytes, bodyStart);
    return decoded && { answer: { status, headers, body: decoded.body }, length: decoded.end };
  }
  const length = status === 204 || status === 304 ? 0 : Number(headers.get('content-length') ?? 0);
  const end = bodyStart + length;
  if (bytes.length < end) return undefined;
  return { answer: { status, headers, body: bytes.subarray(bodyStart, end) }, length: end };
}

function decodeChunks(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const dataEnd = lineEnd + 2 + size;
    if (bytes.length < dataEnd + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), end: dataEnd + 2 };
    parts.push(bytes.subarray(lineEnd + 2, dataEnd));
    at = dataEnd + 2;
  }
}
