// The vectors were printed by Go 1.26: encoding/base64, encoding/json and encoding/pem over damaged inputs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromGoBase64, fromGoBase64Url } from '../../src/encoding/base64.js';
import { decodeFirstGoJson, decodeGoJson } from '../../src/encoding/go-json.js';
import { toHex } from '../../src/encoding/hex.js';
import { decodePem } from '../../src/encoding/pem.js';
import { LogError } from '../../src/errors.js';
import { vectorPath } from '../vectors.js';

const folder = process.env['STELE_GO_VECTORS'] ?? vectorPath('encoding');

function vectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as T[];
}

function outcome(act: () => string): string {
  try {
    return act();
  } catch (error) {
    assert.ok(error instanceof LogError && error.code === 'ENCODING_MALFORMED', String(error));
    return `error: ${error.message}`;
  }
}

test('base64 is read and refused as Go does it, offsets included', () => {
  const cases = vectors<{ text: string; std: string; url: string }>('go-base64.json');
  assert.ok(cases.length > 300);
  for (const { text, std, url } of cases) {
    const about = JSON.stringify(text);
    assert.equal(
      outcome(() => toHex(fromGoBase64(text))),
      std,
      about,
    );
    assert.equal(
      outcome(() => toHex(fromGoBase64Url(text))),
      url,
      about,
    );
  }
});

interface JsonCase {
  input_base64: string;
  document: string;
  first: string;
  first_value?: unknown;
}

test('JSON is read and refused as Go does it, error texts included', () => {
  const cases = vectors<JsonCase>('go-json.json');
  assert.ok(cases.length > 1000);
  for (const { input_base64, document, first, first_value } of cases) {
    const bytes = new Uint8Array(Buffer.from(input_base64, 'base64'));
    const about = JSON.stringify(Buffer.from(bytes).toString('latin1'));
    // Rekor reads numbers as text, and so has no such error.
    if (first.startsWith('json: cannot unmarshal number')) continue;
    const whole = outcome(() => {
      decodeGoJson(bytes);
      return 'ok';
    });
    assert.equal(whole, document === '' ? 'ok' : `error: ${document}`, about);
    const found = outcome(() => {
      const { value, end } = decodeFirstGoJson(bytes);
      assert.deepEqual(value, first_value, about);
      return `end ${end}`;
    });
    assert.equal(found, first.startsWith('end ') ? first : `error: ${first}`, about);
  }
});

interface PemCase {
  input_base64: string;
  found: boolean;
  label?: string;
  headers?: Record<string, string>;
  der_hex: string;
  /** -1 where the input is not UTF-8 and so has no length in characters to compare with. */
  rest_bytes: number;
}

test('PEM blocks are found, skipped and cut as Go does it', () => {
  const cases = vectors<PemCase>('go-pem.json');
  assert.ok(cases.length > 200);
  assert.ok(cases.filter((one) => one.found).length >= 20);
  for (const { input_base64, found, label, headers, der_hex, rest_bytes } of cases) {
    const bytes = new Uint8Array(Buffer.from(input_base64, 'base64'));
    const about = JSON.stringify(Buffer.from(bytes).toString('latin1'));
    const block = decodePem(bytes);
    assert.equal(block !== undefined, found, about);
    if (block === undefined) continue;
    assert.equal(block.label, label, about);
    assert.equal(toHex(block.der), der_hex, about);
    assert.deepEqual(Object.fromEntries(block.headers), headers ?? {}, about);
    if (rest_bytes >= 0) assert.equal(Buffer.byteLength(block.rest), rest_bytes, about);
  }
});
