import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { encodePem } from '../../src/encoding/pem.js';
import { certificateSigner, pemSigner, plainSigner } from '../../src/entries/stored-signer.js';
import { readTrustedRoots } from '../../src/entries/trusted-roots.js';
import { isLogError } from '../../src/errors.js';
import { ISSUED_AT, issued, newAuthority } from './authority.js';

const ROOT = newAuthority('root');
const BETWEEN = newAuthority('between', ROOT);
const ALICE = 'alice@example.com';

function pemOf(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
}

const TRUSTED = readTrustedRoots(pemOf(ROOT.certificate));

test('a name counts when its certificate leads to one that is trusted', () => {
  const ofRoot = issued(ALICE, ROOT);
  const ofBetween = issued(ALICE, BETWEEN);
  assert.equal(TRUSTED.vouchFor(certificateSigner(ofRoot)), true);
  assert.equal(TRUSTED.vouchFor(certificateSigner(ofBetween)), false);
  const both = readTrustedRoots(`text\n${pemOf(ROOT.certificate, BETWEEN.certificate)}`);
  assert.equal(both.vouchFor(certificateSigner(ofBetween)), true);
  const chain = utf8(pemOf(ofBetween, BETWEEN.certificate));
  assert.equal(TRUSTED.vouchFor(pemSigner(chain)), true);
});

test('a look-alike of another authority, of nobody, or without a certificate does not count', () => {
  const other = newAuthority('root');
  const self = newAuthority('alice', undefined, { email: ALICE });
  assert.equal(TRUSTED.vouchFor(certificateSigner(issued(ALICE, other))), false);
  assert.equal(TRUSTED.vouchFor(certificateSigner(self.certificate)), false);
  assert.equal(TRUSTED.vouchFor(plainSigner(['aa'], [ALICE])), false);
  const withOther = utf8(pemOf(issued(ALICE, other), other.certificate, ROOT.certificate));
  assert.equal(TRUSTED.vouchFor(pemSigner(withOther)), false);
});

test('an authority counts for what it issued while it was valid, and only as an authority', () => {
  const before = issued(ALICE, ROOT, { from: ISSUED_AT - 60 });
  const last = issued(ALICE, ROOT, { from: ISSUED_AT + 86_400, to: ISSUED_AT + 90_000 });
  const after = issued(ALICE, ROOT, { from: ISSUED_AT + 86_401, to: ISSUED_AT + 90_000 });
  assert.equal(TRUSTED.vouchFor(certificateSigner(before)), false);
  assert.equal(TRUSTED.vouchFor(certificateSigner(last)), true);
  assert.equal(TRUSTED.vouchFor(certificateSigner(after)), false);
  const nobody = newAuthority('bob', ROOT, { isAuthority: false });
  const chain = utf8(pemOf(issued(ALICE, nobody), nobody.certificate));
  assert.equal(TRUSTED.vouchFor(pemSigner(chain)), false);
});

test('a file without certificates, or with something else, is refused', () => {
  const key = encodePem('PUBLIC KEY', Uint8Array.of(1));
  for (const text of [
    '',
    'nonsense',
    key,
    `${pemOf(ROOT.certificate)}${key}`,
    pemOf(Uint8Array.of(1)),
  ]) {
    assert.throws(
      () => readTrustedRoots(text),
      (error) => isLogError(error, 'KEY_MALFORMED'),
    );
  }
});
