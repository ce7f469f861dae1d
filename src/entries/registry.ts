/**
 * The kinds of entries that this server reads: the only list of them.
 */

import { dsse } from './dsse/index.js';
import type { EntryKind } from './entry-kind.js';
import { hashedrekord } from './hashedrekord/index.js';

/** The kinds by name. */
export const ENTRY_KINDS: Readonly<Record<string, EntryKind>> = { dsse, hashedrekord };

/** The kinds known to the world: a name beyond them is no kind at all, one among them may not be here yet. */
export const KNOWN_KINDS: readonly string[] = [
  'alpine',
  'cose',
  'dsse',
  'hashedrekord',
  'helm',
  'intoto',
  'jar',
  'rekord',
  'rfc3161',
  'rpm',
  'tuf',
];
