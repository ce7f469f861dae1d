/**
 * Bodies of hashedrekord entries, made of what a signer has: for proofs that come without the entry.
 *
 * In scope: both versions, each digest that the key may have signed. Out of scope: every other kind, whose body holds
 * more than artifact, signature and key.
 */

import { createHash } from 'node:crypto';
import { fromBase64, toBase64 } from '../encoding/base64.js';
import { equalBytes } from '../encoding/bytes.js';
import { decodePem } from '../encoding/pem.js';
import { identifyEntry } from '../entries/accept.js';
import type { ProposedEntry } from '../entries/entry-kind.js';
import { DEFAULT_ENTRY_LIMITS } from '../entries/limits.js';
import { keyDetailsOf, PUBLIC_KEY_DETAILS } from '../entries/shared/public-key-details.js';
import { algorithmName } from '../entries/shared/signature-algorithms.js';
import { verifySignatures } from '../entries/verify-signatures.js';
import { isLogError, LogError } from '../errors.js';
import type { DigestAlgorithm } from '../pki/digest-algorithm.js';
import { readX509Key } from '../pki/x509.js';

/** What was signed, by whom. */
export interface SignedArtifact {
  readonly artifact: Uint8Array;
  /** The bytes, or their base64. */
  readonly signature: Uint8Array;
  /** PEM of a public key or certificate. */
  readonly signerKey: Uint8Array;
}

/**
 * Returns every body that a log may have for them; the signature verifies in each. Throws KEY_MALFORMED, and
 * SIGNATURE_INVALID when it verifies in none.
 */
export async function hashedrekordBodies(
  signed: SignedArtifact,
): Promise<readonly [Uint8Array, ...Uint8Array[]]> {
  const found: Uint8Array[] = [];
  for (const proposal of proposalsOf(signed)) {
    const body = await bodyOf(proposal);
    if (body !== undefined && !found.some((other) => equalBytes(other, body))) found.push(body);
  }
  const [first, ...more] = found;
  if (first !== undefined) return [first, ...more];
  throw new LogError('SIGNATURE_INVALID', 'it is not a signature of the key over the artifact');
}

const HASHES: readonly DigestAlgorithm[] = ['sha256', 'sha384', 'sha512'];

function proposalsOf({ artifact, signature, signerKey }: SignedArtifact): ProposedEntry[] {
  const { publicKey } = readX509Key(signerKey);
  const { label, der } = decodePem(signerKey) ?? { label: '', der: signerKey };
  const form = label === 'CERTIFICATE' ? 'x509Certificate' : 'publicKey';
  return readingsOf(signature).flatMap((content) =>
    HASHES.flatMap((hash) => {
      const digest = createHash(hash).update(artifact).digest();
      const spec = {
        data: { hash: { algorithm: hash, value: digest.toString('hex') } },
        signature: { content: toBase64(content), publicKey: { content: toBase64(signerKey) } },
      };
      const v1: ProposedEntry = { kind: 'hashedrekord', apiVersion: '0.0.1', spec };
      const keyDetails = keyDetailsOf(algorithmName(publicKey, hash) ?? '');
      if (keyDetails === undefined) return [v1];
      const number = PUBLIC_KEY_DETAILS.get(keyDetails) ?? 0;
      const verifier = { form, rawBytes: der, keyDetails: number } as const;
      const request = { digest: Uint8Array.from(digest), signature: { content, verifier } };
      return [v1, { kind: 'hashedrekord', apiVersion: '0.0.2', api: 'v2', spec: request } as const];
    }),
  );
}

/** Tools write signatures as they are, or in base64. */
function readingsOf(signature: Uint8Array): readonly Uint8Array[] {
  try {
    const text = Buffer.from(signature).toString('latin1').trim();
    return [fromBase64(text), signature].filter(({ length }) => length > 0);
  } catch (error) {
    if (isLogError(error, 'ENCODING_MALFORMED')) return [signature];
    throw error;
  }
}

/** Undefined when the signature does not verify in that form. */
async function bodyOf(proposal: ProposedEntry): Promise<Uint8Array | undefined> {
  try {
    const context = { verifySignatures, limits: DEFAULT_ENTRY_LIMITS, nowMs: 0 };
    return (await identifyEntry(proposal, context)).leaf;
  } catch (error) {
    if (isLogError(error)) return undefined;
    throw error;
  }
}
