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
  /** The JSON that `spec` was read from, where there is one: what goes to another thread, and has numbers as written. */
  readonly specText?: string;
  /**
   * Which versions of kinds it may be of; undefined: those of the v1 API. With `v2`, `apiVersion` is `0.0.2` and `spec`
   * the kind's message of v2-messages.ts: api/v2 makes such proposals of its requests, and nobody else.
   */
  readonly api?: 'v2';
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

/** A name space of the richer search: what a value is, so that asking for one thing never finds another. */
export type SearchField = (typeof SEARCH_FIELDS)[number];

/** Every name space of the richer search (openapi.yaml, /api/v1/search). A name keeps its meaning for ever. */
export const SEARCH_FIELDS = [
  /** The entry's kind. */
  'kind',
  /** `algorithm:hex` of an artifact, payload, envelope, statement subject or material. */
  'digest',
  /** Hex SHA-256 of a signature's bytes. */
  'signature',
  /** Hex SHA-256 of a signer's key: its canonical form, and its SubjectPublicKeyInfo where it has one. */
  'key',
  /** Names of the signer, each under what it is; e-mail addresses of PGP user IDs too. */
  'email',
  'uri',
  'dns',
  'ip',
  'other-name',
  /** The issuer's distinguished name in the signing certificate. */
  'certificate-issuer',
  /** What Sigstore's certificate extensions say (OIDs below 1.3.6.1.4.1.57264.1). */
  'issuer',
  'repository',
  'workflow',
  'ref',
  'commit',
  'run',
  /** In-toto: the type of the predicate and the names of subjects. Also a package's name. */
  'predicate-type',
  'subject-name',
  /** A package URL, with and without its version. */
  'package',
] as const;

/** One thing that the richer search finds an entry by. */
export interface SearchTerm {
  readonly field: SearchField;
  readonly value: string;
}

/** What the log stores of a submission. Plain data: it may come from another thread. */
export interface AcceptedEntry extends IdentifiedEntry {
  /** The search keys that Rekor writes, lower-cased, without duplicates, each at most 512 characters. */
  readonly indexKeys: readonly string[];
  /** What the richer search finds beyond them; values as `search-terms.ts` spells them, without duplicates. */
  readonly searchTerms: readonly SearchTerm[];
  readonly attachment?: Uint8Array;
}

/** Bounds of one submission; docs/operating.md has the option behind each. */
export interface EntryLimits {
  /** Largest META-INF file of a jar, uncompressed bytes; 0 takes the built-in bound alone. */
  readonly jarMetadataBytes: number;
  /** Largest signature or control part of an apk, uncompressed bytes; 0 takes the built-in bound alone. */
  readonly apkMetadataBytes: number;
  /** Most signatures, and most keys, in one submission. */
  readonly signatures: number;
  readonly verifiers: number;
  /** Most subjects and materials of an in-toto statement. */
  readonly subjects: number;
  /** Most search keys that Rekor would write; there may be eight times as many search terms. */
  readonly indexKeys: number;
  /** Longest attestation that is kept, bytes; 0 keeps none. */
  readonly attestationBytes: number;
  /** True keeps the payloads of dsse entries too. */
  readonly dsseAttestations: boolean;
  /** Most characters in the strings of a proposal, by kind; a kind that is not named has no bound of its own. */
  readonly proposalLength: Readonly<Record<string, number>>;
}

/** Limits and switches of a server that entries must respect; all of them are arguments, none a constant. */
export interface EntryPolicy {
  /** What may be written: `kind` for all its versions, or `kind:version`. */
  readonly enabledKinds: ReadonlySet<string>;
  /** Algorithms that hashedrekord may use, under Rekor's names (`ecdsa-sha2-256-nistp256`, …). */
  readonly allowedAlgorithms: ReadonlySet<string>;
  readonly v2: V2EntryPolicy;
  readonly limits: EntryLimits;
}

/** Switches of the v2 API's entries. Its hashedrekord is always taken. */
export interface V2EntryPolicy {
  /** True takes dsse 0.0.2, which Rekor v2 has given up. */
  readonly dsse: boolean;
  /**
   * True refuses a key whose keyDetails name another algorithm. False takes what Rekor v2 takes: only the hash of
   * keyDetails counts, and an entry may say `RSA` of an ECDSA key.
   */
  readonly strictKeyDetails: boolean;
}

/** What a version works with beside the submission. */
export interface EntryContext {
  readonly verifySignatures: SignatureVerifier;
  readonly limits: EntryLimits;
  /** The time, in milliseconds since 1970: for formats that expire. */
  readonly nowMs: number;
}

/**
 * One api version of a kind. `Spec` is what `parse` returns: read, but no signature in it checked. `Proven` is what
 * `verify` makes of it: the same facts with the signatures checked.
 *
 * `verify` gets the verifier as an argument instead of handing out a list of checks, because which check comes
 * next may depend on the last verdict: an envelope with many signatures and keys is judged key by key.
 */
export interface EntryVersion<Spec, Proven> {
  /**
   * When Rekor verifies: while it reads a proposal, or only when it is about to store it, after the switches and
   * `assertInsertable`. It decides which of several faults is the one reported.
   */
  readonly verifiedWhen: 'read' | 'stored';
  /**
   * Reads a spec: base64, schema, cross-field rules, the key where Rekor reads it first. Throws ENTRY_MALFORMED or
   * KEY_MALFORMED with Rekor's reason. `specText` is the JSON that `spec` was read from, where there is one.
   */
  parse(spec: unknown, context: EntryContext, specText?: string): Spec | Promise<Spec>;
  /** Throws ENTRY_NOT_INSERTABLE when it is a form that may be looked up but not stored. */
  assertInsertable(spec: Spec): void;
  /** Throws ALGORITHM_NOT_ALLOWED where that is known, and reported, before a signature is checked. */
  assertPermitted?(spec: Spec, policy: EntryPolicy): void;
  /**
   * Checks the signatures, and whatever else must hold of what is stored. Throws SIGNATURE_INVALID,
   * ENTRY_MALFORMED, KEY_MALFORMED with Rekor's reason.
   */
  verify(spec: Spec, context: EntryContext): Promise<Proven>;
  /** Throws ALGORITHM_NOT_ALLOWED, after the signatures. Kinds without a rule leave it out. */
  assertAllowed?(proven: Proven, policy: EntryPolicy): void;
  /** Returns the canonical entry: the bytes of the leaf. */
  canonicalize(entry: VerifiedEntry<Proven>): Uint8Array;
  /** Returns the search keys that Rekor writes for this entry, as Rekor spells them. */
  indexKeys(entry: VerifiedEntry<Proven>): readonly string[];
  /** Returns what the richer search finds the entry by; its kind is added by accept.ts. */
  searchTerms(entry: VerifiedEntry<Proven>): readonly SearchTerm[];
  /** Returns bytes to keep beside the leaf; undefined when there are none or they exceed the limits. */
  attachment?(entry: VerifiedEntry<Proven>, limits: EntryLimits): Uint8Array | undefined;
}

/** A kind: a folder under entries/ exports one of these. */
export interface EntryKind {
  readonly kind: string;
  /**
   * True for kinds that read archives, OpenPGP or CMS: a server runs them whole in a worker thread, under a limit on
   * time and memory.
   */
  readonly isolated: boolean;
  /** The versions that the v1 API takes: what switches and limits name. */
  readonly versions: Readonly<Record<string, EntryVersion<unknown, unknown>>>;
  /** The versions that the v2 API takes; the policy's `v2` says which. Their specs are of v2-messages.ts. */
  readonly v2Versions?: Readonly<Record<string, EntryVersion<unknown, unknown>>>;
}
