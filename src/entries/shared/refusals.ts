/** Refusals that several kinds have in common, in Rekor's words. */

import { LogError } from '../../errors.js';

/** Returns ENTRY_NOT_INSERTABLE: a form that may be looked up but not stored. `reason` says what it lacks. */
export function notInsertable(reason: string): LogError {
  return new LogError('ENTRY_NOT_INSERTABLE', `entry not insertable into log: ${reason}`);
}

/** Returns ENTRY_MALFORMED: there is no content in that member of the spec. */
export function contentMissing(member: string): LogError {
  return new LogError('ENTRY_MALFORMED', `'content' must be specified for ${member}`);
}

/** Throws ENTRY_MALFORMED for content without a byte, which the base64 of line ends alone is. */
export function assertContent(content: Uint8Array, member: string): void {
  if (content.length === 0) throw contentMissing(member);
}
