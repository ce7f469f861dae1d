import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/encoding/hex.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { LogError } from '../../src/errors.js';
import { Random } from '../random.js';
import { accept } from './acceptance.js';
import {
  base64,
  envelopeOf,
  newSigner,
  type Signer,
  signersOfEveryKind,
} from './envelope-fixture.js';

const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const signers = Array.from({ length: 6 }, newSigner);
const [signer] = signers as [Signer];

function dsse(envelope: unknown, keys: readonly Signer[]): ProposedEntry {
  const verifiers = keys.map(({ pem }) => base64(pem));
  const proposedContent = { envelope: JSON.stringify(envelope), verifiers };
  return { kind: 'dsse', apiVersion: '0.0.1', spec: { proposedContent } };
}

test('rekor-tiles 709: six signatures and six keys in a hundred orders give one result', async () => {
  const envelope = envelopeOf('x', signers);
  const leaves = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const { leafHash } = await accept(dsse(envelope, new Random(seed).shuffled(signers)));
    leaves.add(toHex(leafHash));
  }
  assert.equal(leaves.size, 1);
});

test('of two signatures by one key the first is the one that the key stands for, each time', async () => {
  const [one] = envelopeOf('x', [signer]).signatures;
  const envelope = envelopeOf('x', [signer]);
  const both = { ...envelope, signatures: [one, ...envelope.signatures] };
  for (let round = 0; round < 20; round++) {
    await assert.rejects(accept(dsse(both, [signer, signer])), {
      code: 'SIGNATURE_INVALID',
      message: 'all signatures must have a key that verifies it',
    });
  }
});

test('signatures, keys and subjects are counted: at the limit and one beyond', async () => {
  const pair = signers.slice(0, 2);
  const entry = dsse(envelopeOf('x', pair), pair);
  await accept(entry, { signatures: 2, verifiers: 2 });
  const refused = (message: string) => ({ code: 'ENTRY_MALFORMED', message });
  await assert.rejects(
    accept(entry, { signatures: 1 }),
    refused('envelope with 2 signatures exceeds 1'),
  );
  await assert.rejects(
    accept(entry, { verifiers: 1 }),
    refused('envelope with 2 verifiers exceeds 1'),
  );
  const statement = JSON.stringify({ subject: [{}], predicate: { materials: [{}, {}] } });
  const logged = dsse(envelopeOf(statement, [signer], STATEMENT_TYPE), [signer]);
  await accept(logged, { subjects: 3 });
  await assert.rejects(
    accept(logged, { subjects: 2 }),
    refused('statement with 3 subjects and materials exceeds 2'),
  );
});

test('the payload is kept beside the leaf only when the operator wants it, and up to the limit', async () => {
  const entry = dsse(envelopeOf('1234567', [signer]), [signer]);
  assert.equal((await accept(entry)).attachment, undefined);
  const { attachment } = await accept(entry, { dsseAttestations: true, attestationBytes: 9 });
  assert.equal(Buffer.from(attachment as Uint8Array).toString(), '1234567');
  const short = { dsseAttestations: true, attestationBytes: 8 };
  assert.equal((await accept(entry, short)).attachment, undefined);
});

test('the richer search knows envelope, payload, subjects, materials, keys and signatures', async () => {
  const statement = JSON.stringify({
    subject: [{ digest: { sha256: '01' } }],
    predicate: { materials: [{ digest: { sha1: '02' } }] },
  });
  const pair = signers.slice(0, 2);
  const entry = dsse(envelopeOf(statement, pair, STATEMENT_TYPE), pair);
  const { searchTerms, leaf } = await accept(entry);
  const { spec } = JSON.parse(Buffer.from(leaf).toString()) as {
    spec: Record<'envelopeHash' | 'payloadHash', { value: string }>;
  };
  const values = (field: string) =>
    searchTerms.filter((term) => term.field === field).map(({ value }) => value);
  const digests = [spec.envelopeHash.value, spec.payloadHash.value, '01'];
  for (const value of digests) assert.ok(values('digest').includes(`sha256:${value}`));
  assert.ok(values('digest').includes('sha1:02'));
  assert.equal(values('signature').length, 2);
  // Each key by its canonical PEM and by its DER.
  assert.equal(values('key').length, 4);
});

test('every key algorithm gives an entry or a refusal that is the client’s', async () => {
  for (const [name, one] of Object.entries(signersOfEveryKind())) {
    const outcome = await accept(dsse(envelopeOf('x', [one]), [one])).then(
      () => 'stored',
      (error) => (error instanceof LogError ? error.code : String(error)),
    );
    assert.equal(outcome, name === 'secp256k1' ? 'KEY_MALFORMED' : 'stored', name);
  }
});
