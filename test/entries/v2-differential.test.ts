/** The v2 kinds against Rekor v2 itself, on requests made to be odd: test/vectors/rekor-v2/README.md. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry } from '../../src/entries/accept.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { isLogError } from '../../src/errors.js';
import { vectorLines } from '../vectors.js';
import { openPolicy, testContext } from './policy.js';
import {
  type DsseVector,
  dsseRequest,
  type HashedrekordVector,
  hashedrekordRequest,
  proposed,
} from './v2-vectors.js';

interface Vector<Request> {
  readonly request: Request;
  /** One of the two: the leaf hash of what Rekor would store, or why it would not. */
  readonly leafHash?: string;
  readonly reason?: string;
}

const LENIENT = { ...openPolicy, v2: { dsse: true, strictKeyDetails: false } };

/** Where the text is another: Go's ASN.1 reader, its arithmetic, keys that it has no name for. */
const OWN_WORDS = /: asn1: | element encoding$|^unsupported key type/;

test('every odd hashedrekord has the leaf that Rekor v2 gives it, or its reason', async () => {
  const vectors = vectorLines<Vector<HashedrekordVector>>(
    'rekor-v2/differential-hashedrekord.jsonl',
  );
  for (const [at, vector] of vectors.entries()) {
    await assertSame(at, proposed('hashedrekord', hashedrekordRequest(vector.request)), vector);
  }
});

test('every odd dsse entry has the leaf that Rekor v2 gives it, or its reason', async () => {
  const vectors = vectorLines<Vector<DsseVector>>('rekor-v2/differential-dsse.jsonl');
  for (const [at, vector] of vectors.entries()) {
    await assertSame(at, proposed('dsse', dsseRequest(vector.request)), vector);
  }
});

async function assertSame(
  at: number,
  entry: ProposedEntry,
  { leafHash, reason = '' }: Vector<unknown>,
): Promise<void> {
  const line = `line ${at + 1}`;
  const found = await acceptEntry(entry, LENIENT, testContext).catch((error: unknown) => {
    assert.ok(isLogError(error), `${line}: ${error}`);
    return error;
  });
  if (leafHash !== undefined) {
    assert.ok('leafHash' in found, `${line}: ${(found as Error).message}`);
    assert.equal(toHex(found.leafHash), leafHash, line);
    return;
  }
  assert.ok(isLogError(found), `${line}: accepted, not refused with: ${reason}`);
  if (!OWN_WORDS.test(reason)) assert.equal(found.message, reason, line);
}
