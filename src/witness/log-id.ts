/** How a log is named in paths and rows: the SHA-256 of its origin, which may hold any character. */

import { sha256 } from '#sha256';
import { utf8 } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';

/** Returns 64 lower-case hex digits. */
export function logID(origin: string): string {
  return toHex(sha256(utf8(origin)));
}
