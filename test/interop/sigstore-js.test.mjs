// sigstore-js, unmodified: signs into a started log through either API, then verifies the bundle offline with the
// trusted root that the trust kit wrote. Certificates come from a mock authority, timestamps from the log's own.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { initializeCA } from '@sigstore/mock';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import {
  DSSEBundleBuilder,
  MessageSignatureBundleBuilder,
  RekorWitness,
  TSAWitness,
} from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { exportedTrust } from './signing-services.mjs';
import { startedLog, stele } from './started-log.mjs';

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
let trustedRoot;
const plainKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

after(() => log?.stop());
before(async () => {
  log = await startedLog('--tsa');
  authority = await initializeCA(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const chain = join(log.folder, 'authority.pem');
  writeFileSync(chain, pem('CERTIFICATE', authority.rootCertificate));
  trustedRoot = exportedTrust(log, { url: 'http://127.0.0.1:1', chain }, 'v1')('trusted-root.json');
  const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(trustedRoot, 'utf8')));
  const rawBytes = plainKey.publicKey.export({ type: 'spki', format: 'der' });
  trustMaterial = toTrustMaterial(root, { plain: { rawBytes } });
});

function pem(label, der) {
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)
    .join('\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** A signer with a certificate for its own key, as Fulcio would issue it. */
function certificateSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    sign: async (data) => {
      const der = await authority.issueCertificate({
        publicKey: publicKey.export({ type: 'spki', format: 'der' }),
        subjectAltName: IDENTITY,
      });
      return {
        signature: sign('sha256', data, privateKey),
        key: { $case: 'x509Certificate', certificate: pem('CERTIFICATE', der) },
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
  const ofLog = new RekorWitness({ rekorBaseURL: log.url, ...options });
  // The v2 API proves no time.
  return options?.majorApiVersion === 2
    ? [ofLog, new TSAWitness({ tsaBaseURL: log.url })]
    : [ofLog];
}

/** Verifies a bundle as it would be read from a file. */
function verify(bundle, data, policy) {
  const read = bundleFromJSON(bundleToJSON(bundle));
  const verifier = new Verifier(trustMaterial, { ctlogThreshold: 0, tlogThreshold: 1 });
  return verifier.verify(toSignedEntity(read, data), policy);
}

/** Throws unless `stele verify` finds the same bundle good. */
function verifyHere(bundle) {
  const paths = ['bundle.json', 'artifact', 'signer.pub'].map((name) => join(log.folder, name));
  const [bundlePath, artifactPath, keyPath] = paths;
  writeFileSync(bundlePath, JSON.stringify(bundleToJSON(bundle)));
  writeFileSync(artifactPath, ARTIFACT);
  writeFileSync(keyPath, plainKey.publicKey.export({ type: 'spki', format: 'pem' }));
  const isBare = bundle.verificationMaterial.content.$case === 'publicKey';
  const signer = isBare ? ['--signer-key', keyPath] : [];
  stele(
    ...['verify', '--trusted-root', trustedRoot, '--artifact', artifactPath],
    ...signer,
    bundlePath,
  );
}

function kindOf(bundle) {
  const [{ kindVersion }] = bundle.verificationMaterial.tlogEntries;
  return `${kindVersion.kind} ${kindVersion.version}`;
}

const CERTIFIED = ['a certificate', certificateSigner, { subjectAlternativeName: IDENTITY }];
// To the v2 API the client sends every key as if it were a certificate, which no server takes.
const SIGNERS = { 1: [CERTIFIED, ['a bare key', () => keySigner, undefined]], 2: [CERTIFIED] };

for (const [majorApiVersion, blobKind, envelopeKind] of [
  [1, 'hashedrekord 0.0.1', 'dsse 0.0.1'],
  [2, 'hashedrekord 0.0.2', 'dsse 0.0.2'],
]) {
  describe(`by way of v${majorApiVersion}`, () => {
    for (const [name, signer, policy] of SIGNERS[majorApiVersion]) {
      test(`a blob signed with ${name} is logged and its bundle verifies offline`, async () => {
        const builder = new MessageSignatureBundleBuilder({
          signer: signer(),
          witnesses: witnesses({ majorApiVersion }),
        });
        const bundle = await builder.create({ data: ARTIFACT });
        assert.equal(kindOf(bundle), blobKind);
        verify(bundle, ARTIFACT, policy);
        assert.throws(() => verify(bundle, Buffer.from('something else'), policy));
        verifyHere(bundle);
      });

      test(`a DSSE envelope signed with ${name} is logged and its bundle verifies offline`, async () => {
        const builder = new DSSEBundleBuilder({
          signer: signer(),
          witnesses: witnesses({ majorApiVersion, entryType: 'dsse' }),
        });
        const artifact = { data: Buffer.from(STATEMENT), type: 'application/vnd.in-toto+json' };
        const bundle = await builder.create(artifact);
        assert.equal(kindOf(bundle), envelopeKind);
        verify(bundle, undefined, policy);
        verifyHere(bundle);
      });
    }

    test('a bundle whose checkpoint was altered does not verify', async () => {
      const builder = new MessageSignatureBundleBuilder({
        signer: certificateSigner(),
        witnesses: witnesses({ majorApiVersion }),
      });
      const bundle = await builder.create({ data: ARTIFACT });
      const { checkpoint } = bundle.verificationMaterial.tlogEntries[0].inclusionProof;
      checkpoint.envelope = checkpoint.envelope.replace(/\n(\d+)\n/, '\n1$1\n');
      assert.throws(() => verify(bundle, ARTIFACT));
    });
  });
}

test('a bundle of the v1 API whose timestamp was altered does not verify', async () => {
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

test('a bundle of the v2 API without its timestamp does not verify', async () => {
  const builder = new MessageSignatureBundleBuilder({
    signer: certificateSigner(),
    witnesses: witnesses({ majorApiVersion: 2 }),
  });
  const bundle = await builder.create({ data: ARTIFACT });
  bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [];
  assert.throws(() => verify(bundle, ARTIFACT));
  assert.throws(
    () => verifyHere(bundle),
    ({ stdout }) => /FAIL timestamp: there is none/.test(stdout),
  );
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
