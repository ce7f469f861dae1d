import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../src/matching/linear-pattern.js';
import { Random } from '../random.js';

const LETTERS = ['a', 'b', 'c', 'B', 'C', '1', '_', '.', '-', ' ', '\n', 'é', 'É', 'ж', '🔒', ']'];
const LITERALS = ['a', 'b', 'C', '1', '_', '\\.', '-', ' ', '\\n', 'é', 'Ж', '🔒', '\\]', '\\/'];
const CLASSES = ['\\d', '\\D', '\\w', '\\W', '\\s', '\\S', '.'];
const MEMBERS = ['a', 'b-d', 'B', '0-9', '_', '\\-', 'é', 'а-я', '🔐-🔓', '\\d', '\\W', '\\s'];
const REPEATS = ['*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}', '{0}', '*?', '+?', '??'];

function choiceOf(random: Random, depth: number): string {
  const count = random.chance(0.25) ? 2 + random.below(2) : 1;
  return Array.from({ length: count }, () => sequenceOf(random, depth)).join('|');
}

function sequenceOf(random: Random, depth: number): string {
  return Array.from({ length: random.below(4) }, () => repeatOf(random, depth)).join('');
}

function repeatOf(random: Random, depth: number): string {
  const roll = random.below(12);
  if (roll === 0) return random.chance(0.5) ? '^' : '$';
  const part = atomOf(random, depth, roll);
  return random.chance(0.35) ? part + random.pick(REPEATS) : part;
}

function atomOf(random: Random, depth: number, roll: number): string {
  if (roll < 5) return random.pick(LITERALS);
  if (roll < 7) return random.pick(CLASSES);
  if (roll < 9 || depth === 0) {
    const members = Array.from({ length: 1 + random.below(3) }, () => random.pick(MEMBERS));
    return `[${random.chance(0.3) ? '^' : ''}${members.join('')}]`;
  }
  return `(${random.chance(0.5) ? '?:' : ''}${choiceOf(random, depth - 1)})`;
}

function textOf(random: Random): string {
  return Array.from({ length: random.below(9) }, () => random.pick(LETTERS)).join('');
}

test('random patterns match what the engine of the platform matches', () => {
  const random = new Random(41);
  let [matched, missed] = [0, 0];
  for (let round = 0; round < 5_000; round++) {
    const source = choiceOf(random, 2);
    const ignoreCase = random.chance(0.3);
    const flags = ignoreCase ? 'iu' : 'u';
    const engines = [
      [new RegExp(source, flags), compilePattern(source, { whole: false, ignoreCase })],
      [new RegExp(`^(?:${source})$`, flags), compilePattern(source, { whole: true, ignoreCase })],
    ] as const;
    for (let again = 0; again < 6; again++) {
      const text = textOf(random);
      for (const [expected, own] of engines) {
        const verdict = expected.test(text);
        assert.equal(own.matches(text), verdict, `/${source}/${flags} in ${JSON.stringify(text)}`);
        if (verdict) matched++;
        else missed++;
      }
    }
  }
  assert.ok(matched > 10_000 && missed > 10_000, `${matched} and ${missed}`);
});

test('few states that are remembered, or none that fit, change no answer', () => {
  const random = new Random(43);
  const bounds = { steps: 4_096, states: 1, spend: () => {} };
  for (let round = 0; round < 1_000; round++) {
    const source = choiceOf(random, 2);
    const options = { whole: random.chance(0.5), ignoreCase: random.chance(0.5) };
    const roomy = compilePattern(source, options);
    const tight = compilePattern(source, { ...options, bounds });
    for (let again = 0; again < 4; again++) {
      const text = textOf(random);
      assert.equal(tight.matches(text), roomy.matches(text), source);
    }
  }
});

/** What a text costs beyond one look-up a character, in characters that are not. */
function spentOn(source: string, text: string): number {
  let spent = 0;
  const bounds = { steps: 4_096, states: 512, spend: () => void spent++ };
  compilePattern(source, { whole: false, ignoreCase: false, bounds }).matches(text);
  return spent;
}

test('what a text costs is linear in it, for patterns and texts made to be slow', () => {
  const random = new Random(47);
  const hard: [string, (length: number) => string][] = [
    [
      '(a|b)*a(a|b){12}c',
      (length) => Array.from({ length }, () => random.pick(['a', 'b'])).join(''),
    ],
    ['(.*a){30}b', (length) => 'a'.repeat(length)],
    ['(a*)*b', (length) => 'a'.repeat(length)],
    ['(\\w+\\s?)+$', (length) => 'é '.repeat(length / 2)],
    ['[^x]{200}y', (length) => Array.from({ length }, () => random.pick(['x', 'й', 'z'])).join('')],
    [
      '(🔒|é)*(🔒|é){10}x',
      (length) => Array.from({ length }, () => random.pick(['🔒', 'é'])).join(''),
    ],
  ];
  for (const [source, make] of hard) {
    assert.ok(spentOn(source, make(20_000)) <= 20_000, source);
  }
  // Once its states are known a text costs nothing, whatever letters it has.
  assert.ok(spentOn('(\\w+\\s?)+$', 'é '.repeat(10_000)) < 20);
  assert.ok(spentOn('https://github\\.com/acme/.*@refs/tags/v', 'x🔒'.repeat(10_000)) < 20);
});

test('a class that leaves letters out leaves out both cases of them', () => {
  const fold = { whole: true, ignoreCase: true };
  for (const [pattern, text, verdict] of [
    ['[^a]', 'a', false],
    ['[^a]', 'A', false],
    ['[^a]', 'b', true],
    ['[^é]', 'É', false],
    ['é', 'É', true],
    ['[à-ö]', 'Ç', true],
    ['k', '\u212a', true],
    ['\u212a', 'k', true],
    ['\u212a', 'K', true],
    ['S', '\u017f', true],
    ['ß', 'SS', false],
  ] as const) {
    assert.equal(compilePattern(pattern, fold).matches(text), verdict, `${pattern} ${text}`);
  }
});
