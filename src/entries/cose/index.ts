/**
 * The kind cose: https://github.com/sigstore/rekor/blob/main/types.md#cose
 *
 * In scope: its versions. Out of scope: walking an entry through them (accept.ts). Pure.
 */

import type { EntryKind } from '../entry-kind.js';
import { coseV001 } from './v001.js';

/** The kind as the registry has it. */
export const cose: EntryKind = {
  kind: 'cose',
  isolated: false,
  versions: { '0.0.1': coseV001 },
};
