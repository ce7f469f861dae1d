// The slow twin: RFC 6962 sections 2.1, 2.1.1 and 2.1.2 word for word, and the subtree proofs of Merkle Tree
// Certificates, over all leaves, with hashes remembered by range. It shares nothing with src/merkle.
import { createHash } from 'node:crypto';

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Returns the leaf hash of leaf `i` of the test trees. */
export function slowLeafHash(i: number): Uint8Array {
  return sha256(Uint8Array.of(0), new TextEncoder().encode(`leaf ${i}`));
}

/** Returns the hash of an interior node. */
export function slowNodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(1), left, right);
}

/** One growing tree whose leaf `i` is the text `leaf <i>`. */
export class SlowTree {
  readonly #known = new Map<string, Uint8Array>();

  /** MTH(D[from:to]). */
  root(from: number, to: number): Uint8Array {
    if (from === to) return sha256();
    const key = `${from}-${to}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const hash =
      to - from === 1
        ? slowLeafHash(from)
        : slowNodeHash(
            this.root(from, from + split(to - from)),
            this.root(from + split(to - from), to),
          );
    this.#known.set(key, hash);
    return hash;
  }

  /** PATH(m, D[from:to]), m counted from `from`. */
  path(m: number, from: number, to: number): Uint8Array[] {
    if (to - from === 1) return [];
    const k = split(to - from);
    return m < k
      ? [...this.path(m, from, from + k), this.root(from + k, to)]
      : [...this.path(m - k, from + k, to), this.root(from, from + k)];
  }

  /** SUBPROOF(m, D[from:to], isKnown), m counted from `from`. */
  subproof(m: number, from: number, to: number, isKnown: boolean): Uint8Array[] {
    if (m === to - from) return isKnown ? [] : [this.root(from, to)];
    const k = split(to - from);
    return m <= k
      ? [...this.subproof(m, from, from + k, isKnown), this.root(from + k, to)]
      : [...this.subproof(m - k, from + k, to, false), this.root(from, from + k)];
  }

  /** The proof of the subtree [start, end) within [from, to), all counted from leaf 0. */
  subtreeProof(
    start: number,
    end: number,
    from: number,
    to: number,
    isKnown: boolean,
  ): Uint8Array[] {
    if (start === from && end === to) return isKnown ? [] : [this.root(from, to)];
    const middle = from + split(to - from);
    if (end <= middle) {
      return [...this.subtreeProof(start, end, from, middle, isKnown), this.root(middle, to)];
    }
    const [within, known] = start >= middle ? [start, isKnown] : [middle, false];
    return [...this.subtreeProof(within, end, middle, to, known), this.root(from, middle)];
  }
}

/** The largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
