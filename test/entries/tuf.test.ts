import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry } from '../../src/entries/accept.js';
import type { AcceptedEntry, EntryContext } from '../../src/entries/entry-kind.js';
import { DEFAULT_ENTRY_LIMITS } from '../../src/entries/limits.js';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { signedText, storedText } from '../../src/pki/tuf/canonical-source.js';
import { NO_EXPIRY, readExpiry } from '../../src/pki/tuf/expiry.js';
import { readJsonSource } from '../../src/pki/tuf/json-source.js';
import { MAX_TUF_DOCUMENT_LENGTH, readTufRoot } from '../../src/pki/tuf/root.js';
import { vectorLines } from '../vectors.js';
import { openPolicy, testContext } from './policy.js';
import { storedEntry, submittedEntry } from './recorded.js';

interface Verdict {
  readonly body: string;
  readonly leafHash?: string;
  readonly refused?: string;
}

const verdicts = vectorLines<Verdict>('entries/tuf/rekor-verdicts.jsonl');

/** The first bytes of a PKCS #8 Ed25519 key; the seed follows. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

interface Signer {
  readonly keyID: string;
  readonly key: object;
  readonly sign: (message: Uint8Array) => string;
}

function signerFrom(seed: number): Signer {
  const der = Buffer.concat([PKCS8, Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const point = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    keyID: `key-${seed}`,
    key: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: point.toString('hex') } },
    sign: (message) => sign(null, message, key).toString('hex'),
  };
}

const SIGNER = signerFrom(1);
const EXPIRES = '2044-01-01T00:00:00Z';

function signedBy(signers: readonly Signer[], signed: string): string {
  const message = utf8(signedText(readJsonSource(utf8(signed))));
  return withSignatures(
    signed,
    signers.map(({ keyID, sign }) => ({ keyid: keyID, sig: sign(message) })),
  );
}

function withSignatures(signed: string, signatures: readonly object[]): string {
  return `{"signed":${signed},"signatures":${JSON.stringify(signatures)}}`;
}

const ROLES = ['root', 'timestamp', 'targets', 'snapshot'];

interface RootOptions {
  readonly expires?: string;
  readonly threshold?: number;
  readonly keys?: Record<string, unknown>;
  readonly keyIDs?: readonly string[];
}

function rootPart(options: RootOptions = {}): string {
  const { expires = EXPIRES, threshold = 1, keyIDs = [SIGNER.keyID] } = options;
  return JSON.stringify({
    _type: 'root',
    spec_version: '1.0.0',
    version: 1,
    expires,
    keys: { [SIGNER.keyID]: SIGNER.key, ...options.keys },
    roles: Object.fromEntries(ROLES.map((role) => [role, { keyids: keyIDs, threshold }])),
  });
}

const ROOT = signedBy([SIGNER], rootPart());
const TIMESTAMP = `{"_type":"timestamp","version":5,"expires":"${EXPIRES}","meta":{}}`;

/** Submits metadata and a root, both in base64. */
function submit(
  metadata: string,
  root = ROOT,
  context: Partial<EntryContext> = {},
): Promise<AcceptedEntry> {
  const content = (text: string) => ({ content: Buffer.from(text).toString('base64') });
  const spec = { metadata: content(metadata), root: content(root) };
  const policy = { ...openPolicy, limits: context.limits ?? openPolicy.limits };
  const proposed = { kind: 'tuf', apiVersion: '0.0.1', spec };
  return acceptEntry(proposed, policy, { ...testContext, ...context });
}

const refusedAs = (code: ErrorCode, message?: RegExp) => (error: unknown) => {
  assert.ok(isLogError(error, code), `${(error as Error).stack}`);
  if (message !== undefined) assert.match(error.message, message);
  return true;
};

test('documents of every odd form get the verdict and the leaf that Rekor gave them', async () => {
  let stored = 0;
  for (const { body, leafHash, refused } of verdicts) {
    const outcome = acceptEntry(submittedEntry(body), openPolicy, testContext);
    if (leafHash === undefined) {
      await assert.rejects(outcome, (error) => isLogError(error), `${refused}: ${body}`);
    } else {
      assert.equal(toHex((await outcome).leafHash), leafHash, body);
      stored++;
    }
  }
  assert.ok(stored > 20 && verdicts.length - stored > 60);
});

/** The signed parts of a submission; those that a Rekor server had no words for it answered with 500. */
interface LiteralVector {
  readonly name: string;
  readonly metadata?: string;
  readonly root?: string;
  readonly object: { readonly leafHash?: string; readonly refused?: string };
  readonly base64: { readonly leafHash?: string; readonly refused?: string };
}

/** What has no signed bytes has a signature that is none. */
function signedIfItCanBe(signed: string): string {
  try {
    return signedBy([SIGNER], signed);
  } catch (error) {
    assert.ok(isLogError(error), `${error}`);
    return withSignatures(signed, [{ keyid: SIGNER.keyID, sig: '00' }]);
  }
}

const FORMS = {
  object: (document: string) => document,
  base64: (document: string) => JSON.stringify(Buffer.from(document).toString('base64')),
};

test('numbers and surrogates count as they are written, in either form, with the verdict, the words and the leaf of Rekor', async () => {
  const vectors = vectorLines<LiteralVector>('entries/tuf/literals.jsonl');
  assert.ok(vectors.length > 150);
  for (const vector of vectors) {
    const metadata = signedIfItCanBe(vector.metadata ?? TIMESTAMP);
    const root = signedIfItCanBe(vector.root ?? rootPart());
    for (const [name, form] of Object.entries(FORMS)) {
      const expected = vector[name as keyof typeof FORMS];
      const spec = `{"metadata":{"content":${form(metadata)}},"root":{"content":${form(root)}}}`;
      const body = `{"kind":"tuf","apiVersion":"0.0.1","spec":${spec}}`;
      const outcome = acceptEntry(submittedEntry(body), openPolicy, testContext);
      const where = `${vector.name}, ${name}`;
      if (expected.leafHash !== undefined) {
        assert.equal(toHex((await outcome).leafHash), expected.leafHash, where);
        continue;
      }
      await assert.rejects(outcome, (error) => {
        assert.ok(isLogError(error), `${where}: ${error}`);
        if (expected.refused !== undefined) assert.equal(error.message, expected.refused, where);
        return true;
      });
    }
  }
});

test('an entry is found by both documents, the signatures and the role', async () => {
  const { searchTerms } = await acceptEntry(
    storedEntry('tuf', 'timestamp'),
    openPolicy,
    testContext,
  );
  const found = searchTerms.map(({ field, value }) => `${field}=${value}`);
  const root = '28034c9618c2a07d5469140501d65be372e7e54336a46dc25b9704264d4a810b';
  assert.ok(found.includes(`key=${root}`));
  assert.ok(found.includes(`digest=sha256:${root}`));
  assert.ok(
    found.includes(
      'digest=sha256:a893b4f1062048dc95cfe81358f7a5eb9cb670d878a731455d38e533b5b5f89c',
    ),
  );
  assert.ok(found.includes('subject-name=timestamp'));
  assert.equal(searchTerms.filter(({ field }) => field === 'signature').length, 1);
});

test('metadata is good until the millisecond of its expiry, and so is its root', async () => {
  const metadata = signedBy([SIGNER], TIMESTAMP.replace(EXPIRES, '2030-01-01T00:00:00.500Z'));
  const expiresMs = Date.UTC(2030, 0, 1) + 500;
  await submit(metadata, ROOT, { nowMs: expiresMs - 1 });
  await assert.rejects(
    submit(metadata, ROOT, { nowMs: expiresMs }),
    refusedAs('ENTRY_MALFORMED', /^expired at 2030-01-01 00:00:00\.5 \+0000 UTC$/),
  );
  const root = signedBy([SIGNER], rootPart({ expires: '2030-01-01T00:00:00.500Z' }));
  const lasting = signedBy([SIGNER], TIMESTAMP);
  await submit(lasting, root, { nowMs: expiresMs - 1 });
  await assert.rejects(submit(lasting, root, { nowMs: expiresMs }), refusedAs('KEY_MALFORMED'));
});

test('an expired root can still be read as a search key', () => {
  const root = utf8(signedBy([SIGNER], rootPart({ expires: '2001-01-01T00:00:00Z' })));
  assert.ok(readTufRoot(root).canonical.length > 0);
  assert.throws(() => readTufRoot(root, { nowMs: 0 + Date.UTC(2002) }), refusedAs('KEY_MALFORMED'));
});

test('as many signatures as the limit are looked at, one more is refused', async () => {
  const { signatures } = DEFAULT_ENTRY_LIMITS;
  const many = (count: number) =>
    signedBy(
      Array.from({ length: count }, () => SIGNER),
      TIMESTAMP,
    );
  await submit(many(signatures));
  await assert.rejects(submit(many(signatures + 1)), refusedAs('ENTRY_MALFORMED', /exceeds 32/));
});

test('as many keys as the limit are read, one more is refused', async () => {
  const more = (count: number) => {
    const keys = Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`extra-${at}`, signerFrom(at + 2).key]),
    );
    return signedBy([SIGNER], rootPart({ keys }));
  };
  const metadata = signedBy([SIGNER], TIMESTAMP);
  const { verifiers } = DEFAULT_ENTRY_LIMITS;
  await submit(metadata, more(verifiers - 1));
  await assert.rejects(
    submit(metadata, more(verifiers)),
    refusedAs('KEY_MALFORMED', /root with 33 keys exceeds 32/),
  );
});

test('a document of the greatest length is read, one byte more is refused in either form', async () => {
  const metadata = signedBy([SIGNER], TIMESTAMP);
  await submit(metadata.padEnd(MAX_TUF_DOCUMENT_LENGTH));
  await assert.rejects(
    submit(metadata.padEnd(MAX_TUF_DOCUMENT_LENGTH + 1)),
    refusedAs('ENTRY_TOO_LARGE'),
  );
  const asObject = (length: number) => {
    // A letter of two bytes, and white space inside.
    const rest = `"é":0,${metadata.slice(1)}`;
    const document = `{${' '.repeat(length - 1 - Buffer.byteLength(rest))}${rest}`;
    const spec = `{"metadata":{"content":${document}},"root":{"content":${ROOT}}}`;
    const body = `{"kind":"tuf","apiVersion":"0.0.1","spec":${spec}}`;
    return acceptEntry(submittedEntry(body), openPolicy, testContext);
  };
  await asObject(MAX_TUF_DOCUMENT_LENGTH);
  await assert.rejects(asObject(MAX_TUF_DOCUMENT_LENGTH + 1), refusedAs('ENTRY_TOO_LARGE'));
  for (const meta of [
    'x'.repeat(MAX_TUF_DOCUMENT_LENGTH),
    Array(MAX_TUF_DOCUMENT_LENGTH).fill(0),
  ]) {
    const spec = { metadata: { content: { signed: meta } }, root: { content: {} } };
    const proposed = { kind: 'tuf', apiVersion: '0.0.1', spec };
    await assert.rejects(
      acceptEntry(proposed, openPolicy, testContext),
      refusedAs('ENTRY_TOO_LARGE'),
    );
  }
});

test('a leaf that would be too long is refused', async () => {
  const metadata = signedBy([SIGNER], TIMESTAMP.replace('{}', `"${'m'.repeat(60_000)}"`));
  await assert.rejects(submit(metadata), refusedAs('ENTRY_TOO_LARGE', /canonical entry/));
});

test('a key that signs under two ids counts once; with other data beside it, it counts twice', async () => {
  const alias: Signer = { ...SIGNER, keyID: 'alias' };
  const rootWith = (key: object) =>
    signedBy(
      [SIGNER, alias],
      rootPart({ keys: { alias: key }, keyIDs: [SIGNER.keyID, 'alias'], threshold: 2 }),
    );
  const metadata = signedBy([SIGNER, alias], TIMESTAMP);
  await assert.rejects(submit(metadata, rootWith(SIGNER.key)), refusedAs('KEY_MALFORMED'));
  await submit(metadata, rootWith({ ...SIGNER.key, scheme: 'another' }));
});

test('null keys and roles, and names of Object.prototype, are refused like any other', async () => {
  const metadata = signedBy([SIGNER], TIMESTAMP);
  const withRoot = (signed: string) => submit(metadata, signedBy([SIGNER], signed));
  for (const [signed, message] of [
    [rootPart({ keys: { other: null } }), /contains nil key/],
    [rootPart().replace('"roles":{', '"roles":{"other":null,'), /contains nil role/],
    [rootPart({ keys: { other: { keytype: 'constructor', keyval: {} } } }), /invalid key/],
    [rootPart({ keys: { other: { keytype: 'ecdsa', keyval: null } } }), /invalid ecdsa/],
    [rootPart({ keys: { other: { keytype: 'rsa', keyval: { public: null } } } }), /invalid public/],
    ['null', /unknown role "root"/],
  ] as const) {
    await assert.rejects(withRoot(signed), refusedAs('KEY_MALFORMED', message));
  }
  for (const role of ['__proto__', 'constructor', 'toString', '']) {
    const strange = signedBy([SIGNER], TIMESTAMP.replace('timestamp', role));
    await assert.rejects(submit(strange), refusedAs('SIGNATURE_INVALID', /unknown role/));
  }
});

test('nesting as deep as JSON may have is signed, verified and stored without recursion', async () => {
  const deep = `${'['.repeat(9_990)}${']'.repeat(9_990)}`;
  const metadata = signedBy([SIGNER], TIMESTAMP.replace('{}', deep));
  const { leaf } = await submit(metadata);
  const asObject = {
    kind: 'tuf',
    apiVersion: '0.0.1',
    spec: { metadata: { content: JSON.parse(metadata) }, root: { content: JSON.parse(ROOT) } },
  };
  assert.deepEqual((await acceptEntry(asObject, openPolicy, testContext)).leaf, leaf);
});

test('repeated names are signed as the last of them and refused when it comes to storing', async () => {
  const metadata = signedBy([SIGNER], TIMESTAMP.replace('{}', '{"a":1,"a":2}'));
  await assert.rejects(submit(metadata), refusedAs('ENTRY_MALFORMED', /two members of one name/));
});

test('signed text escapes two characters, sorts by code point and has integers of 64 bits only', () => {
  const text = (json: string) => signedText(readJsonSource(utf8(json)));
  assert.equal(
    text('{"\\ud83d\\ude00":1, "\\ue000":"\\u0001\\n\\"\\\\"}'),
    '{"\ue000":"\u0001\n\\"\\\\","😀":1}',
  );
  assert.equal(text('[1.0,1e2,-0,9007199254740993]'), '[1,100,-0,9007199254740992]');
  for (const number of ['0.5', '1e-7', '1e20', '1e999', '9223372036854775807']) {
    assert.throws(() => text(number), refusedAs('ENTRY_MALFORMED'));
  }
});

test('stored text sorts by UTF-16 units and keeps doubles', () => {
  const text = (json: string) => storedText(readJsonSource(utf8(json)));
  assert.equal(text('{"\\ue000":1.50,"\\ud83d\\ude00":-0}'), '{"😀":0,"\ue000":1.5}');
  assert.equal(text('"\\ud800\\u0041"'), '"\ufffd"');
  assert.throws(() => text('"\\ud800"'), refusedAs('ENTRY_MALFORMED'));
  assert.throws(() => text('1e999'), refusedAs('ENTRY_MALFORMED'));
});

test('times are read as Go reads them', () => {
  const ms = (time: string) => readExpiry(`"${time}"`, NO_EXPIRY).ms;
  assert.equal(ms('2044-02-29T1:02:03,25Z'), Date.UTC(2044, 1, 29, 1, 2, 3, 250));
  assert.equal(ms('2044-01-01T00:00:00+24:60'), Date.UTC(2043, 11, 30, 23, 0, 0));
  assert.equal(ms('0000-01-01T00:00:00Z'), -62_167_219_200_000);
  for (const time of [
    '2043-02-29T00:00:00Z',
    '2044-01-01T24:00:00Z',
    '2044-01-01T00:00:60Z',
    '2044-01-01t00:00:00Z',
    '2044-01-01T00:00:00',
    '2044-01-01T00:00:00+24:61',
    '2044-13-01T00:00:00Z',
  ]) {
    assert.throws(() => ms(time), refusedAs('ENTRY_MALFORMED'), time);
  }
});
