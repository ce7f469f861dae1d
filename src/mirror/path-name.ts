/** How a log is called in paths and names of files. Spec: https://c2sp.org/tlog-mirror. Pure. */

import { createHash } from 'node:crypto';

/** Returns the name of a log: the lower-case hex SHA-256 of its origin. */
export function pathNameOf(origin: string): string {
  return createHash('sha256').update(origin).digest('hex');
}
