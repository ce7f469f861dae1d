/**
 * The kind hashedrekord: https://github.com/sigstore/rekor/blob/main/types.md#hashed-rekord
 *
 * In scope: its versions. Out of scope: walking an entry through them (accept.ts). Pure.
 */

import type { EntryKind } from '../entry-kind.js';
import { hashedrekordV001 } from './v001.js';
import { hashedrekordV002 } from './v002.js';

/** The kind as the registry has it. */
export const hashedrekord: EntryKind = {
  kind: 'hashedrekord',
  isolated: false,
  versions: { '0.0.1': hashedrekordV001 },
  v2Versions: { '0.0.2': hashedrekordV002 },
};
