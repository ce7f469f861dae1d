/**
 * Requests to servers that one follows and does not trust: every answer has a bound in bytes and in time, and nothing
 * leads elsewhere.
 *
 * In scope: one request, its answer in memory. Out of scope: which statuses are good, trying again. No state.
 */

/** A request. */
export interface BoundedRequest {
  /** Absolute; http or https. */
  readonly url: string;
  /** Undefined: GET; else POST with these bytes. */
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest answer that is read, in bytes after a Content-Encoding was undone. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Aborted: the request ends, with RequestFailed. */
  readonly signal?: AbortSignal | undefined;
}

/** An answer, whatever its status. */
export interface BoundedAnswer {
  readonly status: number;
  /** Without parameters, in lower case; '' when there is none. */
  readonly mediaType: string;
  readonly body: Uint8Array;
  /** Where the server asks for a pause in seconds. */
  readonly retryAfterSeconds: number | undefined;
}

/** Sends a request. Throws RequestFailed. */
export type BoundedFetch = (request: BoundedRequest) => Promise<BoundedAnswer>;

/** A request that got no answer that could be used; it may succeed later. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    options: { cause?: unknown; answer?: Pick<BoundedAnswer, 'status' | 'retryAfterSeconds'> } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = options.answer?.status;
    this.retryAfterSeconds = options.answer?.retryAfterSeconds;
  }
}

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

/** Returns the body of an answer 200. Throws RequestFailed for another status. */
export function okBody(url: string, answer: BoundedAnswer): Uint8Array {
  if (answer.status === 200) return answer.body;
  throw new RequestFailed(`${url}: status ${answer.status}`, { answer });
}

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
