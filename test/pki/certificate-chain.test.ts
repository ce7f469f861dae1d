import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { readCertificate } from '../../src/pki/certificate.js';
import { chainProblem } from '../../src/pki/certificate-chain.js';
import { interpretExtensions } from '../../src/pki/certificate-extensions.js';
import { vectorLines } from '../vectors.js';

interface ChainVector {
  /** Base64 of DER, leaf first. */
  readonly certificates: readonly string[];
  readonly problem?: string;
}

interface ConstraintsVector {
  /** Base64. */
  readonly value: string;
  readonly critical: boolean;
  readonly hasUnhandledCritical?: boolean;
  readonly error?: string;
}

const octets = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

test('a chain is good, or bad for the reason that Go gives', () => {
  const seen = new Set<string>();
  for (const [at, { certificates, problem }] of vectorLines<ChainVector>(
    'pki/chains.jsonl',
  ).entries()) {
    const chain = certificates.map((der) => readCertificate(octets(der)));
    assert.equal(chainProblem(chain), problem, `chain ${at}`);
    seen.add(problem?.replace(/".*/, '') ?? 'good');
  }
  const name = 'x509: a root or intermediate certificate is not authorized to sign for this name: ';
  for (const expected of [
    'good',
    `${name}DNS name `,
    `${name}email address `,
    `${name}URI `,
    `${name}IP address `,
    'x509: unhandled critical extension',
    'x509: too many intermediates for path length constraint',
    'x509: certificate signed by unknown authority',
    'x509: certificate signed by unknown authority (possibly because of ',
    'x509: signature check attempts limit reached while verifying certificate chain',
  ]) {
    assert.ok(seen.has(expected), expected);
  }
});

test('an extension with name constraints is read, or refused for the reason that Go gives', () => {
  const vectors = vectorLines<ConstraintsVector>('pki/name-constraints.jsonl');
  assert.ok(vectors.length > 100);
  for (const { value, critical, hasUnhandledCritical, error } of vectors) {
    const read = () => interpretExtensions([{ oid: '2.5.29.30', critical, value: octets(value) }]);
    if (error === undefined) {
      assert.equal(read().hasUnhandledCritical, hasUnhandledCritical, value);
      continue;
    }
    assert.throws(read, (caught) => {
      assert.ok(isLogError(caught, 'KEY_MALFORMED'), value);
      assert.equal(caught.message, error, value);
      return true;
    });
  }
});
