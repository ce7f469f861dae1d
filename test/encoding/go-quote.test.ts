import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goQuote, goQuoteOctets } from '../../src/encoding/go-quote.js';

test('text is quoted as Go quotes it', () => {
  assert.equal(
    goQuote('a"b\\c\n\u0001\u00a0\u{e0001} é'),
    '"a\\"b\\\\c\\n\\x01\\u00a0\\U000e0001 é"',
  );
});

test('octets are quoted as Go quotes them', () => {
  const octets = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
  for (const [written, quoted] of [
    ['plain text', '"plain text"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\x07\b\t\n\v\f\r', '"\\a\\b\\t\\n\\v\\f\\r"'],
    ['\0\x1f\x7f', '"\\x00\\x1f\\x7f"'],
    ['\xff\xc3', '"\\xff\\xc3"'],
    [octets('ü€😀'), '"ü€😀"'],
    [octets('\u0085\u200b\u{e0001}'), '"\\u0085\\u200b\\U000e0001"'],
    [octets('\ufffd'), '"\ufffd"'],
  ] as const) {
    assert.equal(goQuoteOctets(written), quoted);
  }
});
