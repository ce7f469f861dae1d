import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { compilePattern } from '../../src/matching/linear-pattern.js';
import { Random } from '../random.js';

const WHOLE = { whole: true, ignoreCase: false };
const PART = { whole: false, ignoreCase: false };

test('a pattern of the subset matches what the engine of the platform matches', () => {
  const patterns = [
    'abc',
    'a|b',
    'a*',
    '(ab)*',
    'a+b?',
    'a{2}',
    'a{2,}',
    'a{1,3}b',
    '[a-c]+',
    '[^a]b',
    '\\d\\w\\s',
    '^a',
    'a$',
    '^$',
    '^(a|b)*c$',
    '(a|ab)(c|bcd)',
    '(?:a.c)+',
    '[\\d-]x',
    '[a\\]]',
    'a\\.b',
    'x{,2}',
    'a{0}b',
    '(a*)*b',
    '(a|)b',
    'a??b',
    '[a-]',
    '[^\\d]',
    'é+',
    '(^a|b$)',
    '.',
    '',
    '(^|a)b',
  ];
  const random = new Random(7);
  const letters = 'abcd.x -]1é\n{,2}';
  for (const pattern of patterns) {
    for (let round = 0; round < 200; round++) {
      const length = random.below(7);
      let text = '';
      for (let i = 0; i < length; i++) text += letters[random.below(letters.length)];
      const part = new RegExp(pattern);
      const whole = new RegExp(`^(?:${pattern})$`);
      assert.equal(
        compilePattern(pattern, PART).matches(text),
        part.test(text),
        `${pattern} in ${text}`,
      );
      assert.equal(
        compilePattern(pattern, WHOLE).matches(text),
        whole.test(text),
        `${pattern} = ${text}`,
      );
    }
  }
});

test('patterns that hold a backtracking engine for years answer', () => {
  const text = `${'a'.repeat(100_000)}!`;
  for (const pattern of ['(a+)+$', '(a|a)*b', '(a*)*b', '(a|aa)+$', '(.*a){20}b', 'a{200}']) {
    assert.equal(compilePattern(pattern, PART).matches(text), pattern === 'a{200}');
  }
});

test('a pattern with more states than are remembered still answers rightly', () => {
  const pattern = compilePattern('(a|b)*a(a|b){12}c', WHOLE);
  const random = new Random(3);
  let text = '';
  for (let i = 0; i < 20_000; i++) text += random.chance(0.5) ? 'a' : 'b';
  assert.equal(pattern.matches(`${text}a${'b'.repeat(12)}c`), true);
  assert.equal(pattern.matches(`${text}b${'b'.repeat(12)}c`), false);
  assert.equal(pattern.matches(`${text}a${'b'.repeat(12)}c`), true);
});

test('letters match in either case where that is asked for, others do not', () => {
  assert.equal(compilePattern('(?i)Alice@[a-z]+', WHOLE).matches('aLICE@EXAMPLE'), true);
  assert.equal(compilePattern('alice', { whole: true, ignoreCase: true }).matches('ALICE'), true);
  assert.equal(compilePattern('alice', WHOLE).matches('ALICE'), false);
  assert.equal(compilePattern('(?i)[@`]', WHOLE).matches('@'), true);
  assert.equal(compilePattern('(?i)@', WHOLE).matches('`'), false);
});

test('a character outside the basic plane is one character', () => {
  assert.equal(compilePattern('.', WHOLE).matches('\u{1f512}'), true);
  assert.equal(compilePattern('[\u{1f510}-\u{1f513}]', WHOLE).matches('\u{1f512}'), true);
});

test('what cannot be matched in linear time, or means something else elsewhere, is refused', () => {
  const refused = [
    '(a',
    'a)',
    '[a',
    '*a',
    'a**',
    'a{2}{3}',
    'a{1,300}',
    'a{3,2}',
    '\\1',
    '\\b',
    '\\p{L}',
    '(?=a)',
    '(?<n>a)',
    '(?s)a',
    '[[:alpha:]]',
    '[z-a]',
    '\\',
    '(a{200}){200}',
    'a'.repeat(1_025),
    '('.repeat(40),
    '[a-\\d]',
    'a|*',
  ];
  for (const pattern of refused) {
    assert.throws(
      () => compilePattern(pattern, PART),
      (error) => isLogError(error, 'CONFIG_INVALID'),
      pattern,
    );
  }
});

test('a pattern of the longest length is read', () => {
  assert.equal(compilePattern('a'.repeat(1_024), WHOLE).matches('a'.repeat(1_024)), true);
});

test('a pattern with bounds of its own has fewer steps, and pays for what it does not remember', () => {
  let spent = 0;
  const bounds = {
    steps: 32,
    states: 4,
    spend: () => {
      spent++;
    },
  };
  assert.throws(
    () => compilePattern('a{40}', { ...PART, bounds }),
    (error) => isLogError(error, 'CONFIG_INVALID'),
  );
  const plain = compilePattern('abc', { ...PART, bounds });
  assert.equal(plain.matches('x'.repeat(10_000)), false);
  assert.ok(spent <= 2, `${spent}`);
  // More states than are remembered: each character costs.
  const wide = compilePattern('(a|b)*a(a|b){8}c', { ...PART, bounds });
  const random = new Random(1);
  const text = Array.from({ length: 1_000 }, () => (random.below(2) === 0 ? 'a' : 'b')).join('');
  assert.equal(wide.matches(text), false);
  assert.ok(spent > 500, `${spent}`);
});
