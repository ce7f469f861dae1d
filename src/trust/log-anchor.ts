/**
 * THE TRUST KIT: what a client must be given to sign with a log and to believe it, as data and as JSON text.
 *
 * Spec: https://github.com/sigstore/protobuf-specs, sigstore_trustroot.proto; key IDs are those of
 * https://c2sp.org/signed-note#signatures. This file says what is known of the log itself, and which IDs clients look
 * it up by. In scope of the room: documents and the reading of PEM material. Out of scope: files, options and
 * endpoints (server/, cli/, api/), and whether anybody should trust this log. No clock, no mutable state.
 */

import { sha256 } from '#sha256';
import { concatBytes, equalBytes, utf8 } from '../encoding/bytes.js';
import { SIGNATURE_TYPE } from '../note/verifier-key.js';
import { type PublicKey, readPublicKey } from '../pki/public-key.js';
import type { SigningApi } from './signing-config.js';

/** A span of time, both ends in it, in seconds since 1970. */
export interface ValidityWindow {
  readonly startSeconds: number;
  /** Absent: no end is known. */
  readonly endSeconds?: number;
}

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
  const typed = noteKey(key);
  if (typed === undefined) return { v1, v2: v1 };
  return { v1, v2: sha256(concatBytes(utf8(`${hostname}\n`), typed)) };
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

/** Signature type of keys for which C2SP has none; a name of the format follows it. */
const OTHER_TYPE = 0xff;

/** Returns what stands behind name and newline in the preimage of a key ID; undefined for ECDSA, which has no name. */
function noteKey(key: PublicKey): Uint8Array | undefined {
  switch (key.type) {
    case 'ed25519':
      return concatBytes(Uint8Array.of(SIGNATURE_TYPE.ed25519), key.key);
    case 'rsa':
      return concatBytes(Uint8Array.of(OTHER_TYPE), utf8('PKIX-RSA-PKCS#1v1.5'), key.der);
    default:
      return undefined;
  }
}
