/** dsse 0.0.2 against what Rekor v2.2.1 stored: test/vectors/rekor-v2/README.md. */

import assert from 'node:assert/strict';
import {
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
  sign,
} from 'node:crypto';
import { test } from 'node:test';
import { sha256 } from '#sha256';
import { fromUtf8 } from '../../src/encoding/bytes.js';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import type { AcceptedEntry, EntryPolicy } from '../../src/entries/entry-kind.js';
import { preAuthenticationEncoding } from '../../src/entries/shared/dsse-envelope.js';
import { STATEMENT_TYPE } from '../../src/entries/shared/statement-keys.js';
import type { DsseRequest, VerifierMessage } from '../../src/entries/v2-messages.js';
import { vectorLines } from '../vectors.js';
import { refusal } from './acceptance.js';
import { openPolicy, testContext } from './policy.js';
import { type DsseVector, dsseRequest, proposed } from './v2-vectors.js';

interface Vector {
  readonly name: string;
  readonly request: DsseVector;
  readonly leaf: string;
}

const VECTORS = vectorLines<Vector>('rekor-v2/dsse-0.0.2.jsonl');

const LENIENT: EntryPolicy = { ...openPolicy, v2: { dsse: true, strictKeyDetails: false } };

const P256 = 5;
const ED25519 = 7;
const ED25519_PH = 8;
const P521_SHA512 = 13;

test('every recorded envelope has the recorded leaf, with strict and with lenient details', async () => {
  for (const { name, request, leaf } of VECTORS) {
    for (const policy of [openPolicy, LENIENT]) {
      const entry = await accept(dsseRequest(request), policy);
      assert.equal(fromUtf8(entry.leaf), leaf, name);
    }
    const identified = await identifyEntry(proposed('dsse', dsseRequest(request)), testContext);
    assert.equal(fromUtf8(identified.leaf), leaf, name);
  }
  assert.equal(VECTORS.length, 8);
});

test('a server that takes no dsse says so before it looks at the entry', async () => {
  const policy = { ...openPolicy, v2: { ...openPolicy.v2, dsse: false } };
  for (const request of [dsseRequest((VECTORS[0] as Vector).request), { verifiers: [] }]) {
    await assert.rejects(
      accept(request, policy),
      refusal('ENTRY_KIND_DISABLED', 'invalid type, must be hashedrekord'),
    );
  }
});

test('of several faults the one is told that Rekor finds first', async () => {
  const key = newKey('P-256');
  const one = envelope([signed(key)]);
  const none = { form: undefined, rawBytes: new Uint8Array(0), keyDetails: P256 } as const;
  const empty = { form: 'x509Certificate', rawBytes: new Uint8Array(0), keyDetails: P256 } as const;
  const junk = { form: 'publicKey', rawBytes: Uint8Array.of(1, 2, 3), keyDetails: P256 } as const;
  const certificate = { ...junk, form: 'x509Certificate' } as const;
  const unnamed = { ...verifier(key), keyDetails: 0 };
  const many = Array.from({ length: 11 }, () => none);
  const elevenSignatures = envelope(Array.from({ length: 11 }, () => new Uint8Array(0)));
  const cases: readonly (readonly [DsseRequest, string | RegExp])[] = [
    [{ verifiers: [] }, 'missing envelope'],
    [{ envelope: envelope([]), verifiers: [] }, 'missing verifiers'],
    [{ envelope: envelope([]), verifiers: many }, 'too many verifiers: 11, max allowed: 10'],
    [
      { envelope: envelope([]), verifiers: [none] },
      'invalid verifier: missing signature public key or X.509 certificate',
    ],
    [
      { envelope: envelope([]), verifiers: [empty] },
      'invalid verifier: missing X.509 certificate raw bytes',
    ],
    // The same bytes are a duplicate whatever they are said to be.
    [{ envelope: envelope([]), verifiers: [junk, certificate] }, 'duplicate verifier'],
    [{ envelope: envelope([]), verifiers: [junk] }, 'envelope missing signatures'],
    [{ envelope: elevenSignatures, verifiers: [junk] }, 'too many signatures: 11, max allowed: 10'],
    [
      { envelope: envelope([signed(key), new Uint8Array(0)]), verifiers: [junk] },
      'envelope signature empty',
    ],
    [{ envelope: one, verifiers: [unnamed, junk] }, /^parsing public key: parsing public key: /],
    [
      { envelope: one, verifiers: [unnamed, certificate] },
      'parsing certificate: parsing certificate: x509: malformed certificate',
    ],
    [
      { envelope: one, verifiers: [unnamed] },
      'getting key algorithm details: could not find algorithm details for known signature algorithm: PUBLIC_KEY_DETAILS_UNSPECIFIED',
    ],
    [
      { envelope: envelope([Uint8Array.of(1)]), verifiers: [verifier(key, ED25519)] },
      'unsupported entry algorithm for ECDSA key, curve P-256, digest unknown hash value 0',
    ],
    [
      { envelope: envelope([Uint8Array.of(1)]), verifiers: [verifier(key)] },
      'could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1',
    ],
    [
      { envelope: envelope([signed(key), Uint8Array.of(1)]), verifiers: [verifier(key)] },
      'all signatures must have a key that verifies it',
    ],
  ];
  for (const [request, message] of cases) {
    await assert.rejects(accept(request, LENIENT), (error: unknown) => {
      assert.ok(error instanceof Error);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    });
  }
});

test('ten keys and ten signatures are taken, and an operator may take fewer', async () => {
  const keys = Array.from({ length: 10 }, () => newKey('P-256'));
  const request = {
    envelope: envelope(keys.map((key) => signed(key))),
    verifiers: keys.map((key) => verifier(key)),
  };
  const { leaf } = await accept(request, openPolicy);
  const { spec } = JSON.parse(fromUtf8(leaf)) as {
    spec: { dsseV002: { signatures: { content: string }[] } };
  };
  const contents = spec.dsseV002.signatures.map(({ content }) => Buffer.from(content, 'base64'));
  assert.deepEqual(contents, [...contents].sort(Buffer.compare));
  assert.equal(contents.length, 10);
  const limits = { ...openPolicy.limits, verifiers: 9 };
  await assert.rejects(
    accept(request, { ...openPolicy, limits }),
    refusal('ENTRY_MALFORMED', 'too many verifiers: 10, max allowed: 9'),
  );
  const fewer = { ...openPolicy.limits, signatures: 9 };
  await assert.rejects(
    accept(request, { ...openPolicy, limits: fewer }),
    refusal('ENTRY_MALFORMED', 'too many signatures: 10, max allowed: 9'),
  );
});

test('Ed25519 signs the envelope itself; details that speak of a digest are taken leniently alone', async () => {
  const key = newKey('ed25519');
  const signature = sign(null, pae(), key.privateKey);
  const request = (keyDetails: number) => ({
    envelope: envelope([signature]),
    verifiers: [verifier(key, keyDetails)],
  });
  await accept(request(ED25519), openPolicy);
  for (const keyDetails of [ED25519_PH, P521_SHA512]) {
    const { leaf } = await accept(request(keyDetails), LENIENT);
    assert.match(fromUtf8(leaf), keyDetails === ED25519_PH ? /PKIX_ED25519_PH/ : /P521_SHA_512/);
    await assert.rejects(
      accept(request(keyDetails), openPolicy),
      refusal('ALGORITHM_NOT_ALLOWED', /^keyDetails PKIX_\w+ is not what /),
    );
  }
});

test('a signature is checked with the hash that the details name', async () => {
  const key = newKey('P-384');
  const request = (hash: string, keyDetails: number) => ({
    envelope: envelope([sign(hash, pae(), key.privateKey)]),
    verifiers: [verifier(key, keyDetails)],
  });
  await accept(request('sha384', 12), openPolicy);
  await assert.rejects(
    accept(request('sha256', 12), openPolicy),
    refusal('SIGNATURE_INVALID', /^could not verify envelope: /),
  );
});

test('signatures said twice are one; keys beyond the last that is needed are not looked at', async () => {
  const [key, other] = [newKey('P-256'), newKey('P-256')];
  const signature = signed(key);
  const once = await accept(
    { envelope: envelope([signature]), verifiers: [verifier(key)] },
    openPolicy,
  );
  const twice = await accept(
    { envelope: envelope([signature, signature]), verifiers: [verifier(key), verifier(other)] },
    openPolicy,
  );
  assert.equal(fromUtf8(twice.leaf), fromUtf8(once.leaf));
});

test('an entry is found by payload, keys, names and what its statement says', async () => {
  const key = newKey('P-256');
  const subject = 'ab'.repeat(32);
  const statement = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'pkg:npm/one@1.0.0', digest: { sha256: subject } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {},
    }),
  );
  const signature = sign(
    'sha256',
    preAuthenticationEncoding(STATEMENT_TYPE, statement),
    key.privateKey,
  );
  const entry = await accept(
    {
      envelope: {
        payload: statement,
        payloadType: STATEMENT_TYPE,
        signatures: [{ sig: signature, keyid: '' }],
      },
      verifiers: [verifier(key)],
    },
    { ...openPolicy, limits: { ...openPolicy.limits, dsseAttestations: true } },
  );
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const keyHash = toHex(sha256(Buffer.from(pem)));
  assert.deepEqual(entry.indexKeys, [
    keyHash,
    `sha256:${keyHash}`,
    `sha256:${toHex(sha256(statement))}`,
    `sha256:${subject}`,
  ]);
  const terms = entry.searchTerms.map(({ field, value }) => `${field}=${value}`);
  for (const term of [
    'kind=dsse',
    `digest=sha256:${subject}`,
    `digest=sha256:${toHex(sha256(statement))}`,
    `signature=${toHex(sha256(signature))}`,
    `key=${keyHash}`,
    'predicate-type=https://slsa.dev/provenance/v1',
    'subject-name=pkg:npm/one@1.0.0',
    'package=pkg:npm/one',
  ]) {
    assert.ok(terms.includes(term), `${term} is not among ${terms.join(' ')}`);
  }
  assert.deepEqual(Buffer.from(entry.attachment ?? []), statement);
});

test('payloads are kept only where the operator keeps those of dsse', async () => {
  const { request } = VECTORS[0] as Vector;
  assert.equal((await accept(dsseRequest(request), openPolicy)).attachment, undefined);
});

const PAYLOAD = Buffer.from('a payload of no known type');
const PAYLOAD_TYPE = 'text/plain';

function newKey(kind: 'P-256' | 'P-384' | 'ed25519'): KeyPairKeyObjectResult {
  return kind === 'ed25519'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('ec', { namedCurve: kind });
}

function pae(): Uint8Array {
  return preAuthenticationEncoding(PAYLOAD_TYPE, PAYLOAD);
}

function signed({ privateKey }: { readonly privateKey: KeyObject }): Uint8Array {
  return sign('sha256', pae(), privateKey);
}

function envelope(signatures: readonly Uint8Array[]) {
  return {
    payload: PAYLOAD,
    payloadType: PAYLOAD_TYPE,
    signatures: signatures.map((sig) => ({ sig, keyid: '' })),
  };
}

function verifier(
  { publicKey }: { readonly publicKey: KeyObject },
  keyDetails = P256,
): VerifierMessage {
  const rawBytes = publicKey.export({ type: 'spki', format: 'der' });
  return { form: 'publicKey', rawBytes, keyDetails };
}

function accept(request: DsseRequest, policy: EntryPolicy): Promise<AcceptedEntry> {
  return acceptEntry(proposed('dsse', request), policy, testContext);
}
