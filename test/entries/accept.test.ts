import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromUtf8 } from '../../src/encoding/bytes.js';
import { canonicalJson, type JsonValue } from '../../src/encoding/canonical-json.js';
import {
  acceptEntry,
  identifyEntry,
  MAX_INDEX_KEY_LENGTH,
  MAX_LEAF_LENGTH,
  mostSearchTerms,
} from '../../src/entries/accept.js';
import type { ProposedEntry, SignatureCheck } from '../../src/entries/entry-kind.js';
import { preAuthenticationEncoding } from '../../src/entries/shared/dsse-envelope.js';
import { vectorPath } from '../vectors.js';
import { refusal } from './acceptance.js';
import { openPolicy, testContext } from './policy.js';
import { recordedEntries, storedEntry } from './recorded.js';

const accept = (entry: ProposedEntry, policy = openPolicy) =>
  acceptEntry(entry, policy, testContext);

test('a kind that nobody knows and an unknown version differ', async () => {
  const spec = {};
  await assert.rejects(
    accept({ kind: 'nope', apiVersion: '0.0.1', spec }),
    refusal('ENTRY_KIND_UNKNOWN', "could not unmarshal entry for kind 'nope'"),
  );
  await assert.rejects(
    accept({ kind: 'dsse', apiVersion: '9.9.9', spec }),
    refusal('ENTRY_VERSION_UNKNOWN', /^dsse implementation for version '9\.9\.9' not found: /),
  );
});

test('of several faults the one is told that comes first in the order of work', async () => {
  const disabled = { ...openPolicy, enabledKinds: new Set(['dsse']) };
  const strict = { ...openPolicy, allowedAlgorithms: new Set(['ed25519-ph']) };
  const good = storedEntry('hashedrekord', 'ec256');
  const bad = storedEntry('hashedrekord', 'sig.otherkey');
  await assert.rejects(accept(bad, disabled), refusal('SIGNATURE_INVALID', /^verifying signature/));
  await assert.rejects(accept(bad, strict), refusal('SIGNATURE_INVALID', /^verifying signature/));
  await assert.rejects(
    accept(good, disabled),
    refusal(
      'ENTRY_KIND_DISABLED',
      "entry kind 'hashedrekord' is not enabled for submission on this server",
    ),
  );
  await assert.rejects(
    accept(good, { ...strict, enabledKinds: disabled.enabledKinds }),
    refusal('ENTRY_KIND_DISABLED', /not enabled/),
  );
  await assert.rejects(
    accept(good, strict),
    refusal('ALGORITHM_NOT_ALLOWED', 'entry algorithms are not allowed'),
  );
});

test('the switches of a server do not matter for looking an entry up', async () => {
  const good = storedEntry('hashedrekord', 'ec256');
  const { leafHash } = await accept(good);
  assert.deepEqual((await identifyEntry(good, testContext)).leafHash, leafHash);
  // An algorithm that may not be written can still be asked for.
  const weak = storedEntry('hashedrekord', 'alg.rsa1024-sha256');
  await identifyEntry(weak, testContext);
});

test('the stored form of dsse can be looked up but not stored', async () => {
  const recorded = recordedEntries('dsse').find(({ name }) => name === 'two');
  assert.ok(recorded !== undefined && !('error' in recorded.expect));
  const stored = JSON.parse(recorded.expect.leaf as string) as ProposedEntry;
  await assert.rejects(
    accept(stored),
    refusal('ENTRY_NOT_INSERTABLE', 'entry not insertable into log: missing proposed content'),
  );
  const { leaf } = await identifyEntry(stored, testContext);
  assert.equal(fromUtf8(leaf), recorded.expect.leaf);
});

test('every canonical leaf is the RFC 8785 form of itself', async () => {
  for (const kind of ['hashedrekord', 'dsse'] as const) {
    for (const { expect, name } of recordedEntries(kind)) {
      if ('error' in expect || expect.leaf === undefined) continue;
      const { leaf } = await accept(storedEntry(kind, name));
      assert.equal(fromUtf8(leaf), canonicalJson(JSON.parse(fromUtf8(leaf)) as JsonValue));
    }
  }
});

test('a verifier that says no is believed, and is asked with bytes alone', async () => {
  const asked: SignatureCheck[] = [];
  const refuse = async (checks: readonly SignatureCheck[]) => {
    asked.push(...checks);
    return checks.map(() => 'no');
  };
  await assert.rejects(
    acceptEntry(storedEntry('hashedrekord', 'ec256'), openPolicy, {
      ...testContext,
      verifySignatures: refuse,
    }),
    refusal('SIGNATURE_INVALID', 'verifying signature: no'),
  );
  await assert.rejects(
    acceptEntry(storedEntry('dsse', 'two'), openPolicy, {
      ...testContext,
      verifySignatures: refuse,
    }),
    refusal('SIGNATURE_INVALID', /Found: 0, Expected 1$/),
  );
  assert.deepEqual(structuredClone(asked), asked);
  assert.equal(asked[0]?.over, 'digest');
  assert.equal(asked[1]?.over, 'message');
});

const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function pem(key: KeyObject): string {
  return Buffer.from(key.export({ type: 'spki', format: 'pem' })).toString('base64');
}

function envelopeOf(payload: string, keys: readonly KeyObject[], payloadType = 'text/plain') {
  const message = preAuthenticationEncoding(payloadType, Buffer.from(payload));
  return {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: keys.map((key) => ({ sig: sign('sha256', message, key).toString('base64') })),
  };
}

function dsse(envelope: unknown, verifiers: readonly string[]): ProposedEntry {
  const proposedContent = { envelope: JSON.stringify(envelope), verifiers };
  return { kind: 'dsse', apiVersion: '0.0.1', spec: { proposedContent } };
}

test('a leaf of at most 65,535 bytes is stored, a longer one is refused with its size', async () => {
  const envelope = envelopeOf('x', [signer.privateKey]);
  const [signature] = envelope.signatures as [{ sig: string }];
  // Line feeds in base64 are skipped when it is decoded, but stored with the text, as two bytes of JSON.
  const entryWith = (lineFeeds: number) => {
    const sig = `${signature.sig}${'\n'.repeat(lineFeeds)}`;
    return dsse({ ...envelope, signatures: [{ sig }] }, [pem(signer.publicKey)]);
  };
  const { length } = (await accept(entryWith(0))).leaf;
  const room = Math.floor((MAX_LEAF_LENGTH - length) / 2);
  const { leaf } = await accept(entryWith(room));
  assert.ok(leaf.length <= MAX_LEAF_LENGTH && leaf.length >= MAX_LEAF_LENGTH - 1);
  await assert.rejects(
    accept(entryWith(room + 1)),
    refusal('ENTRY_TOO_LARGE', `canonical entry of ${leaf.length + 2} bytes exceeds 65535`),
  );
});

test('search keys are lower-cased, said once, and at most 512 characters long', async () => {
  const digest = (value: string) => ({ digest: { SHA256: value } });
  const statement = JSON.stringify({
    subject: [
      digest('ABC'),
      digest('abc'),
      digest('x'.repeat(MAX_INDEX_KEY_LENGTH - 7)),
      digest('y'.repeat(MAX_INDEX_KEY_LENGTH - 6)),
    ],
  });
  const envelope = envelopeOf(statement, [signer.privateKey], 'application/vnd.in-toto+json');
  const { indexKeys } = await accept(dsse(envelope, [pem(signer.publicKey)]));
  assert.equal(indexKeys.filter((key) => key === 'sha256:abc').length, 1);
  assert.ok(indexKeys.some((key) => key.includes('xxx') && key.length === MAX_INDEX_KEY_LENGTH));
  assert.ok(!indexKeys.some((key) => key.includes('yyy')));
});

test('a certificate with empty names is accepted, and an empty name is no search key', async () => {
  // One with an empty DNS name; one with an empty e-mail address, DNS name and URI.
  for (const file of ['entries/empty-dns-name.json', 'entries/empty-names.json']) {
    const entry = JSON.parse(readFileSync(vectorPath(file), 'utf8')) as ProposedEntry;
    const { indexKeys } = await accept(entry);
    assert.ok(indexKeys.length > 0, file);
    assert.ok(!indexKeys.includes(''), file);
  }
});

test('a statement with more subjects than one commit should carry is refused', async () => {
  const subjects = (count: number) =>
    JSON.stringify({
      subject: Array.from({ length: count }, (_, at) => ({ digest: { a: `${at}` } })),
    });
  const entry = (count: number) =>
    dsse(envelopeOf(subjects(count), [signer.privateKey], 'application/vnd.in-toto+json'), [
      pem(signer.publicKey),
    ]);
  assert.equal(
    (await accept(entry(openPolicy.limits.indexKeys - 3))).indexKeys.length,
    openPolicy.limits.indexKeys,
  );
  await assert.rejects(
    accept(entry(openPolicy.limits.indexKeys - 2)),
    refusal(
      'ENTRY_TOO_LARGE',
      `entry with ${openPolicy.limits.indexKeys + 1} search keys exceeds ${openPolicy.limits.indexKeys}`,
    ),
  );
});

test('what an entry says beyond its search keys is stored whole, or the entry is refused for it', async () => {
  const { limits } = openPolicy;
  const policy = { ...openPolicy, limits: { ...limits, indexKeys: 10 } };
  // No subject has a digest, so that Rekor would write none of this.
  const entry = (names: number) => {
    const subject = Array.from({ length: names }, (_, at) => ({ name: `n${at}` }));
    const statement = JSON.stringify({ subject });
    return dsse(envelopeOf(statement, [signer.privateKey], 'application/vnd.in-toto+json'), [
      pem(signer.publicKey),
    ]);
  };
  const { searchTerms: own } = await accept(entry(0), policy);
  const { indexKeys, searchTerms } = await accept(entry(80 - own.length), policy);
  assert.ok(indexKeys.length <= 10);
  assert.deepEqual([mostSearchTerms(10), mostSearchTerms(100_000)], [80, 65_536]);
  assert.equal(searchTerms.length, 80);
  await assert.rejects(
    accept(entry(81 - own.length), policy),
    refusal(
      'ENTRY_TOO_LARGE',
      'entry with more than 80 search terms, 8 for each of max-index-keys',
    ),
  );
});

test('32 signatures and 32 keys are checked, 33 of either are refused', async () => {
  const { privateKey, publicKey } = signer;
  const one = envelopeOf('x', [privateKey]);
  const same = (count: number) => ({ ...one, signatures: Array(count).fill(one.signatures[0]) });
  const { signatures, verifiers } = openPolicy.limits;
  await accept(dsse(same(signatures), Array(verifiers).fill(pem(publicKey))));
  await assert.rejects(
    accept(dsse(same(signatures + 1), [pem(publicKey)])),
    refusal('ENTRY_MALFORMED', 'envelope with 33 signatures exceeds 32'),
  );
  await assert.rejects(
    accept(dsse(one, Array(verifiers + 1).fill(pem(publicKey)))),
    refusal('ENTRY_MALFORMED', 'envelope with 33 verifiers exceeds 32'),
  );
});

test('many checks over a long payload are refused before any of them', async () => {
  const envelope = { payloadType: 'x', payload: 'A'.repeat(8 * 1024 * 1024), signatures: [] };
  const signatures = Array.from({ length: 8 }, (_, at) => ({ sig: `AAA${at}` }));
  const entry = dsse({ ...envelope, signatures }, Array(8).fill(pem(signer.publicKey)));
  await assert.rejects(
    accept(entry),
    refusal('ENTRY_MALFORMED', /^envelope with 64 signature checks over 8388608 bytes exceeds/),
  );
});

test('keys are matched to signatures in the order of the request, whatever the order', async () => {
  const keys = Array.from({ length: 5 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const envelope = envelopeOf(
    'payload',
    keys.map(({ privateKey }) => privateKey),
  );
  const pems = keys.map(({ publicKey }) => pem(publicKey));
  const first = await accept(dsse(envelope, pems));
  for (let turn = 1; turn < 5; turn++) {
    const turned = [...pems.slice(turn), ...pems.slice(0, turn)];
    assert.deepEqual((await accept(dsse(envelope, turned))).leaf, first.leaf);
  }
  // A key that signed nothing fails the request only when its turn comes before all signatures have a key.
  const stranger = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  assert.deepEqual((await accept(dsse(envelope, [...pems, stranger]))).leaf, first.leaf);
  assert.deepEqual((await accept(dsse(envelope, [...pems, 'bm8ga2V5']))).leaf, first.leaf);
  await assert.rejects(
    accept(dsse(envelope, [stranger, ...pems])),
    refusal('SIGNATURE_INVALID', /Found: 0, Expected 1$/),
  );
  await assert.rejects(
    accept(dsse(envelope, ['bm8ga2V5', ...pems])),
    refusal('KEY_MALFORMED', /^could not parse public key as x509: /),
  );
  await assert.rejects(
    accept(dsse(envelope, pems.slice(1))),
    refusal('SIGNATURE_INVALID', 'all signatures must have a key that verifies it'),
  );
});
