import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteText } from '../../src/encoding/byte-text.js';

test('a text of bytes, written as it is, is the text in UTF-8', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(texts, (text) => {
      const written = Buffer.from(byteText(text), 'latin1');
      assert.ok(written.equals(Buffer.from(text, 'utf8')));
    }),
  );
  assert.equal(byteText('\u2014 log.test'), '\u00e2\u0080\u0094 log.test');
});

test('ASCII is a text of bytes already', () => {
  assert.equal(byteText('a\0\x7f'), 'a\0\x7f');
});
