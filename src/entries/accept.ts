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
  EntryPolicy,
  EntryVersion,
  IdentifiedEntry,
  ProposedEntry,
  SignatureVerifier,
  VerifiedEntry,
} from './entry-kind.js';
import { ENTRY_KINDS, KNOWN_KINDS } from './registry.js';
import { leafHash } from './shared/leaf-hash.js';

/** Largest leaf: an entry bundle has two bytes for its length (C2SP tlog-tiles). */
export const MAX_LEAF_LENGTH = 65_535;

/** Longest search key, in UTF-16 units: the width of Rekor's index column. */
export const MAX_INDEX_KEY_LENGTH = 512;

/** Most search keys of one entry; each is a row in the same commit as the leaf. */
export const MAX_INDEX_KEYS = 4_096;

/**
 * Returns what the log stores of `proposed`. Throws, with the reason in Rekor's words: ENTRY_KIND_UNKNOWN,
 * ENTRY_VERSION_UNKNOWN, ENTRY_MALFORMED, KEY_MALFORMED, SIGNATURE_INVALID, ENTRY_KIND_DISABLED,
 * ENTRY_NOT_INSERTABLE, ALGORITHM_NOT_ALLOWED, ENTRY_TOO_LARGE.
 */
export async function acceptEntry(
  proposed: ProposedEntry,
  policy: EntryPolicy,
  verifySignatures: SignatureVerifier,
): Promise<AcceptedEntry> {
  const version = findVersion(proposed, policy);
  const entry = await verifyEntry(proposed, version, verifySignatures);
  if (!policy.enabledKinds.has(entry.kind)) throw disabledKind(entry.kind);
  version.assertInsertable(entry.proven);
  version.assertAllowed?.(entry.proven, policy);
  const identified = identify(entry, version);
  if (identified.leaf.length > MAX_LEAF_LENGTH) {
    throw new LogError(
      'ENTRY_TOO_LARGE',
      `canonical entry of ${identified.leaf.length} bytes exceeds ${MAX_LEAF_LENGTH}`,
    );
  }
  const attachment = version.attachment?.(entry);
  return {
    ...identified,
    indexKeys: searchKeys(version.indexKeys(entry)),
    ...(attachment === undefined ? {} : { attachment }),
  };
}

/**
 * Returns the leaf that `proposed`, a proposed or a stored form, has in any log. Its signatures are checked as
 * far as it has any, but what this server may write does not matter. Throws as `acceptEntry` does;
 * ENTRY_KIND_DISABLED says that no log of this server can hold an entry of that kind.
 */
export async function identifyEntry(
  proposed: ProposedEntry,
  verifySignatures: SignatureVerifier,
): Promise<IdentifiedEntry> {
  const version = findVersion(proposed);
  return identify(await verifyEntry(proposed, version, verifySignatures), version);
}

type AnyVersion = EntryVersion<unknown, unknown>;

function findVersion({ kind, apiVersion }: ProposedEntry, policy?: EntryPolicy): AnyVersion {
  const found = Object.hasOwn(ENTRY_KINDS, kind) ? ENTRY_KINDS[kind] : undefined;
  if (found === undefined) throw missingKind(kind, policy);
  const version = Object.hasOwn(found.versions, apiVersion)
    ? found.versions[apiVersion]
    : undefined;
  if (version === undefined) {
    throw new LogError(
      'ENTRY_VERSION_UNKNOWN',
      `${kind} implementation for version '${apiVersion}' not found: ` +
        `unable to locate entry for version ${apiVersion}`,
    );
  }
  return version;
}

function missingKind(kind: string, policy: EntryPolicy | undefined): LogError {
  if (!KNOWN_KINDS.includes(kind)) {
    return new LogError('ENTRY_KIND_UNKNOWN', `could not unmarshal entry for kind '${kind}'`);
  }
  if (policy !== undefined && !policy.enabledKinds.has(kind)) return disabledKind(kind);
  return new LogError(
    'ENTRY_KIND_DISABLED',
    `entry kind '${kind}' is not supported by this server yet`,
  );
}

function disabledKind(kind: string): LogError {
  return new LogError(
    'ENTRY_KIND_DISABLED',
    `entry kind '${kind}' is not enabled for submission on this server`,
  );
}

async function verifyEntry(
  { kind, apiVersion, spec }: ProposedEntry,
  version: AnyVersion,
  verifySignatures: SignatureVerifier,
): Promise<VerifiedEntry> {
  const proven = await version.verify(version.parse(spec), verifySignatures);
  return { kind, apiVersion, proven } as VerifiedEntry;
}

function identify(entry: VerifiedEntry, version: AnyVersion): IdentifiedEntry {
  const leaf = version.canonicalize(entry);
  return { kind: entry.kind, apiVersion: entry.apiVersion, leaf, leafHash: leafHash(leaf) };
}

/**
 * Lower-cased: the index of the recorded server compares without regard to case. Empty and longer keys are left
 * out: a certificate may name them, but no search can ask for them, and the API takes 512 characters at most.
 */
function searchKeys(keys: readonly string[]): readonly string[] {
  const distinct = new Set<string>();
  for (const key of keys) {
    const lowered = key.toLowerCase();
    if (lowered !== '' && lowered.length <= MAX_INDEX_KEY_LENGTH) distinct.add(lowered);
  }
  if (distinct.size > MAX_INDEX_KEYS) {
    throw new LogError(
      'ENTRY_TOO_LARGE',
      `entry with ${distinct.size} search keys exceeds ${MAX_INDEX_KEYS}`,
    );
  }
  return [...distinct];
}
