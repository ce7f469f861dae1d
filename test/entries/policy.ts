import type { EntryPolicy } from '../../src/entries/entry-kind.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { DEFAULT_SIGNATURE_ALGORITHMS } from '../../src/entries/shared/signature-algorithms.js';

/** Everything allowed that Rekor allows by default. */
export const openPolicy: EntryPolicy = {
  enabledKinds: new Set(KNOWN_KINDS),
  allowedAlgorithms: new Set(DEFAULT_SIGNATURE_ALGORITHMS),
};
