/**
 * Requests to servers that one follows and does not trust: every answer has a bound in bytes and in time, and nothing
 * leads elsewhere.
 *
 * In scope: what a request and its answer are. Out of scope: sending one (cli/system-fetch.ts): this room is on the way of requests
 * to the log, from where nothing may lead out. No state.
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

/** Returns the body of an answer 200. Throws RequestFailed for another status. */
export function okBody(url: string, answer: BoundedAnswer): Uint8Array {
  if (answer.status === 200) return answer.body;
  throw new RequestFailed(`${url}: status ${answer.status}`, { answer });
}
