/**
 * How a log is named where its origin cannot stand, which may hold any character: in paths of witnesses and mirrors, in rows, in
 * file names. https://c2sp.org/tlog-witness, https://c2sp.org/tlog-mirror. Pure.
 */

import { sha256Hex } from '#sha256';
import { utf8 } from '../encoding/bytes.js';

/** Returns the SHA-256 of an origin as 64 lower-case hex digits. */
export function originID(origin: string): string {
  return sha256Hex(utf8(origin));
}
