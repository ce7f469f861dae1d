import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/encoding/hex.js';
import { identifyEntry } from '../../src/entries/accept.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { sshFingerprint } from '../../src/entries/intoto/ssh-fingerprint.js';
import { LogError } from '../../src/errors.js';
import { readX509Key } from '../../src/pki/x509.js';
import { vectorLines } from '../vectors.js';
import { accept, refusal } from './acceptance.js';
import {
  base64,
  envelopeOf,
  newSigner,
  type Outcome,
  type Signer,
  signersOfEveryKind,
} from './envelope-fixture.js';
import { testContext } from './policy.js';

const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const signer = newSigner();
const other = newSigner();

type Envelope = ReturnType<typeof envelopeOf>;

function v001(envelope: unknown, { pem }: Signer): ProposedEntry {
  const content = { envelope: JSON.stringify(envelope) };
  return { kind: 'intoto', apiVersion: '0.0.1', spec: { content, publicKey: base64(pem) } };
}

const HASH = { algorithm: 'sha256', value: 'abcd' };

function v002({ payload, payloadType, signatures }: Envelope, signers: readonly Signer[]) {
  const list = signatures.map(({ sig }, at) => ({
    sig: base64(sig),
    publicKey: base64((signers[at] as Signer).pem),
  }));
  const envelope = { payload: base64(payload), payloadType, signatures: list };
  return { kind: 'intoto', apiVersion: '0.0.2', spec: { content: { envelope, hash: HASH } } };
}

interface Vector {
  readonly apiVersion: string;
  readonly spec: unknown;
  readonly expect: Outcome;
}

test('envelopes of every shape are stored or refused as by a Rekor server, and found by its keys', async () => {
  const vectors = vectorLines<Vector>('entries/intoto/envelopes.jsonl');
  assert.ok(vectors.length > 90);
  for (const { apiVersion, spec, expect } of vectors) {
    const outcome = await accept({ kind: 'intoto', apiVersion, spec }).then(
      ({ leafHash, indexKeys }) => ({ leafHash: toHex(leafHash), indexKeys }),
      (error) => ({ refused: error instanceof LogError ? error.message : String(error) }),
    );
    assert.deepEqual(outcome, expect);
  }
});

test('0.0.1: a key ID counts only if it is the SSH fingerprint of the key', async () => {
  const envelope = envelopeOf('x', [signer]);
  const fingerprint = sshFingerprint(readX509Key(Buffer.from(signer.pem)).publicKey);
  const withKeyID = (keyid: unknown) =>
    v001({ ...envelope, signatures: [{ ...envelope.signatures[0], keyid }] }, signer);
  for (const keyid of [fingerprint, '', null]) await accept(withKeyID(keyid));
  for (const keyid of ['k', `${fingerprint}=`, fingerprint?.toLowerCase()]) {
    await assert.rejects(accept(withKeyID(keyid)), refusal('SIGNATURE_INVALID', /Found: 0/));
  }
});

test('0.0.1: a key that SSH has no form for is tried whatever the key ID is', async () => {
  const p224 = signersOfEveryKind()['P-224'] as Signer;
  const envelope = envelopeOf('x', [p224]);
  const signatures = [{ ...envelope.signatures[0], keyid: 'anything' }];
  await accept(v001({ ...envelope, signatures }, p224));
});

test('0.0.1: one signature of several is enough, and a broken one beside it is not', async () => {
  const envelope = envelopeOf('x', [other, signer]);
  await accept(v001(envelope, signer));
  const signatures = [...envelope.signatures, { sig: '!' }];
  await assert.rejects(
    accept(v001({ ...envelope, signatures }, signer)),
    refusal('SIGNATURE_INVALID', /unable to base64 decode/),
  );
});

test('0.0.1: a payload in the URL-safe alphabet verifies and is refused all the same', async () => {
  const envelope = envelopeOf(Uint8Array.of(0xfb, 0xff, 0xbf), [signer]);
  await accept(v001(envelope, signer));
  await assert.rejects(
    accept(v001({ ...envelope, payload: '-_-_' }, signer)),
    refusal('ENTRY_MALFORMED', 'illegal base64 data at input byte 0'),
  );
});

test('0.0.2: keys may stand beside the signature of another, but each must verify one', async () => {
  const envelope = envelopeOf('x', [signer, other]);
  await accept(v002(envelope, [other, signer]));
  const twice = { ...envelope, signatures: [envelope.signatures[0], envelope.signatures[0]] };
  await assert.rejects(
    accept(v002(twice as Envelope, [signer, other])),
    refusal('SIGNATURE_INVALID', /^could not verify envelope: .* Found: 0, Expected 1$/),
  );
  await assert.rejects(
    accept(v002(envelope, [signer, signer])),
    refusal('SIGNATURE_INVALID', 'all signatures must have a key that verifies it'),
  );
});

test('0.0.2: without the hash of the envelope there is nothing to store, and the client is told', async () => {
  const entry = v002(envelopeOf('x', [signer]), [signer]);
  const { envelope } = entry.spec.content;
  const spec = { content: { envelope } };
  const refused = refusal('ENTRY_MALFORMED', 'missing envelope digest');
  await assert.rejects(accept({ ...entry, spec }), refused);
  await assert.rejects(identifyEntry({ ...entry, spec }, testContext), refused);
});

test('a payload that should be a statement and is none costs 0.0.2 all its search keys, 0.0.1 none', async () => {
  const envelope = envelopeOf('no JSON', [signer], STATEMENT_TYPE);
  assert.deepEqual((await accept(v002(envelope, [signer]))).indexKeys, []);
  assert.equal((await accept(v001(envelope, signer))).indexKeys.length, 3);
  const { searchTerms } = await accept(v002(envelope, [signer]));
  const fields = new Set(searchTerms.map(({ field }) => field));
  assert.deepEqual(fields, new Set(['kind', 'digest', 'key', 'signature']));
});

test('the hash that a client claims for an envelope of 0.0.2 finds nothing', async () => {
  const { indexKeys, searchTerms } = await accept(v002(envelopeOf('x', [signer]), [signer]));
  assert.ok(!indexKeys.includes('sha256:abcd'));
  assert.ok(!searchTerms.some(({ value }) => value === 'sha256:abcd'));
});

test('the richer search knows payload, subjects, materials, keys and every signature', async () => {
  const statement = JSON.stringify({
    subject: [{ name: 'a.tgz', digest: { sha256: '01', sha512: '02' } }],
    predicate: { materials: [{ uri: 'u', digest: { sha1: '03' } }] },
  });
  const envelope = envelopeOf(statement, [signer, other], STATEMENT_TYPE);
  for (const entry of [v001(envelope, signer), v002(envelope, [signer, other])]) {
    const { searchTerms } = await accept(entry);
    const values = (field: string) =>
      searchTerms.filter((term) => term.field === field).map(({ value }) => value);
    for (const digest of ['sha256:01', 'sha512:02', 'sha1:03']) {
      assert.ok(values('digest').includes(digest), digest);
    }
    assert.equal(values('signature').length, 2);
  }
});

test('an attestation is kept up to the limit, by the length of its base64, and an empty one never', async () => {
  const keep = async (payload: string, attestationBytes: number) => {
    const envelope = envelopeOf(payload, [signer]);
    const kept = await Promise.all(
      [v001(envelope, signer), v002(envelope, [signer])].map((it) =>
        accept(it, { attestationBytes }),
      ),
    );
    assert.deepEqual(kept[0]?.attachment, kept[1]?.attachment);
    return kept[0]?.attachment;
  };
  assert.equal((await keep('1234567', 9))?.length, 7);
  assert.equal(await keep('1234567', 8), undefined);
  assert.equal(await keep('1', 0), undefined);
  const lineFeed = { ...envelopeOf('', [signer]), payload: '\n' };
  assert.equal((await accept(v001(lineFeed, signer))).attachment, undefined);
});

test('signatures, keys and subjects are counted: at the limit and one beyond', async () => {
  const envelope = envelopeOf('x', [signer, signer, signer]);
  await accept(v001(envelope, signer), { signatures: 3 });
  const pair = envelopeOf('x', [signer, other]);
  await accept(v002(pair, [signer, other]), { signatures: 2, verifiers: 2 });
  const refused = (what: string, limit: number) =>
    refusal('ENTRY_MALFORMED', `envelope with ${what} exceeds ${limit}`);
  await assert.rejects(
    accept(v001(envelope, signer), { signatures: 2 }),
    refused('3 signatures', 2),
  );
  await assert.rejects(
    accept(v002(pair, [signer, other]), { signatures: 1 }),
    refused('2 signatures', 1),
  );
  await assert.rejects(
    accept(v002(pair, [signer, other]), { verifiers: 1 }),
    refused('2 verifiers', 1),
  );
  const statement = JSON.stringify({ subject: [{}, {}], predicate: { materials: [{}] } });
  const logged = envelopeOf(statement, [signer], STATEMENT_TYPE);
  for (const entry of [v001(logged, signer), v002(logged, [signer])]) {
    await accept(entry, { subjects: 3 });
    await assert.rejects(
      accept(entry, { subjects: 2 }),
      refusal('ENTRY_MALFORMED', 'statement with 3 subjects and materials exceeds 2'),
    );
  }
});

test('CVE-2023-33199: an entry of 0.0.2 with a part missing, null or of another type is the client’s mistake', async () => {
  const good = v002(envelopeOf('x', [signer, other]), [signer, other]);
  const text = JSON.stringify(good.spec);
  const paths: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]) => {
    paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name]);
  };
  walk(good.spec, []);
  let refused = 0;
  for (const path of paths.filter(({ length }) => length > 0)) {
    for (const junk of [undefined, null, 0, '', 'x', true, [], {}, [null], [{}], '!!!!']) {
      const spec = JSON.parse(text) as Record<string, unknown>;
      let node = spec;
      for (const name of path.slice(0, -1)) node = node[name] as Record<string, unknown>;
      node[path.at(-1) as string] = junk;
      await accept({ ...good, spec: JSON.parse(JSON.stringify(spec)) }).catch((error) => {
        assert.ok(error instanceof LogError, String((error as Error).stack));
        refused++;
      });
    }
  }
  assert.ok(refused > 100);
});

test('every key algorithm gives an entry or a refusal that is the client’s', async () => {
  for (const [name, one] of Object.entries(signersOfEveryKind())) {
    const envelope = envelopeOf('x', [one]);
    for (const entry of [v001(envelope, one), v002(envelope, [one])]) {
      const outcome = await accept(entry).then(
        () => 'stored',
        (error) => (error instanceof LogError ? error.code : String(error)),
      );
      assert.equal(outcome, name === 'secp256k1' ? 'KEY_MALFORMED' : 'stored', name);
    }
  }
});
