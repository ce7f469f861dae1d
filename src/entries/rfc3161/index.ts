/**
 * The kind rfc3161: https://github.com/sigstore/rekor/blob/main/types.md
 *
 * In scope: its versions. Out of scope: walking an entry through them (accept.ts). Pure.
 */

import type { EntryKind } from '../entry-kind.js';
import { rfc3161V001 } from './v001.js';

/** The kind as the registry has it. */
export const rfc3161: EntryKind = {
  kind: 'rfc3161',
  isolated: true,
  versions: { '0.0.1': rfc3161V001 },
};
