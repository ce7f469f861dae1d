/** Requests byte for byte: no header is added but the length, and the path is not tidied up. */

import { request as httpRequest } from 'node:http';

/** What is sent. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | undefined;
}

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** Sends one request on a connection of its own. */
export function sendRaw(url: string, request: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { method, path, body } = request;
  const headers = request.headers.flat();
  const names = new Set(request.headers.map(([name]) => name.toLowerCase()));
  if (body !== undefined && !names.has('content-length') && !names.has('transfer-encoding')) {
    headers.push('Content-Length', String(body.length));
  }
  headers.push('Host', `${hostname}:${port}`, 'Connection', 'close');
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: hostname, port, method, path, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0, rawHeaders } = response;
          resolve({ status: statusCode, rawHeaders, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
