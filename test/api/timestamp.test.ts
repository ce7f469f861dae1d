import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { AppOptions } from '../../src/api/app.js';
import { readJsonTimestampRequest } from '../../src/api/v1/timestamp-json.js';
import { fromHex, toHex } from '../../src/encoding/hex.js';
import { isLogError, LogError } from '../../src/errors.js';
import { readMessageImprint, readTimestampResponse } from '../../src/pki/pkcs7/timestamp.js';
import { verifySignedData } from '../../src/pki/pkcs7/verify-signed-data.js';
import { Random } from '../random.js';
import { madeAuthority, VALID_TO } from '../timestamping/made-authority.js';
import { vectorLines } from '../vectors.js';
import { startApp } from './started-app.js';

const PATH = '/api/v1/timestamp';
const DER = 'application/timestamp-query';
const JSON_TYPE = 'application/json';

const DIGEST = createHash('sha256').update('stele').digest();
const PLAIN = { artifactHash: DIGEST.toString('base64'), hashAlgorithm: 'sha256' };
const vectors = vectorLines<{ name: string; query: string; verdict: string }>(
  'timestamping/requests.jsonl',
);
const QUERY = fromHex(vectors.find(({ name }) => name === 'nonce and certReq')?.query ?? '');

interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The body of an error. */
  readonly problem: { readonly code?: number; readonly message?: string };
}

async function post(
  port: number,
  body: Uint8Array | string | undefined,
  type: string | undefined,
): Promise<Posted> {
  const response = await fetch(`http://127.0.0.1:${port}${PATH}`, {
    method: 'POST',
    headers: type === undefined ? {} : { 'content-type': type },
    ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body) }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = response.headers.get('content-type') === JSON_TYPE;
  const problem = isJson ? JSON.parse(Buffer.from(bytes).toString()) : {};
  return { status: response.status, headers: response.headers, bytes, problem };
}

const made = madeAuthority();
const service: Pick<AppOptions, 'timestamps'> = {
  timestamps: { authority: made.authority, grantedStatus: 200 },
};

/** Returns the digest that an answer stamps, once its signature holds. */
function stamped({ bytes }: Posted): string {
  const { token } = readTimestampResponse(bytes);
  const signed = token?.signedData;
  assert.ok(signed);
  const certificates = [made.chain.leaf.der];
  const { content } = verifySignedData({ ...signed, certificates }, undefined);
  return toHex(readMessageImprint(content).digest);
}

for (const adapter of ['fast', 'express'] as const) {
  test(`a DER query gets a timestamp (${adapter})`, async (t) => {
    const { port } = await startApp(t, { ...service, adapter });
    const answer = await post(port, QUERY, DER);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/timestamp-reply');
    assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
    assert.equal(stamped(answer), toHex(DIGEST));
  });

  test(`the certificates are PEM, the root last (${adapter})`, async (t) => {
    const { send } = await startApp(t, { ...service, adapter });
    const { status, headers, body } = await send('GET', `${PATH}/certchain`);
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/pem-certificate-chain');
    assert.match(headers['cache-control'] ?? '', /max-age=\d+/);
    assert.equal(body, made.chain.pem);
  });

  test(`without an authority there are no such paths (${adapter})`, async (t) => {
    const { port, send } = await startApp(t, { adapter });
    assert.equal((await post(port, QUERY, DER)).status, 404);
    assert.equal((await send('GET', `${PATH}/certchain`)).status, 404);
  });
}

test('the status of a timestamp can be that of the first version of the project', async (t) => {
  const { port } = await startApp(t, {
    timestamps: { authority: made.authority, grantedStatus: 201 },
  });
  assert.equal((await post(port, QUERY, DER)).status, 201);
});

test('the JSON form is read as the project reads it', async (t) => {
  const { port } = await startApp(t, service);
  const digests: readonly [string, unknown][] = [
    ['as sigstore-js sends it', PLAIN],
    ['names in other letters', { ARTIFACTHASH: PLAIN.artifactHash, hashalgorithm: 'SHA256' }],
    ['a member nobody knows', { ...PLAIN, more: [{}] }],
    ['null for a nonce', { ...PLAIN, nonce: null, certificates: null }],
    ['no policy', { ...PLAIN, tsaPolicyOID: '' }],
    ['the policy', { ...PLAIN, tsaPolicyOID: '1.3.6.1.4.1.57264.2' }],
  ];
  for (const [name, request] of digests) {
    const answer = await post(port, JSON.stringify(request), JSON_TYPE);
    assert.equal(answer.status, 200, name);
    assert.equal(stamped(answer), toHex(DIGEST), name);
  }
});

test('a nonce in JSON is a whole number of any size that DER may have', async (t) => {
  const { port } = await startApp(t, service);
  const send = (nonce: string) =>
    post(port, `${JSON.stringify(PLAIN).slice(0, -1)},"nonce":${nonce}}`, JSON_TYPE);
  for (const nonce of ['0', '-5', '18446744073709551617', '9'.repeat(307)]) {
    const answer = await send(nonce);
    assert.equal(answer.status, 200, nonce);
    const digits = BigInt(nonce) < 0n ? 'fb' : BigInt(nonce).toString(16);
    assert.ok(toHex(answer.bytes).includes(digits), nonce);
  }
  for (const nonce of ['1.5', '1e3', '"5"', 'true', '[]', '9'.repeat(308), '9'.repeat(50_000)]) {
    const answer = await send(nonce);
    assert.equal(answer.status, 400, nonce);
    assert.match(answer.problem.message ?? '', /^bad(?:DataFormat|Request): /);
  }
});

test('what the JSON form cannot be is refused', async (t) => {
  const { port } = await startApp(t, service);
  const text = JSON.stringify(PLAIN);
  const refused: readonly [string, RegExp][] = [
    ['null', /^badAlg: /],
    ['{}', /^badAlg: /],
    ['[]', /^badDataFormat: /],
    ['{', /^badDataFormat: /],
    [`${text} {}`, /^badDataFormat: /],
    [JSON.stringify({ ...PLAIN, artifactHash: 5 }), /^badDataFormat: /],
    [JSON.stringify({ ...PLAIN, artifactHash: '*' }), /^badDataFormat: /],
    [JSON.stringify({ hashAlgorithm: 'sha256' }), /^badDataFormat: /],
    [JSON.stringify({ ...PLAIN, certificates: 'true' }), /^badDataFormat: /],
    [JSON.stringify({ ...PLAIN, hashAlgorithm: 'sha1' }), /^badAlg: /],
    [JSON.stringify({ ...PLAIN, hashAlgorithm: 'sha512' }), /^badDataFormat: /],
    [JSON.stringify({ ...PLAIN, tsaPolicyOID: '1.2.3' }), /^unacceptedPolicy: /],
  ];
  for (const [body, message] of refused) {
    const { status, problem } = await post(port, body, JSON_TYPE);
    assert.equal(status, 400, body);
    assert.equal(problem.code, 400);
    assert.match(problem.message ?? '', message, body);
  }
});

test('whatever a JSON request was damaged to is read or refused, never anything else', () => {
  const random = new Random(57264);
  const whole = Buffer.from(
    JSON.stringify({ ...PLAIN, certificates: true, nonce: 12_345_678, tsaPolicyOID: '1.2.3' }),
  );
  const seen = { read: 0, refused: 0 };
  for (let round = 0; round < 5_000; round++) {
    const damaged = random.damaged(whole);
    const cut = random.chance(0.1) ? damaged.subarray(0, random.below(damaged.length)) : damaged;
    try {
      readJsonTimestampRequest(cut);
      seen.read++;
    } catch (error) {
      if (!isLogError(error, 'TIMESTAMP_REFUSED')) throw error;
      seen.refused++;
    }
  }
  assert.ok(seen.read > 100 && seen.refused > 100, JSON.stringify(seen));
});

test('a long JSON request costs no more than its length', () => {
  const started = performance.now();
  const most = 65_536;
  for (const text of [
    '['.repeat(most),
    `{"a":${'['.repeat(most / 2 - 8)}${']'.repeat(most / 2 - 8)}}`,
    `{${'"nonce":1,'.repeat(6_000)}"nonce":1}`,
    `{"nonce":${'9'.repeat(65_000)}}`,
    `{"hashAlgorithm":"${'x'.repeat(65_000)}"}`,
    `{"artifactHash":"${'A'.repeat(65_000)}","hashAlgorithm":"sha256"}`,
    `{"tsaPolicyOID":"${'1.'.repeat(32_000)}"}`,
  ]) {
    assert.throws(
      () => readJsonTimestampRequest(Buffer.from(text)),
      (error) => isLogError(error, 'TIMESTAMP_REFUSED') && error.message.length < 300,
    );
  }
  assert.ok(performance.now() - started < 2_000);
});

test('a DER query that is refused is a 400 that says why, and never a timestamp reply', async (t) => {
  const { port } = await startApp(t, service);
  const refused = vectors.filter(({ verdict, query }) => verdict !== 'granted' && query !== '');
  for (const { name, query, verdict } of refused) {
    const { status, headers, problem } = await post(port, fromHex(query), DER);
    assert.equal(status, 400, name);
    assert.equal(headers.get('content-type'), JSON_TYPE, name);
    assert.ok(problem.message?.startsWith(`${verdict}: `), name);
  }
});

test('a body has one of two types', async (t) => {
  const { port } = await startApp(t, service);
  assert.equal((await post(port, QUERY, `${DER}; charset=binary`)).status, 200);
  assert.equal(
    (await post(port, JSON.stringify(PLAIN), `${JSON_TYPE}; charset=utf-8`)).status,
    200,
  );
  for (const type of [
    'application/octet-stream',
    'text/plain',
    'application',
    'a/b; =',
    DER.slice(0, -1),
  ]) {
    assert.equal((await post(port, QUERY, type)).status, 415, type);
  }
  assert.equal((await post(port, QUERY, undefined)).status, 415);
});

test('a request without a body is told so', async (t) => {
  const { port } = await startApp(t, service);
  const { status, problem } = await post(port, undefined, DER);
  assert.deepEqual([status, problem.code], [422, 602]);
});

test('a body of 64 KiB is read, one octet more is not', async (t) => {
  const { port } = await startApp(t, service);
  const text = JSON.stringify(PLAIN);
  const padded = (length: number) => text + ' '.repeat(length - text.length);
  assert.equal((await post(port, padded(65_536), JSON_TYPE)).status, 200);
  assert.equal((await post(port, padded(65_537), JSON_TYPE)).status, 413);
});

test('whatever a client accepts, it gets the reply in DER', async (t) => {
  const { port } = await startApp(t, service);
  for (const accept of ['application/timestamp-reply', 'application/json', '*/*', 'text/html']) {
    const response = await fetch(`http://127.0.0.1:${port}${PATH}`, {
      method: 'POST',
      headers: { 'content-type': DER, accept },
      body: Buffer.from(QUERY),
    });
    assert.equal(response.headers.get('content-type'), 'application/timestamp-reply', accept);
    await response.arrayBuffer();
  }
});

test('a clock that is not believed and a certificate that has ended are outages', async (t) => {
  const { authority, clock } = madeAuthority();
  const clockless = {
    ...authority,
    stamp: () => {
      throw new LogError('CLOCK_UNTRUSTED', 'the clock jumped');
    },
  };
  clock.seconds = VALID_TO + 1;
  for (const [broken, code] of [
    [clockless, 'CLOCK_UNTRUSTED'],
    [authority, 'SIGNER_UNAVAILABLE'],
  ] as const) {
    const { port } = await startApp(t, { timestamps: { authority: broken, grantedStatus: 200 } });
    const answer = await post(port, QUERY, DER);
    assert.equal(answer.status, 503);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    assert.equal(answer.problem.message, `${code}, request request-1`);
  }
});
