/**
 * Which leaf hashes a log does not have, told from memory: a Bloom filter in blocks of one cache line.
 *
 * Nearly every submission is new, and to ask LevelDB for a row that is not there costs a look into every level, twice an
 * entry; it also counts as a seek in vain, and LevelDB merges tables that have had many. The filter says of 99 in 100 new
 * hashes that they are new. Of the others, and of those that are there, only the row can tell.
 *
 * In scope: the filter. Out of scope: where hashes come from, and when it has them all (level-log.ts). Leaf hashes are
 * SHA-256, so that their bytes serve as the filter's hash functions. The instance owns its memory: 10 bits a hash.
 */

import { HASH_SIZE } from '../../merkle/hash.js';

const BITS_PER_HASH = 10;
const BLOCK_WORDS = 16;
const BLOCK_BITS = 32 * BLOCK_WORDS;
/** Nine bits of the hash name one bit of a block; three times nine fit into a word of it. */
const BIT_MASK = BLOCK_BITS - 1;
const BIT_SHIFTS = [0, 9, 18] as const;
/** Hashes that a part has room for at least: 1.3 MB. */
const LEAST_CAPACITY = 2 ** 20;

interface Part {
  readonly words: Uint32Array;
  readonly blocks: number;
  readonly capacity: number;
  count: number;
}

/** A set of leaf hashes that never forgets one, and now and then claims one that it was not given. */
export class LeafHashFilter {
  /** The newest last; each next one is a fourth of all before it, so that there are few to look into. */
  readonly #parts: Part[];
  #count = 0;

  /** `expected`: how many hashes there are to begin with. */
  constructor(expected: number) {
    this.#parts = [newPart(expected + expected / 4)];
  }

  /** Adds leaf hashes, each of 32 bytes, that lie one after the other. */
  add(hashes: Uint8Array): void {
    const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.length);
    for (let at = 0; at < hashes.length; at += HASH_SIZE) {
      const part = this.#partWithRoom();
      const block = blockOf(part, view.getUint32(at));
      setBits(part.words, block, view.getUint32(at + 4));
      setBits(part.words, block, view.getUint32(at + 8));
      part.count += 1;
      this.#count += 1;
    }
  }

  /** Returns false for a hash that was certainly not added. */
  mayHave(hash: Uint8Array): boolean {
    const view = new DataView(hash.buffer, hash.byteOffset, hash.length);
    const place = view.getUint32(0);
    const first = view.getUint32(4);
    const second = view.getUint32(8);
    return this.#parts.some((part) => {
      const block = blockOf(part, place);
      return hasBits(part.words, block, first) && hasBits(part.words, block, second);
    });
  }

  #partWithRoom(): Part {
    const newest = this.#parts.at(-1) as Part;
    if (newest.count < newest.capacity) return newest;
    const part = newPart(this.#count / 4);
    this.#parts.push(part);
    return part;
  }
}

function newPart(hashes: number): Part {
  const capacity = Math.max(LEAST_CAPACITY, Math.ceil(hashes));
  const blocks = Math.ceil((capacity * BITS_PER_HASH) / BLOCK_BITS);
  return { words: new Uint32Array(blocks * BLOCK_WORDS), blocks, capacity, count: 0 };
}

/** Returns where the words of the block begin that a word of the hash names. */
function blockOf({ blocks }: Part, word: number): number {
  return Math.floor((word / 2 ** 32) * blocks) * BLOCK_WORDS;
}

function setBits(words: Uint32Array, block: number, word: number): void {
  for (const shift of BIT_SHIFTS) {
    const bit = (word >>> shift) & BIT_MASK;
    const index = block + (bit >>> 5);
    words[index] = (words[index] as number) | (1 << (bit & 31));
  }
}

function hasBits(words: Uint32Array, block: number, word: number): boolean {
  for (const shift of BIT_SHIFTS) {
    const bit = (word >>> shift) & BIT_MASK;
    if (((words[block + (bit >>> 5)] as number) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}
