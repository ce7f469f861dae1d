/**
 * The kind alpine: https://github.com/sigstore/rekor/blob/main/types.md
 *
 * In scope: its versions. Out of scope: walking an entry through them (accept.ts). Pure.
 */

import type { EntryKind } from '../entry-kind.js';
import { alpineV001 } from './v001.js';

/** The kind as the registry has it. */
export const alpine: EntryKind = {
  kind: 'alpine',
  isolated: true,
  versions: { '0.0.1': alpineV001 },
};
