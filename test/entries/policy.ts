import type { EntryContext, EntryPolicy } from '../../src/entries/entry-kind.js';
import { DEFAULT_ENTRY_LIMITS, DEFAULT_V2_POLICY } from '../../src/entries/limits.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { DEFAULT_SIGNATURE_ALGORITHMS } from '../../src/entries/shared/signature-algorithms.js';
import { verifySignatures } from '../../src/entries/verify-signatures.js';

/** Everything allowed that Rekor allows by default. */
export const openPolicy: EntryPolicy = {
  enabledKinds: new Set(KNOWN_KINDS),
  allowedAlgorithms: new Set(DEFAULT_SIGNATURE_ALGORITHMS),
  v2: DEFAULT_V2_POLICY,
  limits: DEFAULT_ENTRY_LIMITS,
};

/** Signatures checked in line, the default limits, and a time at which nothing recorded has changed its state. */
export const testContext: EntryContext = {
  verifySignatures,
  limits: DEFAULT_ENTRY_LIMITS,
  nowMs: Date.UTC(2026, 10, 22),
};
