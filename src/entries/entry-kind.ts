/**
 * What an entry kind is: the one interface that every kind implements, and the types that a submission
 * becomes on its way. Each doorway changes the type, so that no step can be skipped:
 *
 *   ProposedEntry (bytes nobody trusts) → VerifiedEntry (signatures checked) → AcceptedEntry (leaf bytes)
 *
 * In scope: shapes. Out of scope: the list of kinds (registry.ts), the walk through the doorways
 * (accept.ts). Kinds are pure: bytes in memory in, values out; limits are an argument.
 */

/** A submission as the API read it: the envelope's members, not yet looked at. */
export interface ProposedEntry {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: unknown;
}

/** Hash functions that entries name. */
export type HashAlgorithm = 'sha256' | 'sha384' | 'sha512';

/**
 * One signature check as data, so that it can run in line, packed in a worker, or in a browser.
 * `key` is a DER SubjectPublicKeyInfo.
 */
export type SignatureCheck =
  | {
      readonly over: 'message';
      readonly message: Uint8Array;
      readonly hash: HashAlgorithm;
      readonly key: Uint8Array;
      readonly signature: Uint8Array;
    }
  | {
      readonly over: 'digest';
      readonly digest: Uint8Array;
      readonly hash: HashAlgorithm;
      readonly key: Uint8Array;
      readonly signature: Uint8Array;
    };

/** What a check said: `undefined` when the signature verifies, else the reason in Rekor's words. */
export type SignatureVerdict = string | undefined;

/** Runs checks and returns a verdict for each, in order. Never throws for a bad signature. */
export type SignatureVerifier = (
  checks: readonly SignatureCheck[],
) => Promise<readonly SignatureVerdict[]>;

declare const verifiedBrand: unique symbol;

/** An entry whose signatures and digests have been checked. Only accept.ts makes one. */
export type VerifiedEntry<Proven = unknown> = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly proven: Proven;
  readonly [verifiedBrand]: true;
};

/** An entry whose leaf is known. */
export interface IdentifiedEntry {
  readonly kind: string;
  readonly apiVersion: string;
  /** The canonical entry (RFC 8785): the bytes of the leaf. */
  readonly leaf: Uint8Array;
  /** RFC 6962 leaf hash of `leaf`, 32 bytes. */
  readonly leafHash: Uint8Array;
}

/** What the log stores of a submission. */
export interface AcceptedEntry extends IdentifiedEntry {
  /** The search keys that Rekor writes, lower-cased, without duplicates, each at most 512 characters. */
  readonly indexKeys: readonly string[];
  readonly attachment?: Uint8Array;
}

/** Limits and switches of a server that entries must respect; all of them are arguments, none a constant. */
export interface EntryPolicy {
  /** Kinds that may be written. */
  readonly enabledKinds: ReadonlySet<string>;
  /** Algorithms that hashedrekord may use, under Rekor's names (`ecdsa-sha2-256-nistp256`, …). */
  readonly allowedAlgorithms: ReadonlySet<string>;
}

/**
 * One api version of a kind. `Spec` is what `parse` returns: read, but nothing in it checked. `Proven` is what
 * `verify` makes of it: the same facts with the signatures checked.
 *
 * `verify` gets the verifier as an argument instead of handing out a list of checks, because which check comes
 * next may depend on the last verdict: an envelope with many signatures and keys is judged key by key.
 */
export interface EntryVersion<Spec, Proven> {
  /**
   * Reads a spec: base64, schema, cross-field rules. Throws ENTRY_MALFORMED or KEY_MALFORMED with Rekor's
   * reason.
   */
  parse(spec: unknown): Spec;
  /**
   * Checks the signatures. Throws SIGNATURE_INVALID with Rekor's reason, KEY_MALFORMED for a key that is read
   * only when its turn comes.
   */
  verify(spec: Spec, verifySignatures: SignatureVerifier): Promise<Proven>;
  /** Throws ENTRY_NOT_INSERTABLE when it is a form that may be looked up but not stored. */
  assertInsertable(proven: Proven): void;
  /** Throws ALGORITHM_NOT_ALLOWED. Kinds without a rule leave it out. */
  assertAllowed?(proven: Proven, policy: EntryPolicy): void;
  /** Returns the canonical entry: the bytes of the leaf. */
  canonicalize(entry: VerifiedEntry<Proven>): Uint8Array;
  /** Returns the search keys that Rekor writes for this entry, as Rekor spells them. */
  indexKeys(entry: VerifiedEntry<Proven>): readonly string[];
  /** Returns bytes to keep beside the leaf. */
  attachment?(entry: VerifiedEntry<Proven>): Uint8Array | undefined;
}

/** A kind: a folder under entries/ exports one of these. */
export interface EntryKind {
  readonly kind: string;
  readonly versions: Readonly<Record<string, EntryVersion<unknown, unknown>>>;
}
