import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { readGoUrl } from '../../src/pki/go-url.js';
import { vectorLines } from '../vectors.js';

interface UriVector {
  readonly raw: string;
  readonly host?: string;
  readonly text?: string;
  readonly error?: string;
}

const vectors = vectorLines<UriVector>('pki/uris.jsonl');

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
