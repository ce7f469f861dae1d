/**
 * Limits of the HTTP server itself, below any route: connections, header sizes, the times within which a
 * request must be there. They are what keeps ten thousand idle connections cheap and short.
 */

import type { Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

/** What the HTTP server allows a connection. */
export interface ServerLimits {
  /** Open connections; one more is closed at once. */
  readonly maxConnections: number;
  /** Time for all headers of a request, also for a connection that sends nothing. */
  readonly headersTimeoutMs: number;
  /** Time for a whole request with its body. */
  readonly requestTimeoutMs: number;
  /** Time that an idle connection is kept for the next request. */
  readonly keepAliveTimeoutMs: number;
  /** Request line and headers together. */
  readonly maxHeaderBytes: number;
}

/** The limits of a server that is not told otherwise. */
export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  maxConnections: 5_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 130_000,
  keepAliveTimeoutMs: 30_000,
  maxHeaderBytes: 32 * 1024,
};

/** Returns the options that `http.createServer` must be given; the rest is `applyServerLimits`. */
export function serverOptions(limits: ServerLimits): ServerOptions {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: headersTimeoutMs(limits),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // The times above are looked at this often; the default of 30 s would make them meaningless.
    connectionsCheckingInterval: 1_000,
  };
}

/** Node refuses a time for the headers that is longer than the time for the whole request. */
function headersTimeoutMs({ headersTimeoutMs, requestTimeoutMs }: ServerLimits): number {
  return Math.min(headersTimeoutMs, requestTimeoutMs);
}

/** Sets the limits that a server takes after its creation, and answers what is not HTTP in the API's form. */
export function applyServerLimits(server: Server, limits: ServerLimits): void {
  server.maxConnections = limits.maxConnections;
  server.headersTimeout = headersTimeoutMs(limits);
  server.requestTimeout = limits.requestTimeoutMs;
  server.keepAliveTimeout = limits.keepAliveTimeoutMs;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    refuseConnection(error, socket as Socket);
  });
}

const REFUSALS: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  // Bytes may be out already when an answer is under way; a second status line would corrupt it.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, reason] = REFUSALS[error.code ?? ''] ?? [400, 'Bad Request'];
  const body = JSON.stringify({ code: status, message: reason });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
