// sigstore-js, unmodified: signs into a started log, then verifies the bundle offline with a trusted root that was
// made from the log's public key. Certificates come from a mock authority, so no other service is needed.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { initializeCA } from '@sigstore/mock';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { DSSEBundleBuilder, MessageSignatureBundleBuilder, RekorWitness } from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { startedLog } from './started-log.mjs';

const IDENTITY = 'signer@example.com';
const ARTIFACT = Buffer.from('what is signed here\n');
const STATEMENT = JSON.stringify({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [
    { name: 'it', digest: { sha256: createHash('sha256').update(ARTIFACT).digest('hex') } },
  ],
  predicateType: 'https://example.com/predicate',
  predicate: {},
});

let log;
let authority;
let trustMaterial;
const plainKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

after(() => log?.stop());
before(async () => {
  log = await startedLog();
  authority = await initializeCA(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const pem = await (await fetch(`${log.url}/api/v1/log/publicKey`)).text();
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  const start = '2020-01-01T00:00:00Z';
  const root = TrustedRoot.fromJSON({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      {
        baseUrl: 'https://localhost',
        hashAlgorithm: 'SHA2_256',
        publicKey: {
          rawBytes: spki.toString('base64'),
          keyDetails: 'PKIX_ECDSA_P256_SHA_256',
          validFor: { start },
        },
        logId: { keyId: createHash('sha256').update(spki).digest('base64') },
      },
    ],
    certificateAuthorities: [
      {
        subject: { organization: 'o', commonName: 'c' },
        uri: 'http://127.0.0.1:1',
        certChain: { certificates: [{ rawBytes: authority.rootCertificate.toString('base64') }] },
        validFor: { start },
      },
    ],
    ctlogs: [],
    timestampAuthorities: [],
  });
  const rawBytes = plainKey.publicKey.export({ type: 'spki', format: 'der' });
  trustMaterial = toTrustMaterial(root, { plain: { rawBytes } });
});

/** A signer with a certificate for its own key, as Fulcio would issue it. */
function certificateSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    sign: async (data) => {
      const der = await authority.issueCertificate({
        publicKey: publicKey.export({ type: 'spki', format: 'der' }),
        subjectAltName: IDENTITY,
      });
      const lines = der
        .toString('base64')
        .match(/.{1,64}/g)
        .join('\n');
      const certificate = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
      return {
        signature: sign('sha256', data, privateKey),
        key: { $case: 'x509Certificate', certificate },
      };
    },
  };
}

const keySigner = {
  sign: async (data) => ({
    signature: sign('sha256', data, plainKey.privateKey),
    key: {
      $case: 'publicKey',
      publicKey: plainKey.publicKey.export({ type: 'spki', format: 'pem' }),
      hint: 'plain',
    },
  }),
};

function witnesses(options) {
  return [new RekorWitness({ rekorBaseURL: log.url, ...options })];
}

/** Verifies a bundle as it would be read from a file. */
function verify(bundle, data, policy) {
  const read = bundleFromJSON(bundleToJSON(bundle));
  const verifier = new Verifier(trustMaterial, { ctlogThreshold: 0, tlogThreshold: 1 });
  return verifier.verify(toSignedEntity(read, data), policy);
}

for (const [name, signer, policy] of [
  ['a certificate', certificateSigner, { subjectAlternativeName: IDENTITY }],
  ['a bare key', () => keySigner, undefined],
]) {
  test(`a blob signed with ${name} is logged and its bundle verifies offline`, async () => {
    const builder = new MessageSignatureBundleBuilder({ signer: signer(), witnesses: witnesses() });
    const bundle = await builder.create({ data: ARTIFACT });
    verify(bundle, ARTIFACT, policy);
    assert.throws(() => verify(bundle, Buffer.from('something else'), policy));
  });

  test(`a DSSE envelope signed with ${name} is logged and its bundle verifies offline`, async () => {
    const builder = new DSSEBundleBuilder({
      signer: signer(),
      witnesses: witnesses({ entryType: 'dsse' }),
    });
    const artifact = { data: Buffer.from(STATEMENT), type: 'application/vnd.in-toto+json' };
    const bundle = await builder.create(artifact);
    verify(bundle, undefined, policy);
  });
}

test('a bundle whose timestamp was altered does not verify', async () => {
  const builder = new MessageSignatureBundleBuilder({
    signer: certificateSigner(),
    witnesses: witnesses(),
  });
  const bundle = await builder.create({ data: ARTIFACT });
  verify(bundle, ARTIFACT);
  const [entry] = bundle.verificationMaterial.tlogEntries;
  entry.integratedTime = String(Number(entry.integratedTime) - 1);
  assert.throws(() => verify(bundle, ARTIFACT));
});

test('the same submission again is fetched through the Location of the 409', async () => {
  // A bare key and RSA: the signature is the same each time, so the second request meets the first entry.
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signer = {
    sign: async (data) => ({
      signature: sign('sha256', data, privateKey),
      key: { $case: 'publicKey', publicKey: publicKey.export({ type: 'spki', format: 'pem' }) },
    }),
  };
  const builder = new MessageSignatureBundleBuilder({
    signer,
    witnesses: witnesses({ fetchOnConflict: true }),
  });
  const first = await builder.create({ data: ARTIFACT });
  const second = await builder.create({ data: ARTIFACT });
  const index = (bundle) => bundle.verificationMaterial.tlogEntries[0].logIndex;
  assert.equal(index(second), index(first));
});
