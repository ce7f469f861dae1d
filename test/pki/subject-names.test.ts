import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { DER_TAG, encodeElement } from '../../src/encoding/der.js';
import { isLogError } from '../../src/errors.js';
import { readAlternativeNames } from '../../src/pki/subject-names.js';

const EMAIL = 0x81;
const DNS = 0x82;
const URI = 0x86;

function extension(...names: readonly (readonly [tag: number, text: string])[]): Uint8Array {
  return encodeElement(
    DER_TAG.sequence,
    ...names.map(([tag, text]) => encodeElement(tag, utf8(text))),
  );
}

test('a URI is searched for in the form that Go prints', () => {
  for (const [written, key] of [
    ['https://h.com/#', 'https://h.com/'],
    ['https://', 'https:'],
    ['https://u%41@h.com', 'https://uA@h.com'],
    ['https://h.com?a=b&c=d e', 'https://h.com?a=b&c=d e'],
    ['https://h.com/a b', 'https://h.com/a%20b'],
    ['HTTPS://H.com/%7e', 'https://H.com/%7e'],
    ['', ''],
  ] as const) {
    assert.deepEqual(readAlternativeNames(extension([URI, written])).all, [key], written);
  }
});

test('a URI that Go does not parse refuses the certificate', () => {
  const parse = (written: string, reason: string) => `parse "${written}": ${reason}`;
  for (const [written, reason] of [
    ['https://h%41.com/', parse('https://h%41.com/', 'invalid URL escape "%41"')],
    ['https://h.com:x/', parse('https://h.com:x/', 'invalid port ":x" after host')],
    ['https://[::1', parse('https://[::1', "missing ']' in host")],
    ['https://[x]/', parse('https://[x]/', 'invalid host: ParseAddr("x"): unable to parse IP')],
    ['https://a b/', parse('https://a b/', 'invalid character " " in host name')],
    ['https://h.com\\a', parse('https://h.com\\\\a', 'invalid character "\\\\" in host name')],
    ['a\u0001b', parse('a\\x01b', 'net/url: invalid control character in URL')],
    ['https://h.com./', 'invalid domain'],
    ['https://h..com/', 'invalid domain'],
    ['https://.h.com', 'invalid domain'],
    ['https://%c3%a9.com', 'invalid domain'],
  ] as const) {
    assert.throws(
      () => readAlternativeNames(extension([URI, written])),
      (error) => {
        assert.ok(isLogError(error, 'KEY_MALFORMED'));
        const quoted = JSON.stringify(written).replace('\\u0001', '\\x01');
        assert.equal(error.message, `x509: cannot parse URI ${quoted}: ${reason}`);
        return true;
      },
    );
  }
});

test('empty names are names: kept here, for the search to leave out', () => {
  const names = readAlternativeNames(extension([EMAIL, ''], [DNS, ''], [URI, '']));
  assert.deepEqual(names.all, ['', '', '']);
  assert.equal(names.hasOther, false);
});
