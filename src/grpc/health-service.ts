/** grpc.health.v1.Health: one answer for every service, and nothing to watch, as recorded. */

import type { ServiceImpl } from '@connectrpc/connect';
import { notImplemented } from './call.js';
import {
  type Health,
  HealthCheckResponse_ServingStatus,
} from './generated/grpc/health/v1/health_pb.js';

/** Returns the service; `isServing` is asked each time. */
export function healthService(
  isServing: () => boolean | Promise<boolean>,
): ServiceImpl<typeof Health> {
  const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
  return {
    check: async () => ({ status: (await isServing()) ? SERVING : NOT_SERVING }),
    watch() {
      throw notImplemented('Watch');
    },
  };
}
