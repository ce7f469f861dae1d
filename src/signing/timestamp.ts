/** Signed entry timestamps, over the bytes that Rekor signs. */

import { utf8 } from '../encoding/bytes.js';

/** What a SET speaks for. */
export interface EntryTimestamp {
  /** Standard base64 of the leaf, as it stands in the answer. */
  readonly body: string;
  readonly integratedTimeSeconds: number;
  /** Lower-case hex. */
  readonly logID: string;
  /** The index over all shards. */
  readonly logIndex: number;
}

/**
 * Returns the bytes that a SET signs: the RFC 8785 form of body, integratedTime, logID and logIndex, by hand: no member
 * needs escaping.
 */
export function entryTimestampMessage(timestamp: EntryTimestamp): Uint8Array {
  const { body, integratedTimeSeconds, logID, logIndex } = timestamp;
  return utf8(
    `{"body":"${body}","integratedTime":${integratedTimeSeconds},"logID":"${logID}","logIndex":${logIndex}}`,
  );
}
