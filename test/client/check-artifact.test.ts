import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { trustedLogOfDer } from '../../src/client/trusted-log.js';
import { verifyDocument } from '../../src/client/verify-document.js';
import { isVerified, type Trust, type VerificationStep } from '../../src/client/verify-entry.js';
import { identifyEntry } from '../../src/entries/accept.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import { testContext } from '../entries/policy.js';
import { clearSign, forgeKey, forgeRing } from '../pki/pgp-forge.js';
import {
  type HashName,
  messageSigner,
  OID,
  signedMessage,
  timestampResponse,
  tokenInfo,
} from '../pki/pkcs7-builder.js';
import { artifact, b64, document, logSigner } from './made-log.js';

const trust: Trust = {
  logs: [trustedLogOfDer(logSigner.publicKeyDer)],
  origin: undefined,
  verifySignature: verifyWithKey,
};
const otherFile = Buffer.from('something else');

async function leafOf(kind: string, spec: unknown): Promise<Uint8Array> {
  return (await identifyEntry({ kind, apiVersion: '0.0.1', spec }, testContext)).leaf;
}

async function check(leaf: Uint8Array, claimed: Uint8Array, signerKey?: Uint8Array) {
  return verifyDocument(document(leaf), trust, { artifact: claimed, signerKey });
}

function detailOf(steps: readonly VerificationStep[], name: string): string {
  const found = steps.find(({ step }) => step === name);
  return `${found?.outcome}: ${found?.detail}`;
}

describe('an entry of a timestamp', () => {
  const responseOver = (message: Uint8Array, hash: HashName = 'sha256') =>
    timestampResponse(
      signedMessage(messageSigner('rsa'), {
        content: tokenInfo(message, hash),
        contentType: OID.tokenInfo,
        attributes: [],
      }),
    );
  const timestampLeaf = (response: Uint8Array) =>
    leafOf('rfc3161', { tsr: { content: b64(response) } });

  it('speaks for the response', async () => {
    const response = responseOver(artifact);
    const steps = await check(await timestampLeaf(response), response);
    assert.ok(isVerified(steps));
    assert.match(detailOf(steps, 'artifact'), /^passed: it is the response/);
  });

  it('speaks for the file that was stamped, and says that it is this one', async () => {
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      const steps = await check(await timestampLeaf(responseOver(artifact, hash)), artifact);
      assert.ok(isVerified(steps), hash);
      assert.match(detailOf(steps, 'artifact'), new RegExp(`^passed: .* stamped file: .*${hash}`));
      assert.match(detailOf(steps, 'signature'), /^passed/);
    }
  });

  it('speaks for no other file, nor for one by a hash that is broken', async () => {
    const leaf = await timestampLeaf(responseOver(artifact));
    assert.ok(!isVerified(await check(leaf, otherFile)));
    for (const hash of ['md5', 'sha1'] as const) {
      const weak = await timestampLeaf(responseOver(artifact, hash));
      assert.ok(!isVerified(await check(weak, artifact)), hash);
    }
  });

  it('speaks for an empty file only where an empty file was stamped', async () => {
    const empty = Buffer.of();
    assert.ok(!isVerified(await check(await timestampLeaf(responseOver(artifact)), empty)));
    assert.ok(isVerified(await check(await timestampLeaf(responseOver(empty)), empty)));
  });

  it('does not speak for the file that a forged token names', async () => {
    const response = Buffer.from(responseOver(artifact));
    const imprint = createHash('sha256').update(artifact).digest();
    createHash('sha256').update(otherFile).digest().copy(response, response.indexOf(imprint));
    const body = {
      apiVersion: '0.0.1',
      kind: 'rfc3161',
      spec: { tsr: { content: b64(response) } },
    };
    const leaf = Buffer.from(JSON.stringify(body));
    assert.ok(!isVerified(await check(leaf, otherFile)));
    assert.ok(!isVerified(await check(leaf, response)));
  });

  it('does not speak for a file when the timestamp was refused', async () => {
    const token = signedMessage(messageSigner('rsa'), {
      content: tokenInfo(artifact),
      contentType: OID.tokenInfo,
      attributes: [],
    });
    const content = b64(timestampResponse(token, 2));
    const body = { apiVersion: '0.0.1', kind: 'rfc3161', spec: { tsr: { content } } };
    assert.ok(!isVerified(await check(Buffer.from(JSON.stringify(body)), artifact)));
  });

  it('fails when a key is claimed: it names none', async () => {
    const response = responseOver(artifact);
    const steps = await check(await timestampLeaf(response), response, Buffer.from('key'));
    assert.match(detailOf(steps, 'body'), /^failed: .* names no key/);
  });
});

describe('an entry of a provenance file', () => {
  const key = forgeKey(1);
  const digest = createHash('sha256').update(artifact).digest('hex');
  const provenance = clearSign(key, `name: hello\n\n...\nfiles:\n  hello.tgz: sha256:${digest}\n`);
  const leaf = leafOf('helm', {
    publicKey: { content: b64(forgeRing(key)) },
    chart: { provenance: { content: b64(provenance) } },
  });

  it('speaks for the provenance file, its signature included', async () => {
    const steps = await check(await leaf, provenance, forgeRing(key));
    assert.ok(isVerified(steps));
    assert.match(detailOf(steps, 'artifact'), /the provenance file .* signatures verify/);
  });

  it('speaks for the chart, and says that the signature was not checked', async () => {
    const steps = await check(await leaf, artifact, forgeRing(key));
    assert.ok(isVerified(steps));
    assert.match(detailOf(steps, 'artifact'), /^passed: it is the chart: .*sha256/);
    assert.match(detailOf(steps, 'signature'), /^not checked: .* provenance file/);
  });

  it('speaks for no other chart or key', async () => {
    assert.ok(!isVerified(await check(await leaf, otherFile, forgeRing(key))));
    assert.ok(!isVerified(await check(await leaf, artifact, forgeRing(forgeKey(2)))));
  });
});
