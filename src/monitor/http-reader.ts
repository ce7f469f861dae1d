/**
 * Requests to a log, bounded in time and in bytes.
 *
 * In scope: one answer as bytes, tried again when a log is busy or away. Out of scope: what the answer says. Redirections
 * are not followed: a log is read where the operator said. No state.
 */

/** The log, or the network between, did not answer as it should: nothing is known about the tree. */
export class UnreachableLogError extends Error {
  override readonly name = 'UnreachableLogError';
  /** True when another try would not mend it: an answer that refuses, or is too long. */
  readonly isFinal: boolean;

  constructor(message: string, options: { cause?: unknown; isFinal?: boolean } = {}) {
    super(message, options);
    this.isFinal = options.isFinal === true;
  }
}

/** One request. */
export interface LogRequest {
  readonly url: string;
  /** JSON to post; undefined: GET. */
  readonly json?: unknown;
  /** Longest answer that is read, in bytes after a Content-Encoding was undone. */
  readonly maxBytes: number;
  /** True: ask for an answer that is not packed. Base64 packs by a quarter, for as much time as all else takes. */
  readonly isPlain?: boolean;
}

/** Reads an answer of status 200; rejects with UnreachableLogError. */
export type HttpReader = (request: LogRequest) => Promise<Uint8Array>;

/** How long is waited, and how often tried. */
export interface ReaderOptions {
  readonly timeoutMs: number;
  readonly attempts: number;
  /** Resolves after so many milliseconds. */
  readonly pause: (ms: number) => Promise<unknown>;
  readonly userAgent: string;
  /** Aborted: no request is sent any more, and those under way end. */
  readonly signal: AbortSignal | undefined;
}

const FIRST_PAUSE_MS = 250;

/** Answers up to here are read as many at a time as are asked for; of longer ones one. */
const LARGE_BYTES = 4 * 1024 * 1024;

/** Returns a reader over HTTP. What it holds at a time is bounded by the small answers under way, and one large one. */
export function httpReader(options: ReaderOptions): HttpReader {
  const takeTurn = turns();
  return async (request) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await readOnce(request, options, takeTurn);
      } catch (error) {
        const isLast = attempt >= options.attempts || options.signal?.aborted === true;
        if (isLast || !(error instanceof UnreachableLogError) || error.isFinal) throw error;
        await options.pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  };
}

/** Resolves to what ends the turn, when all turns before it are over. */
type TakeTurn = () => Promise<() => void>;

function turns(): TakeTurn {
  let before: Promise<void> = Promise.resolve();
  return async () => {
    const mine = before;
    let end = (): void => {};
    before = new Promise((resolve) => {
      end = resolve;
    });
    await mine;
    return end;
  };
}

async function readOnce(
  request: LogRequest,
  options: ReaderOptions,
  takeTurn: TakeTurn,
): Promise<Uint8Array> {
  const { url } = request;
  // Not AbortSignal.any: that of Node 20 keeps something for every request as long as the one signal lives.
  const controller = new AbortController();
  const stop = () => controller.abort(new Error('the monitor is stopping'));
  const tooLate = () => controller.abort(new Error(`no answer within ${options.timeoutMs} ms`));
  const timer = setTimeout(tooLate, options.timeoutMs);
  options.signal?.addEventListener('abort', stop);
  if (options.signal?.aborted === true) stop();
  try {
    return await readBody(await send(request, options, controller.signal), request, takeTurn);
  } catch (cause) {
    if (cause instanceof UnreachableLogError) throw cause;
    throw new UnreachableLogError(`${url}: ${reasonOf(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
  }
}

async function send(
  { url, json, isPlain }: LogRequest,
  { userAgent }: ReaderOptions,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(url, {
    redirect: 'error',
    signal,
    headers: {
      'user-agent': userAgent,
      // A head that some cache kept would look like a tree that shrank.
      'cache-control': 'no-cache',
      ...(isPlain === true && { 'accept-encoding': 'identity' }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
    },
    ...(json !== undefined && { method: 'POST', body: JSON.stringify(json) }),
  });
  if (response.status === 200) return response;
  await response.body?.cancel();
  const isFinal = response.status < 500 && response.status !== 429;
  throw new UnreachableLogError(`${url} answered ${response.status}`, { isFinal });
}

async function readBody(
  response: Response,
  { url, maxBytes }: LogRequest,
  takeTurn: TakeTurn,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let endTurn: (() => void) | undefined;
  try {
    for await (const piece of response.body ?? []) {
      pieces.push(piece as Uint8Array);
      length += (piece as Uint8Array).length;
      if (length > maxBytes) {
        const reason = `${url} answered more than ${maxBytes} bytes`;
        throw new UnreachableLogError(reason, { isFinal: true });
      }
      if (length > LARGE_BYTES) endTurn ??= await takeTurn();
    }
  } finally {
    endTurn?.();
  }
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
