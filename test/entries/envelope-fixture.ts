import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { preAuthenticationEncoding } from '../../src/entries/shared/dsse-envelope.js';

/** A pair of keys with the public one in PEM. */
export interface Signer {
  readonly privateKey: KeyObject;
  readonly pem: string;
}

/** Returns new keys on P-256. */
export function newSigner(): Signer {
  return signerOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
}

/** Returns a pair of keys with the public one in PEM. */
export function signerOf(pair: { privateKey: KeyObject; publicKey: KeyObject }): Signer {
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  return { privateKey: pair.privateKey, pem };
}

/** Returns the base64 of `text`. */
export function base64(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('base64');
}

/** Returns an envelope signed by each of `signers`. */
export function envelopeOf(payload: string | Uint8Array, signers: readonly Signer[], type = 'x') {
  const message = preAuthenticationEncoding(type, Buffer.from(payload as string));
  return {
    payloadType: type,
    payload: base64(payload),
    signatures: signers.map(({ privateKey }) => {
      const isEd25519 = privateKey.asymmetricKeyType === 'ed25519';
      return { sig: base64(sign(isEd25519 ? null : 'sha256', message, privateKey)) };
    }),
  };
}

/** What a Rekor server did with a submission: stored it, or refused it in these words. */
export type Outcome =
  | { readonly leafHash: string; readonly indexKeys: readonly string[] }
  | { readonly refused: string };

/** Keys of every algorithm that a client might send, by name. */
export function signersOfEveryKind(): Readonly<Record<string, Signer>> {
  const ec = (namedCurve: string) => signerOf(generateKeyPairSync('ec', { namedCurve }));
  const rsa = (modulusLength: number) => signerOf(generateKeyPairSync('rsa', { modulusLength }));
  return {
    'P-224': ec('secp224r1'),
    'P-256': ec('P-256'),
    'P-384': ec('P-384'),
    'P-521': ec('P-521'),
    secp256k1: ec('secp256k1'),
    'RSA-1024': rsa(1024),
    'RSA-2048': rsa(2048),
    Ed25519: signerOf(generateKeyPairSync('ed25519')),
  };
}
