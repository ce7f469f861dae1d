import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_BATCH_ENTRIES } from '../../src/api/v1/submission-rules.js';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { MAX_TIMESTAMP_LENGTH } from '../../src/entries/rfc3161/v001.js';
import { MAX_ENTITIES } from '../../src/pki/pgp/entity.js';
import { MAX_LIST_LENGTH } from '../../src/pki/pkcs7/signed-data.js';
import { base64, envelopeOf, newSigner, type Signer } from '../entries/envelope-fixture.js';
import { storedEntry } from '../entries/recorded.js';
import { forgeKey, forgeRing } from '../pki/pgp-forge.js';
import {
  messageSigner,
  OID,
  signedMessage,
  signerInfo,
  timestampResponse,
  tokenInfo,
} from '../pki/pkcs7-builder.js';
import { Random } from '../random.js';
import { assertCheap, leafIn, ServedLog } from './served-log.js';

const LIMIT = { signatures: 4, verifiers: 4, subjects: 6, indexKeys: 12, body: 200_000 } as const;

const log = await ServedLog.start();
const narrow = await ServedLog.start(
  `--max-signatures=${LIMIT.signatures}`,
  `--max-verifiers=${LIMIT.verifiers}`,
  `--max-subjects=${LIMIT.subjects}`,
  `--max-index-keys=${LIMIT.indexKeys}`,
  `--max-request-body-size=${LIMIT.body}`,
);

const signers: readonly Signer[] = Array.from({ length: 40 }, newSigner);

function proposalOf(kind: string, spec: unknown, apiVersion = '0.0.1'): ProposedEntry {
  return { kind, apiVersion, spec };
}

type Envelope = ReturnType<typeof envelopeOf>;

const pemsOf = (some: readonly Signer[]) => some.map(({ pem }) => base64(pem));

function dsse(envelope: Envelope, verifiers: readonly string[]): ProposedEntry {
  return proposalOf('dsse', { proposedContent: { envelope: JSON.stringify(envelope), verifiers } });
}

function intoto({ payloadType, payload, signatures }: Envelope, keys: readonly string[]) {
  const content = {
    envelope: {
      payloadType,
      payload: base64(payload),
      signatures: signatures.map(({ sig }, at) => ({ sig: base64(sig), publicKey: keys[at] })),
    },
    hash: { algorithm: 'sha256', value: 'a'.repeat(64) },
  };
  return proposalOf('intoto', { content }, '0.0.2');
}

interface StoredDsse {
  readonly spec: {
    readonly signatures: readonly { readonly signature: string; readonly verifier: string }[];
  };
}

test('I9 rekor-tiles#709: five signatures and five keys in a hundred orders: each key has its signature, every time', async () => {
  const five = signers.slice(0, 5);
  const envelope = envelopeOf('payload', five);
  const pairs = new Map(
    envelope.signatures.map(({ sig }, at) => [sig, base64(five[at]?.pem ?? '')]),
  );
  for (let seed = 0; seed < 100; seed++) {
    const signatures = new Random(seed).shuffled(envelope.signatures);
    const proposal = dsse(
      { ...envelope, signatures },
      new Random(seed + 1000).shuffled(pemsOf(five)),
    );
    const answer = await log.submit(proposal);
    // Two seeds may give one order.
    if (answer.status === 409) continue;
    const { spec } = JSON.parse(leafIn(answer)) as StoredDsse;
    assert.equal(spec.signatures.length, 5);
    for (const { signature, verifier } of spec.signatures) {
      assert.equal(verifier, pairs.get(signature));
    }
    assert.equal((await log.submit(proposal)).status, 409, 'the same once more');
  }
});

test('I9 rekor-tiles#709: with one signature that no key made the verdict is the same in a hundred orders', async () => {
  const five = signers.slice(0, 5);
  const envelope = envelopeOf('payload', five);
  const messages = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const signatures = new Random(seed).shuffled(envelope.signatures);
    const keys = new Random(seed).shuffled(pemsOf(five.slice(0, 4)));
    const { status, text } = await log.submit(dsse({ ...envelope, signatures }, keys));
    assert.equal(status, 400);
    messages.add(text);
  }
  assert.equal(messages.size, 1, [...messages].join());
});

test('I9 rekor-tiles#684: so many signatures and keys as the limit, and one more', async () => {
  for (const [server, most] of [
    [log, 32],
    [narrow, LIMIT.signatures],
  ] as const) {
    const some = signers.slice(0, most);
    const envelope = envelopeOf(`payload ${most}`, some);
    const more = envelopeOf(`payload ${most}`, signers.slice(0, most + 1));
    const [atLimit, cost] = await server.measured(() =>
      server.submit(dsse(envelope, pemsOf(some))),
    );
    assert.equal(atLimit.status, 201, atLimit.text);
    assertCheap(cost, `${most} signatures by ${most} keys`);
    const signature = await server.submit(dsse(more, pemsOf(some)));
    assert.match(
      signature.text,
      new RegExp(`envelope with ${most + 1} signatures exceeds ${most}`),
    );
    const key = await server.submit(dsse(envelope, pemsOf(signers.slice(0, most + 1))));
    assert.match(key.text, new RegExp(`envelope with ${most + 1} verifiers exceeds ${most}`));
    assert.deepEqual([signature.status, key.status], [400, 400]);
    assert.equal((await server.submit(intoto(envelope, pemsOf(some)))).status, 201);
    const intotoMore = await server.submit(intoto(more, pemsOf(signers.slice(0, most + 1))));
    assert.equal(intotoMore.status, 400);
  }
});

test('I9 rekor-tiles#744: an envelope of 3 MiB that checks would hash a hundred times is refused before', async () => {
  const ten = signers.slice(0, 10);
  const envelope = envelopeOf(Buffer.alloc(3 * 2 ** 20, 'x'), ten);
  const [{ status, text }, cost] = await log.measured(() =>
    log.submit(dsse(envelope, pemsOf(ten))),
  );
  assert.equal(status, 400);
  assert.match(text, /signature checks over \d+ bytes exceeds \d+ bytes in all/);
  assertCheap(cost, 'envelope');
});

test('I9 rekor-tiles#744: a body larger than the limit gets 413, and no memory', async () => {
  const body = JSON.stringify(storedEntry('hashedrekord', 'rsa2048'));
  const padded = (length: number) => `${' '.repeat(length - body.length)}${body}`;
  assert.equal((await narrow.submit(padded(LIMIT.body))).status, 201);
  assert.equal((await narrow.submit(padded(LIMIT.body + 1))).status, 413);
  const huge = `{"kind":"${'x'.repeat(30 * 2 ** 20)}"}`;
  const [{ status }, cost] = await narrow.measured(() => narrow.submit(huge));
  assert.equal(status, 413);
  assertCheap(cost, 'body');
});

const statementOf = (subjects: number): string =>
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://example.com/p',
    subject: Array.from({ length: subjects }, (_, at) => ({
      name: `f${at}`,
      digest: { sha256: at.toString(16).padStart(64, '0') },
    })),
    predicate: {},
  });

test('I17 CVE-2023-46737: so many subjects as the limit, and one more', async () => {
  const [signer] = signers as [Signer];
  for (const [server, most] of [
    [log, 4_000],
    [narrow, LIMIT.subjects],
  ] as const) {
    for (const make of [dsse, intoto]) {
      const of = (subjects: number) =>
        make(
          envelopeOf(statementOf(subjects), [signer], 'application/vnd.in-toto+json'),
          pemsOf([signer]),
        );
      const [atLimit, cost] = await server.measured(() => server.submit(of(most)));
      assert.equal(atLimit.status, 201, atLimit.text);
      assertCheap(cost, `${most} subjects`);
      const more = await server.submit(of(most === 4_000 ? 4_097 : most + 1));
      assert.equal(more.status, 400);
      assert.match(more.text, /subjects|search keys/);
    }
  }
});

test('I17 CVE-2023-46737: search keys of one entry, as many as the limit and one more', async () => {
  const [signer] = signers as [Signer];
  const statement = (digests: number): string => {
    const digest = Object.fromEntries(
      Array.from({ length: digests }, (_, at) => [`h${at}`, 'a'.repeat(64)]),
    );
    return JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'f', digest }],
    });
  };
  const submit = (digests: number) =>
    narrow.submit(
      dsse(
        envelopeOf(statement(digests), [signer], 'application/vnd.in-toto+json'),
        pemsOf([signer]),
      ),
    );
  // Beside them: the hashes of envelope, payload and key.
  const own = 3;
  const atLimit = await submit(LIMIT.indexKeys - own);
  assert.equal(atLimit.status, 201, atLimit.text);
  const more = await submit(LIMIT.indexKeys - own + 1);
  assert.equal(more.status, 400);
  assert.match(more.text, /entry with 13 search keys exceeds 12/);
});

test('I17 CVE-2024-29903: certificates in a chain, ten and one more', async () => {
  const { spec, ...rest } = storedEntry('hashedrekord', 'chain-email');
  const { signature, ...data } = spec as { signature: { publicKey: { content: string } } };
  const chain = Buffer.from(signature.publicKey.content, 'base64').toString();
  const certificates = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
  const last = certificates.at(-1) ?? '';
  const submit = (count: number) => {
    const content = base64([...certificates, ...Array(count).fill(last)].slice(0, count).join(''));
    return log.submit({
      ...rest,
      spec: { ...data, signature: { ...signature, publicKey: { content } } },
    });
  };
  assert.ok([201, 400].includes((await submit(10)).status));
  const more = await submit(11);
  assert.equal(more.status, 400);
  assert.match(more.text, /too many certificates/);
  const [many, cost] = await log.measured(() => submit(5_000));
  assert.equal(many.status, 400);
  assertCheap(cost, 'chain');
});

test('I17 CVE-2024-45395: queries, batches and conditions, as many as the limit and one more', async () => {
  const uuid = '0'.repeat(64);
  const retrieve = (count: number) =>
    log.post('/api/v1/log/entries/retrieve', { entryUUIDs: Array(count).fill(uuid) });
  assert.ok([200, 404].includes((await retrieve(10)).status));
  assert.equal((await retrieve(11)).status, 422);
  const indexes = (count: number) =>
    log.post('/api/v1/log/entries/retrieve', { logIndexes: Array(count).fill(0) });
  assert.equal((await indexes(10)).status, 200);
  assert.equal((await indexes(11)).status, 422);
  const [million, cost] = await log.measured(() => indexes(1_000_000));
  assert.equal(million.status, 422);
  assertCheap(cost, 'retrieve');
  const batch = (count: number) =>
    log.post('/api/v1/log/entries/batch', { entries: Array(count).fill({}) });
  const [full, over] = [await batch(MAX_BATCH_ENTRIES), await batch(MAX_BATCH_ENTRIES + 1)];
  assert.ok(full.status < 500 && over.status === 422, `${full.status} ${over.status}`);
  assert.notEqual(full.text, over.text);
  const search = (count: number) =>
    log.get(`/api/v1/search?${Array(count).fill('dns=a.example').join('&')}`);
  assert.equal((await search(32)).status, 200);
  assert.equal((await search(33)).status, 422);
});

test('I17 CVE-2023-46737: levels of JSON, ten thousand and a million', async () => {
  for (const levels of [9_990, 10_001, 1_000_000]) {
    const nested = `${'['.repeat(levels)}${']'.repeat(levels)}`;
    const body = `{"kind":"hashedrekord","apiVersion":"0.0.1","spec":${nested}}`;
    const [{ status }, cost] = await log.measured(() => log.submit(body));
    assert.equal(status, 400, `${levels}`);
    assertCheap(cost, `${levels} levels`);
  }
});

test('I17 CVE-2023-46737: keys in a PGP key ring, as many as the limit and one more', async () => {
  const ring = (count: number) => base64(concatBytes(...Array(count).fill(forgeRing(forgeKey(1)))));
  const search = (count: number) =>
    log.post('/api/v1/index/retrieve', { publicKey: { format: 'pgp', content: ring(count) } });
  assert.equal((await search(MAX_ENTITIES)).status, 200);
  assert.equal((await search(MAX_ENTITIES + 1)).status, 400);
});

test('I17 CVE-2024-29903: signers and certificates of a timestamp, and its length', async () => {
  const ec = messageSigner('ec');
  const parts = { content: tokenInfo(utf8('x')), contentType: OID.tokenInfo };
  const tsr = (token: Uint8Array, rest = 0) =>
    proposalOf('rfc3161', {
      tsr: { content: base64(concatBytes(timestampResponse(token), new Uint8Array(rest))) },
    });
  const signed = (signed: number) =>
    signedMessage(ec, {
      ...parts,
      moreSigners: Array.from({ length: signed - 1 }, () => signerInfo(ec, parts)),
    });
  const atLimit = await narrow.submit(tsr(signed(LIMIT.signatures)));
  assert.equal(atLimit.status, 201, atLimit.text);
  const more = await narrow.submit(tsr(signed(LIMIT.signatures + 1)));
  assert.match(more.text, /tsr with 5 signatures exceeds 4/);
  const { length } = timestampResponse(signed(1));
  const token = signed(1);
  // An ECDSA signature is not always of one length.
  const padding = MAX_TIMESTAMP_LENGTH - timestampResponse(token).length;
  assert.ok(length > 0);
  assert.equal((await log.submit(tsr(token, padding))).status, 201);
  assert.equal((await log.submit(tsr(token, padding + 1))).status, 400);
  const certificates = Array(MAX_LIST_LENGTH + 1).fill(Buffer.of(0x30, 0));
  const [many, cost] = await log.measured(() =>
    log.submit(tsr(signedMessage(ec, { ...parts, certificates }))),
  );
  assert.equal(many.status, 400);
  assertCheap(cost, 'certificates');
});

test('I17 CVE-2024-45395: lengths that are only declared take no memory', async () => {
  const hex = (text: string) => base64(Buffer.from(text.replaceAll(' ', ''), 'hex'));
  const pem = (text: string) =>
    base64(`-----BEGIN CERTIFICATE-----\n${hex(text)}\n-----END CERTIFICATE-----\n`);
  const { spec } = storedEntry('hashedrekord', 'ec256') as unknown as {
    readonly spec: { readonly data: unknown; readonly signature: object };
  };
  const x509 = (content: string) =>
    proposalOf('hashedrekord', {
      ...spec,
      signature: { ...spec.signature, publicKey: { content } },
    });
  const publicKey = base64(signers[0]?.pem ?? '');
  const proposals: readonly ProposedEntry[] = [
    // DER: 4 GiB, 2^64 - 1 bytes, indefinite.
    x509(pem('30 84 ff ff ff ff 02 01')),
    x509(pem('30 88 ff ff ff ff ff ff ff ff 02 01')),
    x509(pem('30 80 30 80 30 80')),
    proposalOf('rfc3161', { tsr: { content: hex('30 84 7f ff ff ff 30 03') } }),
    proposalOf('rfc3161', { tsr: { content: hex('30 80 30 84 7f ff ff ff') } }),
    // CBOR: byte strings, arrays and maps of 2^32 and 2^64 - 1.
    ...[
      '5b ff ff ff ff ff ff ff ff',
      '9b 00 00 00 01 00 00 00 00',
      'bb ff ff ff ff ff ff ff ff',
    ].map((item) => proposalOf('cose', { message: hex(`d2 84 ${item}`), publicKey, data: {} })),
    proposalOf('cose', { message: hex(`d2 ${'9f '.repeat(100_000)}`), publicKey, data: {} }),
  ];
  for (const proposal of proposals) {
    const [{ status }, cost] = await log.measured(() => log.submit(proposal));
    assert.equal(status, 400);
    assertCheap(cost, JSON.stringify(proposal).slice(0, 200));
  }
  for (const [format, content] of [
    ['pgp', hex('c6 ff ff ff ff ff 04')],
    ['pgp', hex('9b 04')],
    ['pgp', hex(`c6 ${'fe '.repeat(1000)}`)],
    [
      'ssh',
      base64(`ssh-ed25519 ${hex('00 00 00 0b 73 73 68 2d 65 64 32 35 35 31 39 ff ff ff ff')}`),
    ],
    ['ssh', base64(`ssh-rsa ${hex('7f ff ff ff')}`)],
    ['x509', pem('30 84 ff ff ff ff 02 01')],
  ] as const) {
    const search = { publicKey: { format, content } };
    const [{ status }, cost] = await log.measured(() => log.post('/api/v1/index/retrieve', search));
    assert.equal(status, 400, format);
    assertCheap(cost, format);
  }
});
