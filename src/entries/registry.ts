/**
 * The kinds of entries that this server reads: the only list of them.
 */

import { alpine } from './alpine/index.js';
import { cose } from './cose/index.js';
import { dsse } from './dsse/index.js';
import type { EntryKind } from './entry-kind.js';
import { hashedrekord } from './hashedrekord/index.js';
import { helm } from './helm/index.js';
import { intoto } from './intoto/index.js';
import { jar } from './jar/index.js';
import { rekord } from './rekord/index.js';
import { rfc3161 } from './rfc3161/index.js';
import { rpm } from './rpm/index.js';
import { tuf } from './tuf/index.js';

/** The kinds by name. */
export const ENTRY_KINDS: Readonly<Record<string, EntryKind>> = {
  alpine,
  cose,
  dsse,
  hashedrekord,
  helm,
  intoto,
  jar,
  rekord,
  rfc3161,
  rpm,
  tuf,
};

/** The names of the kinds. */
export const KNOWN_KINDS: readonly string[] = Object.keys(ENTRY_KINDS);
