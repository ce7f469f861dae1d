/** The text that a text signature hashes (RFC 9580 section 5.2.1.2). */

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/**
 * Returns `text` with CR LF for every LF that has no CR of its own in front. Rekor's library pairs from the front:
 * the byte behind a CR is never looked at, so the LF of CR CR LF gets another CR.
 */
export function canonicalText(text: Uint8Array): Uint8Array {
  const canonical = new Uint8Array(text.length * 2);
  let to = 0;
  let isBehindReturn = false;
  for (const byte of text) {
    if (byte === LINE_FEED && !isBehindReturn) canonical[to++] = CARRIAGE_RETURN;
    canonical[to++] = byte;
    isBehindReturn = byte === CARRIAGE_RETURN && !isBehindReturn;
  }
  return canonical.subarray(0, to);
}
