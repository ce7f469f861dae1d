import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import {
  cosignatureMessage,
  printCosignature,
  subtreeMessage,
} from '../../src/note/cosignature.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { parseVerifierKey, printVerifierKey } from '../../src/note/verifier-key.js';
import { mldsa44 } from '../../src/signing/mldsa44.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { mldsa44Vectors } from '../note/mldsa44-vectors.js';
import { Random } from '../random.js';

const malformed = (error: unknown) => isLogError(error, 'KEY_MALFORMED');
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

const EXAMPLE_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const EXAMPLE =
  'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';

const TEXT = `log.example\n7\n${Buffer.alloc(32, 1).toString('base64')}\n`;

/** Returns a verifier of an Ed25519 key of type 1 or 4, and its private key. */
function ed25519(type: 1 | 4) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const vkey = printVerifierKey({ name: 'k', type, publicKey: new Uint8Array(raw) });
  return { verifier: noteVerifier(parseVerifierKey(vkey)), privateKey };
}

function ecdsa(publicKey: KeyObject) {
  const der = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  return noteVerifier(parseVerifierKey(printVerifierKey({ name: 'k', type: 2, publicKey: der })));
}

test('the example of the specification verifies, and no other text', () => {
  const verifier = noteVerifier(parseVerifierKey(EXAMPLE_KEY));
  const note = parseSignedNote(EXAMPLE);
  assert.equal(openSignedNote(note, [verifier]).length, 1);
  const signature = note.signatures[0]?.signature as Uint8Array;
  assert.equal(verifier.verify(utf8(`${note.text}\n`), signature), false);
  assert.equal(verifier.verify(utf8(note.text), signature.slice(1)), false);
});

test('an ECDSA key of each curve verifies SHA-256 in DER', () => {
  for (const namedCurve of ['P-256', 'P-384', 'P-521']) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const verifier = ecdsa(publicKey);
    const signature = sign('sha256', utf8(TEXT), privateKey);
    assert.equal(verifier.verify(utf8(TEXT), signature), true);
    assert.equal(verifier.verify(utf8(`${TEXT}x\n`), signature), false);
    const raw = sign('sha256', utf8(TEXT), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    assert.equal(verifier.verify(utf8(TEXT), raw), false);
    assert.equal(verifier.verify(utf8(TEXT), Uint8Array.of(0x30)), false);
  }
});

test('an ECDSA key that cannot be read or is of another curve makes no verifier', () => {
  const others = [
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
    generateKeyPairSync('ed25519').publicKey,
    generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
  ];
  for (const key of others) assert.throws(() => ecdsa(key), malformed);
  const publicKey = Uint8Array.of(0x30, 2, 5, 0);
  const vkey = printVerifierKey({ name: 'k', type: 2, publicKey });
  assert.throws(() => noteVerifier(parseVerifierKey(vkey)), malformed);
});

test('an Ed25519 cosignature is of its time and text alone', () => {
  const { verifier, privateKey } = ed25519(4);
  const cosignature = (time: bigint, text: string) =>
    sign(null, cosignatureMessage(time, text), privateKey);
  const signature = cosignature(1_700_000_000n, TEXT);
  const verify = (time: bigint, text: string) =>
    verifier.verify(utf8(text), printCosignature(time, signature));
  assert.equal(verify(1_700_000_000n, TEXT), true);
  assert.equal(verify(1_700_000_001n, TEXT), false);
  assert.equal(verify(1_700_000_000n, `${TEXT}more\n`), false);
  assert.equal(verifier.verify(utf8(TEXT), signature), false);
  const extended = printCosignature(5n, cosignature(5n, `${TEXT}more\n`));
  assert.equal(verifier.verify(utf8(`${TEXT}more\n`), extended), true);
  const tooLate = Buffer.from(printCosignature(0n, cosignature(0n, TEXT)));
  tooLate[0] = 0x80;
  assert.equal(verifier.verify(utf8(TEXT), tooLate), false);
});

test('a key of one type verifies no signature of the other', () => {
  const log = ed25519(1);
  const witness = ed25519(4);
  const plain = sign(null, utf8(TEXT), witness.privateKey);
  assert.equal(witness.verifier.verify(utf8(TEXT), printCosignature(0n, plain)), false);
  const cosignature = sign(null, cosignatureMessage(0n, TEXT), log.privateKey);
  assert.equal(log.verifier.verify(utf8(TEXT), cosignature), false);
  assert.equal(log.verifier.verify(utf8(TEXT), printCosignature(0n, cosignature)), false);
});

test('bytes that are no point of Ed25519 verify nothing', () => {
  const publicKey = new Uint8Array(32).fill(0xff);
  const key = parseVerifierKey(printVerifierKey({ name: 'k', type: 1, publicKey }));
  assert.equal(noteVerifier(key).verify(utf8(TEXT), new Uint8Array(64)), false);
});

const vectors = mldsa44Vectors();

test('recorded ML-DSA-44 cosignatures of checkpoints verify, those with a context do not', () => {
  const checkpoints = vectors.filter(({ start }) => start === '0');
  assert.ok(checkpoints.length >= 4);
  assert.ok(checkpoints.some((vector) => !vector.usable_as_cosignature));
  for (const vector of checkpoints) {
    const verifier = noteVerifier(parseVerifierKey(vector.vkey));
    const text = utf8(`${vector.origin}\n${vector.end}\n${vector.hash}\n`);
    for (const base64 of [vector.deterministic_signature, vector.hedged_signature]) {
      const line = printCosignature(BigInt(vector.timestamp), bytesOf(base64));
      assert.equal(verifier.verify(text, line), vector.usable_as_cosignature);
      assert.equal(verifier.verify(utf8(`x${vector.origin}\n`), line), false);
      assert.equal(verifier.verify(utf8('not a checkpoint\n'), line), false);
      assert.equal(verifier.verify(Uint8Array.of(0xff), line), false);
    }
  }
});

test('recorded ML-DSA-44 cosignatures of subtrees are over their statement', () => {
  const subtrees = vectors.filter(({ start }) => start !== '0');
  assert.ok(subtrees.length >= 2);
  for (const { vkey, deterministic_signature, hash, timestamp, start, end, ...rest } of subtrees) {
    const message = subtreeMessage({
      ...rest,
      timeSeconds: BigInt(timestamp),
      start: BigInt(start),
      end: BigInt(end),
      hash: bytesOf(hash),
    });
    const { publicKey } = parseVerifierKey(vkey);
    assert.ok(mldsa44().verify(bytesOf(deterministic_signature), message, publicKey));
  }
});

/** Signs what is said, over an ML-DSA-44 key that depends on nothing. */
function mldsaSigner() {
  const algorithm = mldsa44();
  const { publicKey, secretKey } = algorithm.keygen(new Uint8Array(32));
  const vkey = printVerifierKey({ name: 'k', type: 6, publicKey });
  const root = new Uint8Array(32).fill(1);
  const statement = { origin: 'log.example', start: 0n, end: 7n, hash: root };
  const cosign = (cosigner: string, timeSeconds: bigint): Uint8Array =>
    printCosignature(
      timeSeconds,
      algorithm.sign(subtreeMessage({ ...statement, cosigner, timeSeconds }), secretKey),
    );
  return { verifier: noteVerifier(parseVerifierKey(vkey)), cosign };
}

test('an ML-DSA-44 cosignature is of its cosigner and time, and not of extension lines', () => {
  const { verifier, cosign } = mldsaSigner();
  const line = cosign('k', 5n);
  assert.equal(verifier.verify(utf8(TEXT), line), true);
  assert.equal(verifier.verify(utf8(TEXT), cosign('k', 0n)), true);
  assert.equal(verifier.verify(utf8(TEXT), cosign('other', 5n)), false);
  assert.equal(verifier.verify(utf8(`${TEXT}more\n`), line), false);
  const later = Uint8Array.from(line);
  later[7] = 6;
  assert.equal(verifier.verify(utf8(TEXT), later), false);
  const tooLate = Uint8Array.from(line);
  tooLate[0] = 0x80;
  assert.equal(verifier.verify(utf8(TEXT), tooLate), false);
});

test('a damaged ML-DSA-44 cosignature does not verify, whatever the damage', () => {
  const { verifier, cosign } = mldsaSigner();
  const line = cosign('k', 5n);
  const random = new Random(74);
  for (let round = 0; round < 30; round++) {
    const damaged = random.damaged(line);
    const isSame = damaged.every((byte, at) => byte === line[at]);
    assert.equal(verifier.verify(utf8(TEXT), damaged), isSame);
  }
  for (const length of [0, 7, 8, 9, 2427]) {
    assert.equal(verifier.verify(utf8(TEXT), line.subarray(0, length)), false);
  }
  const long = new Uint8Array(line.length + 1);
  long.set(line);
  assert.equal(verifier.verify(utf8(TEXT), long), false);
  // The hints at the end have an encoding of their own.
  const full = Uint8Array.from(line).fill(0xff, -84);
  assert.equal(verifier.verify(utf8(TEXT), full), false);
});

test('a process that verifies Ed25519 alone does not read the ML-DSA-44 library', () => {
  const url = (name: string) => new URL(`../../src/${name}.js`, import.meta.url).href;
  const script = `
    const { noteVerifier } = await import('${url('signing/note-verifier')}');
    const { parseVerifierKey } = await import('${url('note/verifier-key')}');
    const { createRequire } = await import('node:module');
    const count = () => Object.keys(createRequire('/').cache).filter((name) => name.includes('post-quantum')).length;
    noteVerifier(parseVerifierKey('${EXAMPLE_KEY}'));
    const before = count();
    noteVerifier(parseVerifierKey('${vectors[0]?.vkey}'));
    console.log(before, count() > 0);`;
  const output = execFileSync(
    process.execPath,
    [...process.execArgv, '--input-type=module', '-e', script],
    {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  assert.equal(output, '0 true\n');
});
