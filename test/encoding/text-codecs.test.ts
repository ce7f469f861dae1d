import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromBase64, fromGoBase64, toBase64 } from '../../src/encoding/base64.js';
import { compareBytes, concatBytes, equalBytes, fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { fromGoUtf8 } from '../../src/encoding/go-utf8.js';
import { fromHex, toHex } from '../../src/encoding/hex.js';
import * as browserHash from '../../src/encoding/sha256.noble.js';
import * as nodeHash from '../../src/encoding/sha256.node.js';
import * as nodeText from '../../src/encoding/text-of-bytes.node.js';
import * as browserText from '../../src/encoding/text-of-bytes.table.js';
import { isLogError } from '../../src/errors.js';

const malformed = (error: unknown) => isLogError(error, 'ENCODING_MALFORMED');
const someBytes = fc.uint8Array({ maxLength: 70 });

test('base64 and hex are those of Node, and read back', () => {
  fc.assert(
    fc.property(someBytes, (bytes) => {
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'));
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
      assert.deepEqual(fromGoBase64(toBase64(bytes)), bytes);
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
      assert.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes);
    }),
    { seed: 30, numRuns: 500 },
  );
});

test('any text is base64 that prints back, or is refused', () => {
  const alphabet = fc.constantFrom(...'AQZaz09+/=', '\n', '-', '_', ' ', 'é');
  const texts = fc.array(alphabet, { maxLength: 12 }).map((all) => all.join(''));
  let accepted = 0;
  fc.assert(
    fc.property(texts, (text) => {
      let bytes: Uint8Array;
      try {
        bytes = fromBase64(text);
      } catch (error) {
        assert.ok(malformed(error));
        return;
      }
      accepted++;
      assert.equal(toBase64(bytes), text);
    }),
    { seed: 31, numRuns: 5000 },
  );
  assert.ok(accepted > 100, `only ${accepted} texts were accepted`);
});

test('base64 that Node would let pass is refused', () => {
  for (const text of [
    'A',
    'AB',
    'ABC',
    'AB==AB==',
    'A===',
    '====',
    'AB=C',
    'ABC=\n',
    'AB\n==',
    'AR==',
    'AAB=',
  ]) {
    assert.throws(() => fromBase64(text), malformed, text);
  }
  assert.deepEqual(fromBase64(''), new Uint8Array(0));
});

test('hex of odd length or with other characters is refused', () => {
  for (const text of ['0', '0g', 'g0', '0x', ' 0', '0:', '٠٠', '\0\0', '0/', '0@', '0G', '0`']) {
    assert.throws(() => fromHex(text), malformed, text);
  }
});

test('UTF-8 is read strictly and keeps a byte order mark', () => {
  assert.equal(fromUtf8(utf8('\ufeffé\u{1f600}')), '\ufeffé\u{1f600}');
  for (const bytes of [
    [0xff],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
  ]) {
    assert.throws(() => fromUtf8(Uint8Array.from(bytes)), malformed);
  }
});

test('damaged UTF-8 becomes one U+FFFD a byte, as in Go', () => {
  const cases: [number[], string][] = [
    [[0xe2, 0x82], '\ufffd\ufffd'],
    [[0xe2, 0x82, 0x41], '\ufffd\ufffdA'],
    [[0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    [[0xf0, 0x9f, 0x98, 0x80, 0xff], '\u{1f600}\ufffd'],
    [[0xf4, 0x90, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'],
    [[0xc1, 0xbf, 0x61], '\ufffd\ufffda'],
    [[0xef, 0xbb, 0xbf, 0x80], '\ufeff\ufffd'],
  ];
  for (const [bytes, text] of cases) assert.equal(fromGoUtf8(Uint8Array.from(bytes)), text);
});

test('bytes are joined, compared and ordered as unsigned numbers', () => {
  fc.assert(
    fc.property(someBytes, someBytes, (a, b) => {
      assert.deepEqual(concatBytes(a, b), new Uint8Array([...a, ...b]));
      assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0);
      assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
      assert.ok(equalBytes(a, a.slice()));
    }),
    { seed: 32, numRuns: 500 },
  );
});

test('the back ends for Node and for browsers agree on hashes and on text', () => {
  assert.equal(
    nodeHash.sha256Hex(utf8('abc')),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  for (let length = 0; length <= 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) % 256);
    const digest = nodeHash.sha256(bytes);
    assert.ok(equalBytes(digest, browserHash.sha256(bytes)), `${length} bytes`);
    assert.equal(nodeHash.sha256Hex(bytes), Buffer.from(digest).toString('hex'));
    assert.equal(browserHash.sha256Hex(bytes), nodeHash.sha256Hex(bytes));
    const base64 = nodeText.base64Of(bytes);
    assert.equal(browserText.base64Of(bytes), base64);
    assert.equal(browserText.hexOf(bytes), nodeText.hexOf(bytes));
    assert.deepEqual(nodeText.bytesOfExactBase64(base64), bytes);
    assert.equal(browserText.bytesOfExactBase64(base64), undefined);
  }
});

test('the short way through base64 is for what an encoder writes, and for nothing else', () => {
  for (const text of ['A', 'AB', 'AB==AB==', 'AR==', 'AAB=', 'AAAA\n', ' AAAA', 'AA-_', 'AAA*']) {
    assert.equal(nodeText.bytesOfExactBase64(text), undefined, text);
  }
});
