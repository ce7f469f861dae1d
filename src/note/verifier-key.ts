/**
 * Verifier keys (vkeys) and key IDs of signed notes: `<name>+<8 hex digits>+<base64(type ‖ key)>`.
 * https://c2sp.org/signed-note#verifier-keys
 *
 * In scope: the text form, strictly, and how an ID follows from a key. Out of scope: whether the key is a
 * point on its curve; the code that verifies with it finds out.
 */

import { sha256 } from '#sha256';
import { fromBase64, toBase64 } from '../encoding/base64.js';
import { concatBytes, equalBytes, utf8 } from '../encoding/bytes.js';
import { DER_TAG, readOnlyElement } from '../encoding/der.js';
import { fromHex, toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';
import { asNoteError, checkKeyName, KEY_ID_BYTES } from './signed-note.js';

/** The signature types that have a verifier key here, by their number on the wire. */
export const SIGNATURE_TYPE = {
  /** Ed25519 over the text of the note. */
  ed25519: 0x01,
  /** ECDSA with SHA-256 over the text, in DER. */
  ecdsa: 0x02,
  /** Ed25519 timestamped cosignature. */
  ed25519Cosignature: 0x04,
  /** ML-DSA-44 cosignature. */
  mldsa44Cosignature: 0x06,
} as const;

/** One of SIGNATURE_TYPE. */
export type SignatureType = (typeof SIGNATURE_TYPE)[keyof typeof SIGNATURE_TYPE];

/** Longest verifier key that is read, in characters: an ML-DSA-44 key and a name of some 2,000. */
export const MAX_VERIFIER_KEY_LENGTH = 4096;

/** A public key under a name. */
export interface VerifierKey {
  readonly name: string;
  /** 4 bytes, equal to the ID that follows from the other members. */
  readonly keyID: Uint8Array;
  readonly type: SignatureType;
  /** Ed25519: 32 bytes; ML-DSA-44: 1,312 bytes; ECDSA: a DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
}

const KEY_BYTES: Readonly<Record<SignatureType, number | undefined>> = {
  [SIGNATURE_TYPE.ed25519]: 32,
  [SIGNATURE_TYPE.ecdsa]: undefined,
  [SIGNATURE_TYPE.ed25519Cosignature]: 32,
  [SIGNATURE_TYPE.mldsa44Cosignature]: 1312,
};

/** Returns the key; printVerifierKey gives the text back. Throws NOTE_MALFORMED, for an ID of another key too. */
export function parseVerifierKey(vkey: string): VerifierKey {
  if (vkey.length > MAX_VERIFIER_KEY_LENGTH) {
    throw new LogError('NOTE_MALFORMED', `a verifier key of ${vkey.length} characters`);
  }
  // Only the first two: base64 has plus signs of its own.
  const afterName = vkey.indexOf('+');
  const afterID = vkey.indexOf('+', afterName + 1);
  if (afterName < 0 || afterID < 0) {
    throw new LogError('NOTE_MALFORMED', 'a verifier key has less than three parts');
  }
  const name = vkey.slice(0, afterName);
  const idText = vkey.slice(afterName + 1, afterID);
  if (!/^[0-9a-f]{8}$/.test(idText)) {
    throw new LogError('NOTE_MALFORMED', 'a key ID is not 8 lower-case hex digits');
  }
  const bytes = asNoteError('the key of a verifier key is not strict base64', () =>
    fromBase64(vkey.slice(afterID + 1)),
  );
  const key = verifierKeyOf({
    name,
    type: signatureType(bytes[0]),
    publicKey: bytes.slice(1),
  });
  if (!equalBytes(key.keyID, fromHex(idText))) {
    throw new LogError('NOTE_MALFORMED', `the key ID of ${name} is ${toHex(key.keyID)}`);
  }
  return key;
}

/** Returns `<name>+<hex ID>+<base64>`. Throws NOTE_MALFORMED when the members do not go together. */
export function printVerifierKey(key: Omit<VerifierKey, 'keyID'>): string {
  const { name, keyID, type, publicKey } = verifierKeyOf(key);
  return `${name}+${toHex(keyID)}+${toBase64(concatBytes(Uint8Array.of(type), publicKey))}`;
}

/** Returns the key with the ID that belongs to it. Throws NOTE_MALFORMED for a wrong name or key length. */
export function verifierKeyOf({ name, type, publicKey }: Omit<VerifierKey, 'keyID'>): VerifierKey {
  checkKeyName(name);
  const expected = KEY_BYTES[type];
  if (expected !== undefined && publicKey.length !== expected) {
    throw new LogError('NOTE_MALFORMED', `the key of ${name} is not ${expected} bytes long`);
  }
  if (type !== SIGNATURE_TYPE.ecdsa) {
    return { name, keyID: noteKeyID(name, type, publicKey), type, publicKey };
  }
  asNoteError(`the key of ${name} is no SubjectPublicKeyInfo`, () =>
    readOnlyElement(publicKey, DER_TAG.sequence),
  );
  return { name, keyID: ecdsaKeyID(publicKey), type, publicKey };
}

/**
 * Returns the key ID, 4 bytes, of an ECDSA key: the start of the SHA-256 of its SubjectPublicKeyInfo, without
 * the name. It is the start of Rekor's log ID, and clients look for that.
 */
export function ecdsaKeyID(spkiDer: Uint8Array): Uint8Array {
  return sha256(spkiDer).slice(0, KEY_ID_BYTES);
}

/** Returns SHA-256(name ‖ 0x0A ‖ type ‖ key)[0:4], the key ID of every type but ECDSA. */
export function noteKeyID(name: string, type: SignatureType, key: Uint8Array): Uint8Array {
  return noteKeyHash(name, Uint8Array.of(type), key).slice(0, KEY_ID_BYTES);
}

/** Returns SHA-256(name ‖ 0x0A ‖ type ‖ key): Rekor v2 takes all 32 bytes as log ID. */
function noteKeyHash(name: string, type: Uint8Array, key: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8(name), Uint8Array.of(0x0a), type, key));
}

/** Returns the log ID, 32 bytes, under which Rekor v2's clients know a raw Ed25519 key; its start is the key ID. */
export function ed25519LogID(name: string, key: Uint8Array): Uint8Array {
  return noteKeyHash(name, Uint8Array.of(SIGNATURE_TYPE.ed25519), key);
}

/** Returns that of an RSA key, given as SubjectPublicKeyInfo: a type without a number, named by its padding. */
export function rsaLogID(name: string, spkiDer: Uint8Array): Uint8Array {
  return noteKeyHash(name, RSA_TYPE, spkiDer);
}

const RSA_TYPE = concatBytes(Uint8Array.of(0xff), utf8('PKIX-RSA-PKCS#1v1.5'));

function signatureType(octet: number | undefined): SignatureType {
  const type = Object.values(SIGNATURE_TYPE).find((known) => known === octet);
  if (type === undefined) {
    throw new LogError('NOTE_MALFORMED', `no verifier keys of signature type ${octet}`);
  }
  return type;
}
