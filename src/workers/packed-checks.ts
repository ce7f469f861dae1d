/**
 * Signature checks as one block of bytes: of each what it is over and its hash (1 byte each), key, digest or message,
 * signature. Pure.
 */

import type { HashAlgorithm, SignatureCheck } from '../entries/entry-kind.js';
import { packParts, unpackParts } from '../threads/packed-parts.js';

const HASHES: readonly HashAlgorithm[] = ['sha256', 'sha384', 'sha512'];
const OVER_DIGEST = 0;
const OVER_MESSAGE = 1;
const PARTS_OF_CHECK = 4;

/** Returns the checks in a buffer of their own. */
export function packChecks(checks: readonly SignatureCheck[]): ArrayBuffer {
  const parts: Uint8Array[] = [];
  for (const check of checks) {
    const hash = HASHES.indexOf(check.hash);
    if (check.over === 'digest')
      parts.push(Uint8Array.of(OVER_DIGEST, hash), check.key, check.digest);
    else parts.push(Uint8Array.of(OVER_MESSAGE, hash), check.key, check.message);
    parts.push(check.signature);
  }
  return packParts(parts);
}

/** Returns the checks of `packChecks`; their bytes lie in `packed`. */
export function unpackChecks(packed: ArrayBuffer): SignatureCheck[] {
  const parts = unpackParts(packed);
  const checks: SignatureCheck[] = [];
  for (let at = 0; at < parts.length; at += PARTS_OF_CHECK) {
    const [form, key, signed, signature] = parts.slice(at, at + PARTS_OF_CHECK) as Four;
    const hash = HASHES[form[1] as number] as HashAlgorithm;
    checks.push(
      form[0] === OVER_DIGEST
        ? { over: 'digest', hash, key, digest: signed, signature }
        : { over: 'message', hash, key, message: signed, signature },
    );
  }
  return checks;
}

type Four = [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
