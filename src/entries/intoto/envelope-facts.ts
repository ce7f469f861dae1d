/** What only a proposal tells of its envelope, for both versions of the kind: search keys and search terms. */

import type { EntryLimits, SearchTerm } from '../entry-kind.js';
import type { Envelope } from '../shared/dsse-envelope.js';
import { signatureTerm } from '../shared/search-terms.js';
import {
  assertSubjectCount,
  digestKeys,
  provenanceDigests,
  STATEMENT_TYPE,
} from '../shared/statement-keys.js';
import { statementTerms } from '../shared/statement-terms.js';
import type { OpenEnvelope } from '../shared/verify-envelope.js';

/** A verified envelope and what its payload says. */
export interface EnvelopeFacts {
  readonly envelope: Envelope;
  readonly open: OpenEnvelope;
  /** `alg:digest` of subjects and materials; undefined for a payload that should be a statement and is none. */
  readonly statementKeys: readonly string[] | undefined;
}

/** Returns the facts of a verified envelope. Throws ENTRY_MALFORMED for too many subjects. */
export function envelopeFacts(
  envelope: Envelope,
  open: OpenEnvelope,
  limits: EntryLimits,
): EnvelopeFacts {
  const digests = envelope.payloadType === STATEMENT_TYPE ? provenanceDigests(open.payload) : [];
  assertSubjectCount(digests ?? [], limits.subjects);
  return { envelope, open, statementKeys: digests && digestKeys(digests) };
}

/** Returns what the richer search finds the envelope by, beside its hashes and keys. */
export function envelopeTerms({ envelope, open, statementKeys }: EnvelopeFacts): SearchTerm[] {
  const isStatement = envelope.payloadType === STATEMENT_TYPE;
  return [
    ...open.signatures.map(({ bytes }) => signatureTerm(bytes)),
    ...(statementKeys ?? []).map((value): SearchTerm => ({ field: 'digest', value })),
    ...(isStatement ? statementTerms(open.payload) : []),
  ];
}
