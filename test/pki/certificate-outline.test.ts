import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { readCertificate } from '../../src/pki/certificate.js';
import { alternativeNamesOf } from '../../src/pki/certificate-names.js';
import { outlineCertificate } from '../../src/pki/certificate-outline.js';
import { Random } from '../random.js';
import { vectorLines } from '../vectors.js';

const CERTIFICATES = vectorLines<{ leaf: string }>('rekor-v2/real-world-leaves.jsonl').flatMap(
  ({ leaf }) =>
    [...leaf.matchAll(/"x509Certificate":\{"rawBytes":"([^"]+)"/g)].map(([, text = '']) =>
      Buffer.from(text, 'base64'),
    ),
);
for (const { pem } of vectorLines<{ pem?: string }>('entries/x509-keys.jsonl')) {
  const [, text] =
    /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(
      Buffer.from(pem ?? '', 'base64').toString(),
    ) ?? [];
  if (text !== undefined) CERTIFICATES.push(Buffer.from(text, 'base64'));
}

test('the outline of a certificate is what the whole reader finds in it', () => {
  let compared = 0;
  for (const der of CERTIFICATES) {
    let whole: ReturnType<typeof readCertificate>;
    try {
      whole = readCertificate(der);
    } catch {
      continue;
    }
    const outline = outlineCertificate(der);
    assert.deepEqual(Buffer.from(outline.issuer), Buffer.from(whole.issuer));
    assert.deepEqual(Buffer.from(outline.subject), Buffer.from(whole.subject));
    const plain = (extensions: typeof whole.extensions) =>
      extensions.map(({ oid, critical, value }) => [
        oid,
        critical,
        Buffer.from(value).toString('hex'),
      ]);
    assert.deepEqual(plain(outline.extensions), plain(whole.extensions));
    const sorted = (names: Iterable<readonly string[]>) => [...names].map(String).sort();
    assert.deepEqual(sorted(outline.names()), sorted(alternativeNamesOf(whole)));
    compared++;
  }
  assert.ok(compared > 20);
});

test('a damaged certificate is refused with a code or read, never a crash', () => {
  const random = new Random(11);
  for (let round = 0; round < 3_000; round++) {
    const der = Buffer.from(random.pick(CERTIFICATES));
    for (let hits = 1 + random.below(3); hits > 0; hits--)
      der[random.below(der.length)] = random.below(256);
    const cut = random.chance(0.2) ? der.subarray(0, random.below(der.length)) : der;
    try {
      const outline = outlineCertificate(cut);
      outline.names();
      assert.ok(outline.extensions.length >= 0);
    } catch (error) {
      assert.ok(isLogError(error), String(error));
    }
  }
});

test('what nobody asks for is refused all the same when it cannot be stepped over', () => {
  const [der] = CERTIFICATES as [Buffer];
  outlineCertificate(der);
  const damage: [string, number, number][] = [
    // The alternative names: the tag of their list, and the length of it.
    ['0603551d11', 5, 0],
    // An object identifier that ends in the middle of an arc, and one that begins with nothing.
    ['0603551d0f', 4, 0x8f],
    ['0603551d0f', 3, 0x80],
  ];
  for (const [found, offset, octet] of damage) {
    const at = der.indexOf(Buffer.from(found, 'hex'));
    assert.ok(at > 0, found);
    const damaged = Buffer.from(der);
    damaged[at + offset] = octet;
    assert.throws(() => outlineCertificate(damaged), isLogError, found);
  }
  const list = der.indexOf(Buffer.from('0603551d11', 'hex'));
  const inner = der.indexOf(0x30, list + 5);
  const cut = Buffer.from(der);
  cut[inner + 1] = 0x7f;
  assert.throws(() => outlineCertificate(cut), isLogError);
});
