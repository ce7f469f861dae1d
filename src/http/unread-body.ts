/**
 * What happens to the rest of a body that nobody wanted: the answer is out, the client may still be sending.
 * A little is read and dropped, so that the client gets to see the answer; then the connection goes.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from './clock.js';

const MAX_DROPPED_BYTES = 256 * 1024;
const MAX_LINGER_MS = 2_000;

/**
 * Arranges for the unread rest of `request` to be dropped within bounds once `response` is out. Returns true
 * when the connection cannot be used again and the answer must say so.
 */
export function finishUnreadBody(
  request: IncomingMessage,
  response: ServerResponse,
  clock: Clock,
): boolean {
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  const announced = Number(request.headers['content-length'] ?? 0);
  if (!isChunked && announced === 0) return false;
  response.once('finish', () => dropRest(request, clock));
  return isChunked || announced > MAX_DROPPED_BYTES;
}

function dropRest(request: IncomingMessage, clock: Clock): void {
  if (request.complete) return;
  let dropped = 0;
  const cut = (): void => {
    request.socket.destroy();
  };
  const settle = clock.after(MAX_LINGER_MS, cut);
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > MAX_DROPPED_BYTES) cut();
  });
  request.once('end', settle).once('close', settle).once('error', settle);
  request.resume();
}
