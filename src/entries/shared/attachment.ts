/** Whether the bytes that an entry brings along are kept beside its leaf. */

import type { EntryLimits } from '../entry-kind.js';

/**
 * Returns `payload`, or undefined when there is nothing in it or `text`, the base64 that it was decoded from, is too
 * long. The length is estimated as Rekor does it, from the text alone: padding and line ends count.
 */
export function payloadAttachment(
  payload: Uint8Array,
  text: string,
  { attestationBytes }: EntryLimits,
): Uint8Array | undefined {
  const estimate = Math.floor(text.length / 4) * 3;
  return payload.length === 0 || estimate > attestationBytes ? undefined : payload;
}
