/** Entries of the v2 API held against what the caller has. That a log holds them is tested elsewhere. */

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { checkContent } from '../../src/client/check-content.js';
import type { Claim } from '../../src/client/claim.js';
import { readJson } from '../../src/client/json-reader.js';
import type { LogEntry } from '../../src/client/log-entry.js';
import { readSigstoreBundle, type SigstoreBundle } from '../../src/client/sigstore-bundle.js';
import { isVerified } from '../../src/client/verify-entry.js';
import { vectorLines } from '../vectors.js';
import { b64, publicPem, transparencyLogEntry } from './made-log.js';

const P256 = 'PKIX_ECDSA_P256_SHA_256';
const key = newKey();
const other = newKey();
const ARTIFACT = Buffer.from('an artifact');
const IN_TOTO = 'application/vnd.in-toto+json';
const STATEMENT = Buffer.from(
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'a', digest: { sha256: createHash('sha256').update(ARTIFACT).digest('hex') } },
    ],
    predicateType: 'https://example.com/p/v1',
    predicate: {},
  }),
);

test('the signature in every entry of a public log verifies, and nothing else is believed', async () => {
  for (const { name, leaf } of vectorLines<{ name: string; leaf: string }>(
    'rekor-v2/real-world-leaves.jsonl',
  )) {
    const steps = await checkContent(entryWith(leaf), {});
    assert.deepEqual(
      steps.map(({ step, outcome }) => `${step} ${outcome}`),
      ['signature passed', 'artifact not checked', 'signer not checked'],
      name,
    );
  }
});

test('the signatures in every recorded entry verify, whatever its details say of the key', async () => {
  const recorded = vectorLines<{ name: string; leaf?: string }>(
    'rekor-v2/hashedrekord-0.0.2.jsonl',
  );
  for (const { name, leaf } of recorded) {
    if (leaf === undefined) continue;
    const [first] = await checkContent(entryWith(leaf), {});
    assert.equal(first?.outcome, 'passed', `${name}: ${first?.detail}`);
  }
});

test('an entry of another artifact, another key or another signature is told from the right one', async () => {
  const entry = entryWith(hashedrekordLeaf(ARTIFACT));
  const signerKey = Buffer.from(publicPem(key));
  assert.equal(await outcome(entry, { artifact: ARTIFACT, signerKey }), 'verified');
  assert.match(await outcome(entry, { artifact: STATEMENT }), /^body: the artifact is sha256:/);
  assert.match(
    await outcome(entry, { artifact: ARTIFACT, signerKey: Buffer.from(publicPem(other)) }),
    /signer's key is not the one/,
  );
  assert.match(await outcome(entry, { predicateType: 'p' }), /has no predicate/);
});

test('a body that is not the stored form to the byte is refused', async () => {
  const leaf = hashedrekordLeaf(ARTIFACT);
  const damages: readonly (readonly [string, string])[] = [
    ['"kind"', ' "kind"'],
    ['SHA2_256', 'SHA2_512'],
    ['SHA2_256', 'sha256'],
    ['"data":{', '"more":1,"data":{'],
  ];
  for (const [from, to] of damages) {
    assert.ok(leaf.includes(from));
    assert.match(
      await outcome(entryWith(leaf.replace(from, to)), {}),
      /not in its stored form/,
      `${from} → ${to}`,
    );
  }
  const damaged = leaf.replace(/"digest":"...../, '"digest":"AAAAA');
  assert.match(await outcome(entryWith(damaged), {}), /^body: verifying signature: /);
  for (const name of ['PKIX_NONE', '__proto__', 'constructor']) {
    const unnamed = entryWith(leaf.replace(P256, name));
    assert.match(await outcome(unnamed, {}), /keyDetails is no algorithm/);
  }
});

test('a bundle with a message signature is held against digest, signature and key', async () => {
  const leaf = hashedrekordLeaf(ARTIFACT);
  const signature = contentIn(leaf);
  const claim = (change: Record<string, unknown> = {}): Claim => ({
    signerKey: Buffer.from(publicPem(key)),
    bundle: bundle(leaf, {
      messageSignature: {
        messageDigest: {
          algorithm: 'SHA2_256',
          digest: b64(createHash('sha256').update(ARTIFACT).digest()),
        },
        signature,
        ...change,
      },
    }),
  });
  const entry = entryWith(leaf);
  assert.equal(await outcome(entry, claim()), 'verified');
  assert.match(await outcome(entry, claim({ signature: 'AAAA' })), /signature is not the one/);
  const digest = { algorithm: 'SHA2_256', digest: b64(Buffer.alloc(32)) };
  assert.match(await outcome(entry, claim({ messageDigest: digest })), /digest is not the one/);
});

test("a bundle's certificate must be the one in the entry, and its time is nobody's to say here", async () => {
  const [leaf, another] = ['002-ok-cert-p256', '010-ok-cert-rsa3072'].map(recordedLeaf) as [
    string,
    string,
  ];
  const claimOf = (of: string): Claim => ({
    bundle: readSigstoreBundle(
      readJson(
        JSON.stringify({
          mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
          verificationMaterial: {
            certificate: { rawBytes: rawBytesIn(of) },
            tlogEntries: [transparencyLogEntry(Buffer.from(leaf))],
          },
          messageSignature: {
            messageDigest: { algorithm: 'SHA2_256', digest: digestIn(leaf) },
            signature: contentIn(leaf),
          },
        }),
        'bundle',
      ),
    ),
  });
  const steps = await checkContent(entryWith(leaf), claimOf(leaf));
  assert.ok(isVerified(steps), JSON.stringify(steps));
  assert.ok(steps.some((one) => one.step === 'certificate' && one.outcome === 'not checked'));
  assert.match(await outcome(entryWith(leaf), claimOf(another)), /certificate is not the one/);
});

test('an envelope logged by the digest of what is signed is held against payload and signature', async () => {
  const pae = encoded(IN_TOTO, STATEMENT);
  const leaf = hashedrekordLeaf(pae);
  const entry = entryWith(leaf);
  const envelope = {
    payloadType: IN_TOTO,
    payload: b64(STATEMENT),
    signatures: [{ sig: contentIn(leaf) }],
  };
  const claim = (change: Record<string, unknown> = {}): Claim => ({
    signerKey: Buffer.from(publicPem(key)),
    artifact: ARTIFACT,
    predicateType: 'https://example.com/p/v1',
    bundle: bundle(leaf, { dsseEnvelope: { ...envelope, ...change } }),
  });
  assert.equal(await outcome(entry, claim()), 'verified');
  assert.match(
    await outcome(entry, { ...claim(), artifact: Buffer.from('another') }),
    /artifact is no subject/,
  );
  assert.match(await outcome(entry, { ...claim(), predicateType: 'p' }), /is of type/);
  assert.match(await outcome(entry, claim({ payload: 'e30=' })), /over another digest/);
  assert.match(await outcome(entry, claim({ payloadType: 'text/plain' })), /over another digest/);
  assert.match(
    await outcome(entry, claim({ signatures: [{ sig: b64(sign('sha256', pae, key)) }] })),
    /signature is not the one/,
  );
  assert.match(
    await outcome(entry, claim({ signatures: [...envelope.signatures, { sig: 'AAAA' }] })),
    /has several signatures/,
  );
  // Without a bundle the envelope itself is the artifact.
  const artifact = Buffer.from(JSON.stringify(envelope));
  const predicateType = 'https://example.com/p/v1';
  assert.equal(await outcome(entry, { artifact, predicateType }), 'verified');
  assert.match(await outcome(entry, { artifact, predicateType: 'p' }), /is of type/);
  assert.match(await outcome(entry, { artifact: ARTIFACT }), /the artifact is sha256:/);
});

test('every recorded dsse entry is held against its envelope, as a file and in a bundle', async () => {
  for (const { name, request, leaf } of vectorLines<DsseVector>('rekor-v2/dsse-0.0.2.jsonl')) {
    const entry = entryWith(leaf);
    const { payload, payloadType, signatures } = request.envelope;
    const envelope = { payload, payloadType, signatures: signatures.map(({ sig }) => ({ sig })) };
    const artifact = Buffer.from(JSON.stringify(envelope));
    assert.equal(await outcome(entry, { artifact }), 'verified', name);
    const signerKey = Buffer.from(pemOf(leaf));
    const claim = (change: Record<string, unknown>): Claim => ({
      signerKey,
      bundle: bundle(leaf, { dsseEnvelope: { ...envelope, ...change } }),
    });
    assert.equal(await outcome(entry, claim({})), 'verified', name);
    assert.match(await outcome(entry, claim({ payload: b64(STATEMENT) })), /could not verify/);
    const without = { signatures: envelope.signatures.slice(1) };
    assert.notEqual(await outcome(entry, claim(without)), 'verified', name);
    assert.match(
      await outcome(entry, { artifact, signerKey: Buffer.from(publicPem(other)) }),
      /signer's key is not the one/,
    );
  }
});

test('without its envelope a dsse entry shows no signature, and says so', async () => {
  const [vector] = vectorLines<DsseVector>('rekor-v2/dsse-0.0.2.jsonl');
  const [step] = await checkContent(entryWith((vector as DsseVector).leaf), {});
  assert.equal(step?.outcome, 'not checked');
});

interface DsseVector {
  readonly name: string;
  readonly request: {
    readonly envelope: {
      readonly payload: string;
      readonly payloadType: string;
      readonly signatures: readonly { readonly sig: string }[];
    };
  };
  readonly leaf: string;
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** Returns the leaf of a hashedrekord 0.0.2 over `message`, made without the code under test. */
function hashedrekordLeaf(message: Uint8Array): string {
  const digest = b64(createHash('sha256').update(message).digest());
  const rawBytes = publicPem(key).replace(/-----[^-]+-----|\n/g, '');
  return JSON.stringify({
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: {
      hashedRekordV002: {
        data: { algorithm: 'SHA2_256', digest },
        signature: {
          content: b64(sign('sha256', message, key)),
          verifier: { keyDetails: P256, publicKey: { rawBytes } },
        },
      },
    },
  });
}

function contentIn(leaf: string): string {
  return (/"content":"([^"]+)"/.exec(leaf) as RegExpExecArray)[1] as string;
}

function digestIn(leaf: string): string {
  return (/"digest":"([^"]+)"/.exec(leaf) as RegExpExecArray)[1] as string;
}

function rawBytesIn(leaf: string): string {
  return (/"rawBytes":"([^"]+)"/.exec(leaf) as RegExpExecArray)[1] as string;
}

function recordedLeaf(name: string): string {
  const recorded = vectorLines<{ name: string; leaf?: string }>(
    'rekor-v2/hashedrekord-0.0.2.jsonl',
  );
  return recorded.find((one) => one.name === name)?.leaf as string;
}

function pemOf(leaf: string): string {
  const [, form, rawBytes = ''] = /"(publicKey|x509Certificate)":\{"rawBytes":"([^"]+)"/.exec(
    leaf,
  ) as RegExpExecArray;
  const label = form === 'publicKey' ? 'PUBLIC KEY' : 'CERTIFICATE';
  return `-----BEGIN ${label}-----\n${rawBytes.replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;
}

function encoded(type: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
}

function bundle(leaf: string, content: Record<string, unknown>): SigstoreBundle {
  const document = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: { hint: 'h' },
      tlogEntries: [transparencyLogEntry(Buffer.from(leaf))],
    },
    ...content,
  };
  return readSigstoreBundle(readJson(JSON.stringify(document), 'bundle'));
}

function entryWith(leaf: string): LogEntry {
  return {
    path: 'entry',
    entryID: undefined,
    body: Buffer.from(leaf),
    logID: new Uint8Array(32),
    logIndex: 0,
    integratedTimeSeconds: undefined,
    signedEntryTimestamp: undefined,
    proof: undefined,
  };
}

async function outcome(entry: LogEntry, claim: Claim): Promise<string> {
  const steps = await checkContent(entry, claim);
  if (isVerified(steps)) return 'verified';
  return steps
    .filter((step) => step.outcome === 'failed')
    .map(({ step, detail }) => `${step}: ${detail}`)
    .join('; ');
}
