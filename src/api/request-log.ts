/** What the log says about a request, in the members that Rekor's log lines have. */

import type { CompletedRequest } from '../http/exchange.js';

/** The members of the line `completed request`. */
export interface RequestLogFields {
  readonly operation: { readonly id: string };
  readonly httpRequest: {
    readonly requestMethod: string;
    readonly requestUrl: string;
    readonly requestSize: string;
    readonly status: number;
    readonly responseSize: string;
    readonly userAgent: string;
    readonly remoteIp: string;
    /** Seconds with nine decimals and an `s`. */
    readonly latency: string;
    readonly protocol: string;
  };
}

/** Returns the members for one request. */
export function requestLogFields(request: CompletedRequest): RequestLogFields {
  return {
    operation: { id: request.requestID },
    httpRequest: {
      requestMethod: request.method,
      requestUrl: request.url,
      requestSize: String(request.requestBytes),
      status: request.status,
      responseSize: String(request.responseBytes),
      userAgent: request.userAgent,
      remoteIp: request.remoteAddress,
      latency: `${(request.durationMs / 1000).toFixed(9)}s`,
      protocol: request.protocol,
    },
  };
}
