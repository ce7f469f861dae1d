import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeElement } from '../../src/encoding/der.js';
import { toHex } from '../../src/encoding/hex.js';
import { isLogError } from '../../src/errors.js';
import {
  ecdsaKeyID,
  ed25519LogID,
  MAX_VERIFIER_KEY_LENGTH,
  noteKeyID,
  parseVerifierKey,
  printVerifierKey,
  SIGNATURE_TYPE,
  type SignatureType,
  type VerifierKey,
} from '../../src/note/verifier-key.js';
import { vectorPath } from '../vectors.js';

const malformed = (error: unknown) => isLogError(error, 'NOTE_MALFORMED');

const { keys } = JSON.parse(readFileSync(vectorPath('note/keys.json'), 'utf8')) as {
  keys: { name: string; type: string; public_key_base64: string; key_id: string; vkey: string }[];
};

test('recorded keys have the recorded IDs and verifier keys', () => {
  assert.ok(keys.length >= 5);
  for (const { name, type, public_key_base64, key_id, vkey } of keys) {
    const publicKey = new Uint8Array(Buffer.from(public_key_base64, 'base64'));
    const number = Number(type) as SignatureType;
    assert.equal(toHex(noteKeyID(name, number, publicKey)), key_id);
    const key = parseVerifierKey(vkey);
    assert.deepEqual(
      { ...key, keyID: toHex(key.keyID) },
      { name, keyID: key_id, type: number, publicKey },
    );
    assert.equal(printVerifierKey(key), vkey);
  }
});

const EXAMPLE = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';

test('the example of the specification is read', () => {
  const { name, keyID, type, publicKey } = parseVerifierKey(EXAMPLE);
  assert.equal(name, 'example.com/foo');
  assert.equal(type, SIGNATURE_TYPE.ed25519);
  assert.deepEqual(ed25519LogID(name, publicKey).slice(0, 4), keyID);
});

test('the ID of an ECDSA key is the start of the hash of its SubjectPublicKeyInfo', () => {
  const publicKey = encodeElement(0x30, Uint8Array.of(5, 0));
  const key = { name: 'rekor.example', type: SIGNATURE_TYPE.ecdsa, publicKey };
  const vkey = printVerifierKey(key);
  assert.equal(vkey.split('+')[1], toHex(ecdsaKeyID(publicKey)));
  assert.deepEqual(parseVerifierKey(vkey), { ...key, keyID: ecdsaKeyID(publicKey) });
  assert.notDeepEqual(ecdsaKeyID(publicKey), noteKeyID(key.name, key.type, publicKey));
});

test('damaged verifier keys are refused', () => {
  const [name, id, key] = EXAMPLE.split('+') as [string, string, string];
  const short = Buffer.alloc(32, 1).toString('base64');
  const unknownType = Buffer.concat([Buffer.of(3), Buffer.alloc(32)]).toString('base64');
  for (const vkey of [
    '',
    name,
    `${name}+${id}`,
    `${name}+${id}+`,
    `+${id}+${key}`,
    `a b+${id}+${key}`,
    `other+${id}+${key}`,
    `${name}+${id.toUpperCase()}+${key}`,
    `${name}+530d903b+${key}`,
    `${name}+0530d903a+${key}`,
    `${name}+${id}+${key}=`,
    `${name}+${id}+${key}\n`,
    `${name}+${id}+${short}`,
    `${name}+${id}+${unknownType}`,
    `${EXAMPLE}+`,
  ]) {
    assert.throws(() => parseVerifierKey(vkey), malformed, vkey);
  }
  const notDer = { name, type: SIGNATURE_TYPE.ecdsa, publicKey: Uint8Array.of(0x30, 1) };
  assert.throws(() => printVerifierKey(notDer), malformed);
});

test('a verifier key may be exactly as long as the limit', () => {
  const publicKey = new Uint8Array(32);
  const rest = printVerifierKey({ name: 'a', type: 1, publicKey }).length - 1;
  const fits = printVerifierKey({
    name: 'a'.repeat(MAX_VERIFIER_KEY_LENGTH - rest),
    type: 1,
    publicKey,
  });
  parseVerifierKey(fits);
  const tooLong = printVerifierKey({
    name: 'a'.repeat(MAX_VERIFIER_KEY_LENGTH - rest + 1),
    type: 1,
    publicKey,
  });
  assert.throws(() => parseVerifierKey(tooLong), malformed);
});

test('any text is a verifier key that prints back, or is refused', () => {
  const types = fc.constantFrom<SignatureType>(1, 4);
  const made = fc
    .tuple(
      fc.string({ minLength: 1, maxLength: 4 }),
      types,
      fc.uint8Array({ minLength: 31, maxLength: 32 }),
    )
    .map(([name, type, key]) => {
      const id = toHex(noteKeyID(name, type, key));
      return `${name}+${id}+${Buffer.concat([Buffer.of(type), key]).toString('base64')}`;
    });
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(fc.string(), made), (text) => {
      let key: VerifierKey;
      try {
        key = parseVerifierKey(text);
      } catch (error) {
        assert.ok(malformed(error));
        return;
      }
      accepted++;
      assert.equal(printVerifierKey(key), text);
    }),
    { seed: 27, numRuns: 2000 },
  );
  assert.ok(accepted > 100, `only ${accepted} keys were accepted`);
});
