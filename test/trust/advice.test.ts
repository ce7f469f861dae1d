import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { trustAdvice } from '../../src/trust/advice.js';
import type { LogAnchor } from '../../src/trust/log-anchor.js';
import { NO_MATERIAL, type TrustMaterial } from '../../src/trust/material.js';

const derOf = ({ publicKey }: { readonly publicKey: KeyObject }): Uint8Array =>
  Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }));

const log: LogAnchor = {
  hostname: 'log.example.org',
  publicKeyDer: derOf(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  verifierKeys: [],
  publicUrl: 'https://log.example.org',
  validFromSeconds: 0,
  operator: 'example.org',
  signingApis: ['v1', 'v2'],
};

const service = {
  url: 'https://a.example.org',
  operator: 'example.org',
  validFor: { startSeconds: 0 },
};
const authority = {
  ...service,
  certificates: [],
  subject: { organization: '', commonName: '' },
};
const complete: TrustMaterial = {
  otherLogs: [],
  certificateAuthorities: [authority],
  ctLogs: [{ ...service, publicKeyDer: log.publicKeyDer }],
  timestampAuthorities: [authority],
  identityProviders: [service],
};

function assertAdvice(
  parts: Partial<LogAnchor>,
  material: TrustMaterial,
  ...expected: readonly RegExp[]
): void {
  const advice = trustAdvice({ ...log, ...parts }, material);
  assert.equal(advice.length, expected.length, advice.join('\n'));
  for (const [at, pattern] of expected.entries()) assert.match(advice[at] as string, pattern);
}

describe('advice on the trust kit', () => {
  it('is none where every client can sign and verify', () => {
    assertAdvice({}, complete);
  });

  it('tells what is missing', () => {
    assertAdvice({}, NO_MATERIAL, /no timestamp authority/, /no certificate authority/);
    assertAdvice({ signingApis: ['v1'] }, NO_MATERIAL, /no certificate authority/);
    assertAdvice({}, { ...complete, ctLogs: [] }, /no certificate log/);
    assertAdvice({}, { ...complete, timestampAuthorities: [] }, /no timestamp authority/);
  });

  it('tells which clients do not take the key', () => {
    const keys = [
      [generateKeyPairSync('ed25519'), /PKIX_ED25519: cosign and sigstore-go .* v1 API\. Every/],
      [generateKeyPairSync('rsa', { modulusLength: 2048 }), /RSA.*v1 API, and sigstore-js/],
      [generateKeyPairSync('ec', { namedCurve: 'P-384' }), /P384_SHA_256: .*sigstore-python/],
      [generateKeyPairSync('ec', { namedCurve: 'P-521' }), /P521_SHA_256: .*sigstore-python/],
    ] as const;
    for (const [pair, expected] of keys) {
      assertAdvice({ publicKeyDer: derOf(pair) }, complete, expected);
    }
  });

  it('tells of a name that is not the host of the URL', () => {
    assertAdvice({ publicUrl: 'https://log.example.org:8443/rekor' }, complete);
    assertAdvice({ publicUrl: 'http://127.0.0.1:3000' }, complete, /not the name of the log/);
  });

  it('tells of a name that is more than a host name', () => {
    for (const hostname of ['localhost:3000', 'example.org/log']) {
      const [advice] = trustAdvice({ ...log, hostname }, complete);
      assert.match(advice ?? '', /more than a host name/);
    }
    const named = { hostname: 'localhost:3000', publicUrl: 'http://localhost:3000' };
    assertAdvice(named, complete, /more than a host name/);
  });
});
