import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isEmailAddress } from '../../src/api/v1/email-address.js';
import { vectorPath } from '../vectors.js';

const FORMS = JSON.parse(readFileSync(vectorPath('api/email-addresses.json'), 'utf8')) as [
  text: string,
  isAddress: boolean,
][];

test('every form of an e-mail address is judged as Go’s net/mail judges it', () => {
  assert.ok(FORMS.length > 400);
  for (const [text, isAddress] of FORMS) {
    assert.equal(isEmailAddress(text), isAddress, JSON.stringify(text));
  }
});

test('long hostile addresses are judged in linear time', () => {
  for (const part of ['"', '\\"', '(', '()', 'a ', '"a" ', 'a@b,', '=?', 'G:', '<', '.']) {
    for (const around of ['', 'G:', '"', 'a@b (']) {
      assert.equal(isEmailAddress(around + part.repeat(100_000)), false);
    }
  }
});
