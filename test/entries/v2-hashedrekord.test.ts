/** hashedrekord 0.0.2 against what Rekor v2 answered: test/vectors/rekor-v2/README.md. */

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { sha256 } from '#sha256';
import { fromUtf8 } from '../../src/encoding/bytes.js';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import type { EntryPolicy } from '../../src/entries/entry-kind.js';
import {
  PUBLIC_KEY_DETAILS,
  publicKeyDetailsName,
} from '../../src/entries/shared/public-key-details.js';
import { isLogError } from '../../src/errors.js';
import { vectorLines } from '../vectors.js';
import { refusal } from './acceptance.js';
import { openPolicy, testContext } from './policy.js';
import { type HashedrekordVector, hashedrekordRequest, proposed } from './v2-vectors.js';

interface Vector {
  readonly name: string;
  readonly request: HashedrekordVector;
  /** Exactly one of these: what was stored, the hash of a long leaf, or why nothing was. */
  readonly leaf?: string;
  readonly leafHash?: string;
  readonly reason?: string;
}

const VECTORS = vectorLines<Vector>('rekor-v2/hashedrekord-0.0.2.jsonl');
const LARGE = vectorLines<Vector>('rekor-v2/hashedrekord-0.0.2-large.jsonl');

const LENIENT: EntryPolicy = { ...openPolicy, v2: { dsse: true, strictKeyDetails: false } };

/** What strict details have a reason of their own for; Rekor v2 takes all but the last. */
const MISNAMED = new Map([
  [
    '032-quirk-p256-key-with-rsa-keydetails',
    'keyDetails PKIX_RSA_PKCS1V15_2048_SHA256 is not what the key signs with: PKIX_ECDSA_P256_SHA_256',
  ],
  [
    '033-quirk-rsa2048-with-4096-keydetails',
    'keyDetails PKIX_RSA_PKCS1V15_4096_SHA256 is not what the key signs with: PKIX_RSA_PKCS1V15_2048_SHA256',
  ],
  [
    '034-quirk-rsa2048-pkcs1-sig-pss-keydetails',
    'keyDetails PKIX_RSA_PSS_2048_SHA256 is not what the key signs with: PKIX_RSA_PKCS1V15_2048_SHA256',
  ],
  [
    '035-quirk-p256-key-with-p384-sha256-keydetails',
    'keyDetails PKIX_ECDSA_P384_SHA_256 is not what the key signs with: PKIX_ECDSA_P256_SHA_256',
  ],
  [
    '036-err-rsa-pss-sig',
    'keyDetails PKIX_RSA_PSS_2048_SHA256 is not what the key signs with: PKIX_RSA_PKCS1V15_2048_SHA256',
  ],
]);

/** Go's ASN.1 reader says more of what it found than anybody needs to know. */
const OWN_WORDS = new Map([
  ['074-err-key-junk', /^parsing verifier: parsing public key: /],
  ['075-err-key-pem', /^parsing verifier: parsing public key: /],
]);

test('with lenient details every recorded request has the recorded leaf or the recorded reason', async () => {
  for (const vector of VECTORS) await assertRecorded(vector, LENIENT);
  assert.equal(VECTORS.length, 83);
});

test('strict details refuse the misnamed keys alone, and change no leaf', async () => {
  let misnamed = 0;
  for (const vector of VECTORS) {
    const reason = MISNAMED.get(vector.name);
    if (reason === undefined) await assertRecorded(vector, openPolicy);
    else await assertRecorded({ ...vector, reason }, openPolicy);
    misnamed += reason === undefined ? 0 : 1;
  }
  assert.equal(misnamed, MISNAMED.size);
});

test('an entry of 65,535 bytes is the longest: a longer one is refused, a certificate of 40 kB is not', async () => {
  const [taken, refused] = LARGE as [Vector, Vector];
  const { leafHash } = await acceptEntry(entryOf(taken), openPolicy, testContext);
  assert.equal(toHex(leafHash), taken.leafHash);
  await assert.rejects(
    acceptEntry(entryOf(refused), openPolicy, testContext),
    refusal('ENTRY_TOO_LARGE', 'canonical entry of 70247 bytes exceeds 65535'),
  );
});

test('a leaf can be looked up, whatever this server may write', async () => {
  for (const vector of VECTORS.filter(({ leaf }) => leaf !== undefined)) {
    const { leaf } = await identifyEntry(entryOf(vector), testContext);
    assert.equal(fromUtf8(leaf), vector.leaf, vector.name);
  }
});

test('without its algorithm among the allowed ones a key is refused, before its signature is looked at', async () => {
  const p256 = named('001-ok-key-p256');
  const without = (name: string): EntryPolicy => ({
    ...openPolicy,
    allowedAlgorithms: new Set([...openPolicy.allowedAlgorithms].filter((it) => it !== name)),
  });
  const message = 'unsupported entry algorithm for ECDSA key, curve P-256, digest SHA-256';
  const policy = without('ecdsa-sha2-256-nistp256');
  for (const vector of [p256, named('062-err-sig-garbage')]) {
    await assert.rejects(
      acceptEntry(entryOf(vector), policy, testContext),
      refusal('ALGORITHM_NOT_ALLOWED', message),
    );
  }
  await acceptEntry(entryOf(p256), without('ecdsa-sha2-384-nistp384'), testContext);
});

test('algorithms that v1 may allow beyond the seven do not become allowed here', async () => {
  const allowedAlgorithms = new Set([...openPolicy.allowedAlgorithms, 'ecdsa-sha2-256-nistp384']);
  for (const name of ['037-err-p384-sha256', '040-err-ed25519-pure']) {
    await assert.rejects(
      acceptEntry(entryOf(named(name)), { ...openPolicy, allowedAlgorithms }, testContext),
      refusal('ALGORITHM_NOT_ALLOWED', /^unsupported entry algorithm for /),
    );
  }
});

test('kinds that the operator has switched off for v1 are still taken through v2', async () => {
  const policy = { ...openPolicy, enabledKinds: new Set<string>() };
  await acceptEntry(entryOf(named('001-ok-key-p256')), policy, testContext);
});

test('the versions of one API are unknown to the other', async () => {
  const entry = entryOf(named('001-ok-key-p256'));
  const { api, ...asV1 } = entry;
  assert.equal(api, 'v2');
  await assert.rejects(
    acceptEntry(asV1, openPolicy, testContext),
    refusal(
      'ENTRY_VERSION_UNKNOWN',
      "hashedrekord implementation for version '0.0.2' not found: unable to locate entry for version 0.0.2",
    ),
  );
  for (const [kind, apiVersion] of [
    ['hashedrekord', '0.0.1'],
    ['intoto', '0.0.2'],
    ['rpm', '0.0.1'],
  ] as const) {
    await assert.rejects(
      acceptEntry({ ...entry, kind, apiVersion }, openPolicy, testContext),
      refusal('ENTRY_VERSION_UNKNOWN', / not found: /),
    );
  }
});

test('an entry is found by its digest, the key in PEM and the names in the certificate, as one of v1 is', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const message = Buffer.from('one artifact');
  const digest = sha256(message);
  const signature = sign('sha256', message, privateKey);
  const v2 = await acceptEntry(
    proposed('hashedrekord', {
      digest,
      signature: {
        content: signature,
        verifier: {
          form: 'publicKey',
          rawBytes: publicKey.export({ type: 'spki', format: 'der' }),
          keyDetails: 5,
        },
      },
    }),
    openPolicy,
    testContext,
  );
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const v1 = await acceptEntry(
    {
      kind: 'hashedrekord',
      apiVersion: '0.0.1',
      spec: {
        data: { hash: { algorithm: 'sha256', value: toHex(digest) } },
        signature: {
          content: signature.toString('base64'),
          publicKey: { content: Buffer.from(pem).toString('base64') },
        },
      },
    },
    openPolicy,
    testContext,
  );
  assert.deepEqual(v2.indexKeys, v1.indexKeys);
  assert.deepEqual(v2.searchTerms, v1.searchTerms);
  assert.ok(v2.indexKeys.includes(`sha256:${toHex(digest)}`));
});

test('names in a certificate and longer digests become search keys', async () => {
  const certificate = named('002-ok-cert-p256');
  const { indexKeys } = await acceptEntry(entryOf(certificate), openPolicy, testContext);
  assert.ok(indexKeys.includes('golden@example.com'), indexKeys.join());
  const p384 = await acceptEntry(entryOf(named('003-ok-key-p384')), openPolicy, testContext);
  assert.ok(p384.indexKeys.some((key) => /^sha384:[0-9a-f]{96}$/.test(key)));
});

test('every number of PublicKeyDetails up to the last has one name', () => {
  const numbers = [...PUBLIC_KEY_DETAILS.values()].sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at),
  );
  for (const [name, number] of PUBLIC_KEY_DETAILS) assert.equal(publicKeyDetailsName(number), name);
  assert.equal(publicKeyDetailsName(9_999), '9999');
});

test('the length that an operator allows a proposal counts bytes as base64', async () => {
  const entry = entryOf(named('001-ok-key-p256'));
  const length = 44 + 96 + 124 + 'publicKey'.length;
  const within = (most: number): EntryPolicy => ({
    ...openPolicy,
    limits: { ...openPolicy.limits, proposalLength: { hashedrekord: most } },
  });
  await acceptEntry(entry, within(length), testContext);
  await assert.rejects(
    acceptEntry(entry, within(length - 1), testContext),
    refusal(
      'ENTRY_TOO_LARGE',
      `hashedrekord proposal of ${length} characters exceeds ${length - 1}`,
    ),
  );
});

function named(name: string): Vector {
  return VECTORS.find((vector) => vector.name === name) as Vector;
}

function entryOf({ request }: Vector) {
  return proposed('hashedrekord', hashedrekordRequest(request));
}

async function assertRecorded(vector: Vector, policy: EntryPolicy): Promise<void> {
  const { name, reason } = vector;
  const outcome = await acceptEntry(entryOf(vector), policy, testContext).then(
    ({ leaf }) => ({ leaf: fromUtf8(leaf), reason: undefined }),
    (error: unknown) => {
      assert.ok(isLogError(error), `${name}: ${error}`);
      return { leaf: undefined, reason: error.message };
    },
  );
  const own = OWN_WORDS.get(name);
  if (reason === undefined) assert.equal(outcome.leaf, vector.leaf, `${name}: ${outcome.reason}`);
  else if (own === undefined) assert.equal(outcome.reason, reason, name);
  else assert.match(outcome.reason ?? 'accepted', own, name);
}
