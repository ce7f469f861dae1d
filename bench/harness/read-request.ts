/** A read as data: what the load generator sends, and what the bare server finds its prepared answer by. */

import { requestBytes } from './connection.js';

export interface ReadRequest {
  readonly path: string;
  /** JSON; with it the request is a POST. */
  readonly body?: string;
  /** Whether the client takes a packed answer. */
  readonly gzip?: boolean;
  /** The ETag of the answer that the client has. */
  readonly known?: string;
}

/** Returns the bytes of the request. */
export function bytesOfRead({ path, body, gzip, known }: ReadRequest): Buffer {
  const headers = {
    ...(gzip ? { 'Accept-Encoding': 'gzip' } : {}),
    ...(known === undefined ? {} : { 'If-None-Match': known }),
  };
  return requestBytes(body === undefined ? 'GET' : 'POST', path, body, headers);
}

/** Returns what tells requests apart that have different answers. */
export function keyOfRead(
  path: string,
  body: string,
  acceptEncoding: string | undefined,
  ifNoneMatch: string | undefined,
): string {
  return [path, body, acceptEncoding ?? '', ifNoneMatch ?? ''].join('\n');
}
