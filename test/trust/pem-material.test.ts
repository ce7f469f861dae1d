import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodePem } from '../../src/encoding/pem.js';
import { isLogError } from '../../src/errors.js';
import {
  MAX_CHAIN_LENGTH,
  MAX_PEM_LENGTH,
  readCertificateAuthority,
  readLogKey,
  readTimestampAuthority,
} from '../../src/trust/pem-material.js';
import { type Issued, issue, pemOf, publicKeyPem, timestampChain } from './authorities.js';

const seconds = (text: string): number => Date.parse(text) / 1000;

function assertRefused(read: () => unknown, reason: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(isLogError(error, 'KEY_MALFORMED'), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

describe('the chain of a certificate authority', () => {
  const root = issue({ name: 'root', organization: 'Example' });
  const intermediate = issue({ name: 'middle', issuer: root, notBefore: '260601000000Z' });

  it('is taken in the order of the file, with the name of its root', () => {
    const chain = readCertificateAuthority(pemOf(intermediate, root));
    assert.deepEqual(chain.certificates, [intermediate.der, root.der]);
    assert.deepEqual(chain.subject, { organization: 'Example', commonName: 'root' });
  });

  it('is valid from when its last certificate is', () => {
    const chain = readCertificateAuthority(pemOf(intermediate, root));
    assert.equal(chain.validFromSeconds, seconds('2026-06-01T00:00:00Z'));
  });

  it('may be a root alone, or end with an intermediate', () => {
    assert.equal(readCertificateAuthority(root.pem).certificates.length, 1);
    assert.equal(readCertificateAuthority(intermediate.pem).subject.organization, '');
  });

  it('may have text around its blocks, and Windows line ends', () => {
    const pem = `subject=root\n${pemOf(intermediate)}issuer=root\n${pemOf(root)}\n`;
    assert.equal(readCertificateAuthority(pem).certificates.length, 2);
    assert.equal(readCertificateAuthority(pem.replaceAll('\n', '\r\n')).certificates.length, 2);
  });

  it('is refused with the root first', () => {
    assertRefused(
      () => readCertificateAuthority(pemOf(root, intermediate)),
      /^certificate 1 is not issued by certificate 2/,
    );
  });

  it('is refused when a signature is of another issuer with the same name', () => {
    const other = issue({ name: 'root', organization: 'Example' });
    assertRefused(
      () => readCertificateAuthority(pemOf(intermediate, other)),
      /^certificate 1 is not issued by certificate 2/,
    );
  });

  it('is refused with a certificate that issues nothing', () => {
    const leaf = issue({ name: 'leaf', issuer: intermediate, isAuthority: false });
    assertRefused(
      () => readCertificateAuthority(pemOf(leaf, intermediate, root)),
      /^certificate 1 is not of an authority/,
    );
  });

  it('is refused with a damaged block, which must not look like a gap', () => {
    const damaged = intermediate.pem.replace(/\n.{8}/, '\n!!!!!!!!');
    assertRefused(() => readCertificateAuthority(damaged + root.pem), /one of its 2 .* damaged/);
    assertRefused(() => readCertificateAuthority(root.pem + damaged), /one of its 2 .* damaged/);
    const cut = intermediate.pem.slice(0, 200);
    assertRefused(() => readCertificateAuthority(root.pem + cut), /one of its 2 .* damaged/);
  });

  it('is refused with a block of another kind, a private key above all', () => {
    const key = root.key.export({ type: 'pkcs8', format: 'pem' }).toString();
    assertRefused(() => readCertificateAuthority(root.pem + key), /a PEM block PRIVATE KEY/);
    assertRefused(() => readCertificateAuthority(''), /no PEM block CERTIFICATE/);
  });

  it('is refused where a block is no certificate', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    assertRefused(() => readCertificateAuthority(pem), /^certificate 1 cannot be read/);
  });

  it('has at most ten certificates, in a text of a bounded length', () => {
    const chain: Issued[] = [root];
    while (chain.length < MAX_CHAIN_LENGTH) {
      chain.unshift(issue({ name: `level ${chain.length}`, issuer: chain[0] as Issued }));
    }
    assert.equal(readCertificateAuthority(pemOf(...chain)).certificates.length, MAX_CHAIN_LENGTH);
    const longer = issue({ name: 'one more', issuer: chain[0] as Issued });
    assertRefused(() => readCertificateAuthority(pemOf(longer, ...chain)), /more than 10/);
    const padded = root.pem.padEnd(MAX_PEM_LENGTH, '\n');
    assert.equal(readCertificateAuthority(padded).certificates.length, 1);
    assertRefused(() => readCertificateAuthority(`${padded}\n`), /more than 262144/);
  });
});

describe('the chain of a timestamp authority', () => {
  const [leaf, intermediate, root] = timestampChain();

  it('begins with the certificate that signs timestamps', () => {
    const chain = readTimestampAuthority(pemOf(leaf, intermediate, root));
    assert.deepEqual(chain.certificates, [leaf.der, intermediate.der, root.der]);
    assert.deepEqual(chain.subject, { organization: 'Time Ltd', commonName: 'tsa root' });
    assert.equal(chain.validFromSeconds, seconds('2026-03-15T12:30:00Z'));
  });

  it('is refused without that certificate, or with one for something else', () => {
    assertRefused(() => readTimestampAuthority(pemOf(intermediate, root)), /signs timestamps/);
    const other = issue({ name: 'other', issuer: root, isAuthority: false });
    assertRefused(() => readTimestampAuthority(pemOf(other, root)), /timeStamping/);
  });

  it('is refused without an issuer', () => {
    assertRefused(() => readTimestampAuthority(leaf.pem), /one certificate alone/);
  });
});

describe('a damaged chain', () => {
  it('is read or refused as malformed, whatever was damaged', () => {
    const chain = timestampChain();
    const whole = pemOf(...chain);
    const readers = [readCertificateAuthority, readTimestampAuthority, readLogKey];
    const judge = (pem: string): void => {
      for (const read of readers) {
        try {
          read(pem);
        } catch (error) {
          assert.ok(isLogError(error, 'KEY_MALFORMED'), `${String(error)}\n${pem}`);
        }
      }
    };
    const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(at, fc.integer({ min: 0, max: 255 }), fc.nat(2), (place, octet, which) => {
        const der = Uint8Array.from(chain[which as 0 | 1 | 2].der);
        der[Math.floor(place * der.length)] = octet;
        const others = chain.filter((_, index) => index > which);
        judge(encodePem('CERTIFICATE', der) + pemOf(...others));
      }),
      { seed: 1, numRuns: 1_000 },
    );
    fc.assert(
      fc.property(at, at, fc.string({ maxLength: 8, unit: 'binary' }), (from, to, text) => {
        const [start, end] = [from, to]
          .map((place) => Math.floor(place * whole.length))
          .sort((a, b) => a - b);
        judge(whole.slice(0, start) + text + whole.slice(end));
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('the key of a certificate log', () => {
  it('is read from PEM', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = readLogKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    assert.deepEqual(Buffer.from(der), publicKey.export({ type: 'spki', format: 'der' }));
  });

  it('is one key of a kind that clients know', () => {
    const pem = publicKeyPem(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    assertRefused(() => readLogKey(pem + pem), /one public key/);
    const small = publicKeyPem(() => generateKeyPairSync('rsa', { modulusLength: 1024 }));
    assertRefused(() => readLogKey(small), /RSA key of 1024 bits/);
    const p224 = publicKeyPem(() => generateKeyPairSync('ec', { namedCurve: 'secp224r1' }));
    assertRefused(() => readLogKey(p224), /ECDSA key on P-224/);
    assertRefused(() => readLogKey(issue({ name: 'x' }).pem), /block CERTIFICATE/);
  });
});
