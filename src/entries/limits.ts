/** The bounds of a submission unless an operator says otherwise. */

import type { EntryLimits } from './entry-kind.js';

/** Sizes of metadata and attestations are Rekor's. */
export const DEFAULT_ENTRY_LIMITS: EntryLimits = {
  jarMetadataBytes: 1_048_576,
  apkMetadataBytes: 1_048_576,
  signatures: 32,
  verifiers: 32,
  subjects: 4_096,
  indexKeys: 4_096,
  attestationBytes: 102_400,
  dsseAttestations: false,
  proposalLength: {},
};
