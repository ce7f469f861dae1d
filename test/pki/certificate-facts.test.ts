/** What certificates say about who signed: names, issuers and Sigstore's extensions, from real certificates and made ones. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { encodeElement } from '../../src/encoding/der.js';
import type { Certificate } from '../../src/pki/certificate.js';
import { readCertificate } from '../../src/pki/certificate.js';
import { alternativeNamesOf, distinguishedNameText } from '../../src/pki/certificate-names.js';
import { sigstoreFacts } from '../../src/pki/sigstore-extensions.js';
import { readAlternativeNames } from '../../src/pki/subject-names.js';
import { vectorPath } from '../vectors.js';

interface Bundle {
  readonly verificationMaterial: {
    readonly certificate?: { readonly rawBytes: string };
    readonly x509CertificateChain?: { readonly certificates: readonly { rawBytes: string }[] };
  };
}

function realCertificates(): Map<string, Certificate> {
  const folder = vectorPath('realworld');
  const found = new Map<string, Certificate>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.sigstore.json'))) {
    const { verificationMaterial } = JSON.parse(
      readFileSync(`${folder}/${file}`, 'utf8'),
    ) as Bundle;
    const raw =
      verificationMaterial.certificate?.rawBytes ??
      verificationMaterial.x509CertificateChain?.certificates[0]?.rawBytes;
    if (raw !== undefined) found.set(file, readCertificate(Buffer.from(raw, 'base64')));
  }
  return found;
}

test("a real certificate of Fulcio's says who built what, where and from which commit", () => {
  const certificates = realCertificates();
  assert.ok(certificates.size >= 4);
  const certificate = certificates.get('sigstore-java-2.0.0.jar.sigstore.json');
  assert.ok(certificate !== undefined);
  const workflow =
    'https://github.com/sigstore/sigstore-java/.github/workflows/release-sigstore-java-from-tag.yaml@refs/tags/v2.0.0';
  assert.deepEqual([...alternativeNamesOf(certificate)], [['uri', workflow]]);
  assert.equal(
    distinguishedNameText(certificate.issuer),
    'CN=sigstore-intermediate,O=sigstore.dev',
  );
  const facts = new Set([...sigstoreFacts(certificate.extensions)].map((fact) => fact.join(' ')));
  const commit = '411721f4879abebd95bd9ab6ed3724366b13cdce';
  const said = [
    'issuer https://token.actions.githubusercontent.com',
    `commit ${commit}`,
    'workflow Release sigstore-java and sigstore-maven-plugin to Maven Central',
    `workflow ${workflow}`,
    'repository sigstore/sigstore-java',
    'repository https://github.com/sigstore/sigstore-java',
    'ref refs/tags/v2.0.0',
  ];
  for (const fact of said) assert.ok(facts.delete(fact), fact);
  assert.deepEqual([...facts].length, 1);
  assert.match(
    [...facts][0] ?? '',
    /^run https:\/\/github\.com\/sigstore\/sigstore-java\/actions\/runs\/\d+\/attempts\/1$/,
  );
});

test('issuers read as another reader writes them', () => {
  for (const [file, certificate] of realCertificates()) {
    const lines = new X509Certificate(certificate.der).issuer.split('\n');
    assert.equal(distinguishedNameText(certificate.issuer), lines.reverse().join(','), file);
  }
});

const OLD = '1.3.6.1.4.1.57264.1.';
const extension = (oid: string, value: Uint8Array) => ({ oid, critical: false, value });
const utf8String = (text: string): Uint8Array => encodeElement(0x0c, utf8(text));

test('the old extensions are bare text, the new ones DER strings, and nothing else is taken', () => {
  const facts = [
    ...sigstoreFacts([
      extension(`${OLD}1`, utf8('https://issuer')),
      extension(`${OLD}2`, utf8('push')),
      extension(`${OLD}3`, utf8('0123')),
      extension(`${OLD}8`, utf8String('https://issuer2')),
      extension(`${OLD}10`, utf8String('4567')),
      extension(`${OLD}20`, utf8String('push')),
      extension(`${OLD}21`, utf8String('https://run')),
      extension('1.3.6.1.4.1.57264.11', utf8('no')),
      extension('1.3.6.1.4.1.57264.1.1.1', utf8('no')),
      extension('2.5.29.17', utf8('no')),
    ]),
  ];
  assert.deepEqual(facts, [
    ['issuer', 'https://issuer'],
    ['commit', '0123'],
    ['issuer', 'https://issuer2'],
    ['commit', '4567'],
    ['run', 'https://run'],
  ]);
});

test('a damaged extension says nothing', () => {
  const good = utf8String('text');
  const damaged: readonly Uint8Array[] = [
    new Uint8Array(0),
    utf8('text'),
    good.subarray(0, -1),
    Uint8Array.from([...good, 0]),
    encodeElement(0x0c),
    encodeElement(0x0c, Uint8Array.of(0xff)),
    encodeElement(0x16, utf8('text')),
  ];
  for (const value of damaged) {
    assert.deepEqual([...sigstoreFacts([extension(`${OLD}8`, value)])], [], String(value));
  }
  const notUtf8 = [new Uint8Array(0), Uint8Array.of(0xc0, 0x80)];
  for (const value of notUtf8)
    assert.deepEqual([...sigstoreFacts([extension(`${OLD}1`, value)])], []);
});

function otherNameOf(oid: readonly number[], value: Uint8Array): Uint8Array {
  return encodeElement(0xa0, encodeElement(0x06, Uint8Array.from(oid)), encodeElement(0xa0, value));
}

test('every alternative name stands under what it is, other names of any type and number', () => {
  const principal = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3];
  const names = readAlternativeNames(
    encodeElement(
      0x30,
      otherNameOf(principal, utf8String('user@REALM')),
      encodeElement(0x82, utf8('host.example')),
      encodeElement(0x81, utf8('a@b.example')),
      encodeElement(0x87, Uint8Array.of(127, 0, 0, 1)),
      encodeElement(0x86, utf8('spiffe://domain/workload')),
      otherNameOf(principal, encodeElement(0x13, utf8('second'))),
      otherNameOf(principal, encodeElement(0x30)),
      otherNameOf(principal, utf8String('')),
      otherNameOf(principal, Uint8Array.of(0x0c, 9)),
      encodeElement(0xa4, encodeElement(0x30)),
    ),
  );
  assert.deepEqual(
    [...alternativeNamesOf({ alternativeNames: names })],
    [
      ['email', 'a@b.example'],
      ['uri', 'spiffe://domain/workload'],
      ['dns', 'host.example'],
      ['ip', '127.0.0.1'],
      ['other-name', 'user@REALM'],
      ['other-name', 'second'],
    ],
  );
  assert.deepEqual([...alternativeNamesOf({ alternativeNames: undefined })], []);
});

function nameOf(...parts: readonly (readonly (readonly [number[], number, Uint8Array])[])[]) {
  const sets = parts.map((attributes) =>
    encodeElement(
      0x31,
      ...attributes.map(([oid, tag, value]) =>
        encodeElement(0x30, encodeElement(0x06, Uint8Array.from(oid)), encodeElement(tag, value)),
      ),
    ),
  );
  return encodeElement(0x30, ...sets);
}

test('distinguished names are written as RFC 4514 says', () => {
  const CN = [0x55, 4, 3];
  const O = [0x55, 4, 10];
  const text = (value: string): [number[], number, Uint8Array] => [CN, 0x0c, utf8(value)];
  assert.equal(distinguishedNameText(nameOf()), '');
  assert.equal(
    distinguishedNameText(
      nameOf([[O, 0x13, utf8('Org')]], [text('a'), [[0x2a, 3, 4], 0x0c, utf8('v')]]),
    ),
    'CN=a+1.2.3.4=v,O=Org',
  );
  const escapes = [
    ['a,b+c"d\\e<f>g;h', 'a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'],
    ['#x', '\\#x'],
    [' x ', '\\ x\\ '],
    [' ', '\\ '],
    ['  ', '\\ \\ '],
    ['a\\ ', 'a\\\\\\ '],
    ['a\nb\0', 'a\\0ab\\00'],
    ['Zürich', 'Zürich'],
    ['', ''],
  ];
  for (const [value = '', written] of escapes) {
    assert.equal(distinguishedNameText(nameOf([text(value)])), `CN=${written}`);
  }
  const bmp = nameOf([[CN, 0x1e, Uint8Array.of(0x01, 0x41)]]);
  assert.equal(distinguishedNameText(bmp), 'CN=Ł');
  assert.equal(distinguishedNameText(nameOf([[CN, 0x14, Uint8Array.of(0xfc)]])), 'CN=ü');
});
