/**
 * What one call is known by while it is answered, and how its faults become gRPC's.
 *
 * In scope: the record of a call, errors to codes and metadata. Out of scope: HTTP/2 (call-streams.ts), what a
 * method does.
 */

import { Code, ConnectError, createContextKey, type HandlerContext } from '@connectrpc/connect';
import { headerText } from '../api/v2/dialect.js';
import { type V2Problem, v2ProblemOf } from '../api/v2/problem.js';

/** A call under way. */
export interface CallRecord {
  readonly requestID: string;
  /** What was thrown, where the answer is an error of the log's. */
  error?: unknown;
}

/** Where a method finds the record of its call. */
export const CALL_RECORD = createContextKey<CallRecord>({ requestID: '' });

/**
 * Returns what `work` brings. Throws ConnectError: for what it throws, for a deadline that passes first, and when the
 * client goes away; the work itself goes on then, and nobody hears of it.
 */
export async function answered<Result>(
  work: Promise<Result>,
  context: HandlerContext,
): Promise<Result> {
  try {
    return await unlessAborted(work, context.signal);
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    const record = context.values.get(CALL_RECORD);
    record.error = error;
    const problem = v2ProblemOf(error, record.requestID);
    const { reason, retryAfterSeconds } = problem;
    if (reason !== undefined) context.responseHeader.set('x-stele-reason', headerText(reason));
    if (retryAfterSeconds !== undefined) {
      context.responseTrailer.set('grpc-retry-pushback-ms', String(retryAfterSeconds * 1000));
    }
    throw callFault(problem);
  }
}

/** Returns the error for a problem; the codes of the v2 API are gRPC's. */
export function callFault({ code, message }: Pick<V2Problem, 'code' | 'message'>): ConnectError {
  return new ConnectError(message, code);
}

/** Returns the error of a method that is declared but not there. */
export function notImplemented(method: string): ConnectError {
  return new ConnectError(`method ${method} not implemented`, Code.Unimplemented);
}

function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(ConnectError.from(signal.reason, Code.Canceled));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
