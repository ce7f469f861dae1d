/**
 * The walk of a submission through the doorways: ProposedEntry → VerifiedEntry → AcceptedEntry, in Rekor's order of
 * work, so that the first of several faults is the one reported.
 *
 * In scope: the order, the limits on what is stored, the form of search keys. Out of scope: what a kind looks
 * like (its folder), who runs signature checks (an argument), sequencing. Pure; this file alone makes a
 * VerifiedEntry.
 */

import { LogError } from '../errors.js';
import type {
  AcceptedEntry,
  EntryContext,
  EntryLimits,
  EntryPolicy,
  EntryVersion,
  IdentifiedEntry,
  ProposedEntry,
  SearchTerm,
  VerifiedEntry,
} from './entry-kind.js';
import { ENTRY_KINDS } from './registry.js';
import { leafHash } from './shared/leaf-hash.js';
import { MOST_STATEMENT_TERMS } from './shared/statement-terms.js';

/** Largest leaf: an entry bundle has two bytes for its length (C2SP tlog-tiles). */
export const MAX_LEAF_LENGTH = 65_535;

/** Longest search key, in UTF-16 units: the width of Rekor's index column. */
export const MAX_INDEX_KEY_LENGTH = 512;

/** Longest value of a search term, in UTF-16 units. */
export const MAX_SEARCH_TERM_LENGTH = 4_096;

/**
 * Search terms that an entry may have for each search key that it may have: a subject with two digests, a name that is
 * a package URL, and the URL without its version have room.
 */
const TERMS_PER_INDEX_KEY = 8;

/**
 * Returns what the log stores of `proposed`. Throws, with the reason in Rekor's words: ENTRY_KIND_UNKNOWN,
 * ENTRY_VERSION_UNKNOWN, ENTRY_MALFORMED, KEY_MALFORMED, SIGNATURE_INVALID, ENTRY_KIND_DISABLED,
 * ENTRY_NOT_INSERTABLE, ALGORITHM_NOT_ALLOWED, ENTRY_TOO_LARGE. Of a proposal of the v2 API the reason is what Rekor v2
 * writes to its own log; only that of ENTRY_KIND_DISABLED is what it tells the client.
 */
export async function acceptEntry(
  proposed: ProposedEntry,
  policy: EntryPolicy,
  { verifySignatures, nowMs }: Pick<EntryContext, 'verifySignatures' | 'nowMs'>,
): Promise<AcceptedEntry> {
  const { kind, apiVersion } = proposed;
  const { limits } = policy;
  const version = findVersion(proposed);
  // Rekor v2 looks at the kind before it looks at the entry, v1 after it.
  if (proposed.api === 'v2') assertEnabledInV2(proposed, policy);
  assertLength(proposed, limits);
  const context: EntryContext = { verifySignatures, nowMs, limits };
  const spec = await version.parse(proposed.spec, context, proposed.specText);
  const read = version.verifiedWhen === 'read' ? await version.verify(spec, context) : undefined;
  if (proposed.api === undefined) assertEnabled(proposed, policy);
  version.assertInsertable(spec);
  version.assertPermitted?.(spec, policy);
  const proven = read ?? (await version.verify(spec, context));
  version.assertAllowed?.(proven, policy);
  const entry = { kind, apiVersion, proven } as VerifiedEntry;
  const identified = identify(entry, version);
  if (identified.leaf.length > MAX_LEAF_LENGTH) {
    throw new LogError(
      'ENTRY_TOO_LARGE',
      `canonical entry of ${identified.leaf.length} bytes exceeds ${MAX_LEAF_LENGTH}`,
    );
  }
  const attachment = version.attachment?.(entry, limits);
  return {
    ...identified,
    indexKeys: searchKeys(version.indexKeys(entry), limits.indexKeys),
    searchTerms: distinctTerms(entry, version, limits.indexKeys),
    ...(attachment === undefined ? {} : { attachment }),
  };
}

/**
 * Returns the leaf that `proposed`, a proposed or a stored form, has in any log. Its signatures are checked as
 * far as it has any, but what this server may write does not matter. Throws as `acceptEntry` does.
 */
export async function identifyEntry(
  proposed: ProposedEntry,
  context: EntryContext,
): Promise<IdentifiedEntry> {
  const { kind, apiVersion } = proposed;
  const version = findVersion(proposed);
  assertLength(proposed, context.limits);
  const spec = await version.parse(proposed.spec, context, proposed.specText);
  const proven = await version.verify(spec, context);
  return identify({ kind, apiVersion, proven } as VerifiedEntry, version);
}

/** Whether a server with this policy stores that version of a kind. */
export function isEnabled(kind: string, version: string, { enabledKinds }: EntryPolicy): boolean {
  return enabledKinds.has(kind) || enabledKinds.has(`${kind}:${version}`);
}

/**
 * Returns the most search terms that an entry may have where it may have that many search keys. One with more is
 * refused: an entry that is not found by all that it says is not taken.
 */
export function mostSearchTerms(indexKeys: number): number {
  return Math.min(indexKeys * TERMS_PER_INDEX_KEY, MOST_STATEMENT_TERMS);
}

type AnyVersion = EntryVersion<unknown, unknown>;

function findVersion({ kind, apiVersion, api }: ProposedEntry): AnyVersion {
  const found = Object.hasOwn(ENTRY_KINDS, kind) ? ENTRY_KINDS[kind] : undefined;
  if (found === undefined) {
    throw new LogError('ENTRY_KIND_UNKNOWN', `could not unmarshal entry for kind '${kind}'`);
  }
  const versions = api === 'v2' ? (found.v2Versions ?? {}) : found.versions;
  const version = Object.hasOwn(versions, apiVersion) ? versions[apiVersion] : undefined;
  if (version === undefined) {
    throw new LogError(
      'ENTRY_VERSION_UNKNOWN',
      `${kind} implementation for version '${apiVersion}' not found: ` +
        `unable to locate entry for version ${apiVersion}`,
    );
  }
  return version;
}

function assertEnabled({ kind, apiVersion }: ProposedEntry, policy: EntryPolicy): void {
  if (isEnabled(kind, apiVersion, policy)) return;
  throw new LogError(
    'ENTRY_KIND_DISABLED',
    `entry kind '${kind}' is not enabled for submission on this server`,
  );
}

function assertEnabledInV2({ kind }: ProposedEntry, { v2 }: EntryPolicy): void {
  if (kind !== 'dsse' || v2.dsse) return;
  throw new LogError('ENTRY_KIND_DISABLED', 'invalid type, must be hashedrekord');
}

function identify(entry: VerifiedEntry, version: AnyVersion): IdentifiedEntry {
  const leaf = version.canonicalize(entry);
  return { kind: entry.kind, apiVersion: entry.apiVersion, leaf, leafHash: leafHash(leaf) };
}

function assertLength({ kind, spec }: ProposedEntry, { proposalLength }: EntryLimits): void {
  const most = Object.hasOwn(proposalLength, kind) ? proposalLength[kind] : undefined;
  if (most === undefined) return;
  const length = lengthOfStrings(spec);
  if (length <= most) return;
  throw new LogError('ENTRY_TOO_LARGE', `${kind} proposal of ${length} characters exceeds ${most}`);
}

/**
 * Returns the characters in all strings of a JSON value, bytes as the base64 that they are in JSON; without recursion,
 * the value is the client's.
 */
function lengthOfStrings(value: unknown): number {
  let length = 0;
  const left = [value];
  for (let next = left.pop(); next !== undefined || left.length > 0; next = left.pop()) {
    if (typeof next === 'string') length += next.length;
    else if (next instanceof Uint8Array) length += Math.ceil(next.length / 3) * 4;
    else if (typeof next === 'object' && next !== null) {
      for (const inner of Object.values(next)) left.push(inner);
    }
  }
  return length;
}

/**
 * Lower-cased: the index of the recorded server compares without regard to case. Empty and longer keys are left
 * out: a certificate may name them, but no search can ask for them, and the API takes 512 characters at most.
 */
function searchKeys(keys: readonly string[], most: number): readonly string[] {
  const distinct = new Set<string>();
  for (const key of keys) {
    const lowered = key.toLowerCase();
    if (lowered !== '' && lowered.length <= MAX_INDEX_KEY_LENGTH) distinct.add(lowered);
  }
  assertCount(distinct.size, most, 'search keys');
  return [...distinct];
}

function distinctTerms(
  entry: VerifiedEntry,
  version: AnyVersion,
  indexKeys: number,
): readonly SearchTerm[] {
  const distinct = new Map<string, SearchTerm>();
  for (const { field, value } of [kindTerm(entry.kind), ...version.searchTerms(entry)]) {
    const lowered = value.toLowerCase();
    if (lowered === '' || lowered.length > MAX_SEARCH_TERM_LENGTH) continue;
    distinct.set(`${field}:${lowered}`, { field, value: lowered });
  }
  const most = mostSearchTerms(indexKeys);
  if (distinct.size <= most) return [...distinct.values()];
  const option = `${TERMS_PER_INDEX_KEY} for each of max-index-keys`;
  throw new LogError('ENTRY_TOO_LARGE', `entry with more than ${most} search terms, ${option}`);
}

function kindTerm(kind: string): SearchTerm {
  return { field: 'kind', value: kind };
}

function assertCount(count: number, most: number, what: string): void {
  if (count <= most) return;
  throw new LogError('ENTRY_TOO_LARGE', `entry with ${count} ${what} exceeds ${most}`);
}
