import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { toHex } from '../../src/encoding/hex.js';
import { identifyEntry } from '../../src/entries/accept.js';
import {
  decodeEitherBase64,
  preAuthenticationEncoding,
} from '../../src/entries/shared/dsse-envelope.js';
import { digestKeys, statementDigests } from '../../src/entries/shared/statement-keys.js';
import { LogError } from '../../src/errors.js';
import { vectorLines } from '../vectors.js';
import { testContext } from './policy.js';
import { storedEntry } from './recorded.js';

interface EnvelopeVector {
  readonly envelope: string;
  readonly expect: { readonly leafHash: string } | { readonly error: string };
}

test('envelopes with odd JSON are read, or refused in the words, as by the recorded server', async () => {
  const { spec } = storedEntry('dsse', 'ec256');
  const { verifiers } = (spec as { proposedContent: { verifiers: string[] } }).proposedContent;
  const cases = vectorLines<EnvelopeVector>('entries/envelopes.jsonl');
  assert.ok(cases.length > 180);
  for (const { envelope, expect } of cases) {
    const entry = {
      kind: 'dsse',
      apiVersion: '0.0.1',
      spec: { proposedContent: { envelope, verifiers } },
    };
    const outcome = await identifyEntry(entry, testContext).then(
      ({ leafHash }) => ({ leafHash: toHex(leafHash) }),
      (error) => ({ error: error instanceof LogError ? error.message : String(error) }),
    );
    assert.deepEqual(outcome, expect, envelope.slice(0, 200));
  }
});

interface StatementVector {
  readonly payload: string;
  readonly keys: readonly string[];
}

test('statements give the search keys of the recorded server, odd ones too', () => {
  const cases = vectorLines<StatementVector>('entries/statements.jsonl');
  assert.ok(cases.length >= 40);
  for (const { payload, keys } of cases) {
    assert.deepEqual(digestKeys(statementDigests(utf8(payload))).sort(), [...keys].sort(), payload);
  }
});

test('the signed bytes count UTF-8, not characters', () => {
  const encoding = preAuthenticationEncoding('application/ü', utf8('hé'));
  assert.equal(fromUtf8(encoding), 'DSSEv1 14 application/ü 3 hé');
});

test('both alphabets of base64 are read, mixed ones and missing padding are not', () => {
  assert.deepEqual(decodeEitherBase64('+/+/'), Uint8Array.of(0xfb, 0xff, 0xbf));
  assert.deepEqual(decodeEitherBase64('-_-_'), Uint8Array.of(0xfb, 0xff, 0xbf));
  assert.equal(decodeEitherBase64('+_+_'), undefined);
  assert.equal(decodeEitherBase64('YQ'), undefined);
});
