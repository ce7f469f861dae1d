/** A signed note as a JSON text. It stands in every entry, and is printed once for as long as it is the newest. */

import { type ByteText, byteText } from '../encoding/byte-text.js';
import type { Checkpoint } from '../log/log.js';

const printed = new WeakMap<Checkpoint, ByteText>();

/** Returns the note of `checkpoint`, quoted. */
export function noteJson(checkpoint: Checkpoint): ByteText {
  const known = printed.get(checkpoint);
  if (known !== undefined) return known;
  const json = byteText(JSON.stringify(checkpoint.note));
  printed.set(checkpoint, json);
  return json;
}
