/**
 * Modular inverses of big integers: the one piece of arithmetic that ECDSA verification does outside
 * native code, twice for each signature or for all that come together.
 */

/**
 * Returns for each value its x with value·x ≡ 1 (mod m) and 0 < x < m. `m` is prime and the values are in [1, m).
 *
 * An inversion costs as much as a hundred multiplications, so there is one for all of them (Montgomery's trick): of
 * their product, from which three multiplications each give the others.
 */
export function inversesModulo(values: readonly bigint[], m: bigint): bigint[] {
  const products: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    products.push(product);
    product = (product * value) % m;
  }
  const inverses: bigint[] = [];
  let inverse = inverseModulo(product, m);
  for (let i = values.length - 1; i >= 0; i--) {
    inverses[i] = (inverse * (products[i] as bigint)) % m;
    inverse = (inverse * (values[i] as bigint)) % m;
  }
  return inverses;
}

/** By the extended Euclidean algorithm. */
function inverseModulo(a: bigint, m: bigint): bigint {
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
