/**
 * What an error is in the v2 API: the gRPC code and message, for JSON and for gRPC alike.
 *
 * Spec: the recording, test/vectors/rekor-v2. Every fault of an entry has one message there; which fault it is says
 * `reason`. In scope: words and gRPC codes. Out of scope: statuses (PROBLEMS has the one table). Pure.
 */

import { type ErrorCode, isLogError } from '../../errors.js';
import { PROBLEMS } from '../problem.js';

/** The gRPC codes that are in use here. */
export const GRPC_CODE = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** One of GRPC_CODE. */
export type GrpcCode = (typeof GRPC_CODE)[keyof typeof GRPC_CODE];

/** An error as a client of the v2 API sees it. */
export interface V2Problem {
  readonly code: GrpcCode;
  readonly message: string;
  readonly httpStatus: number;
  /** What is wrong with the entry, where the message does not say it. */
  readonly reason?: string;
  readonly retryAfterSeconds?: number;
}

/** Returns the problem for anything that was thrown. */
export function v2ProblemOf(error: unknown, requestID: string): V2Problem {
  if (!isLogError(error)) {
    const message = `INTERNAL, request ${requestID}`;
    return { code: GRPC_CODE.internal, httpStatus: 500, message };
  }
  const { status: httpStatus, ...retry } = PROBLEMS[error.code];
  const message = OUTAGE_WORDS[error.code] ?? `${error.code}, request ${requestID}`;
  if (httpStatus === 507)
    return { code: GRPC_CODE.resourceExhausted, httpStatus, message, ...retry };
  if (httpStatus === 503) return { code: GRPC_CODE.unavailable, httpStatus, message, ...retry };
  if (httpStatus >= 500) return { code: GRPC_CODE.internal, httpStatus, message };
  const mistake = { code: GRPC_CODE.invalidArgument, httpStatus };
  if (PLAIN_MISTAKES.has(error.code)) return { ...mistake, message: error.message };
  return { ...mistake, message: 'invalid hashedrekord request', reason: error.message };
}

/** Returns the problem of an entry that the log has; the index tells where. */
export function v2ConflictOf(logIndex: number): V2Problem {
  const message = `an equivalent entry already exists in the transparency log with index ${logIndex}`;
  return { code: GRPC_CODE.alreadyExists, httpStatus: 409, message };
}

/** Whose message is the client's to read as it is: no entry was looked at, or Rekor v2 has other words for it. */
const PLAIN_MISTAKES: ReadonlySet<ErrorCode> = new Set([
  'ENCODING_MALFORMED',
  'ENTRY_KIND_DISABLED',
  'ENTRY_TOO_LARGE',
]);

const OUTAGE_WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  OVERLOADED: 'reached max pushback; retry',
};
