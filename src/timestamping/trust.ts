/** What clients must be told of an authority: where it answers, and by which certificates its tokens are verified. */

import type { TimestampChain } from './certificate-chain.js';

/** Where timestamps are given, below the URL of the server: the path that a trusted root and a signing config name. */
export const TIMESTAMP_PATH = '/api/v1/timestamp';

/** The part of a trusted root that is an authority's. */
export interface TimestampTrust {
  /** Below the URL of the server. */
  readonly path: string;
  /** DER, the certificate that signs tokens first, the root last. */
  readonly certificates: readonly Uint8Array[];
  /** The same in PEM. */
  readonly pem: string;
  /** From when to when tokens are valid, both included; seconds since 1970. */
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
}

/** Returns what clients must be told of the authority with this chain. */
export function timestampTrust(chain: TimestampChain): TimestampTrust {
  const { certificates, pem, notBeforeSeconds, notAfterSeconds } = chain;
  return { path: TIMESTAMP_PATH, certificates, pem, notBeforeSeconds, notAfterSeconds };
}
