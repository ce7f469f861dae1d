/**
 * THE TRUST KIT: what a client must be given to sign with a log and to believe it, as data and as JSON text.
 *
 * Spec: https://github.com/sigstore/protobuf-specs, sigstore_trustroot.proto; key IDs are those of
 * https://c2sp.org/signed-note#signatures. This file says what is known of the log itself, and which IDs clients look
 * it up by. In scope of the room: documents and the reading of PEM material. Out of scope: files, options and
 * endpoints (server/, cli/, api/), and whether anybody should trust this log. No clock, no mutable state.
 */

import { sha256 } from '#sha256';
import { equalBytes } from '../encoding/bytes.js';
import { ed25519LogID, rsaLogID } from '../note/verifier-key.js';
import { readPublicKey } from '../pki/public-key.js';

/** The APIs that a client may sign with. */
export const SIGNING_APIS = ['v1', 'v2'] as const;

/** One of SIGNING_APIS. */
export type SigningApi = (typeof SIGNING_APIS)[number];

/** What is known of a log. */
export interface LogAnchor {
  /** The name on its signature lines; the origin of its v2 checkpoints. */
  readonly hostname: string;
  /** DER SubjectPublicKeyInfo of the key that signs entries and checkpoints. */
  readonly publicKeyDer: Uint8Array;
  /** C2SP verifier keys, in the order of the lines of its checkpoints. */
  readonly verifierKeys: readonly string[];
  /** The URL under which clients reach it, without a final slash. */
  readonly publicUrl: string;
  /** When clients begin to believe its key; see `startOfDay`. */
  readonly validFromSeconds: number;
  readonly operator: string;
  /** The APIs that the signing config offers. */
  readonly signingApis: readonly SigningApi[];
}

/** The IDs, 32 bytes each, by which entries of the two APIs name a log. */
export interface LogIDs {
  readonly v1: Uint8Array;
  readonly v2: Uint8Array;
}

/**
 * Returns the IDs of a log. With an ECDSA key they are one: the SHA-256 of the key. With any other key the ID of the v2
 * API, whose start is the key ID in its checkpoints, takes in the name. Throws KEY_MALFORMED.
 */
export function logIDs(hostname: string, publicKeyDer: Uint8Array): LogIDs {
  const v1 = sha256(publicKeyDer);
  const key = readPublicKey(publicKeyDer);
  switch (key.type) {
    case 'ed25519':
      return { v1, v2: ed25519LogID(hostname, key.key) };
    case 'rsa':
      return { v1, v2: rsaLogID(hostname, key.der) };
    default:
      return { v1, v2: v1 };
  }
}

/** Returns whether both APIs know the log by one ID. */
export function hasOneID({ v1, v2 }: LogIDs): boolean {
  return equalBytes(v1, v2);
}

/** Returns the first second of the day (UTC) of a moment: clocks that differ by less than the hour of day do no harm. */
export function startOfDay(seconds: number): number {
  return seconds - (seconds % SECONDS_OF_DAY);
}

const SECONDS_OF_DAY = 86_400;
