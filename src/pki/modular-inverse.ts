/**
 * Modular inverses of big integers: the one piece of arithmetic that ECDSA verification does outside
 * native code, twice for each signature.
 */

/**
 * Returns x with a·x ≡ 1 (mod m) and 0 < x < m, by the extended Euclidean algorithm. `m` is prime and
 * `a` is in [1, m).
 */
export function inverseModulo(a: bigint, m: bigint): bigint {
  let oldRemainder = m;
  let remainder = a;
  let oldFactor = 0n;
  let factor = 1n;
  while (remainder > 1n) {
    const quotient = oldRemainder / remainder;
    [oldRemainder, remainder] = [remainder, oldRemainder - quotient * remainder];
    [oldFactor, factor] = [factor, oldFactor - quotient * factor];
  }
  return factor < 0n ? factor + m : factor;
}
