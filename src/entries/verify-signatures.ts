/**
 * Signature checks run where they are asked for: digests on this thread, messages in Node's thread pool.
 *
 * In scope: a check as data to a verdict. Out of scope: which checks an entry needs (the kinds), and packing
 * them for worker threads, which would implement the same type.
 */

import { isLogError } from '../errors.js';
import { readPublicKey } from '../pki/public-key.js';
import { verifyDigestSignature, verifyMessageSignature } from '../pki/verify.js';
import type { SignatureCheck, SignatureVerdict, SignatureVerifier } from './entry-kind.js';

/** Returns the verdicts of `checks`, in order; see SignatureVerifier. */
export const verifySignatures: SignatureVerifier = (checks) => Promise.all(checks.map(verdictOf));

async function verdictOf(check: SignatureCheck): Promise<SignatureVerdict> {
  try {
    const key = readPublicKey(check.key, 'keep');
    return check.over === 'digest'
      ? verifyDigestSignature(key, check.hash, check.digest, check.signature)
      : await verifyMessageSignature(key, check.hash, check.message, check.signature);
  } catch (error) {
    if (isLogError(error)) return error.message;
    throw error;
  }
}
