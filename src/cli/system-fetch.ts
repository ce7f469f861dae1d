/**
 * Requests of commands to servers that they follow: with this process's fetch, bounded in bytes and in time.
 *
 * In scope: one request, its answer in memory. Out of scope: which statuses are good, trying again. No state.
 */

import { type BoundedFetch, RequestFailed } from '../client/bounded-fetch.js';

/** Sends a request with this process's fetch. A redirect is an answer like another: it is not followed. */
export const boundedFetch: BoundedFetch = async (request) => {
  const { url, body, headers = {}, maxBytes, timeoutMs, signal } = request;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timer = setTimeout(end, timeoutMs);
  signal?.addEventListener('abort', end);
  if (signal?.aborted === true) end();
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      redirect: 'manual',
      signal: ending.signal,
      ...(body === undefined ? {} : { body }),
    });
    return {
      status: response.status,
      mediaType: mediaTypeOf(response.headers.get('content-type')),
      body: await readAtMost(response, maxBytes, url),
      retryAfterSeconds: secondsOf(response.headers.get('retry-after')),
    };
  } catch (cause) {
    if (cause instanceof RequestFailed) throw cause;
    throw new RequestFailed(`${url}: ${reasonOf(cause, ending.signal.aborted, signal)}`, { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
};

async function readAtMost(response: Response, most: number, url: string): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop ends the body.
    if (length > most) throw new RequestFailed(`${url}: the answer is longer than ${most} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, length));
}

function mediaTypeOf(header: string | null): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}

function reasonOf(error: unknown, ended: boolean, signal: AbortSignal | undefined): string {
  if (signal?.aborted === true) return 'called off';
  if (ended) return 'no answer in time';
  // fetch says "fetch failed"; its cause knows more.
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
