// Keys as Go programs read them: PRIVATE+KEY+name+id+base64(type || seed).
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { toHex } from '../../dist/src/encoding/hex.js';
import {
  printVerifierKey,
  SIGNATURE_TYPE,
  verifierKeyOf,
} from '../../dist/src/note/verifier-key.js';
import { mldsa44 } from '../../dist/src/signing/mldsa44.js';

const PKCS8_OF_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');
const { mldsa44Cosignature } = SIGNATURE_TYPE;

/** Returns { secret, vkey } of a new key: `type` is one of SIGNATURE_TYPE, but ECDSA. */
export function newNoteKey(name, type) {
  const seed = randomBytes(32);
  const key = verifierKeyOf({ name, type, publicKey: publicKeyOf(type, seed) });
  const bytes = Buffer.concat([Buffer.from([type]), seed]).toString('base64');
  const secret = `PRIVATE+KEY+${name}+${toHex(key.keyID)}+${bytes}`;
  return { secret, vkey: printVerifierKey(key) };
}

function publicKeyOf(type, seed) {
  if (type === mldsa44Cosignature) return mldsa44().keygen(seed).publicKey;
  const der = Buffer.concat([PKCS8_OF_SEED, seed]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return key.export({ type: 'spki', format: 'der' }).subarray(-32);
}
