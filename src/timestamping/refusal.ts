/** Why a request gets no timestamp, in the terms of RFC 3161. */

import { LogError } from '../errors.js';

/** Names of PKIFailureInfo (RFC 3161 section 2.4.2) that a request can earn. */
export type PkiFailure =
  | 'badAlg'
  | 'badRequest'
  | 'badDataFormat'
  | 'unacceptedPolicy'
  | 'unacceptedExtension';

/** Returns the error TIMESTAMP_REFUSED; its message begins with the failure's name. */
export function refused(failure: PkiFailure, reason: string, cause?: unknown): LogError {
  return new LogError('TIMESTAMP_REFUSED', `${failure}: ${reason}`, { cause });
}
