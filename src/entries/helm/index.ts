/**
 * The kind helm: https://github.com/sigstore/rekor/blob/main/types.md#helm
 *
 * In scope: its versions. Out of scope: walking an entry through them (accept.ts). Pure.
 */

import type { EntryKind } from '../entry-kind.js';
import { helmV001 } from './v001.js';

/** The kind as the registry has it. */
export const helm: EntryKind = { kind: 'helm', isolated: true, versions: { '0.0.1': helmV001 } };
