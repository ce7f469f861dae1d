/** What the options say of entries: which may be written, the bounds that each must keep, how retries are answered. */

import type { SubmissionRules } from '../api/v1/submission-rules.js';
import type { EntryPolicy } from '../entries/entry-kind.js';
import type { Config } from './config.js';

/** Returns the policy of a configuration. */
export function entryPolicy(config: Config): EntryPolicy {
  const { enableAttestationStorage, enableDsseAttestations } = config;
  return {
    enabledKinds: new Set<string>(config.enabledEntryTypes),
    allowedAlgorithms: new Set<string>(config.clientSigningAlgorithms),
    v2: { dsse: config.v2Dsse === 'accept', strictKeyDetails: config.strictKeyDetails },
    limits: {
      jarMetadataBytes: config.maxJarMetadataSize,
      apkMetadataBytes: config.maxApkMetadataSize,
      signatures: config.maxSignatures,
      verifiers: config.maxVerifiers,
      subjects: config.maxSubjects,
      indexKeys: config.maxIndexKeys,
      attestationBytes: enableAttestationStorage ? config.maxAttestationSize : 0,
      dsseAttestations: enableAttestationStorage && enableDsseAttestations,
      proposalLength: config.maxEntrySize,
    },
  };
}

/** Returns what the API says of submissions. */
export function submissionRules(config: Config): SubmissionRules {
  return {
    duplicates: config.duplicates,
    policy: entryPolicy(config),
    pendingEntries: config.maxPendingEntries,
    pendingBytes: config.maxPendingBytes,
    entryTimeMs: config.entryTimeLimitMs,
  };
}
