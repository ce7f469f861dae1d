import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { goQuote } from '../../src/pki/go-quote.js';
import { readGoUrl } from '../../src/pki/go-url.js';
import { vectorPath } from '../vectors.js';

interface UriVector {
  readonly raw: string;
  readonly host?: string;
  readonly text?: string;
  readonly error?: string;
}

const vectors = readFileSync(vectorPath('pki/uris.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as UriVector);

test('every URI has the host and the normal form that Go gives it, or its refusal', () => {
  assert.ok(vectors.length > 500);
  for (const { raw, host, text, error } of vectors) {
    if (error === undefined) {
      assert.deepEqual(readGoUrl(raw), { host, text }, raw);
      continue;
    }
    assert.throws(
      () => readGoUrl(raw),
      (caught) => {
        assert.ok(isLogError(caught, 'KEY_MALFORMED'), raw);
        assert.equal(caught.message, error, raw);
        return true;
      },
    );
  }
});

test('a normal form is its own normal form', () => {
  for (const { text } of vectors) {
    // Without a scheme, a host may turn into the beginning of a path.
    if (text === undefined || !/^[a-z]+:/.test(text)) continue;
    assert.equal(readGoUrl(text).text, text);
  }
});

test('text is quoted as Go prints it', () => {
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
    assert.equal(goQuote(written), quoted);
  }
});
