import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, toHex } from '../../src/encoding/hex.js';
import { isLogError } from '../../src/errors.js';
import {
  MAX_NONCE_LENGTH,
  type RequestParts,
  readTimestampRequest,
  requestOf,
} from '../../src/timestamping/request.js';
import { Random } from '../random.js';
import { vectorLines } from '../vectors.js';
import { madeAuthority } from './made-authority.js';

interface Vector {
  readonly name: string;
  /** Hex. */
  readonly query: string;
  /** `granted`, or the name of the failure. */
  readonly verdict: string;
  /** The verdict of Sigstore's timestamp-authority where it is another one. */
  readonly peer?: string;
}

const vectors = vectorLines<Vector>('timestamping/requests.jsonl');
const { authority } = madeAuthority();

/** Returns `granted` or the name of the failure; anything else that is thrown is thrown on. */
function verdictOf(query: Uint8Array): string {
  try {
    authority.answer(query);
    return 'granted';
  } catch (error) {
    if (!isLogError(error, 'TIMESTAMP_REFUSED')) throw error;
    return error.message.slice(0, error.message.indexOf(':'));
  }
}

const VERDICTS = [
  'granted',
  'badAlg',
  'badRequest',
  'badDataFormat',
  'unacceptedPolicy',
  'unacceptedExtension',
];

for (const { name, query, verdict } of vectors) {
  test(`a query with ${name}: ${verdict}`, () => {
    assert.equal(verdictOf(fromHex(query)), verdict);
  });
}

test('the vectors show every verdict', () => {
  assert.deepEqual(new Set(vectors.map(({ verdict }) => verdict)), new Set(VERDICTS));
});

test('what the peer refuses is refused, and what it grants beyond is no DER or no request', () => {
  const differing = vectors.filter(({ peer }) => peer !== undefined);
  assert.ok(differing.length > 0);
  for (const { verdict, peer } of differing) {
    assert.equal(peer, 'granted');
    assert.notEqual(verdict, 'granted');
  }
});

test('a query is read as it was sent', () => {
  const query = fromHex(queryOf('the policy of the authority'));
  const request = readTimestampRequest(query);
  assert.equal(request.policy, '1.3.6.1.4.1.57264.2');
  assert.equal(toHex(request.nonce ?? new Uint8Array(0)), '23a1f0c5d4b39e01');
  assert.equal(request.wantsCertificates, true);
  assert.ok(Buffer.from(query).includes(Buffer.from(request.imprint)));

  const bare = readTimestampRequest(fromHex(queryOf('imprint alone')));
  assert.deepEqual(
    [bare.policy, bare.nonce, bare.wantsCertificates],
    [undefined, undefined, false],
  );
});

test('parts make the request that their DER makes', () => {
  const digest = createHash('sha256').update('stele').digest();
  const parts: RequestParts = {
    hashAlgorithm: 'SHA256',
    digest,
    policy: undefined,
    nonce: 0x23a1f0c5d4b39e01n,
    wantsCertificates: true,
  };
  assert.deepEqual(requestOf(parts), readTimestampRequest(fromHex(queryOf('nonce and certReq'))));
});

test('a nonce of parts is the shortest INTEGER of its value', () => {
  const digest = new Uint8Array(64);
  const contentOf = (nonce: bigint) => {
    const parts = { hashAlgorithm: 'sha512', digest, policy: undefined, wantsCertificates: false };
    return toHex(requestOf({ ...parts, nonce }).nonce ?? new Uint8Array(0));
  };
  const shown = [0n, 1n, 127n, 128n, 255n, 256n, -1n, -128n, -129n, 2n ** 63n];
  assert.deepEqual(shown.map(contentOf), [
    '00',
    '01',
    '7f',
    '0080',
    '00ff',
    '0100',
    'ff',
    '80',
    'ff7f',
    '008000000000000000',
  ]);
  const most = 2n ** BigInt(8 * MAX_NONCE_LENGTH - 1);
  assert.equal(contentOf(most - 1n).length, 2 * MAX_NONCE_LENGTH);
  assert.throws(() => contentOf(most), refusedAs('badRequest'));
});

test('parts are refused for their hash and the length of their digest', () => {
  const parts = { policy: undefined, nonce: undefined, wantsCertificates: false };
  const make = (hashAlgorithm: string, length: number) =>
    requestOf({ ...parts, hashAlgorithm, digest: new Uint8Array(length) });
  for (const hash of ['', 'sha1', 'SHA-256', '__proto__', 'x'.repeat(100_000)]) {
    assert.throws(() => make(hash, 32), refusedAs('badAlg'));
  }
  assert.throws(() => make('sha256', 31), refusedAs('badDataFormat'));
  assert.throws(() => make('sha512', 32), refusedAs('badDataFormat'));
  make('Sha384', 48);
});

test('whatever a query was damaged to is granted or refused, never anything else', () => {
  const random = new Random(3161);
  const queries = vectors.map(({ query }) => fromHex(query)).filter(({ length }) => length > 0);
  const seen = new Set<string>();
  for (let round = 0; round < 20_000; round++) {
    const damaged = random.damaged(random.pick(queries));
    const cut = random.chance(0.2) ? damaged.subarray(0, random.below(damaged.length)) : damaged;
    const verdict = verdictOf(cut);
    assert.ok(VERDICTS.includes(verdict), verdict);
    seen.add(verdict);
  }
  assert.equal(seen.size, VERDICTS.length);
});

test('a long query costs no more than its length', () => {
  // What a body of 64 KiB may hold: one member, many members, an identifier without end, a long number.
  const body = 65_536;
  const fill = (octets: readonly number[]) =>
    Uint8Array.from({ length: body }, (_, at) => octets[at % octets.length] as number);
  const lengthOf = (size: number) => [0x82, size >> 8, size & 0xff];
  const wrapped = (head: readonly number[], rest: Uint8Array) => {
    const size = body - 4;
    return Uint8Array.from([0x30, ...lengthOf(size), ...head, ...rest].slice(0, body));
  };
  const imprint = [...fromHex(queryOf('imprint alone')).subarray(2)];
  const member = (tag: number, rest: Uint8Array) =>
    wrapped([...imprint, tag, ...lengthOf(body - 8 - imprint.length)], rest);
  const started = performance.now();
  for (const query of [
    wrapped([], fill([0x30, 0x00])),
    wrapped([], fill([0x30, 0x80])),
    member(0x06, fill([0x81, 0x01])),
    member(0x06, fill([0x81])),
    member(0x02, fill([0x7f])),
    member(0xa0, fill([0x30, 0x00])),
  ]) {
    assert.notEqual(verdictOf(query), 'granted');
  }
  assert.ok(performance.now() - started < 2_000);
});

function queryOf(name: string): string {
  const found = vectors.find((vector) => vector.name === name);
  assert.ok(found, name);
  return found.query;
}

function refusedAs(failure: string): (error: unknown) => boolean {
  return (error) =>
    isLogError(error, 'TIMESTAMP_REFUSED') && error.message.startsWith(`${failure}: `);
}
