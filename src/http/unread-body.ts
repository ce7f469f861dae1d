/**
 * What happens to the rest of a body that nobody wanted: the answer is out, the client may still be sending.
 * A little is read and dropped, so that the client gets to see the answer; then the connection goes.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from './clock.js';

/** How much is dropped of a body that was read as a whole, if at all. */
export const DROPPED_BYTES: number = 256 * 1024;
/** How much of one that was streamed: its answer may be out while it is being sent at full speed. */
export const DROPPED_STREAM_BYTES: number = 32 * 1024 * 1024;
const MAX_LINGER_MS = 2_000;

/**
 * Arranges for the unread rest of `request` to be dropped within bounds once `response` is out. Returns true
 * when the connection cannot be used again and the answer must say so.
 */
export function finishUnreadBody(
  request: IncomingMessage,
  response: ServerResponse,
  clock: Clock,
  maxBytes: number = DROPPED_BYTES,
): boolean {
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  const announced = Number(request.headers['content-length'] ?? 0);
  if (!isChunked && announced === 0) return false;
  response.once('finish', () => dropRest(request, clock, maxBytes));
  return isChunked || announced > maxBytes;
}

function dropRest(request: IncomingMessage, clock: Clock, maxBytes: number): void {
  if (request.complete) return;
  let dropped = 0;
  const cut = (): void => {
    request.socket.destroy();
  };
  const settle = clock.after(MAX_LINGER_MS, cut);
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > maxBytes) cut();
  });
  request.once('end', settle).once('close', settle).once('error', settle);
  request.resume();
}
