import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { trustedLogOfDer } from '../../src/client/trusted-log.js';
import { type Given, verifyDocument } from '../../src/client/verify-document.js';
import { leafHash, nodeHash } from '../../src/merkle/hash.js';
import { printTlogProof } from '../../src/note/tlog-proof.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import {
  artifact,
  checkpoint,
  HOSTNAME,
  hashedrekordLeaf,
  logSigner,
  newSigner,
  ORIGIN,
  publicPem,
  signerKey,
} from './made-log.js';

const trust = {
  logs: [trustedLogOfDer(logSigner.publicKeyDer)],
  origin: undefined,
  verifySignature: verifyWithKey,
};

/** Returns the proof that an honest log gives for `leaf` as the second of two. */
function proofFor(leaf: Uint8Array, { origin = ORIGIN, signer = logSigner } = {}): string {
  const first = leafHash(Buffer.from('the first leaf'));
  const root = nodeHash(first, leafHash(leaf));
  const note = checkpoint(2, root, { origin, signer });
  return printTlogProof({ index: 1n, hashes: [first], checkpoint: note });
}

async function failures(text: string, given: Given, by = trust): Promise<readonly string[]> {
  const steps = await verifyDocument(text, by, given);
  return steps
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ step, detail }) => `${step}: ${detail}`);
}

const leaf = hashedrekordLeaf(artifact);
const signerPem = Buffer.from(publicPem(signerKey));

describe('a proof file', () => {
  it('verifies with the body of its entry, of either API', async () => {
    for (const origin of [ORIGIN, HOSTNAME]) {
      const text = proofFor(leaf, { origin });
      assert.deepEqual(await failures(text, { body: leaf }), []);
      assert.deepEqual(await failures(text, { body: leaf, artifact, signerKey: signerPem }), []);
    }
  });

  it('proves no time', async () => {
    const steps = await verifyDocument(proofFor(leaf), trust, { body: leaf });
    const timed = steps.find(({ step }) => step === 'signed entry timestamp');
    assert.equal(timed?.outcome, 'not checked');
  });

  it('does not verify with another body, artifact or signer', async () => {
    const text = proofFor(leaf);
    const other = hashedrekordLeaf(artifact, newKey());
    assert.match((await failures(text, { body: other })).join(), /^inclusion proof: /);
    const claim = { body: leaf, artifact: Buffer.from('something else') };
    assert.match((await failures(text, claim)).join(), /^body: the artifact is /);
    const stranger = Buffer.from(publicPem(newKey()));
    assert.match((await failures(text, { body: leaf, signerKey: stranger })).join(), /^body: /);
  });

  it('does not verify by a log that is not trusted, or that signs under another name', async () => {
    const text = proofFor(leaf, { signer: newSigner() });
    assert.match((await failures(text, { body: leaf })).join(), /^checkpoint: .*no signature of/);
    const [log] = trust.logs;
    assert.ok(log !== undefined);
    const elsewhere = { ...trust, logs: [{ ...log, host: 'other.example' }] };
    assert.deepEqual(await failures(proofFor(leaf), { body: leaf }, elsewhere), [
      `log: the checkpoint is of ${HOSTNAME}, which is not trusted`,
    ]);
    const pinned = { ...trust, origin: HOSTNAME as string | undefined } as typeof trust;
    assert.match((await failures(proofFor(leaf), { body: leaf }, pinned)).join(), /its origin is/);
  });

  it('does not verify by a key that has an end', async () => {
    const [log] = trust.logs;
    assert.ok(log !== undefined);
    const ended = { ...trust, logs: [{ ...log, validToSeconds: 4_000_000_000 }] };
    assert.match((await failures(proofFor(leaf), { body: leaf }, ended)).join(), /^time: /);
  });

  it('does not verify when anything in it was changed', async () => {
    const text = proofFor(leaf);
    const damages = [
      text.replace('index 1', 'index 0'),
      text.replace(/index 1\n\S+\n/, 'index 1\n'),
      text.replace('\n2\n', '\n3\n'),
      text.replace('@v1', '@v2'),
      text.slice(0, -1),
      text.replace('index 1', `index ${2n ** 60n}`),
    ];
    for (const damaged of damages) {
      assert.notEqual(damaged, text);
      assert.ok((await failures(damaged, { body: leaf })).length > 0, damaged);
    }
  });

  it('is not enough alone, and says what is missing', async () => {
    for (const given of [{}, { artifact }, { artifact, signerKey: signerPem }]) {
      const [failure = ''] = await failures(proofFor(leaf), given);
      assert.match(failure, /^document: a proof file does not hold the entry/);
    }
  });
});

describe('a proof file with artifact, signature and key in place of the body', () => {
  const { spec } = JSON.parse(leaf.toString()) as { spec: { signature: { content: string } } };
  const signature = Buffer.from(spec.signature.content, 'base64');
  const given = { artifact, signature, signerKey: signerPem };

  it('verifies when they are of the entry', async () => {
    assert.deepEqual(await failures(proofFor(leaf), given), []);
  });

  it('does not verify when they do not belong together', async () => {
    const reason = ['document: it is not a signature of the key over the artifact'];
    const stranger = Buffer.from(publicPem(newKey()));
    for (const wrong of [
      { ...given, artifact: Buffer.from('x') },
      { ...given, signerKey: stranger },
      { ...given, signature: Buffer.alloc(0) },
    ]) {
      assert.deepEqual(await failures(proofFor(leaf), wrong), reason);
    }
    const noKey = await failures(proofFor(leaf), { ...given, signerKey: Buffer.from('no key') });
    assert.match(noKey.join(), /^document: invalid public key/);
  });

  it('does not verify by another good signature of the same key: that is another entry', async () => {
    const again = { ...given, signature: sign('sha256', artifact, signerKey) };
    assert.match((await failures(proofFor(leaf), again)).join(), /^inclusion proof/);
  });
});

function newKey() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}
