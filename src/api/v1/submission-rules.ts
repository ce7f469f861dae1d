/** What a server says of submissions beyond the API itself: its bounds, and how it answers what it has already. */

import type { EntryPolicy } from '../../entries/entry-kind.js';
import { DEFAULT_ENTRY_LIMITS, DEFAULT_V2_POLICY } from '../../entries/limits.js';
import { KNOWN_KINDS } from '../../entries/registry.js';
import { DEFAULT_SIGNATURE_ALGORITHMS } from '../../entries/shared/signature-algorithms.js';

/**
 * Answers to an entry that the log has: 409 as recorded; the same with the stored entry in its body; 201 with the
 * stored entry, as if it were new.
 */
export const DUPLICATE_ANSWERS = ['conflict', 'conflict-with-entry', 'return-existing'] as const;

/** One of them. */
export type DuplicateAnswer = (typeof DUPLICATE_ANSWERS)[number];

/** Most entries in one batch. */
export const MAX_BATCH_ENTRIES = 256;

/** The rules of one server; all of them are published at /api/v1/limits. */
export interface SubmissionRules {
  readonly duplicates: DuplicateAnswer;
  readonly policy: EntryPolicy;
  /** Entries, and their bytes, that may wait to be written; undefined: not known here. */
  readonly pendingEntries?: number;
  readonly pendingBytes?: number;
  /** Time that an archive, OpenPGP or CMS entry may take, in milliseconds; undefined: no bound. */
  readonly entryTimeMs?: number;
}

/** The rules of a server that is not told otherwise. */
export const DEFAULT_SUBMISSION_RULES: SubmissionRules = {
  duplicates: 'conflict',
  policy: {
    enabledKinds: new Set(KNOWN_KINDS),
    allowedAlgorithms: new Set(DEFAULT_SIGNATURE_ALGORITHMS),
    v2: DEFAULT_V2_POLICY,
    limits: DEFAULT_ENTRY_LIMITS,
  },
};
