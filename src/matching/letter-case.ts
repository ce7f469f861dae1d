/**
 * Letters in either case, for patterns that ask for it.
 *
 * In scope: what RE2's `(?i)` does for letters that have one other form, the two signs that fold to ASCII letters included.
 * Ranges that are longer than any alphabet are folded in ASCII alone: they are what a class leaves out. Pure.
 */

import type { CodeRange } from './pattern-syntax.js';

/** Returns the ranges and the other case of every letter in them, unsorted. */
export function bothCases(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const others: CodeRange[] = [];
  for (const [from, to] of ranges) {
    for (const [letter, shift] of ASCII_CASES) {
      const [low, high] = [Math.max(from, letter), Math.min(to, letter + LETTERS - 1)];
      if (low <= high) others.push([low + shift, high + shift]);
    }
    if (to - from > LONGEST_ALPHABET) continue;
    for (const [letters, sign] of SIGNS) {
      if (letters.some((letter) => from <= letter && letter <= to)) others.push([sign, sign]);
    }
    for (let point = Math.max(from, ASCII); point <= to; point++) {
      for (const other of otherCases(point)) others.push([other, other]);
    }
  }
  return [...ranges, ...others];
}

const ASCII = 0x80;
const LETTERS = 26;
const UPPER = 0x41;
const LOWER = 0x61;
const ASCII_CASES = [
  [UPPER, LOWER - UPPER],
  [LOWER, UPPER - LOWER],
] as const;

/** Kelvin sign and long s: letters of ASCII to whoever folds case. */
const SIGNS = [
  [[0x4b, 0x6b], 0x212a],
  [[0x53, 0x73], 0x17f],
] as const;

const LONGEST_ALPHABET = 0x1000;

function otherCases(point: number): number[] {
  const letter = String.fromCodePoint(point);
  return [letter.toLowerCase(), letter.toUpperCase()].flatMap((other) => {
    const folded = other.codePointAt(0) as number;
    const isOne = other.length === String.fromCodePoint(folded).length;
    // Of a sign its ASCII letter has two cases itself.
    const more = isOne && folded < ASCII ? [folded ^ (LOWER - UPPER)] : [];
    return isOne && folded !== point ? [folded, ...more] : [];
  });
}
