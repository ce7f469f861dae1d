import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LIST_ITEMS } from '../../../src/api/v2/proto-json.js';
import { readEntryRequest } from '../../../src/api/v2/request-json.js';
import { fromBase64, toBase64 } from '../../../src/encoding/base64.js';
import { utf8 } from '../../../src/encoding/bytes.js';
import type { EntryRequest } from '../../../src/entries/v2-messages.js';
import { isLogError } from '../../../src/errors.js';
import { Random } from '../../random.js';
import { vectorLines } from '../../vectors.js';

/** What rekor-tiles' decoder makes of a body, bytes in base64: the message, or what it says is wrong. */
interface Vector {
  readonly name: string;
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly value?: unknown;
  readonly error?: string;
}

const bytes = (...octets: number[]) => Uint8Array.from(octets);

function refusal(text: string | Uint8Array): string {
  try {
    readEntryRequest(typeof text === 'string' ? utf8(text) : text);
  } catch (error) {
    assert.ok(isLogError(error, 'ENCODING_MALFORMED'), String(error));
    return error.message;
  }
  assert.fail('it was read');
}

const READ = {
  kind: 'hashedrekord',
  request: {
    digest: bytes(0xfb, 0xff),
    signature: {
      content: bytes(1),
      verifier: { form: 'publicKey', rawBytes: bytes(2), keyDetails: 5 },
    },
  },
};

/** Returns a request as the vectors write it. */
function plain(request: EntryRequest): unknown {
  if (request === undefined) return null;
  const { kind, request: spec } = request;
  const written = JSON.stringify({ kind, ...spec }, (_, value) =>
    value instanceof Uint8Array ? toBase64(value) : value,
  );
  return JSON.parse(written, (_, value) =>
    value !== null && typeof value === 'object' && 'rawBytes' in value
      ? { form: '', ...value }
      : value,
  );
}

/** Words that are not Go's: those of an escape that stands for no character. */
function inGoWords(error: string): boolean {
  return !/invalid escape code|^proto: unexpected EOF$/.test(error);
}

for (const vector of vectorLines<Vector>('rekor-v2/request-json.jsonl')) {
  test(`read as rekor-tiles reads it: ${vector.name.slice(0, 80)}`, () => {
    const { body, bodyBase64 = '' } = vector;
    const bytes = body === undefined ? fromBase64(bodyBase64) : utf8(body);
    if (vector.error === undefined) {
      assert.deepEqual(plain(readEntryRequest(bytes)), vector.value);
      return;
    }
    const message = refusal(bytes);
    if (inGoWords(vector.error)) assert.equal(message, vector.error);
  });
}

test('a request is read by camel and by snake names, in any order and spelling', () => {
  const camel = `{"hashedRekordRequestV002":{"digest":"+/8=","signature":{"content":"AQ==",
    "verifier":{"publicKey":{"rawBytes":"Ag=="},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}`;
  const snake = `{"hashed_rekord_request_v002":{"signature":{"verifier":{"key_details":5.0,
    "public_key":{"raw_bytes":"Ag"},"x509_certificate":null},"content":"A\\u0051=\\u003d"},"digest":"-_8"}}`;
  assert.deepEqual(readEntryRequest(utf8(camel)), READ);
  assert.deepEqual(readEntryRequest(utf8(snake)), READ);
});

test('an envelope and its verifiers are read', () => {
  const request = `{"dsseRequestV002":{"envelope":{"payload":"AQ","payloadType":"\\ud83d\\ude00é",
    "signatures":[{"sig":"Ag","keyid":"a"},{}]},"verifiers":[{"x509Certificate":{"rawBytes":"Aw"}}]}}`;
  assert.deepEqual(readEntryRequest(utf8(request)), {
    kind: 'dsse',
    request: {
      envelope: {
        payload: bytes(1),
        payloadType: '\u{1f600}é',
        signatures: [
          { sig: bytes(2), keyid: 'a' },
          { sig: bytes(), keyid: '' },
        ],
      },
      verifiers: [{ form: 'x509Certificate', rawBytes: bytes(3), keyDetails: 0 }],
    },
  });
});

test('a body without a value, an empty message and a null ask for nothing', () => {
  for (const body of ['', ' \r\n\t', '{}', '{"dsseRequestV002":null}', ' {} trailing "', '{}{']) {
    assert.equal(readEntryRequest(utf8(body)), undefined, body);
  }
});

test('what follows the first value is not looked at, be it no UTF-8', () => {
  assert.equal(readEntryRequest(bytes(0x7b, 0x7d, 0xff, 0x22)), undefined);
});

test('lists are read to the limit and refused beyond', () => {
  const body = (count: number) =>
    `{"dsseRequestV002":{"verifiers":[${Array.from({ length: count }, () => '{}').join()}]}}`;
  const read = readEntryRequest(utf8(body(MAX_LIST_ITEMS)));
  assert.equal(read?.kind === 'dsse' && read.request.verifiers.length, MAX_LIST_ITEMS);
  assert.match(refusal(body(MAX_LIST_ITEMS + 1)), /list has more than 1000 items$/);
});

test('an error message shows a long value only in part', () => {
  const message = refusal(`{"hashedRekordRequestV002":{"digest":"${'*'.repeat(1_000_000)}"}}`);
  assert.match(message, /^proto: \(line 1:38\): invalid value for bytes field digest: "\*+…$/);
  assert.ok(message.length < 200);
});

test('damaged bodies are read or refused, and never fail otherwise', () => {
  const random = new Random(7);
  const bodies = vectorLines<Vector>('rekor-v2/request-json.jsonl').map(({ body = '' }) => body);
  let read = 0;
  for (let round = 0; round < 10_000; round++) {
    const bytes = utf8(random.pick(bodies));
    for (let i = random.below(4); i > 0; i--) bytes[random.below(bytes.length)] = random.below(256);
    try {
      readEntryRequest(bytes.subarray(0, random.below(bytes.length * 4)));
      read++;
    } catch (error) {
      assert.ok(isLogError(error, 'ENCODING_MALFORMED'), String(error));
    }
  }
  assert.ok(read > 1_000, `${read} were read`);
});
