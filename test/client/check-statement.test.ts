import assert from 'node:assert/strict';
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import { describe, it } from 'node:test';
import { trustedLogOfDer } from '../../src/client/trusted-log.js';
import { verifyDocument } from '../../src/client/verify-document.js';
import { isVerified, type Trust } from '../../src/client/verify-entry.js';
import { identifyEntry } from '../../src/entries/accept.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import { testContext } from '../entries/policy.js';
import { messageSigner } from '../pki/pkcs7-builder.js';
import {
  artifact,
  b64,
  document,
  logSigner,
  publicPem,
  signerKey,
  transparencyLogEntry,
} from './made-log.js';

const trust: Trust = {
  logs: [trustedLogOfDer(logSigner.publicKeyDer)],
  origin: undefined,
  verifySignature: verifyWithKey,
};
const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';
const secondKey = generateKeyPairSync('ed25519').privateKey;

interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly sig: string }[];
}

function envelopeOf(
  payload: Uint8Array | string,
  keys: readonly KeyObject[] = [signerKey],
  payloadType = STATEMENT_TYPE,
): Envelope {
  const bytes = Buffer.from(payload);
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `;
  const message = Buffer.concat([Buffer.from(head), bytes]);
  const hash = (key: KeyObject) => (key.asymmetricKeyType === 'ed25519' ? null : 'sha256');
  const signatures = keys.map((key) => ({ sig: b64(sign(hash(key), message, key)) }));
  return { payloadType, payload: b64(bytes), signatures };
}

/** How each kind is told of an envelope. */
const PROPOSALS: Readonly<Record<string, (text: string, pems: readonly string[]) => unknown>> = {
  'dsse 0.0.1': (text, pems) => ({
    proposedContent: { envelope: text, verifiers: pems.map(textBase64) },
  }),
  'intoto 0.0.1': (text, [pem = '']) => ({
    content: { envelope: text },
    publicKey: textBase64(pem),
  }),
  'intoto 0.0.2': (text, pems) => {
    const { payloadType, payload, signatures } = JSON.parse(text) as Envelope;
    const value = createHash('sha256').update(text).digest('hex');
    return {
      content: {
        hash: { algorithm: 'sha256', value },
        envelope: {
          payloadType,
          payload: textBase64(payload),
          signatures: signatures.map(({ sig }, at) => ({
            sig: textBase64(sig),
            publicKey: textBase64(pems[at] ?? ''),
          })),
        },
      },
    };
  },
};

function textBase64(text: string): string {
  return b64(Buffer.from(text));
}

async function leafOf(
  form: string,
  text: string,
  keys: readonly KeyObject[] = [signerKey],
): Promise<Uint8Array> {
  const [kind = '', apiVersion = ''] = form.split(' ');
  const spec = PROPOSALS[form]?.(text, keys.map(publicPem));
  return (await identifyEntry({ kind, apiVersion, spec }, testContext)).leaf;
}

interface Claims {
  readonly artifact?: Uint8Array;
  readonly predicateType?: string;
  readonly signerKey?: Uint8Array;
}

async function outcome(text: string, claims: Claims): Promise<string> {
  const steps = await verifyDocument(text, trust, claims);
  if (isVerified(steps)) return 'verified';
  return steps.flatMap((one) => (one.outcome === 'failed' ? [one.detail] : [])).join('; ');
}

const signer = Buffer.from(publicPem(signerKey));

/** Verifies the entry of an envelope with the envelope, as the v1 API gives it. */
async function withEnvelope(form: string, envelope: Envelope | string, claims: Claims = {}) {
  const text = typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
  const leaf = await leafOf(form, text);
  return outcome(document(leaf), { signerKey: signer, artifact: Buffer.from(text), ...claims });
}

/** Verifies a bundle of an envelope and its entry. */
async function inBundle(form: string, envelope: Envelope, claims: Claims = {}, leaf?: Uint8Array) {
  const logged = leaf ?? (await leafOf(form, JSON.stringify(envelope)));
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2',
    verificationMaterial: {
      publicKey: { hint: 'h' },
      tlogEntries: [transparencyLogEntry(logged)],
    },
    dsseEnvelope: envelope,
  };
  return outcome(JSON.stringify(bundle), { signerKey: signer, ...claims });
}

const sha256 = createHash('sha256').update(artifact).digest('hex');
const statement = (more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'a', digest: { sha256 } }],
    predicateType: PREDICATE_TYPE,
    predicate: {},
    ...more,
  });

for (const form of Object.keys(PROPOSALS)) {
  describe(`the statement of a ${form} entry`, () => {
    const envelope = envelopeOf(statement());

    it('is held against the type of predicate that is asked for', async () => {
      const claims = { predicateType: PREDICATE_TYPE };
      assert.equal(await withEnvelope(form, envelope, claims), 'verified');
      assert.equal(await inBundle(form, envelope, { ...claims, artifact }), 'verified');
    });

    it('I13 CVE-2022-35929: fails for another type, a case or a slash apart too', async () => {
      for (const predicateType of [
        'https://slsa.dev/provenance/v0.2',
        `${PREDICATE_TYPE}/`,
        PREDICATE_TYPE.toUpperCase(),
        '',
      ]) {
        assert.match(await withEnvelope(form, envelope, { predicateType }), /of type/);
        assert.match(await inBundle(form, envelope, { predicateType, artifact }), /of type/);
      }
    });

    it('I13 CVE-2026-39395: fails when it cannot be read, instead of being passed over', async () => {
      const broken: readonly (readonly [string, RegExp])[] = [
        ['not json', /not JSON/],
        ['[]', /not an object/],
        ['null', /not an object/],
        [`${statement()}x`, /not JSON/],
        [statement({ predicateType: undefined }), /no predicateType/],
        [statement({ predicateType: 7 }), /not a text/],
        [statement({ subject: undefined }), /no subject/],
        [statement({ subject: [] }), /no subject/],
        [statement({ subject: {} }), /not a list/],
      ];
      const predicateType = PREDICATE_TYPE;
      for (const [payload, reason] of broken) {
        const made = envelopeOf(payload);
        assert.match(await withEnvelope(form, made, { predicateType }), reason, payload);
        assert.match(await inBundle(form, made, { predicateType }), reason, payload);
      }
      const text = envelopeOf(statement(), [signerKey], 'text/plain');
      assert.match(await inBundle(form, text, { predicateType }), /no in-toto statement/);
    });

    it('I13: fails when it is no JSON, though nothing is asked of it', async () => {
      const made = envelopeOf('not json');
      assert.match(await withEnvelope(form, made), /not JSON/);
      assert.match(await inBundle(form, made), /not JSON/);
    });

    it('I14 CVE-2026-31830: must have the artifact as a subject', async () => {
      const other = Buffer.from('something else');
      assert.match(await inBundle(form, envelope, { artifact: other }), /no subject/);
      for (const digest of [
        { sha256: '00'.repeat(32) },
        { sha256, sha512: '00'.repeat(64) },
        { sha256: sha256.toUpperCase() },
        { md5: createHash('md5').update(artifact).digest('hex') },
        { sha256: [sha256] },
        {},
      ]) {
        const made = envelopeOf(statement({ subject: [{ name: 'a', digest }] }));
        const got = await inBundle(form, made, { artifact });
        assert.match(got, /no subject/, JSON.stringify(digest));
      }
    });

    it('may have the artifact as any of many subjects', async () => {
      const others = Array.from({ length: 300 }, (_, at) => ({
        name: `${at}`,
        digest: { sha256: at.toString(16).padStart(64, '0') },
      }));
      const subject = [...others, { name: 'a', digest: { sha384: sha384Of(artifact) } }];
      const made = envelopeOf(statement({ subject }));
      assert.equal(await inBundle(form, made, { artifact }), 'verified');
    });

    it('is read as it was verified, whatever an envelope holds beside it', async () => {
      const evil = statement({ predicateType: 'https://example.com/evil' });
      const { payloadType, payload, signatures } = envelope;
      const text = JSON.stringify({
        payloadType,
        payload: textBase64(evil),
        Payload: payload,
        signatures,
      });
      const claims = { predicateType: 'https://example.com/evil' };
      if (form !== 'intoto 0.0.2') {
        assert.match(await withEnvelope(form, text, claims), /of type https:..slsa/);
        assert.equal(await withEnvelope(form, text, { predicateType: PREDICATE_TYPE }), 'verified');
        return;
      }
      const answer = document(await leafOf(form, JSON.stringify(envelope)));
      const got = await outcome(answer, { artifact: Buffer.from(text), ...claims });
      assert.match(got, /of type https:..slsa/);
    });

    it('I12: fails in a bundle with the entry of another envelope', async () => {
      const other = envelopeOf(statement({ predicate: { other: true } }));
      const leaf = await leafOf(form, JSON.stringify(other));
      assert.notEqual(await inBundle(form, envelope, { artifact }, leaf), 'verified');
      const elsewhere = Object.keys(PROPOSALS).find((one) => one !== form) ?? '';
      const right = await leafOf(elsewhere, JSON.stringify(envelope));
      assert.equal(await inBundle(form, envelope, { artifact }, right), 'verified');
    });
  });
}

for (const form of ['dsse 0.0.1', 'intoto 0.0.2']) {
  describe(`a ${form} entry of two signers`, () => {
    const keys = [signerKey, secondKey];
    const envelope = envelopeOf(statement(), keys);
    const text = JSON.stringify(envelope);

    it('speaks for the key of either, and for no third', async () => {
      const answer = document(await leafOf(form, text, keys));
      for (const key of keys) {
        const claims = { artifact: Buffer.from(text), signerKey: Buffer.from(publicPem(key)) };
        assert.equal(await outcome(answer, claims), 'verified');
      }
      const third = generateKeyPairSync('ed25519').privateKey;
      const claims = { signerKey: Buffer.from(publicPem(third)) };
      assert.match(await outcome(answer, claims), /key is not the one/);
    });

    it('fails with an envelope that has one of the signatures only', async () => {
      const answer = document(await leafOf(form, text, keys));
      const one = { ...envelope, signatures: envelope.signatures.slice(0, 1) };
      const claims = { artifact: Buffer.from(JSON.stringify(one)), signerKey: signer };
      assert.notEqual(await outcome(answer, claims), 'verified');
    });
  });
}

describe('a bundle with a certificate', () => {
  const { key, certificate } = messageSigner('rsa');
  const certificatePem = new X509Certificate(certificate).toString();

  it('does not verify when its entry has another signer beside the certificate', async () => {
    for (const [keys, pems, reason] of [
      [[key], [certificatePem], /^(verified|.*outside the validity.*)$/],
      [[key, secondKey], [certificatePem, publicPem(secondKey)], /certificate is not the one/],
    ] as const) {
      const envelope = envelopeOf(statement(), keys);
      const spec = PROPOSALS['dsse 0.0.1']?.(JSON.stringify(envelope), pems);
      const proposed = { kind: 'dsse', apiVersion: '0.0.1', spec };
      const { leaf } = await identifyEntry(proposed, testContext);
      const bundle = {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: {
          certificate: { rawBytes: b64(certificate) },
          tlogEntries: [transparencyLogEntry(leaf)],
        },
        dsseEnvelope: envelope,
      };
      assert.match(await outcome(JSON.stringify(bundle), { artifact }), reason);
    }
  });
});

describe('an entry without a signer', () => {
  it('I22: fails, whatever key is claimed', async () => {
    const leaf = await leafOf('dsse 0.0.1', JSON.stringify(envelopeOf(statement())));
    const body = JSON.parse(Buffer.from(leaf).toString()) as { spec: { signatures: unknown[] } };
    body.spec.signatures = [];
    const answer = document(Buffer.from(JSON.stringify(body)));
    assert.match(await outcome(answer, { signerKey: signer }), /names no signer/);
  });
});

function sha384Of(bytes: Uint8Array): string {
  return createHash('sha384').update(bytes).digest('hex');
}
