import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as pkijs from 'pkijs';
import { encodePem } from '../../src/encoding/pem.js';
import { isLogError } from '../../src/errors.js';
import { readTimestampChain } from '../../src/timestamping/certificate-chain.js';
import { bitString, booleanTrue, oid, sequence } from '../../src/timestamping/der-values.js';
import { issueTimestampChain } from '../../src/timestamping/issue-chain.js';
import { OID } from '../../src/timestamping/oids.js';
import {
  type CertificateParts,
  certificate,
  EXTENSIONS,
  extension,
  newSigner,
  ownChain,
  pemOf,
  seeded,
  VALID_FROM,
  VALID_TO,
} from './made-authority.js';

const key = newSigner();
const middleKey = newSigner();
const rootKey = newSigner();

const leaf = (parts: Partial<CertificateParts> = {}) =>
  certificate({
    key,
    name: 'stamps',
    issuerKey: middleKey,
    issuerName: 'middle',
    extensions: [EXTENSIONS.stamping, EXTENSIONS.signing],
    ...parts,
  });
const middle = (parts: Partial<CertificateParts> = {}) =>
  certificate({
    key: middleKey,
    name: 'middle',
    issuerKey: rootKey,
    issuerName: 'root',
    extensions: [...EXTENSIONS.issuer, EXTENSIONS.stamping],
    ...parts,
  });
const root = (parts: Partial<CertificateParts> = {}) =>
  certificate({
    key: rootKey,
    name: 'root',
    issuerKey: rootKey,
    issuerName: 'root',
    extensions: EXTENSIONS.issuer,
    ...parts,
  });

const read = (...certificates: readonly Uint8Array[]) =>
  readTimestampChain(pemOf(...certificates), key.publicKeyDer);

function refusedFor(act: () => unknown, reason: RegExp): void {
  assert.throws(
    act,
    (error) => isLogError(error, 'KEY_FILE_INVALID') && reason.test(error.message),
  );
}

test('a chain of three is taken, and is valid while all of them are', () => {
  const chain = read(leaf({ from: VALID_FROM + 5 }), middle({ to: VALID_TO - 7 }), root());
  assert.equal(chain.certificates.length, 3);
  assert.deepEqual([chain.notBeforeSeconds, chain.notAfterSeconds], [VALID_FROM + 5, VALID_TO - 7]);
});

test('a chain of two is taken, with a key and text around it too', () => {
  const direct = leaf({ issuerKey: rootKey, issuerName: 'root' });
  const pem = `stamps\n${encodePem('PRIVATE KEY', new Uint8Array(9))}${pemOf(direct, root())}`;
  assert.equal(readTimestampChain(pem, key.publicKeyDer).certificates.length, 2);
});

const EKU = OID.extendedKeyUsage;
const timeStamping = oid(OID.timeStamping);
const codeSigning = oid('1.3.6.1.5.5.7.3.3');
const ISSUER = EXTENSIONS.issuer;

const REFUSED: readonly (readonly [name: string, chain: readonly Uint8Array[], reason: RegExp])[] =
  [
    ['no certificate', [], /^there are 0 certificates/],
    ['no root', [leaf()], /^there are 1 certificates/],
    ['another key', [leaf({ key: rootKey }), middle(), root()], /not for the key/],
    ['the root first', [root(), middle(), leaf()], /not for the key/],
    [
      'an authority over certificates as leaf',
      [leaf({ extensions: [...ISSUER, EXTENSIONS.stamping] }), middle(), root()],
      /authority over certificates/,
    ],
    [
      'no extended key usage',
      [leaf({ extensions: [EXTENSIONS.signing] }), middle(), root()],
      /must be critical, and time stamping alone/,
    ],
    [
      'an extended key usage that is not critical',
      [leaf({ extensions: [extension(EKU, sequence(timeStamping))] }), middle(), root()],
      /must be critical, and time stamping alone/,
    ],
    [
      'two extended key usages',
      [
        leaf({ extensions: [extension(EKU, sequence(timeStamping, codeSigning), true)] }),
        middle(),
        root(),
      ],
      /must be critical, and time stamping alone/,
    ],
    [
      'another extended key usage',
      [leaf({ extensions: [extension(EKU, sequence(codeSigning), true)] }), middle(), root()],
      /must be critical, and time stamping alone/,
    ],
    [
      'a key usage that is not for signing',
      [
        leaf({
          extensions: [
            EXTENSIONS.stamping,
            extension(OID.keyUsage, bitString(Uint8Array.of(0xa0), 5), true),
          ],
        }),
        middle(),
        root(),
      ],
      /must be digital signature/,
    ],
    [
      'an empty key usage',
      [
        leaf({
          extensions: [
            EXTENSIONS.stamping,
            extension(OID.keyUsage, bitString(new Uint8Array(0)), true),
          ],
        }),
        middle(),
        root(),
      ],
      /must be digital signature/,
    ],
    ['a link missing', [leaf(), root()], /./],
    ['the order mixed up', [leaf(), root(), middle()], /./],
    ['a signature by another key', [leaf({ issuerKey: rootKey }), middle(), root()], /./],
    [
      'an issuer that is no authority',
      [leaf(), middle({ extensions: [EXTENSIONS.stamping] }), root()],
      /./,
    ],
    [
      'an intermediate for everything',
      [leaf(), middle({ extensions: ISSUER }), root()],
      /intermediate certificate lacks/,
    ],
    [
      'an intermediate for something else',
      [leaf(), middle({ extensions: [...ISSUER, extension(EKU, sequence(codeSigning))] }), root()],
      /./,
    ],
    [
      'a root that another one issued',
      [leaf(), middle({ issuerName: 'other' }), root({ issuerName: 'over it', issuerKey: key })],
      /./,
    ],
    [
      'a root alone behind a leaf that it did not issue',
      [leaf({ issuerName: 'root' }), root()],
      /./,
    ],
    ['a chain that ends below its root', [leaf(), middle()], /not a self-signed root/],
    [
      'a critical extension nobody knows',
      [
        leaf({ extensions: [EXTENSIONS.stamping, extension('1.2.3', booleanTrue(), true)] }),
        middle(),
        root(),
      ],
      /unhandled critical/,
    ],
  ];

for (const [name, chain, reason] of REFUSED) {
  test(`a chain with ${name} is refused`, () => {
    refusedFor(() => readTimestampChain(pemOf(...chain), key.publicKeyDer), reason);
  });
}

test('ten certificates are read, eleven are not', () => {
  const pem = pemOf(...Array.from({ length: 11 }, () => root()));
  refusedFor(() => readTimestampChain(pem, key.publicKeyDer), /more than 10/);
});

test('a certificate that cannot be read is named by its place', () => {
  const pem = pemOf(leaf()) + encodePem('CERTIFICATE', Uint8Array.of(0x30, 0x00));
  refusedFor(() => readTimestampChain(pem, key.publicKeyDer), /^certificate 2: /);
});

test('a chain can be read without its key', () => {
  assert.equal(
    readTimestampChain(pemOf(leaf(), middle(), root()), undefined).certificates.length,
    3,
  );
});

test('the chain of our own verifies with OpenSSL and pkijs, and says who it is', () => {
  const { certificates } = ownChain(key);
  const [stamping, issuer] = certificates.map((der) => new X509Certificate(der));
  assert.ok(stamping && issuer);
  assert.ok(stamping.checkIssued(issuer));
  assert.ok(stamping.verify(issuer.publicKey) && issuer.verify(issuer.publicKey));
  assert.deepEqual([stamping.ca, issuer.ca], [false, true]);
  assert.deepEqual(stamping.keyUsage, ['1.3.6.1.5.5.7.3.8']);
  assert.equal(stamping.subject, 'O=log.example.com\nCN=timestamp authority');
  assert.equal(issuer.subject, 'O=log.example.com\nCN=timestamp authority root');
  assert.equal(new Date(stamping.validFrom).getTime() / 1000, VALID_FROM);
  assert.equal(new Date(issuer.validTo).getTime() / 1000, VALID_TO);
  assert.notEqual(stamping.serialNumber, issuer.serialNumber);
  const usages = certificates.map((der) => {
    const { extensions = [] } = pkijs.Certificate.fromBER(new Uint8Array(der));
    return extensions.map(({ extnID, critical }) => `${extnID}${critical ? '!' : ''}`);
  });
  assert.deepEqual(usages, [
    ['2.5.29.19!', '2.5.29.15!', '2.5.29.37!', '2.5.29.14', '2.5.29.35'],
    ['2.5.29.19!', '2.5.29.15!', '2.5.29.14'],
  ]);
});

test('a long host name is cut at the bound of a name', () => {
  const pem = issueTimestampChain({
    organization: 'a'.repeat(253),
    publicKeyDer: key.publicKeyDer,
    root: rootKey,
    notBeforeSeconds: VALID_FROM,
    notAfterSeconds: VALID_TO,
    random: seeded(3),
  });
  assert.match(new X509Certificate(pem).subject, /^O=a{64}\n/);
});
