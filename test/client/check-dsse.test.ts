import assert from 'node:assert/strict';
import { createHash, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { trustedLogOfDer } from '../../src/client/trusted-log.js';
import { verifyDocument } from '../../src/client/verify-document.js';
import { isVerified, type Trust } from '../../src/client/verify-entry.js';
import { identifyEntry } from '../../src/entries/accept.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import { testContext } from '../entries/policy.js';
import {
  artifact,
  b64,
  document,
  hashedrekordLeaf,
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
const signerPem = publicPem(signerKey);
const IN_TOTO = 'application/vnd.in-toto+json';

const subject = (digest: unknown) =>
  Buffer.from(JSON.stringify({ _type: 'x', subject: [{ name: 'a', digest }], predicate: {} }));
const digestOf = (algorithm: string) => createHash(algorithm).update(artifact).digest('hex');
const statement = subject({ sha256: digestOf('sha256') });

interface Envelope {
  payloadType: string;
  payload: string;
  signatures: { sig: string }[];
}

function envelopeOf(payload: Buffer, payloadType = IN_TOTO): Envelope {
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  const signature = sign('sha256', Buffer.concat([Buffer.from(head), payload]), signerKey);
  return { payloadType, payload: b64(payload), signatures: [{ sig: b64(signature) }] };
}

async function leafOf(envelope: Envelope): Promise<Uint8Array> {
  const spec = {
    proposedContent: {
      envelope: JSON.stringify(envelope),
      verifiers: [b64(Buffer.from(signerPem))],
    },
  };
  const proposed = { kind: 'dsse', apiVersion: '0.0.1', spec };
  return (await identifyEntry(proposed, testContext)).leaf;
}

/** Returns a bundle with this envelope and an entry with this leaf. */
function bundleOf(envelope: Envelope, leaf: Uint8Array): string {
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: { hint: 'h' },
      tlogEntries: [transparencyLogEntry(leaf)],
    },
    dsseEnvelope: envelope,
  });
}

async function outcome(
  text: string,
  claim: { artifact?: Uint8Array; signerPem?: string } = {},
): Promise<string> {
  const steps = await verifyDocument(text, trust, {
    artifact: claim.artifact,
    signerKey: claim.signerPem === undefined ? undefined : Buffer.from(claim.signerPem),
  });
  if (isVerified(steps)) return 'verified';
  return steps
    .filter((step) => step.outcome === 'failed')
    .map(({ step, detail }) => `${step}: ${detail}`)
    .join('; ');
}

describe('a dsse entry', () => {
  const envelope = envelopeOf(statement);

  it('verifies alone, and with the envelope that was logged', async () => {
    const answer = document(await leafOf(envelope));
    assert.equal(await outcome(answer), 'verified');
    const logged = Buffer.from(JSON.stringify(envelope));
    assert.equal(await outcome(answer, { artifact: logged, signerPem }), 'verified');
  });

  it('does not verify with another envelope, another spelling of it, or its payload', async () => {
    const answer = document(await leafOf(envelope));
    const other = envelopeOf(subject({ sha256: '00'.repeat(32) }));
    for (const bytes of [
      Buffer.from(JSON.stringify(other)),
      Buffer.from(`${JSON.stringify(envelope)} `),
      statement,
    ]) {
      assert.match(await outcome(answer, { artifact: bytes, signerPem }), /^body: /);
    }
  });

  it('verifies in a bundle, with the artifact that its statement names', async () => {
    const bundle = bundleOf(envelope, await leafOf(envelope));
    assert.equal(await outcome(bundle, { signerPem }), 'verified');
    assert.equal(await outcome(bundle, { artifact, signerPem }), 'verified');
  });

  it('does not verify in a bundle without a key that the caller trusts', async () => {
    const bundle = bundleOf(envelope, await leafOf(envelope));
    assert.match(await outcome(bundle), /no certificate/);
  });

  it('does not verify with an artifact that is no subject, or only half of one', async () => {
    const bundle = bundleOf(envelope, await leafOf(envelope));
    const other = Buffer.from('something else');
    assert.match(await outcome(bundle, { artifact: other, signerPem }), /no subject/);
    for (const digest of [
      { sha256: digestOf('sha256'), sha512: '00' },
      { sha1: digestOf('sha1') },
      {},
      'sha256',
    ]) {
      const odd = envelopeOf(subject(digest));
      const text = bundleOf(odd, await leafOf(odd));
      assert.match(await outcome(text, { artifact, signerPem }), /no subject|not an object/);
    }
  });

  it('does not verify when the payload is no statement but an artifact is given', async () => {
    const plain = envelopeOf(artifact, 'text/plain');
    const bundle = bundleOf(plain, await leafOf(plain));
    assert.equal(await outcome(bundle, { signerPem }), 'verified');
    assert.match(await outcome(bundle, { artifact, signerPem }), /no in-toto statement/);
  });

  it('does not speak for another envelope, nor for another signature of the same payload', async () => {
    const leaf = await leafOf(envelope);
    const other = envelopeOf(subject({ sha256: '11'.repeat(32) }));
    const again = envelopeOf(statement);
    assert.notDeepEqual(again.signatures, envelope.signatures);
    const unsigned = { ...envelope, payload: other.payload };
    for (const spliced of [other, again, unsigned]) {
      assert.match(await outcome(bundleOf(spliced, leaf), { signerPem }), /^body: /);
    }
  });

  it('and a hashedrekord do not speak for each other', async () => {
    const text = bundleOf(envelope, hashedrekordLeaf(artifact));
    assert.match(await outcome(text, { signerPem }), /holds an envelope/);
  });
});
