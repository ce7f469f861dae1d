/**
 * What the v2 API is asked to log: the messages of its request, decoded from JSON or from protobuf, nothing in them
 * checked. Spec: dev.sigstore.rekor.v2.CreateEntryRequest.
 *
 * In scope: shapes. Out of scope: decoding (api/v2/), what the members must be (the v2 versions of the kinds). As
 * in every protobuf, bytes and texts that are absent are empty, and numbers 0.
 */

/** Who signed: a key or a certificate, and what the submitter says of its algorithm. */
export interface VerifierMessage {
  /** Which of the two `rawBytes` is; undefined when there is neither. */
  readonly form: 'publicKey' | 'x509Certificate' | undefined;
  /** DER: a SubjectPublicKeyInfo or a certificate. */
  readonly rawBytes: Uint8Array;
  /** Number of dev.sigstore.common.v1.PublicKeyDetails, known or not. */
  readonly keyDetails: number;
}

/** A signature over the digest of an artifact. */
export interface HashedrekordRequest {
  readonly digest: Uint8Array;
  readonly signature?: { readonly content: Uint8Array; readonly verifier?: VerifierMessage };
}

/** A DSSE envelope and those who signed it. */
export interface DsseRequest {
  readonly envelope?: {
    readonly payload: Uint8Array;
    readonly payloadType: string;
    readonly signatures: readonly { readonly sig: Uint8Array; readonly keyid: string }[];
  };
  readonly verifiers: readonly VerifierMessage[];
}

/** A request; undefined when it names nothing to log. */
export type EntryRequest =
  | { readonly kind: 'hashedrekord'; readonly request: HashedrekordRequest }
  | { readonly kind: 'dsse'; readonly request: DsseRequest }
  | undefined;
