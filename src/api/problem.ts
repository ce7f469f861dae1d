/**
 * The only table from error codes to HTTP: which status an error of the log has, what its body says, and when a
 * client should come again. Spec: the recording, test/vectors/rekor-v1, and docs/errors.md.
 *
 * A client's mistake is never a 5xx. The body of a 5xx says the error's code and the request ID, by which the
 * operator finds the rest in the log; nothing of the inside goes out.
 */

import { type ErrorCode, isLogError, LogError } from '../errors.js';
import { JSON_TYPE, payloadReply, type Reply } from '../http/reply.js';

/** What an error code means on the wire. */
export interface Problem {
  readonly status: number;
  /** Seconds after which a retry may succeed. */
  readonly retryAfterSeconds?: number;
}

/** Every error code with its problem. */
export const PROBLEMS: Readonly<Record<ErrorCode, Problem>> = {
  ENTRY_MALFORMED: { status: 400 },
  ENTRY_KIND_UNKNOWN: { status: 400 },
  ENTRY_KIND_DISABLED: { status: 400 },
  ENTRY_VERSION_UNKNOWN: { status: 400 },
  ENTRY_NOT_INSERTABLE: { status: 400 },
  ENTRY_TOO_LARGE: { status: 400 },
  ENTRY_TOO_COSTLY: { status: 400 },
  ALGORITHM_NOT_ALLOWED: { status: 400 },
  SIGNATURE_INVALID: { status: 400 },
  KEY_MALFORMED: { status: 400 },
  ENCODING_MALFORMED: { status: 400 },
  NOTE_MALFORMED: { status: 400 },
  NOTE_UNVERIFIED: { status: 400 },
  PROOF_INVALID: { status: 400 },
  PROOF_RANGE: { status: 400 },
  TILE_MALFORMED: { status: 400 },
  POLICY_MALFORMED: { status: 400 },
  TREE_UNKNOWN: { status: 400 },
  TREE_ID_INVALID: { status: 400 },
  SEARCH_TOO_WIDE: { status: 400 },
  TIMESTAMP_REFUSED: { status: 400 },
  OVERLOADED: { status: 503, retryAfterSeconds: 1 },
  SHUTTING_DOWN: { status: 503, retryAfterSeconds: 5 },
  CLOCK_UNTRUSTED: { status: 503, retryAfterSeconds: 30 },
  COMMIT_UNKNOWN: { status: 503, retryAfterSeconds: 5 },
  SIGNER_UNAVAILABLE: { status: 503, retryAfterSeconds: 5 },
  QUORUM_MISSING: { status: 503, retryAfterSeconds: 5 },
  STORE_UNAVAILABLE: { status: 503, retryAfterSeconds: 5 },
  DISK_FULL: { status: 507, retryAfterSeconds: 60 },
  STORE_CORRUPT: { status: 500 },
  STORE_FORMAT: { status: 500 },
  STORE_LOCKED: { status: 500 },
  STORE_MISSING: { status: 500 },
  STORE_IDENTITY: { status: 500 },
  GUARD_MISSING: { status: 500 },
  GUARD_CORRUPT: { status: 500 },
  GUARD_AHEAD: { status: 500 },
  KEY_FILE_INVALID: { status: 500 },
  CONFIG_INVALID: { status: 500 },
};

/** Returns the answer for anything that a handler threw. */
export function problemOf(error: unknown, requestID: string): Reply {
  if (!isLogError(error)) return outage({ status: 500 }, 'INTERNAL', requestID);
  const problem = PROBLEMS[error.code];
  if (problem.status >= 500) return outage(problem, error.code, requestID);
  return clientMistake(JSON_TYPE, problem.status, error.message);
}

/**
 * Returns the answer for a client's mistake in the negotiated format, its message behind `prefix`. Rethrows
 * everything else.
 */
export function mistakeOf(error: unknown, format: string, prefix = ''): Reply {
  if (!(error instanceof LogError) || PROBLEMS[error.code].status >= 500) throw error;
  return clientMistake(format, PROBLEMS[error.code].status, `${prefix}${error.message}`);
}

/** Returns an error answer of a handler: `{"code":…,"message":…}` with a final newline. */
export function clientMistake(format: string, status: number, message: string): Reply {
  return payloadReply(format, status, { code: status, message });
}

function outage(problem: Problem, code: string, requestID: string): Reply {
  const reply = payloadReply(JSON_TYPE, problem.status, {
    code: problem.status,
    message: `${code}, request ${requestID}`,
  });
  if (problem.retryAfterSeconds === undefined) return reply;
  return { ...reply, headers: [['Retry-After', String(problem.retryAfterSeconds)]] };
}
