/** Errors on their way from one thread to another: a LogError keeps its code, any other is a bug and says so. */

import { type ErrorCode, isLogError, LogError } from '../errors.js';

/** An error as plain data. */
export interface Failure {
  /** Undefined for an error that is none of ours. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Returns `error` as plain data. */
export function failureOf(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { code: isLogError(error) ? error.code : undefined, message, stack };
}

/** Returns the error that a failure stands for. */
export function failureError({ code, message, stack }: Failure): Error {
  const error = code === undefined ? new Error(message) : new LogError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
