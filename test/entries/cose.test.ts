import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test } from 'node:test';
import { toHex } from '../../src/encoding/hex.js';
import { identifyEntry } from '../../src/entries/accept.js';
import { MAX_HEADERS_LENGTH } from '../../src/entries/cose/sign1.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { LogError } from '../../src/errors.js';
import { vectorLines } from '../vectors.js';
import { accept, refusal } from './acceptance.js';
import { base64, newSigner, type Outcome, signersOfEveryKind } from './envelope-fixture.js';
import { testContext } from './policy.js';
import { recordedEntries, storedEntry } from './recorded.js';

const signer = newSigner();

function cose(message: Uint8Array, pem = signer.pem, data: unknown = {}): ProposedEntry {
  const spec = { message: base64(message), publicKey: base64(pem), data };
  return { kind: 'cose', apiVersion: '0.0.1', spec };
}

function bytes(...parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => Buffer.from(part as string, typeof part === 'string' ? 'hex' : undefined)),
  );
}

/** A byte string of CBOR. */
function bstr(content: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = 0x5a;
  head.writeUInt32BE(content.length, 1);
  if (content.length >= 65_536) return bytes(head, content);
  if (content.length >= 256) return bytes('59', head.subarray(3), content);
  const short = content.length < 24 ? [0x40 + content.length] : [0x58, content.length];
  return bytes(Uint8Array.from(short), content);
}

/** A message whose signature is good, whatever its headers are; both are hex. */
function messageOf(
  protectedHex: string,
  { unprotectedHex = 'a0', payload = bytes('70'), externalData = bytes() } = {},
): Buffer {
  const header = bstr(bytes(protectedHex));
  const title = Buffer.from('Signature1');
  const signed = bytes('846a', title, header, bstr(externalData), bstr(payload));
  const key = { key: signer.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const signature = sign('sha256', signed, key);
  return bytes('d284', header, unprotectedHex, bstr(payload), bstr(signature));
}

const ES256 = '0126';

interface Vector {
  readonly spec: unknown;
  readonly expect: Outcome;
}

test('headers of every shape are stored or refused as by a Rekor server, and found by its keys', async () => {
  const vectors = vectorLines<Vector>('entries/cose/headers.jsonl');
  assert.ok(vectors.length > 200);
  for (const { spec, expect } of vectors) {
    const outcome = await accept({ kind: 'cose', apiVersion: '0.0.1', spec }).then(
      ({ leafHash, indexKeys }) => ({ leafHash: toHex(leafHash), indexKeys }),
      (error) => {
        assert.ok(error instanceof LogError);
        return undefined;
      },
    );
    assert.deepEqual(outcome, 'refused' in expect ? undefined : expect, JSON.stringify(spec));
  }
});

test('CVE-2026-23831: a message that is empty, or has no payload, is refused', async () => {
  const { spec } = cose(bytes()) as { spec: Record<string, unknown> };
  for (const message of ['', '\n', null, 7]) {
    await assert.rejects(
      accept({ kind: 'cose', apiVersion: '0.0.1', spec: { ...spec, message } }),
      refusal('ENTRY_MALFORMED', 'envelope hash should have been previously computed'),
    );
  }
  const good = messageOf(`a1${ES256}`);
  const at = good.indexOf(bytes('4170'));
  const withPayload = (hex: string) => bytes(good.subarray(0, at), hex, good.subarray(at + 2));
  await accept(cose(withPayload('4170')));
  await assert.rejects(
    accept(cose(withPayload('f6'))),
    refusal('ENTRY_MALFORMED', 'missing payload'),
  );
  for (const hex of ['f7', '80', '00', '6170']) {
    await assert.rejects(
      accept(cose(withPayload(hex))),
      refusal('ENTRY_MALFORMED', 'cbor: require bstr type'),
    );
  }
});

test('the stored form can be read, but neither stored nor looked up', async () => {
  const stored = recordedEntries('cose').find(({ name }) => name === 'es256')?.expect;
  assert.ok(stored !== undefined && 'leaf' in stored);
  const entry = JSON.parse(stored.leaf as string) as ProposedEntry;
  await assert.rejects(
    accept(entry),
    refusal('ENTRY_NOT_INSERTABLE', /missing COSE Sign1 message$/),
  );
  await assert.rejects(
    identifyEntry(entry, testContext),
    refusal('ENTRY_MALFORMED', 'signed message uninitialized'),
  );
});

test('32 levels are read, 33 are refused, and a hundred thousand cost nothing', async () => {
  const nested = (levels: number) => `a2${ES256}1863${'81'.repeat(levels - 1)}00`;
  await accept(cose(messageOf(nested(32))));
  for (const levels of [33, 100_000]) {
    await assert.rejects(
      accept(cose(messageOf(nested(levels)))),
      refusal('ENTRY_MALFORMED', /exceeded max nested level 32$/),
    );
    const tags = `a1${ES256.slice(0, 2)}${'c6'.repeat(levels)}00`;
    await assert.rejects(accept(cose(messageOf(tags))), LogError);
  }
});

test('lengths beyond the input, of strings, lists and maps, are refused before anything is made of them', async () => {
  const before = process.memoryUsage().rss;
  for (const head of [
    '5a7fffffff',
    '5b7fffffffffffffff',
    '5bffffffffffffffff',
    '9a0001ffff',
    '9a7fffffff',
    'ba0001ffff',
    'bb7fffffffffffffff',
    '7affffffff',
    '9bffffffffffffffff',
  ]) {
    await assert.rejects(accept(cose(bytes('d284', head))), refusal('ENTRY_MALFORMED', /./));
    await assert.rejects(
      accept(cose(messageOf(`a2${ES256}1863${head}`))),
      refusal('ENTRY_MALFORMED', /^cbor: invalid protected header: /),
    );
  }
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < 64 * 1024 * 1024, `${growth} bytes`);
});

test('indefinite lengths, labels that are there twice and bytes after the message are refused', async () => {
  const cases: [Uint8Array, RegExp][] = [
    [messageOf(`a2${ES256}18639f00ff`), /indefinite-length array isn't allowed$/],
    [messageOf(`a2${ES256}18635f4100ff`), /indefinite-length byte string isn't allowed$/],
    [messageOf(`bf${ES256}ff`), /indefinite-length map isn't allowed$/],
    [messageOf(`a2${ES256}${ES256}`), /found duplicate map key/],
    // The same label once in one byte, once in two.
    [messageOf(`a2${ES256}180126`), /found duplicate map key/],
    [messageOf(`a2${ES256}1863a200000000`), /found duplicate map key/],
    [bytes(messageOf(`a1${ES256}`), '00'), /^cbor: 1 bytes of extraneous data starting at index /],
    [messageOf(`a1${ES256}00`), /1 bytes of extraneous data starting at index 3$/],
  ];
  for (const [message, reason] of cases) {
    await assert.rejects(accept(cose(message)), refusal('ENTRY_MALFORMED', reason));
  }
});

test('each bit of a message counts: none can be flipped', async () => {
  const { spec } = storedEntry('cose', 'es256') as { spec: { message: string } };
  const message = Buffer.from(spec.message, 'base64');
  for (let bit = 0; bit < message.length * 8; bit++) {
    const flipped = Buffer.from(message);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    const entry = {
      kind: 'cose',
      apiVersion: '0.0.1',
      spec: { ...spec, message: base64(flipped) },
    };
    await assert.rejects(accept(entry), LogError, `bit ${bit}`);
  }
});

test('external data is part of what is signed, and stands in for the name of the algorithm', async () => {
  const externalData = Buffer.from('aad');
  const data = { aad: base64(externalData) };
  await accept(cose(messageOf(`a1${ES256}`, { externalData }), signer.pem, data));
  await assert.rejects(
    accept(cose(messageOf(`a1${ES256}`, { externalData }))),
    refusal('SIGNATURE_INVALID', 'verification error'),
  );
  await accept(cose(messageOf('a0', { externalData }), signer.pem, data));
  await assert.rejects(
    accept(cose(messageOf('a0'))),
    refusal('ENTRY_MALFORMED', 'algorithm not found'),
  );
});

test('headers of 262,144 bytes are read, longer ones are refused with their length', async () => {
  const overhead = 1 + 1 + 3 + 1 + 2 + 5;
  const unprotected = (length: number) =>
    bytes('a11863', bstr(Buffer.alloc(length))).toString('hex');
  const message = (length: number) =>
    messageOf(`a1${ES256}`, { unprotectedHex: unprotected(length) });
  await accept(cose(message(MAX_HEADERS_LENGTH - overhead)));
  await assert.rejects(
    accept(cose(message(MAX_HEADERS_LENGTH - overhead + 1))),
    refusal('ENTRY_TOO_LARGE', `COSE headers of ${MAX_HEADERS_LENGTH + 1} bytes exceed 262144`),
  );
});

test('a header of a quarter of a million items takes less than a second of work', async () => {
  const lists = `9a0001ff00${'00'.repeat(0x1ff00)}`.repeat(2);
  const message = messageOf(`a2${ES256}186382${lists}`);
  const before = process.cpuUsage();
  await accept(cose(message));
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 1_000_000, `${user + system} microseconds`);
});

test('a statement is found by its subjects, and by its materials in the richer search', async () => {
  const statement = JSON.stringify({
    subject: [{ name: 'a', digest: { sha256: '01' } }],
    predicate: { materials: [{ digest: { sha1: '02' } }] },
  });
  const type = Buffer.from('application/vnd.in-toto+json');
  const header = `a2${ES256}03781c${type.toString('hex')}`;
  const payload = Buffer.from(statement);
  const { indexKeys, searchTerms } = await accept(cose(messageOf(header, { payload })));
  assert.ok(indexKeys.includes('sha256:01') && !indexKeys.includes('sha1:02'));
  const digests = searchTerms.filter(({ field }) => field === 'digest').map(({ value }) => value);
  assert.ok(digests.includes('sha256:01') && digests.includes('sha1:02'));
  assert.equal(searchTerms.filter(({ field }) => field === 'signature').length, 1);
  await accept(cose(messageOf(header, { payload })), { subjects: 2 });
  await assert.rejects(
    accept(cose(messageOf(header, { payload })), { subjects: 1 }),
    refusal('ENTRY_MALFORMED', 'statement with 2 subjects and materials exceeds 1'),
  );
});

test('the whole message is kept beside the leaf, up to the limit', async () => {
  const message = messageOf(`a1${ES256}`);
  const { attachment } = await accept(cose(message), { attestationBytes: message.length });
  assert.deepEqual(Buffer.from(attachment as Uint8Array), message);
  const shorter = { attestationBytes: message.length - 1 };
  assert.equal((await accept(cose(message), shorter)).attachment, undefined);
});

test('every key algorithm gives an entry or a refusal that is the client’s', async () => {
  const message = messageOf(`a1${ES256}`);
  const reasons: Record<string, string | RegExp> = {
    'P-224': 'unsupported elliptic curve P-224',
    'P-256': 'verification error',
    'P-384': 'unsupported elliptic curve P-384',
    'P-521': 'unsupported elliptic curve P-521',
    secp256k1: 'x509: unsupported elliptic curve',
    'RSA-1024': 'RSA key must be at least 2048 bits long',
    'RSA-2048': 'algorithm mismatch: verifier PS256: header ES256',
    Ed25519: 'unsupported algorithm type ed25519.PublicKey',
  };
  for (const [name, { pem }] of Object.entries(signersOfEveryKind())) {
    await assert.rejects(accept(cose(message, pem)), (error) => {
      assert.ok(error instanceof LogError);
      assert.equal(error.message, reasons[name]);
      return true;
    });
  }
});
