/** What else clients must trust, or be able to reach, besides the log: as data. */

import type { ValidityWindow } from './log-anchor.js';

/** A certificate authority, or a timestamp authority. */
export interface AuthorityMaterial {
  /** Of a certificate authority the base URL, of a timestamp authority the full one. */
  readonly url: string;
  /** DER, from the leaf to the root. */
  readonly certificates: readonly Uint8Array[];
  /** Of the root; empty where it has none. */
  readonly subject: { readonly organization: string; readonly commonName: string };
  readonly validFor: ValidityWindow;
  readonly operator: string;
}

/** A log of certificates. */
export interface CtLogMaterial {
  readonly url: string;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  readonly validFor: ValidityWindow;
  readonly operator: string;
}

/** An OpenID Connect provider: where signers log in; nothing of it is verified. */
export interface IdentityProvider {
  readonly url: string;
  readonly validFor: ValidityWindow;
  readonly operator: string;
}

/** All of it. */
export interface TrustMaterial {
  readonly certificateAuthorities: readonly AuthorityMaterial[];
  readonly ctLogs: readonly CtLogMaterial[];
  readonly timestampAuthorities: readonly AuthorityMaterial[];
  readonly identityProviders: readonly IdentityProvider[];
}

/** A log and nothing else. */
export const NO_MATERIAL: TrustMaterial = Object.freeze({
  certificateAuthorities: [],
  ctLogs: [],
  timestampAuthorities: [],
  identityProviders: [],
});
