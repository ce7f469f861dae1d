/**
 * The switches of the v1 API: an endpoint that is switched off answers 501, after binding errors, without no-cache
 * headers and uncounted, as recorded.
 */

import { payloadReply, type Reply } from '../../http/reply.js';
import { type Route, type RouteDefinition, route } from '../../http/route.js';

/** Name of an endpoint in the configuration, with what its 501 says. */
export const ENDPOINTS = {
  searchIndex: 'Search Index API',
  getLogInfo: '',
  getPublicKey: 'Get Public Key API',
  getLogProof: 'Get Log Proof API',
  createLogEntry: 'Create Entry API',
  getLogEntryByIndex: 'Get Log Entry by Index API',
  getLogEntryByUUID: 'Get Log Entry by UUID API',
  searchLogQuery: 'Search Log Query API',
} as const;

/** The name of an endpoint. */
export type Endpoint = keyof typeof ENDPOINTS;

/** Returns the route of `endpoint`, or what stands in its place when it is switched off. */
export function endpointRoute<Input>(
  endpoint: Endpoint,
  enabled: ReadonlySet<string>,
  definition: Omit<RouteDefinition<Input>, 'measured'>,
): Route {
  if (enabled.has(endpoint)) return route({ ...definition, measured: true });
  return route<Input>({
    ...definition,
    noCache: false,
    measured: false,
    handle: async (_, request) => notEnabled(endpoint, request.format),
  });
}

function notEnabled(endpoint: Endpoint, format: string): Reply {
  // Log info has no text of its own on the recorded server: its framework answered, with a bare string.
  if (endpoint === 'getLogInfo') {
    return payloadReply(format, 501, 'operation tlog.GetLogInfo has not yet been implemented');
  }
  const message = `${ENDPOINTS[endpoint]} not enabled in this Rekor instance`;
  return payloadReply(format, 501, { code: 501, message });
}
