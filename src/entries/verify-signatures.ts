/**
 * Signature checks run where they are asked for: digests on this thread, messages in Node's thread pool.
 *
 * In scope: a check as data to a verdict. Out of scope: which checks an entry needs (the kinds), and packing
 * them for worker threads, which would implement the same type.
 */

import { isLogError } from '../errors.js';
import { type PublicKey, readPublicKey } from '../pki/public-key.js';
import {
  type DigestSignature,
  verifyDigestSignatures,
  verifyMessageSignature,
} from '../pki/verify.js';
import type { SignatureCheck, SignatureVerdict, SignatureVerifier } from './entry-kind.js';

/** Returns the verdicts of `checks`, in order; see SignatureVerifier. */
export const verifySignatures: SignatureVerifier = async (checks) => {
  const verdicts: SignatureVerdict[] = checks.map(() => undefined);
  const overDigests = new Map<number, DigestSignature>();
  const overMessages: Promise<void>[] = [];
  for (const [at, check] of checks.entries()) {
    const key = keyOf(check);
    if (typeof key === 'string') verdicts[at] = key;
    else if (check.over === 'digest') overDigests.set(at, { ...check, key, algorithm: check.hash });
    else {
      const judging = verifyMessageSignature(key, check.hash, check.message, check.signature);
      overMessages.push(
        judging.then((verdict) => {
          verdicts[at] = verdict;
        }),
      );
    }
  }
  const judged = verifyDigestSignatures([...overDigests.values()]);
  for (const [i, at] of [...overDigests.keys()].entries()) verdicts[at] = judged[i];
  await Promise.all(overMessages);
  return verdicts;
};

/** Returns the key of a check, or why there is none. */
function keyOf({ key }: SignatureCheck): PublicKey | string {
  try {
    return readPublicKey(key, 'keep');
  } catch (error) {
    if (isLogError(error)) return error.message;
    throw error;
  }
}
