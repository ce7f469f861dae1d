/** What the damagers of formats share. */

import type { Random } from '../random.js';

/** What a damager works with. */
export interface Scene {
  readonly random: Random;
  /** Byte strings of other submissions. */
  readonly donors: readonly Buffer[];
  /** Returns bytes of one layer further in with one thing wrong. */
  readonly inner: (bytes: Buffer) => Buffer;
}

/** Returns `bytes` with one thing wrong in the way of one format; undefined when they are not of that format. */
export type Damager = (bytes: Buffer, scene: Scene) => Buffer | undefined;

/** Drops, repeats, moves or replaces one of `list`; the replacement comes from `change`. */
export function damageList<T>(
  list: readonly T[],
  random: Random,
  change: (item: T) => readonly T[],
): T[] {
  const copy = [...list];
  const at = random.below(copy.length);
  const item = copy[at];
  if (item === undefined) return copy;
  switch (random.below(12)) {
    case 0:
      copy.splice(at, 1);
      break;
    case 1:
      copy.splice(at, 0, item);
      break;
    case 2:
      copy.splice(at, 1);
      copy.splice(random.below(copy.length + 1), 0, item);
      break;
    case 3:
      copy.splice(random.below(copy.length + 1), 0, ...change(item));
      break;
    default:
      copy.splice(at, 1, ...change(item));
  }
  return copy;
}

const ODD_WORDS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0xffffff, 0x1000000, 0x7fffffff,
  0x80000000, 0xfffffffe, 0xffffffff,
];

/** Returns `value`, a number of a format, of 32 bits at most, made wrong: off by little, or at an edge. */
export function oddNumber(value: number, random: Random): number {
  const near = Math.min(0xffffffff, Math.max(0, value + random.below(9) - 4));
  return random.chance(0.4) ? near : random.pick(ODD_WORDS);
}

/** Returns bytes with one thing wrong, whatever they are. */
export function damageRaw(bytes: Buffer, { random, donors }: Scene): Buffer {
  const copy = Buffer.from(bytes);
  const at = random.below(copy.length);
  const end = Math.min(copy.length, at + 1 + random.below(random.chance(0.8) ? 8 : 400));
  switch (random.below(copy.length === 0 ? 2 : 11)) {
    case 0:
      return Buffer.concat([copy, randomBytes(random, 1 + random.below(24))]);
    case 1:
      return Buffer.concat([
        copy.subarray(0, at),
        random.pick([...donors, copy]),
        copy.subarray(at),
      ]);
    case 2:
      return copy.subarray(0, at);
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(end)]);
    case 4:
      return Buffer.concat([copy.subarray(0, end), copy.subarray(at)]);
    case 5: {
      const donor = random.pick([...donors, copy]);
      return Buffer.concat([copy.subarray(0, at), donor.subarray(random.below(donor.length))]);
    }
    case 6:
      copy.fill(random.pick([0, 0xff, 0x41]), at, end);
      return copy;
    case 7:
      if (copy.length >= at + 4) copy.writeUInt32BE(oddNumber(copy.readUInt32BE(at), random), at);
      return copy;
    case 8:
      copy[at] = random.below(256);
      return copy;
    default:
      copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
  }
}

export function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}
