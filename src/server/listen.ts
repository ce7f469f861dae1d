/** Sockets: binding a server, its URL, and closing it without waiting for those who never hang up. */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A socket that cannot be bound; `code` is the system's. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;

  constructor(code: string, message: string, options: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A server that listens. */
export interface Listening {
  /** `http://address:port`, with an address that can be called. */
  readonly url: string;
  /** Takes no new connection, lets requests under way finish for `graceMs`, then cuts the rest. */
  close(graceMs: number): Promise<void>;
}

/** Binds `server`; `option` is named when it cannot. Throws ListenError. */
export async function listen(
  server: Server,
  port: number,
  address: string,
  option: string,
): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'it is in use' : cause.message;
      const message = `cannot listen on ${address} port ${port} (--${option}): ${reason}`;
      reject(new ListenError(cause.code ?? 'UNKNOWN', message, { cause }));
    });
    server.listen(port, address, resolve);
  });
  return {
    url: urlOf(server.address() as AddressInfo),
    close: (graceMs) => close(server, graceMs),
  };
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // close() ends the idle connections of that moment; those that become idle later need the sweep.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (address === '::') return `http://[::1]:${port}`;
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
