/**
 * The one error type of the house and the closed list of its codes.
 *
 * In scope: what can go wrong, by a stable code. Out of scope: HTTP (api/problem.ts maps codes to
 * statuses) and wording for a particular client. Every room may import this file; it imports nothing.
 *
 * A code, once released, keeps its meaning for ever and is never reused. docs/errors.md explains each
 * one, and a test holds that page against this list.
 */

/** Every code there is. */
export const ERROR_CODES = [
  // A submission that cannot become an entry. The message is the reason alone, in Rekor's words where
  // Rekor has words for it; the API adds its own prefix.
  'ENTRY_MALFORMED',
  'ENTRY_KIND_UNKNOWN',
  'ENTRY_KIND_DISABLED',
  'ENTRY_VERSION_UNKNOWN',
  'ENTRY_NOT_INSERTABLE',
  'ENTRY_TOO_LARGE',
  'ENTRY_TOO_COSTLY',
  'ALGORITHM_NOT_ALLOWED',
  'SIGNATURE_INVALID',
  'KEY_MALFORMED',
  // Text and binary formats.
  'ENCODING_MALFORMED',
  'NOTE_MALFORMED',
  'NOTE_UNVERIFIED',
  'PROOF_INVALID',
  'PROOF_RANGE',
  'TILE_MALFORMED',
  'POLICY_MALFORMED',
  // Requests that name something that is not there.
  'TREE_UNKNOWN',
  'TREE_ID_INVALID',
  // A question whose answer would be too long.
  'SEARCH_TOO_WIDE',
  // A timestamp that the authority beside the log does not give.
  'TIMESTAMP_REFUSED',
  // The write path: nothing was stored, or it is not known; the client may retry.
  'OVERLOADED',
  'SHUTTING_DOWN',
  'CLOCK_UNTRUSTED',
  'COMMIT_UNKNOWN',
  'STORE_UNAVAILABLE',
  'DISK_FULL',
  'SIGNER_UNAVAILABLE',
  // It is in the log, and witnesses have not cosigned it yet.
  'QUORUM_MISSING',
  // The store and its guard, at start or on read-back.
  'STORE_CORRUPT',
  'STORE_FORMAT',
  'STORE_LOCKED',
  'STORE_MISSING',
  'STORE_IDENTITY',
  'GUARD_MISSING',
  'GUARD_CORRUPT',
  'GUARD_AHEAD',
  // The operator's side.
  'KEY_FILE_INVALID',
  'CONFIG_INVALID',
] as const;

/** One of the codes. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error that carries one of the codes above; `message` names the field and the bound that was broken. */
export class LogError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
  }
}

/** True when `error` is a LogError, of the given code if one is named. */
export function isLogError(error: unknown, code?: ErrorCode): error is LogError {
  return error instanceof LogError && (code === undefined || error.code === code);
}
