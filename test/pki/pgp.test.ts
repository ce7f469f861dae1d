import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { concatBytes, fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import { decodeArmor, encodeArmor } from '../../src/pki/pgp/armor.js';
import { canonicalText } from '../../src/pki/pgp/canonical-text.js';
import { readClearSigned } from '../../src/pki/pgp/clear-signed.js';
import { MAX_CHECKED_SIGNATURES, MAX_ENTITIES, MAX_PARTS } from '../../src/pki/pgp/entity.js';
import { MAX_KEY_RING_LENGTH, readPgpKeyRing } from '../../src/pki/pgp/key-ring.js';
import { serializePacket } from '../../src/pki/pgp/packet-header.js';
import {
  MAX_SIGNATURE_LENGTH,
  pgpPacketProblem,
  pgpSignatureProblem,
  readPgpSignature,
} from '../../src/pki/pgp/signature.js';
import { Random } from '../random.js';
import { vectorLines } from '../vectors.js';
import {
  clearSign,
  forgeKey,
  forgeRevocation,
  forgeRing,
  forgeSignature,
  forgeSubkey,
  forgeUserId,
  keyPacket,
  MADE_AT,
  MAY_SIGN,
  seconds,
  subpacket,
  userIdInput,
} from './pgp-forge.js';

interface Detached {
  readonly name: string;
  readonly key: string;
  readonly signature: string;
  readonly canonicalSha256?: string;
  readonly emails?: readonly string[];
  readonly reason?: string;
}

const detached = vectorLines<Detached>('pki/pgp/detached.jsonl');
const message = utf8('Hello OpenPGP\r\nsecond line  \nthird\n');
const key = forgeKey(1);
const other = forgeKey(2);

function hexSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What the log says to a key, a signature and a message: undefined when all is well. */
async function problemOf(
  ringBytes: Uint8Array,
  signatureBytes: Uint8Array,
  signed: Uint8Array = message,
): Promise<string | undefined> {
  try {
    const signature = await readPgpSignature(signatureBytes);
    const ring = await readPgpKeyRing(ringBytes);
    return await pgpSignatureProblem(ring, signature, signed);
  } catch (error) {
    assert.ok(isLogError(error), String(error));
    assert.match(error.code, /^(KEY_MALFORMED|SIGNATURE_INVALID)$/);
    return error.message;
  }
}

function armored(type: string, bytes: Uint8Array): string {
  return `${fromUtf8(encodeArmor(type, bytes))}\n`;
}

for (const { name, key, signature, canonicalSha256, emails, reason } of detached) {
  test(`GnuPG's ${name} is ${reason === undefined ? 'stored' : 'refused'} as Rekor does it`, async () => {
    const ringBytes = Buffer.from(key, 'base64');
    const signatureBytes = Buffer.from(signature, 'base64');
    assert.equal(await problemOf(ringBytes, signatureBytes), reason);
    if (reason !== undefined) return;
    const ring = await readPgpKeyRing(ringBytes);
    assert.equal(hexSha256(ring.canonical), canonicalSha256);
    assert.deepEqual(ring.emails, emails);
    assert.notEqual(await problemOf(ringBytes, signatureBytes, utf8('another message')), undefined);
  });
}

test('the stored form of a ring is stored as itself', async () => {
  for (const { key, reason } of detached) {
    if (reason !== undefined) continue;
    const { canonical } = await readPgpKeyRing(Buffer.from(key, 'base64'));
    assert.deepEqual((await readPgpKeyRing(canonical)).canonical, canonical);
  }
});

test('no single flipped bit of a signature, its hash tag aside, verifies', async () => {
  const ringBytes = forgeRing(key);
  const signature = forgeSignature(key, { type: 0x00 }, message);
  // The tag stands behind the hashed fields and the empty unhashed area, in front of two numbers of 32 bytes.
  const tagAt = signature.length - 68 - 2;
  let refused = 0;
  // A packet that says it is longer than it is read is read all the same.
  for (let at = 2; at < signature.length; at++) {
    if (at === tagAt || at === tagAt + 1) continue;
    // Bit counts of numbers: Rekor reads as many bytes for 249 as for 256.
    if (at >= tagAt + 2 && [0, 1, 34, 35].includes(at - tagAt - 2)) continue;
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Uint8Array.from(signature);
      damaged[at] = (damaged[at] as number) ^ (1 << bit);
      assert.notEqual(await problemOf(ringBytes, damaged), undefined, `bit ${bit} of byte ${at}`);
      refused++;
    }
  }
  assert.ok(refused > 700);
});

test('damage anywhere ends in a reason, never in a crash', async () => {
  const ringBytes = concatBytes(
    forgeRing(key),
    forgeSubkey(key, other),
    serializePacket(17, Uint8Array.of(3, 1, 2, 3)),
  );
  const signature = forgeSignature(other, { type: 0x00 }, message);
  const random = new Random(1);
  const damage = (bytes: Uint8Array) => {
    const damaged = random.damaged(bytes);
    return random.chance(0.25) ? damaged.subarray(0, random.below(bytes.length)) : damaged;
  };
  for (let round = 0; round < 400; round++) {
    await problemOf(damage(ringBytes), signature);
    await problemOf(ringBytes, damage(signature));
    readClearSigned(damage(clearSign(key, 'a\n...\nb')));
  }
  assert.equal(await problemOf(ringBytes, signature), undefined);
});

const ARMOR_VARIANTS: Record<string, (text: string) => string> = {
  'a wrong checksum': (text) => text.replace(/^=.{4}$/m, '=AAAA'),
  'no checksum': (text) => text.replace(/^=.{4}\n/m, ''),
  headers: (text) => text.replace('\n\n', '\nVersion: GnuPG v1\nComment: a: b\n\n'),
  'CR LF': (text) => text.replace(/\n/g, '\r\n'),
  'white space behind lines': (text) => text.replace(/^(.+)$/gm, '$1 \t\u00a0'),
  'short lines': (text) => text.replace(/^([A-Za-z0-9+/]{20})/gm, '$1\n'),
  'text in front of a signature': (text) => (text.includes('KEY') ? text : `some text\n${text}`),
  'text behind it': (text) => `${text}some text\n`,
};

for (const [what, change] of Object.entries(ARMOR_VARIANTS)) {
  test(`armour with ${what} is read`, async () => {
    const ringText = change(armored('PGP PUBLIC KEY BLOCK', forgeRing(key)));
    const signature = forgeSignature(key, { type: 0x00 }, message);
    const signatureText = utf8(change(armored('PGP SIGNATURE', signature)));
    assert.equal(await problemOf(utf8(ringText), signatureText), undefined);
    const read = await readPgpSignature(signatureText);
    assert.deepEqual(read.canonical, signatureText);
    const { canonical } = await readPgpKeyRing(utf8(ringText));
    assert.deepEqual(canonical, (await readPgpKeyRing(forgeRing(key))).canonical);
  });
}

const BAD_ARMOR: Record<string, [(text: string) => string, string]> = {
  'a line of base64 that is too long': [
    (text) => text.replace(/\n(?=[A-Za-z0-9+/]{64}\n)/, `\n${'A'.repeat(100)}`),
    'error reading PGP public key: openpgp: invalid data: armor invalid',
  ],
  'another type': [
    (text) => text.replaceAll('PUBLIC KEY BLOCK', 'SIGNATURE'),
    'invalid PGP type detected',
  ],
  'no END line': [
    (text) => text.replace(/-----END[\s\S]*/, ''),
    'no PGP public keys could be read',
  ],
  'base64 cut within a group': [
    (text) => text.replace(/.\n=/, '\n='),
    'error reading PGP public key: unexpected EOF',
  ],
};

for (const [what, [change, reason]] of Object.entries(BAD_ARMOR)) {
  test(`armour with ${what} is refused`, async () => {
    // One byte too many for a whole group of base64, so that padding is at the end.
    const text = armored('PGP PUBLIC KEY BLOCK', forgeRing(key, 'A name that pads'));
    await assert.rejects(readPgpKeyRing(utf8(change(text))), { message: reason });
  });
}

test('several armoured blocks make one ring', async () => {
  const blocks = [key, other].map((one) => armored('PGP PUBLIC KEY BLOCK', forgeRing(one)));
  const { canonical, entities } = await readPgpKeyRing(utf8(blocks.join('\n')));
  assert.equal(entities.length, 2);
  const together = await readPgpKeyRing(concatBytes(forgeRing(key), forgeRing(other)));
  assert.deepEqual(canonical, together.canonical);
});

test('armour is written in 64 columns with a checksum and no newline at its end', () => {
  const text = fromUtf8(encodeArmor('PGP SIGNATURE', new Uint8Array(60)));
  assert.match(
    text,
    /^-----BEGIN PGP SIGNATURE-----\n\n[A-Za-z0-9+/]{64}\n[A-Za-z0-9+/]{16}\n=[A-Za-z0-9+/]{4}\n-----END PGP SIGNATURE-----$/,
  );
  assert.equal(decodeArmor(utf8(text))?.body.takeWhatIsThere().length, 60);
  // The checksum of "123456789" under CRC-24/OPENPGP is 21cf02.
  assert.match(fromUtf8(encodeArmor('X', utf8('123456789'))), /\n=Ic8C\n/);
});

test('user IDs keep the order of the input, the first of a name its place', async () => {
  const ring = await readPgpKeyRing(
    concatBytes(
      keyPacket(key),
      forgeUserId(key, 'B <b@example.com>'),
      forgeUserId(key, 'A <a@example.com>'),
      forgeUserId(key, 'B <b@example.com>', { createdSeconds: MADE_AT + 1 }),
      forgeUserId(key, 'no address'),
    ),
  );
  assert.deepEqual(ring.emails, ['b@example.com', 'a@example.com']);
  assert.equal(ring.entities[0]?.identities.length, 3);
  assert.equal(ring.entities[0]?.identities[0]?.selfSignature?.createdSeconds, MADE_AT + 1);
});

test('a user ID without a signature of the key is dropped, one with a broken one costs the key', async () => {
  const stranger = concatBytes(
    serializePacket(13, utf8('Stranger <s@example.com>')),
    forgeSignature(other, { type: 0x10 }, ...userIdInput(key, 'Stranger <s@example.com>')),
  );
  const ring = await readPgpKeyRing(concatBytes(forgeRing(key), stranger));
  assert.deepEqual(ring.emails, ['forged@example.com']);
  const broken = concatBytes(
    serializePacket(13, utf8('Broken')),
    forgeSignature(key, { type: 0x10 }, ...userIdInput(key, 'Another')),
  );
  await assert.rejects(readPgpKeyRing(concatBytes(forgeRing(key), broken)), {
    code: 'KEY_MALFORMED',
    message: /user ID self-signature invalid: openpgp: invalid signature: EdDSA/,
  });
  const rest = await readPgpKeyRing(concatBytes(forgeRing(key), broken, forgeRing(other)));
  assert.equal(rest.entities.length, 1);
});

test('a key without a user ID is refused', async () => {
  await assert.rejects(readPgpKeyRing(keyPacket(key)), {
    code: 'KEY_MALFORMED',
    message:
      'error reading binary PGP public key: openpgp: invalid data: v4 entity without any identities',
  });
});

test('a subkey signs only when it has signed back', async () => {
  const signature = forgeSignature(other, { type: 0x00 }, message);
  const bound = concatBytes(forgeRing(key), forgeSubkey(key, other));
  assert.equal(await problemOf(bound, signature), undefined);
  const claimed = concatBytes(forgeRing(key), forgeSubkey(key, other, { signsBack: false }));
  assert.match(
    (await problemOf(claimed, signature)) ?? '',
    /signing subkey is missing cross-signature$/,
  );
  const unflagged = forgeSubkey(key, other, { hashed: [], signsBack: false });
  assert.equal(
    await problemOf(concatBytes(forgeRing(key), unflagged), signature),
    'openpgp: signature made by unknown entity',
  );
});

test('a key is judged at the time of the signature', async () => {
  const expiring = (lifetime: number) =>
    concatBytes(
      keyPacket(key),
      forgeUserId(key, 'X', { hashed: [MAY_SIGN, subpacket(9, seconds(lifetime))] }),
    );
  const signedAt = (after: number, ...hashed: Uint8Array[]) =>
    forgeSignature(key, { type: 0x00, createdSeconds: MADE_AT + after, hashed }, message);
  assert.equal(await problemOf(expiring(100), signedAt(100)), undefined);
  assert.equal(await problemOf(expiring(100), signedAt(101)), 'openpgp: key expired');
  assert.equal(await problemOf(expiring(0), signedAt(1e9)), undefined);
  assert.equal(await problemOf(expiring(0), signedAt(-1)), 'openpgp: key expired');
  assert.equal(await problemOf(expiring(0), signedAt(5, subpacket(3, seconds(1)))), undefined);
});

test('a revocation counts from its time on, that of a compromised key for ever', async () => {
  const signature = forgeSignature(key, { type: 0x00, createdSeconds: MADE_AT + 50 }, message);
  const revoked = (createdSeconds: number, reason: number) =>
    concatBytes(
      keyPacket(key),
      forgeRevocation(key, { createdSeconds, hashed: [subpacket(29, Uint8Array.of(reason))] }),
      forgeUserId(key, 'X'),
    );
  assert.equal(await problemOf(revoked(MADE_AT + 51, 1), signature), undefined);
  const reason = 'openpgp: signature made by revoked key';
  assert.equal(await problemOf(revoked(MADE_AT + 50, 1), signature), reason);
  assert.equal(await problemOf(revoked(MADE_AT + 51, 2), signature), reason);
});

test('a key whose user IDs are all revoked signs nothing, with a subkey either', async () => {
  const gone = concatBytes(
    keyPacket(key),
    serializePacket(13, utf8('X')),
    forgeSignature(key, { type: 0x30 }, ...userIdInput(key, 'X')),
    forgeSubkey(key, other),
  );
  const signature = forgeSignature(other, { type: 0x00 }, message);
  assert.equal(await problemOf(gone, signature), 'openpgp: signature made by revoked key');
});

test('text signatures are over CR LF, paired from the front', async () => {
  const signature = forgeSignature(key, { type: 0x01 }, utf8('a\r\nb\r\n'));
  assert.equal(await problemOf(forgeRing(key), signature, utf8('a\nb\r\n')), undefined);
  assert.equal(fromUtf8(canonicalText(utf8('a\r\r\n\n'))), 'a\r\r\r\n\r\n');
  const certification = forgeSignature(key, { type: 0x13 }, message);
  assert.equal(
    await problemOf(forgeRing(key), certification),
    'openpgp: unsupported feature: unsupported signature type: 19',
  );
});

test('SHA-1 and SHA-3 sign, MD5 is passed over', async () => {
  for (const hash of [2, 8, 10, 12, 14]) {
    const signature = forgeSignature(key, { type: 0x00, hash }, message);
    assert.equal(await problemOf(forgeRing(key), signature), undefined);
  }
  const md5 = Uint8Array.from(forgeSignature(key, { type: 0x00 }, message));
  md5[5] = 1;
  assert.equal(await problemOf(forgeRing(key), md5), 'invalid PGP signature: EOF');
});

test('a package signature is checked without flags and names the key that is missing', async () => {
  const ring = await readPgpKeyRing(
    concatBytes(keyPacket(key), forgeUserId(key, 'X', { hashed: [] })),
  );
  const packet = forgeSignature(key, { type: 0x00 }, message);
  assert.equal(await pgpPacketProblem(ring, packet, message), undefined);
  assert.match((await pgpPacketProblem(ring, packet, utf8('x'))) ?? '', /EdDSA verification/);
  const twice = concatBytes(packet, packet);
  const trailing = 'trailing garbage after PGP signature packet';
  assert.equal(await pgpPacketProblem(ring, twice, message), trailing);
  const foreign = forgeSignature(other, { type: 0x00 }, message);
  const keyId = Buffer.from(other.fingerprint.subarray(12)).toString('hex').replace(/^0+/, '');
  assert.equal(await pgpPacketProblem(ring, foreign, message), `keyid ${keyId} not found`);
  assert.equal(await pgpPacketProblem(ring, new Uint8Array(0), message), 'EOF');
});

test('rings are bounded: length, keys, user IDs, signatures to check', async () => {
  const tooMuch = { code: 'KEY_MALFORMED', message: /more than|longer than/ };
  await assert.rejects(readPgpKeyRing(new Uint8Array(MAX_KEY_RING_LENGTH + 1)), tooMuch);
  const rings = Array.from({ length: MAX_ENTITIES + 1 }, () => forgeRing(key, 'X'));
  assert.equal(
    (await readPgpKeyRing(concatBytes(...rings.slice(1)))).entities.length,
    MAX_ENTITIES,
  );
  await assert.rejects(readPgpKeyRing(concatBytes(...rings)), tooMuch);
  const bare = Array.from({ length: MAX_PARTS }, () => serializePacket(13, utf8('X')));
  const full = concatBytes(keyPacket(key), ...bare.slice(1), forgeUserId(key, 'Y'));
  assert.equal((await readPgpKeyRing(full)).entities.length, 1);
  await assert.rejects(readPgpKeyRing(concatBytes(full, ...bare.slice(0, 1))), tooMuch);
  const self = forgeUserId(key, 'X').subarray(3);
  const more = (count: number) => concatBytes(forgeRing(key, 'X'), ...Array(count).fill(self));
  assert.equal((await readPgpKeyRing(more(MAX_CHECKED_SIGNATURES - 1))).entities.length, 1);
  await assert.rejects(readPgpKeyRing(more(MAX_CHECKED_SIGNATURES)), tooMuch);
});

test('a signature is bounded in length, and in what is embedded in it', async () => {
  await assert.rejects(readPgpSignature(new Uint8Array(MAX_SIGNATURE_LENGTH + 1)), {
    code: 'SIGNATURE_INVALID',
    message: /longer than/,
  });
  let nested = forgeSignature(key, { type: 0x19 }, message).subarray(2);
  for (let depth = 0; depth < 100; depth++) {
    nested = forgeSignature(key, { type: 0x19, unhashed: [subpacket(32, nested)] }, message);
    nested = nested.subarray((nested[1] as number) < 192 ? 2 : nested[1] === 255 ? 6 : 3);
  }
  await assert.rejects(readPgpSignature(serializePacket(2, nested)), {
    message: /embedded too deeply/,
  });
});

test('declared lengths cost nothing', async () => {
  const huge = Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 1, 0xff, 0xff);
  await assert.rejects(readPgpKeyRing(huge), { message: /unexpected EOF/ });
  // A second of work, and more arguments than a call can have, were these not bounded.
  const fillings = [
    [0xcd, 0],
    [0xff, 0],
    [0xca, 3, 0x50, 0x47, 0x50],
    [0xe0, 1],
  ];
  for (const filling of fillings) {
    const full = Buffer.alloc(MAX_KEY_RING_LENGTH - 1, Uint8Array.from(filling));
    await assert.rejects(readPgpKeyRing(concatBytes(Uint8Array.of(0xcd), full)), {
      code: 'KEY_MALFORMED',
    });
  }
  const lines = `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${'\n'.repeat(1e6)}-----END PGP\n`;
  await assert.rejects(readPgpKeyRing(utf8(lines)), { message: /armor invalid/ });
  const parts = concatBytes(Uint8Array.of(0xc6), ...Array(1000).fill(Uint8Array.of(0xfe)));
  await assert.rejects(readPgpKeyRing(parts), { code: 'KEY_MALFORMED' });
});
