/** What else clients must trust, or be able to reach, besides the log: as data. */

import type { ValidityWindow } from './time-range.js';

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

/** Somebody else's log: of certificates, or of signatures. */
export interface LogMaterial {
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
  /** Logs that are believed beside this one, and not written to: those before it, or of others. */
  readonly otherLogs: readonly LogMaterial[];
  readonly certificateAuthorities: readonly AuthorityMaterial[];
  readonly ctLogs: readonly LogMaterial[];
  readonly timestampAuthorities: readonly AuthorityMaterial[];
  readonly identityProviders: readonly IdentityProvider[];
}

/** A log and nothing else. */
export const NO_MATERIAL: TrustMaterial = Object.freeze({
  otherLogs: [],
  certificateAuthorities: [],
  ctLogs: [],
  timestampAuthorities: [],
  identityProviders: [],
});
