import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJson } from '../../src/client/json-reader.js';
import { readApiEntries } from '../../src/client/log-entry.js';
import { trustedLogOfPem } from '../../src/client/trusted-log.js';
import {
  isVerified,
  type VerificationStep,
  verifyLogEntry,
} from '../../src/client/verify-entry.js';
import { toHex } from '../../src/encoding/hex.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { leafHash } from '../../src/entries/shared/leaf-hash.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import { base64, envelopeOf, newSigner } from '../entries/envelope-fixture.js';
import { proposedEntry, recordedEntries, storedEntry } from '../entries/recorded.js';
import { ServedLog } from './served-log.js';

// What clients make of answers is tested with the client.

const log = await ServedLog.start();
const logs = [trustedLogOfPem((await log.get('/api/v1/log/publicKey')).text)];

function verified(text: string): readonly VerificationStep[] {
  return readApiEntries(readJson(text, 'answer')).flatMap((entry) =>
    verifyLogEntry(entry, { logs, origin: undefined, verifySignature: verifyWithKey }),
  );
}

interface AnsweredEntry {
  readonly body: string;
  readonly integratedTime: number;
}

/** Returns the only entry in an answer. */
function entryIn(text: string): AnsweredEntry & { readonly uuid: string } {
  const [found, ...more] = Object.entries(JSON.parse(text) as Record<string, AnsweredEntry>);
  assert.ok(found !== undefined && more.length === 0, text);
  const [uuid, entry] = found;
  return { uuid, ...entry };
}

/** Two proposals of one kind that were stored. */
function twoOf(kind: string): readonly [ProposedEntry, ProposedEntry] {
  const [one, other] = recordedEntries(kind)
    .filter(({ expect }) => 'leaf' in expect)
    .map(({ body }) => proposedEntry(body));
  assert.ok(one !== undefined && other !== undefined, kind);
  return [one, other];
}

for (const kind of KNOWN_KINDS) {
  test(`I12 CVE-2022-36056, CVE-2026-22703: ${kind}: what is answered is the entry that was asked for, its name is its hash, and its proof and its promise hold`, async () => {
    const uuids: string[] = [];
    for (const proposal of twoOf(kind)) {
      const { status, text } = await log.submit(proposal);
      assert.equal(status, 201, text);
      uuids.push(entryIn(text).uuid);
    }
    assert.notEqual(uuids[0], uuids[1]);
    for (const uuid of uuids) {
      const { status, text } = await log.get(`/api/v1/log/entries/${uuid}`);
      assert.equal(status, 200);
      const { uuid: name, body } = entryIn(text);
      assert.equal(name, uuid);
      assert.equal(toHex(leafHash(Buffer.from(body, 'base64'))), uuid.slice(-64));
      assert.ok(isVerified(verified(text)), text);
    }
    const [first = '', second = ''] = await Promise.all(
      uuids.map(async (uuid) => (await log.get(`/api/v1/log/entries/${uuid}`)).text),
    );
    // The body of one entry in the answer of the other.
    const spliced = first.replace(entryIn(first).body, entryIn(second).body);
    assert.equal(isVerified(verified(spliced)), false);
  });
}

test('I12 CVE-2022-36056: a proposal with the signature or the key of another is not answered with the entry of either', async () => {
  const [one, other] = ['rsa2048', 'second-artifact'].map((name) =>
    structuredClone(storedEntry('hashedrekord', name)),
  ) as [ProposedEntry, ProposedEntry];
  for (const proposal of [one, other]) await log.submit(proposal);
  const retrieve = (entry: unknown) =>
    log.post('/api/v1/log/entries/retrieve', { entries: [entry] });
  assert.equal((JSON.parse((await retrieve(one)).text) as unknown[]).length, 1);
  type Spec = { signature: { content: string; publicKey: unknown } };
  const [oneSpec, otherSpec] = [one.spec as Spec, other.spec as Spec];
  for (const signature of [
    { ...oneSpec.signature, content: otherSpec.signature.content },
    { ...oneSpec.signature, publicKey: otherSpec.signature.publicKey },
  ]) {
    const { status, text } = await retrieve({ ...one, spec: { ...oneSpec, signature } });
    assert.ok(status === 400 || text.trim() === '[]', `${status} ${text}`);
    assert.equal((await log.submit({ ...one, spec: { ...oneSpec, signature } })).status, 400);
  }
});

test('I13 CVE-2022-35929, CVE-2026-39395: who asks for a type of predicate gets no other, and a payload that is no statement has none', async () => {
  const signer = newSigner();
  const submit = async (payload: string): Promise<string> => {
    const envelope = envelopeOf(payload, [signer], 'application/vnd.in-toto+json');
    const { status, text } = await log.submit({
      kind: 'dsse',
      apiVersion: '0.0.1',
      spec: {
        proposedContent: { envelope: JSON.stringify(envelope), verifiers: [base64(signer.pem)] },
      },
    });
    assert.equal(status, 201, text);
    return entryIn(text).uuid;
  };
  const digest = 'e'.repeat(64);
  const statement = (predicateType: string) =>
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType,
      subject: [{ name: 'a', digest: { sha256: digest } }],
      predicate: {},
    });
  const good = await submit(statement('https://example.com/good'));
  const other = await submit(statement('https://example.com/other'));
  const broken = await submit(statement('https://example.com/good').slice(0, -2));
  const search = async (query: string) => (await log.get(`/api/v1/search?${query}`)).text;
  const byType = await search(`predicate-type=${encodeURIComponent('https://example.com/good')}`);
  assert.ok(byType.includes(good) && !byType.includes(other) && !byType.includes(broken), byType);
  const byDigest = await search(`digest=sha256:${digest}`);
  assert.ok(byDigest.includes(good) && byDigest.includes(other), byDigest);
  assert.equal(byDigest.includes(broken), false);
});

test('I16 CVE-2026-54787: the time of an entry is the time at which the server took it, whatever a client says', async () => {
  const { kind, apiVersion, spec } = storedEntry('hashedrekord', 'ed25519ph');
  const before = Math.floor(Date.now() / 1000);
  const { status, text } = await log.submit({
    kind,
    apiVersion,
    spec: { ...(spec as object), integratedTime: 1 },
    integratedTime: 1,
    signedEntryTimestamp: 'AAAA',
  });
  assert.equal(status, 201, text);
  const { integratedTime } = entryIn(text);
  assert.ok(integratedTime >= before - 1 && integratedTime <= Date.now() / 1000 + 1);
});
