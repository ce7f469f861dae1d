import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fromHex, toHex } from '../../src/encoding/hex.js';
import { isLogError } from '../../src/errors.js';
import { EMPTY_ROOT } from '../../src/merkle/hash.js';
import { readCosignature, subtreeMessage } from '../../src/note/cosignature.js';
import {
  openSignedNote,
  parseSignedNote,
  printSignatureLine,
  type SignatureLine,
} from '../../src/note/signed-note.js';
import { printVerifierKey } from '../../src/note/verifier-key.js';
import {
  type Cosigner,
  ed25519Cosigner,
  type Mldsa44Options,
  mldsa44Cosigner,
} from '../../src/signing/cosigner.js';
import { mldsa44 } from '../../src/signing/mldsa44.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { mldsa44Vectors } from '../note/mldsa44-vectors.js';
import { vectorPath } from '../vectors.js';
import { answeringWith, SILENT } from '../workers/thread-code.js';

const malformed = (error: unknown) => isLogError(error, 'NOTE_MALFORMED');
const unavailable = (error: unknown) => isLogError(error, 'SIGNER_UNAVAILABLE');
const notAKey = (error: unknown) => isLogError(error, 'KEY_FILE_INVALID');
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

const TEXT = `log.example\n7\n${Buffer.alloc(32, 1).toString('base64')}\n`;
const SEED = new Uint8Array(32).fill(5);

function mldsa(
  t: TestContext,
  name = 'w.example',
  seed: Uint8Array = SEED,
  options: Mldsa44Options = {},
) {
  const cosigner = mldsa44Cosigner(name, seed, options);
  t.after(() => cosigner.close());
  return cosigner as Required<Cosigner>;
}

const { keys } = JSON.parse(readFileSync(vectorPath('note/keys.json'), 'utf8')) as {
  keys: { name: string; type: string; seed: string; vkey: string }[];
};

test('recorded seeds make the recorded keys', (t) => {
  const found = new Map<string, number>();
  for (const { name, type, seed, vkey } of keys) {
    if (type === '0x01') continue;
    const cosigner = type === '0x04' ? ed25519Cosigner : mldsa44Cosigner;
    const made = cosigner(name, fromHex(seed));
    t.after(() => made.close());
    assert.equal(printVerifierKey(made.key), vkey);
    found.set(type, (found.get(type) ?? 0) + 1);
  }
  assert.ok((found.get('0x04') ?? 0) >= 2 && (found.get('0x06') ?? 0) >= 2);
});

const vectors = mldsa44Vectors();

test('recorded statements get the recorded ML-DSA-44 signatures, byte for byte', async (t) => {
  let signed = 0;
  for (const vector of vectors.filter((each) => each.usable_as_cosignature)) {
    const { origin, hash } = vector;
    const options = { isDeterministic: true };
    const cosigner = mldsa(t, vector.cosigner, fromHex(vector.seed), options);
    assert.equal(printVerifierKey(cosigner.key), vector.vkey);
    const [start, end] = [BigInt(vector.start), BigInt(vector.end)];
    const line =
      start === 0n
        ? await cosigner.cosign(`${origin}\n${end}\n${hash}\n`, BigInt(vector.timestamp))
        : await cosigner.signSubtree({ origin, start, end, hash: bytesOf(hash) });
    const read = readCosignature(line.signature);
    assert.equal(read?.timeSeconds, BigInt(vector.timestamp));
    assert.deepEqual(read?.signature, bytesOf(vector.deterministic_signature));
    signed++;
  }
  assert.ok(signed >= 5);
});

function note(text: string, ...lines: SignatureLine[]) {
  return parseSignedNote(`${text}\n${lines.map(printSignatureLine).join('')}`);
}

test('the lines of both types verify below the checkpoint', async (t) => {
  const cosigners = [ed25519Cosigner('w.example', SEED), mldsa(t)];
  const lines = await Promise.all(cosigners.map((each) => each.cosign(TEXT, 1_700_000_000n)));
  const verifiers = cosigners.map(({ key }) => noteVerifier(key));
  assert.equal(openSignedNote(note(TEXT, ...lines), verifiers).length, 2);
  const lengths = lines.map(({ signature }) => signature.length);
  assert.deepEqual(lengths, [72, 2428]);
  const other = TEXT.replace('7', '8');
  for (const [index, line] of lines.entries()) {
    const known = verifiers.slice(index, index + 1);
    assert.throws(() => openSignedNote(note(other, line), known), /does not verify/);
  }
});

test('an empty tree is cosigned, but only as an empty tree', async (t) => {
  const empty = `log.example\n0\n${Buffer.from(EMPTY_ROOT).toString('base64')}\n`;
  const cosigner = mldsa(t);
  const line = await cosigner.cosign(empty, 1n);
  openSignedNote(note(empty, line), [noteVerifier(cosigner.key)]);
  await assert.rejects(cosigner.cosign(TEXT.replace('7', '0'), 1n), malformed);
});

test('what is no checkpoint, or has no such time, is not cosigned', async (t) => {
  for (const cosigner of [ed25519Cosigner('w.example', SEED), mldsa(t)]) {
    await assert.rejects(cosigner.cosign('some text\n', 1n), malformed);
    await assert.rejects(cosigner.cosign(TEXT.slice(0, -1), 1n), malformed);
    await assert.rejects(cosigner.cosign(TEXT, -1n), malformed);
    await assert.rejects(cosigner.cosign(TEXT, 2n ** 63n), malformed);
  }
});

test('extension lines are cosigned by Ed25519, which covers them, and not by ML-DSA-44', async (t) => {
  const text = `${TEXT}more\n`;
  const cosigner = ed25519Cosigner('w.example', SEED);
  const line = await cosigner.cosign(text, 1n);
  openSignedNote(note(text, line), [noteVerifier(cosigner.key)]);
  await assert.rejects(mldsa(t).cosign(text, 1n), malformed);
});

test('a subtree is signed without a time, by ML-DSA-44 alone', async (t) => {
  const cosigner = mldsa(t);
  const statement = { origin: 'log.example', start: 8n, end: 13n, hash: new Uint8Array(32) };
  const line = await cosigner.signSubtree(statement);
  const read = readCosignature(line.signature);
  assert.equal(read?.timeSeconds, 0n);
  const message = subtreeMessage({ ...statement, cosigner: 'w.example', timeSeconds: 0n });
  assert.ok(mldsa44().verify(read?.signature as Uint8Array, message, cosigner.key.publicKey));
  await assert.rejects(cosigner.signSubtree({ ...statement, start: 7n }), malformed);
  assert.equal(ed25519Cosigner('w.example', SEED).signSubtree, undefined);
});

test('without being asked for the same bytes, no ML-DSA-44 signature is like another', async (t) => {
  const cosigner = mldsa(t);
  const lines = await Promise.all([1, 2].map(() => cosigner.cosign(TEXT, 1n)));
  const [first, second] = lines.map(({ signature }) => toHex(signature));
  assert.notEqual(first, second);
});

test('signatures asked for together are each of their own text', async (t) => {
  const cosigner = mldsa(t);
  const texts = [5, 6, 7, 8].map((size) => TEXT.replace('7', String(size)));
  const lines = await Promise.all(texts.map((text) => cosigner.cosign(text, 1n)));
  for (const [index, text] of texts.entries()) {
    const line = lines[index] as SignatureLine;
    openSignedNote(note(text, line), [noteVerifier(cosigner.key)]);
  }
});

test('names and seeds that make no key are refused', (t) => {
  for (const cosigner of [ed25519Cosigner, mldsa44Cosigner]) {
    for (const name of ['', 'a b', 'a+b']) assert.throws(() => cosigner(name, SEED), malformed);
    for (const length of [0, 31, 33, 64]) {
      assert.throws(() => cosigner('w', new Uint8Array(length)), notAKey);
    }
  }
  mldsa(t, 'w'.repeat(255));
  assert.throws(() => mldsa44Cosigner('w'.repeat(256), SEED), malformed);
});

// Of a message: label, name and its length, then the time, whose last byte this is.
const LAST_OF_TIME = 12 + 1 + 'w.example'.length + 7;

test('a thread that is lost refuses what it was at, and nothing else', async (t) => {
  // It is lost over a message of the time 1; any other message is its own signature.
  const module = answeringWith(
    `new Uint8Array(message)[${LAST_OF_TIME}] === 1 ? process.exit(1) : message`,
  );
  for (const threads of [1, 2]) {
    const cosigner = mldsa(t, 'w.example', SEED, { module, threads });
    const times = [2n, 1n, 3n, 1n, 4n];
    const asked = times.map((time) => cosigner.cosign(TEXT, time));
    for (const [index, settled] of (await Promise.allSettled(asked)).entries()) {
      if (settled.status === 'rejected') {
        assert.ok(unavailable(settled.reason));
        assert.equal(times[index], 1n);
      } else {
        assert.equal(readCosignature(settled.value.signature)?.timeSeconds, times[index]);
        assert.notEqual(times[index], 1n);
      }
    }
    const { signature } = await cosigner.cosign(TEXT, 5n);
    assert.equal(readCosignature(signature)?.timeSeconds, 5n);
  }
});

test('a checkpoint does not wait for the subtrees that were asked for before it', async (t) => {
  const module = answeringWith('message');
  const cosigner = mldsa(t, 'w.example', SEED, { module, threads: 1 });
  const signed: string[] = [];
  const hash = new Uint8Array(32);
  const subtrees = [0n, 1n, 2n].map(async (start) => {
    await cosigner.signSubtree({ origin: 'log.example', start, end: start + 1n, hash });
    signed.push(`subtree ${start}`);
  });
  await cosigner.cosign(TEXT, 1n);
  signed.push('checkpoint');
  await Promise.all(subtrees);
  assert.deepEqual(signed, ['subtree 0', 'checkpoint', 'subtree 1', 'subtree 2']);
});

test('a closed cosigner refuses what is under way and what follows', async (t) => {
  const cosigner = mldsa(t, 'w.example', SEED, { module: SILENT });
  const refused = assert.rejects(cosigner.cosign(TEXT, 1n), unavailable);
  await cosigner.close();
  await refused;
  await assert.rejects(cosigner.cosign(TEXT, 1n), unavailable);
});

test('a cosigner that was closed before it signed starts no thread', async (t) => {
  const cosigner = mldsa(t, 'w.example', SEED, { module: answeringWith('message') });
  await cosigner.close();
  await assert.rejects(cosigner.cosign(TEXT, 1n), unavailable);
});
