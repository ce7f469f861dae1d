/** How everything below /api/v2/ says what is wrong: `{"code":…,"message":…,"details":[]}`, as recorded. */

import type { HeaderField } from '../../http/cors.js';
import type { Dialect } from '../../http/dialect.js';
import { JSON_TYPE, type RefusedRequest, type Reply } from '../../http/reply.js';
import { GRPC_CODE, type GrpcCode, type V2Problem, v2ProblemOf } from './problem.js';

/** The dialect of the v2 API. */
export const V2_DIALECT: Dialect = {
  refusalOf,
  problemOf: (error, requestID) => problemReply(v2ProblemOf(error, requestID)),
  exposed: [['Access-Control-Expose-Headers', 'Location, ETag, x-log-index, x-stele-reason']],
};

/** Returns the answer that tells a problem. */
export function problemReply(problem: V2Problem, headers: readonly HeaderField[] = []): Reply {
  const { code, message, httpStatus, reason, retryAfterSeconds } = problem;
  return {
    status: httpStatus,
    contentType: JSON_TYPE,
    body: JSON.stringify({ code, message, details: [] }),
    headers: [
      ...headers,
      ...(reason === undefined ? [] : [['x-stele-reason', headerText(reason)] as const]),
      ...(retryAfterSeconds === undefined
        ? []
        : [['Retry-After', String(retryAfterSeconds)] as const]),
    ],
  };
}

function refusalOf({ status, message, headers }: RefusedRequest): Reply {
  const known = REFUSALS[status];
  const code = known?.code ?? GRPC_CODE.invalidArgument;
  const httpStatus = known?.httpStatus ?? status;
  return problemReply({ code, httpStatus, message: known?.message ?? message }, headers);
}

const REFUSALS: Readonly<
  Record<number, { code: GrpcCode; message?: string; httpStatus?: number }>
> = {
  404: { code: GRPC_CODE.notFound, message: 'Not Found' },
  // As recorded: a method that a path does not have is not implemented.
  405: { code: GRPC_CODE.unimplemented, message: 'Method Not Allowed', httpStatus: 501 },
  408: { code: GRPC_CODE.deadlineExceeded },
  503: { code: GRPC_CODE.unavailable },
};

const LONGEST_REASON = 512;

/** Returns a reason, which may quote what the client sent, as a header takes it: printable ASCII, not long. */
export function headerText(reason: string): string {
  return reason.slice(0, LONGEST_REASON).replace(/[^\x20-\x7e]/g, '?');
}
