/**
 * The kind intoto: https://github.com/sigstore/rekor/blob/main/types.md#in-toto
 *
 * In scope: its versions. Out of scope: walking an entry through them (accept.ts). Pure.
 */

import type { EntryKind } from '../entry-kind.js';
import { intotoV001 } from './v001.js';
import { intotoV002 } from './v002.js';

/** The kind as the registry has it. */
export const intoto: EntryKind = {
  kind: 'intoto',
  isolated: false,
  versions: { '0.0.1': intotoV001, '0.0.2': intotoV002 },
};
