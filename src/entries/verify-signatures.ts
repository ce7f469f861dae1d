/**
 * Signature checks, made on the thread that asks for them.
 *
 * In scope: a check as data to a verdict. Out of scope: which checks an entry needs (the kinds), and which thread
 * makes them (workers/).
 */

import { isLogError } from '../errors.js';
import { readPublicKey } from '../pki/public-key.js';
import { type DigestSignature, type MessageSignature, verifyTogether } from '../pki/verify.js';
import type { SignatureCheck, SignatureVerdict, SignatureVerifier } from './entry-kind.js';

/** Returns the verdicts of `checks`, made before it returns; see SignatureVerifier. */
export const verifySignatures: SignatureVerifier = async (checks) => verdictsOn(checks);

/** Returns the verdicts of `checks`, in order: the more at once, the less each costs. Never throws for a bad one. */
export function verdictsOn(checks: readonly SignatureCheck[]): SignatureVerdict[] {
  const read = checks.map(signatureOf);
  const verdicts = verifyTogether(read.filter((each) => typeof each !== 'string'));
  let next = 0;
  return read.map((each) => (typeof each === 'string' ? each : verdicts[next++]));
}

/** Returns the signature with its key read, or why the key is none. */
function signatureOf(check: SignatureCheck): DigestSignature | MessageSignature | string {
  try {
    return { ...check, key: readPublicKey(check.key, 'keep'), algorithm: check.hash };
  } catch (error) {
    if (isLogError(error)) return error.message;
    throw error;
  }
}
