/**
 * The kind rekord: https://github.com/sigstore/rekor/blob/main/types.md#rekord
 *
 * In scope: its versions. Out of scope: walking an entry through them (accept.ts). Pure.
 */

import type { EntryKind } from '../entry-kind.js';
import { rekordV001 } from './v001.js';

/** The kind as the registry has it. */
export const rekord: EntryKind = {
  kind: 'rekord',
  isolated: true,
  versions: { '0.0.1': rekordV001 },
};
