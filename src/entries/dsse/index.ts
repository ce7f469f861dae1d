/**
 * The kind dsse: https://github.com/sigstore/rekor/blob/main/types.md#dsse
 *
 * In scope: its versions. Out of scope: walking an entry through them (accept.ts). Pure.
 */

import type { EntryKind } from '../entry-kind.js';
import { dsseV001 } from './v001.js';
import { dsseV002 } from './v002.js';

/** The kind as the registry has it. */
export const dsse: EntryKind = {
  kind: 'dsse',
  isolated: false,
  versions: { '0.0.1': dsseV001 },
  v2Versions: { '0.0.2': dsseV002 },
};
