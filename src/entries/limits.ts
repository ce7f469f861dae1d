/** The bounds and switches of a submission unless an operator says otherwise. */

import type { EntryLimits, V2EntryPolicy } from './entry-kind.js';

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

/** More kinds than Rekor v2 takes, and no entry that says of its key what is not so. */
export const DEFAULT_V2_POLICY: V2EntryPolicy = { dsse: true, strictKeyDetails: true };
