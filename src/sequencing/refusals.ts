/** What waiters are told when there is no answer for them. All of it may be retried: an entry is stored once. */

import { isLogError, LogError } from '../errors.js';

/** Returns the refusal of a log that is closing. */
export function shuttingDown(): LogError {
  return new LogError('SHUTTING_DOWN', 'the log is shutting down');
}

/** Returns the refusal while the store cannot be written; DISK_FULL keeps its code. */
export function outageError(error: unknown): LogError {
  if (isLogError(error, 'DISK_FULL')) return error;
  return new LogError('STORE_UNAVAILABLE', `the store cannot be written: ${messageOf(error)}`, {
    cause: error,
  });
}

/** Returns the refusal when a commit was begun and nobody can say what became of it. */
export function unknownError(cause: unknown): LogError {
  return new LogError('COMMIT_UNKNOWN', 'it is not known whether the entry was stored', { cause });
}

/** Returns the text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
