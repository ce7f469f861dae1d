import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import type { AcceptedEntry, ProposedEntry, SearchTerm } from '../../src/entries/entry-kind.js';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { Random } from '../random.js';
import { vectorLines } from '../vectors.js';
import { accept, refusal } from './acceptance.js';
import { openPolicy, testContext } from './policy.js';
import { proposedEntry, recordedEntries } from './recorded.js';

interface Spec {
  signature: { format: string; content: string; publicKey: { content: string } };
  data: { content?: string; hash?: { algorithm: string; value: string } };
}

const recordings = recordedEntries('rekord');
const bodies = new Map(recordings.map(({ name, body }) => [name, body]));

/** A copy of a recorded submission, with its spec changed. */
function recorded(name: string, change: (spec: Spec) => void = () => {}): ProposedEntry {
  const entry = proposedEntry(bodies.get(name) as string);
  change(entry.spec as Spec);
  return entry;
}

function submission(format: string, signature: Uint8Array, key: Uint8Array, content: Uint8Array) {
  const base64 = (octets: Uint8Array) => Buffer.from(octets).toString('base64');
  return {
    kind: 'rekord',
    apiVersion: '0.0.1',
    spec: {
      signature: { format, content: base64(signature), publicKey: { content: base64(key) } },
      data: { content: base64(content) },
    },
  };
}

interface MemberVector {
  readonly path: readonly string[];
  readonly value?: unknown;
  readonly error?: string;
}

const members = vectorLines<MemberVector>('entries/rekord/members.jsonl');

test('the member vectors are there', () => {
  assert.equal(members.length, 95);
});

for (const vector of members) {
  const { path, value, error } = vector;
  const what = 'value' in vector ? `= ${JSON.stringify(value)}` : 'removed';
  test(`spec.${path.join('.')} ${what} is ${error === undefined ? 'stored' : 'refused'} as Rekor does it`, async () => {
    const entry = { spec: recorded('x509-with-hash').spec } as Record<string, unknown>;
    const steps = ['spec', ...path];
    const last = steps.pop() as string;
    const owner = steps.reduce((node, step) => node[step] as typeof node, entry);
    if (!('value' in vector)) delete owner[last];
    else Object.defineProperty(owner, last, { value, enumerable: true, configurable: true });
    const changed = { kind: 'rekord', apiVersion: '0.0.1', spec: entry['spec'] };
    if (error === undefined) {
      const { leaf } = await accept(changed);
      assert.deepEqual(leaf, (await accept(recorded('x509-with-hash'))).leaf);
    } else {
      await assert.rejects(accept(changed), (thrown) => {
        assert.ok(isLogError(thrown), String(thrown));
        assert.equal(thrown.message, error);
        return true;
      });
    }
  });
}

test('of several faults the hash is reported first, then the signature, the key, the verdict', async () => {
  const garbage = Buffer.from('garbage').toString('base64');
  const faults: [string, (spec: Spec) => void, ErrorCode, RegExp][] = [
    [
      'verdict',
      (spec) => {
        spec.data.content = garbage;
      },
      'SIGNATURE_INVALID',
      /did not verify/,
    ],
    [
      'key',
      (spec) => {
        spec.signature.publicKey.content = garbage;
      },
      'KEY_MALFORMED',
      /no key found/,
    ],
    [
      'signature',
      (spec) => {
        spec.signature.content = garbage;
      },
      'ENTRY_MALFORMED',
      /decode pem/,
    ],
    [
      'hash',
      (spec) => {
        spec.data.hash = { algorithm: 'sha256', value: '0'.repeat(64) };
      },
      'ENTRY_MALFORMED',
      /SHA mismatch/,
    ],
  ];
  const entry = recorded('ssh-ed');
  for (const [, damage, code, message] of faults) {
    damage(entry.spec as Spec);
    await assert.rejects(accept(structuredClone(entry)), refusal(code, message));
  }
});

test('a kind that is switched off is said before any signature is looked at', async () => {
  const closed = { ...openPolicy, enabledKinds: new Set(['dsse']) };
  const entry = recorded('ssh-ed', (spec) => {
    spec.signature.content = 'AA==';
  });
  await assert.rejects(acceptEntry(entry, closed, testContext), (error) =>
    isLogError(error, 'ENTRY_KIND_DISABLED'),
  );
});

test('what is stored cannot be looked up by its hash alone: the signature is over the content', async () => {
  for (const { expect } of recordings) {
    if ('error' in expect || expect.leaf === undefined) continue;
    const stored = proposedEntry(expect.leaf);
    await assert.rejects(accept(stored), refusal('ENTRY_NOT_INSERTABLE', /missing data content/));
    const identified = identifyEntry(stored, testContext);
    await assert.rejects(identified, refusal('ENTRY_MALFORMED', /^SHA mismatch: e3b0c442/));
  }
});

test('what is submitted is looked up by the leaf that it gets', async () => {
  for (const name of ['x509-chain', 'pgp-ed-armor', 'ssh-rsa', 'minisign']) {
    const { leaf } = await identifyEntry(recorded(name), testContext);
    assert.deepEqual(leaf, (await accept(recorded(name))).leaf);
  }
});

test('a stored leaf with the content beside it becomes the same leaf', async () => {
  for (const { body, expect } of recordings) {
    if ('error' in expect || expect.leaf === undefined) continue;
    const stored = proposedEntry(expect.leaf);
    const content = (proposedEntry(body).spec as Spec).data.content;
    (stored.spec as Spec).data.content = content as string;
    assert.equal(fromUtf8((await accept(stored)).leaf), expect.leaf);
  }
});

const termsOf = (entry: AcceptedEntry, field: SearchTerm['field']) =>
  entry.searchTerms.filter((term) => term.field === field).map((term) => term.value);
const sha256 = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex');

test('entries of every format are found by digest, signature and key', async () => {
  for (const name of ['x509-ec256', 'pgp-rsa-armor', 'ssh-ec521', 'minisign-legacy']) {
    const entry = await accept(recorded(name));
    const { spec } = JSON.parse(fromUtf8(entry.leaf)) as { spec: Spec };
    const hash = spec.data.hash?.value;
    assert.deepEqual(termsOf(entry, 'digest'), [`sha256:${hash}`]);
    const signature = Buffer.from(spec.signature.content, 'base64');
    assert.deepEqual(termsOf(entry, 'signature'), [sha256(signature)]);
    const key = Buffer.from(spec.signature.publicKey.content, 'base64');
    assert.ok(termsOf(entry, 'key').includes(sha256(key)));
    assert.ok(entry.indexKeys.includes(sha256(key)));
  }
});

test('an SSH key is found by the fingerprint that ssh-keygen prints, and as the key that it is', async () => {
  const entry = await accept(recorded('ssh-ed'));
  const { spec } = JSON.parse(fromUtf8(entry.leaf)) as { spec: Spec };
  const line = Buffer.from(spec.signature.publicKey.content, 'base64').toString();
  const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
  const info = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), blob.subarray(-32)]);
  assert.ok(termsOf(entry, 'key').includes(sha256(blob)));
  assert.ok(termsOf(entry, 'key').includes(sha256(info)));
});

test('one Ed25519 key in three formats is found under one hash', async () => {
  const pair = generateKeyPairSync('ed25519');
  const raw = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const pem = pair.publicKey.export({ format: 'pem', type: 'spki' });
  const content = utf8('content');
  const signature = sign(null, content, pair.privateKey);
  const minisign = `c\n${Buffer.concat([Buffer.from('Ed01234567'), signature]).toString('base64')}\n`;
  const first = await accept(submission('minisign', utf8(minisign), raw, content));
  const second = await accept(submission('x509', signature, utf8(`${pem}`), content));
  const shared = termsOf(first, 'key').filter((key) => termsOf(second, 'key').includes(key));
  assert.deepEqual(shared, [sha256(pair.publicKey.export({ format: 'der', type: 'spki' }))]);
});

test('x509 keys are used for rekord without a rule about their size, over SHA-256', async () => {
  for (const [pair, digest] of [
    [generateKeyPairSync('rsa', { modulusLength: 1024 }), 'sha256'],
    [generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha256'],
    [generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'sha256'],
    [generateKeyPairSync('ed25519'), null],
  ] as const) {
    const content = utf8('content');
    const pem = utf8(`${pair.publicKey.export({ format: 'pem', type: 'spki' })}`);
    const good = sign(digest, content, pair.privateKey);
    assert.ok((await accept(submission('x509', good, pem, content))).leaf.length > 0);
    if (digest === null) continue;
    const other = sign('sha512', content, pair.privateKey);
    await assert.rejects(
      accept(submission('x509', other, pem, content)),
      refusal('SIGNATURE_INVALID', /./),
    );
  }
});

test('no damage to a part of a recorded submission is more than a refusal for the client', async () => {
  const codes = new Set<string>();
  const random = new Random(1);
  for (const { body, expect } of recordings) {
    if ('error' in expect) continue;
    for (let round = 0; round < 6; round++) {
      const entry = proposedEntry(body);
      const { signature } = entry.spec as Spec;
      const owner = round % 2 === 0 ? signature : signature.publicKey;
      const octets = Buffer.from(owner.content, 'base64');
      const at = random.below(octets.length);
      octets[at] = (octets[at] as number) ^ (1 << random.below(8));
      owner.content = (round < 4 ? octets : octets.subarray(0, at)).toString('base64');
      await accept(entry).catch((error: unknown) => {
        assert.ok(isLogError(error), String((error as Error).stack));
        codes.add(error.code);
      });
    }
  }
  const expected = ['ENTRY_MALFORMED', 'KEY_MALFORMED', 'SIGNATURE_INVALID'];
  assert.deepEqual([...codes].sort(), expected);
});

test('a part of one format under the name of another is refused', async () => {
  const names = { x509: 'x509-ec256', pgp: 'pgp-ed-armor', ssh: 'ssh-ed', minisign: 'minisign' };
  for (const [format, name] of Object.entries(names)) {
    for (const other of Object.keys(names)) {
      if (other === format) continue;
      const mixed = recorded(name, (spec) => {
        spec.signature.format = other;
      });
      await assert.rejects(accept(mixed), (error) => isLogError(error));
    }
  }
});
