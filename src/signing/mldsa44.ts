/**
 * ML-DSA-44 (FIPS 204), which OpenSSL 3.0 and so node:crypto does not have.
 * https://csrc.nist.gov/pubs/fips/204/final
 *
 * In scope: the library, read when the first key of this type turns up: most logs never meet one. Out of scope: what is
 * signed (note/cosignature.ts).
 */

import { createRequire } from 'node:module';

type Library = typeof import('@noble/post-quantum/ml-dsa.js');

// Not import(): whoever has a verifier in hand can verify, and need not wait.
const require = createRequire(import.meta.url);

/** Returns the algorithm: some 20 ms and 3 MB at the first call of a process, nothing later. */
export function mldsa44(): Library['ml_dsa44'] {
  return (require('@noble/post-quantum/ml-dsa.js') as Library).ml_dsa44;
}
