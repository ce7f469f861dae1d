/**
 * What checks the signatures of a verifier key: https://c2sp.org/signed-note#signature-types
 *
 * In scope: Ed25519 (0x01) and ECDSA (0x02) over a note, Ed25519 (0x04) and ML-DSA-44 (0x06) cosignatures of a checkpoint,
 * by whatever time they carry. Out of scope: which keys are trusted, which lines must verify (note/signed-note.ts), and
 * whether a time is believable. No mutable state.
 */

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { fromUtf8 } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import {
  checkpointStatement,
  cosignatureMessage,
  readCosignature,
  subtreeMessage,
} from '../note/cosignature.js';
import type { NoteVerifier } from '../note/signed-note.js';
import { SIGNATURE_TYPE, type VerifierKey } from '../note/verifier-key.js';
import { mldsa44 } from './mldsa44.js';

type Verify = NoteVerifier['verify'];

const NOTE_CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];

/**
 * Returns the verifier of a key, ready to verify: that of the first ML-DSA-44 key of a process reads the library for it.
 * Its `verify` takes some 0.2 ms, of ML-DSA-44 some 2 ms. Throws KEY_MALFORMED for an ECDSA key that cannot be read, or is
 * on none of the curves P-256, P-384 and P-521.
 */
export function noteVerifier(key: VerifierKey): NoteVerifier {
  const { name, keyID } = key;
  return { name, keyID, verify: falseWhenMalformed(verifyOf(key)) };
}

function verifyOf({ type, name, publicKey }: VerifierKey): Verify {
  switch (type) {
    case SIGNATURE_TYPE.ed25519:
      return ed25519(publicKey);
    case SIGNATURE_TYPE.ecdsa:
      return ecdsa(publicKey);
    case SIGNATURE_TYPE.ed25519Cosignature:
      return ed25519Cosignature(ed25519(publicKey));
    case SIGNATURE_TYPE.mldsa44Cosignature:
      return mldsa44Cosignature(name, publicKey);
  }
}

function ed25519(publicKey: Uint8Array): Verify {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return (message, signature) => verify(null, message, key, signature);
}

function ecdsa(spkiDer: Uint8Array): Verify {
  const key = readEcdsaKey(spkiDer);
  return (message, signature) => verify('sha256', message, key, signature);
}

function readEcdsaKey(spkiDer: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new LogError('KEY_MALFORMED', 'an ECDSA verifier key cannot be read', { cause });
  }
  // A key of another algorithm has no curve.
  if (NOTE_CURVES.includes(key.asymmetricKeyDetails?.namedCurve ?? '')) return key;
  throw new LogError('KEY_MALFORMED', 'an ECDSA verifier key is not on P-256, P-384 or P-521');
}

function ed25519Cosignature(verifyMessage: Verify): Verify {
  return (text, bytes) => {
    const read = readCosignature(bytes);
    if (read === undefined) return false;
    return verifyMessage(cosignatureMessage(read.timeSeconds, fromUtf8(text)), read.signature);
  };
}

function mldsa44Cosignature(cosigner: string, publicKey: Uint8Array): Verify {
  const algorithm = mldsa44();
  return (text, bytes) => {
    const read = readCosignature(bytes);
    if (read === undefined) return false;
    const statement = checkpointStatement(cosigner, read.timeSeconds, fromUtf8(text));
    return algorithm.verify(read.signature, subtreeMessage(statement), publicKey);
  };
}

/** A text that cannot have been signed has no signature that verifies. */
function falseWhenMalformed(verifyText: Verify): Verify {
  return (text, signature) => {
    try {
      return verifyText(text, signature);
    } catch (error) {
      if (isLogError(error)) return false;
      throw error;
    }
  };
}
