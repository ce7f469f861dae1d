import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import { encodeArmor } from '../../src/pki/pgp/armor.js';
import { newLength, serializePacket } from '../../src/pki/pgp/packet-header.js';
import { bigEndian } from '../../src/pki/pgp/signature-packet.js';

/** A key that signs whatever a test wants signed: Ed25519, so the same input gives the same bytes. */
export interface ForgedKey {
  readonly body: Uint8Array;
  readonly fingerprint: Uint8Array;
  readonly privateKey: KeyObject;
}

/** When everything forged was made, unless a test says otherwise: seconds since 1970. */
export const MADE_AT = 1_700_000_000;

/** Returns the key number `seed`. */
export function forgeKey(seed: number, createdSeconds = MADE_AT): ForgedKey {
  const privateKey = createPrivateKey({
    key: Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      createHash('sha256').update(`key ${seed}`).digest(),
    ]),
    format: 'der',
    type: 'pkcs8',
  });
  const point = Buffer.from(privateKey.export({ format: 'jwk' }).x as string, 'base64url');
  const body = concatBytes(
    Uint8Array.of(4),
    bigEndian(createdSeconds, 4),
    Uint8Array.of(22, 9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01, 0x01, 0x07, 0x40),
    point,
  );
  const fingerprint = createHash('sha1').update(hashInput(body)).digest();
  return { body, fingerprint, privateKey };
}

function hashInput(body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x99), bigEndian(body.length, 2), body);
}

/** Returns a subpacket. */
export function subpacket(type: number, ...content: readonly Uint8Array[]): Uint8Array {
  const bytes = concatBytes(...content);
  return concatBytes(newLength(bytes.length + 1, 16320), Uint8Array.of(type), bytes);
}

/** Returns a four-byte number. */
export function seconds(value: number): Uint8Array {
  return bigEndian(value, 4);
}

export interface ForgedSignature {
  readonly type: number;
  readonly createdSeconds?: number;
  /** Number of the hash function; SHA-256 when left out. */
  readonly hash?: number;
  /** Subpackets behind creation time and issuer. */
  readonly hashed?: readonly Uint8Array[];
  readonly unhashed?: readonly Uint8Array[];
  /** False leaves the issuer out. */
  readonly issuer?: boolean;
}

const HASH_NAMES: Record<number, string> = {
  2: 'sha1',
  8: 'sha256',
  10: 'sha512',
  12: 'sha3-256',
  14: 'sha3-512',
};

/** Returns the body of a signature packet over the parts. */
export function forgeSignatureBody(
  key: ForgedKey,
  options: ForgedSignature,
  ...signed: readonly Uint8Array[]
): Uint8Array {
  const {
    type,
    createdSeconds = MADE_AT,
    hash = 8,
    hashed = [],
    unhashed = [],
    issuer = true,
  } = options;
  const area = concatBytes(
    subpacket(2, seconds(createdSeconds)),
    ...(issuer ? [subpacket(33, Uint8Array.of(4), key.fingerprint)] : []),
    ...hashed,
  );
  const fields = concatBytes(Uint8Array.of(4, type, 22, hash), bigEndian(area.length, 2), area);
  const trailer = concatBytes(Uint8Array.of(4, 0xff), bigEndian(fields.length, 4));
  const digest = createHash(HASH_NAMES[hash] as string)
    .update(concatBytes(...signed, fields, trailer))
    .digest();
  const value = sign(null, digest, key.privateKey);
  const unhashedArea = concatBytes(...unhashed);
  return concatBytes(
    fields,
    bigEndian(unhashedArea.length, 2),
    unhashedArea,
    digest.subarray(0, 2),
    Uint8Array.of(1, 0),
    value.subarray(0, 32),
    Uint8Array.of(1, 0),
    value.subarray(32),
  );
}

/** Returns a signature packet over the parts. */
export function forgeSignature(
  key: ForgedKey,
  options: ForgedSignature,
  ...signed: readonly Uint8Array[]
): Uint8Array {
  return serializePacket(2, forgeSignatureBody(key, options, ...signed));
}

/** The key flags that let a key certify and sign. */
export const MAY_SIGN = subpacket(27, Uint8Array.of(0x03));

/** Returns a user ID packet with a self-signature. */
export function forgeUserId(
  key: ForgedKey,
  text: string,
  options: Partial<ForgedSignature> = {},
): Uint8Array {
  return concatBytes(
    serializePacket(13, utf8(text)),
    forgeSignature(key, { type: 0x13, hashed: [MAY_SIGN], ...options }, ...userIdInput(key, text)),
  );
}

/** Returns what a signature over a user ID is over. */
export function userIdInput(key: ForgedKey, text: string): Uint8Array[] {
  const id = utf8(text);
  return [hashInput(key.body), Uint8Array.of(0xb4), bigEndian(id.length, 4), id];
}

/** Returns the key packet. */
export function keyPacket(key: ForgedKey, isSubkey = false): Uint8Array {
  return serializePacket(isSubkey ? 14 : 6, key.body);
}

/** Returns a ring of one key with one user ID. */
export function forgeRing(key: ForgedKey, text = 'Forged <forged@example.com>'): Uint8Array {
  return concatBytes(keyPacket(key), forgeUserId(key, text));
}

/** Returns a subkey packet with a binding signature, signed back. */
export function forgeSubkey(
  key: ForgedKey,
  subkey: ForgedKey,
  options: Partial<ForgedSignature> & { readonly signsBack?: boolean } = {},
): Uint8Array {
  const signed = [hashInput(key.body), hashInput(subkey.body)];
  const { signsBack = true, hashed = [subpacket(27, Uint8Array.of(0x02))], ...rest } = options;
  const back = signsBack
    ? [subpacket(32, forgeSignatureBody(subkey, { type: 0x19 }, ...signed))]
    : [];
  return concatBytes(
    keyPacket(subkey, true),
    forgeSignature(key, { type: 0x18, hashed: [...hashed, ...back], ...rest }, ...signed),
  );
}

/** Returns a revocation of the key itself. */
export function forgeRevocation(
  key: ForgedKey,
  options: Partial<ForgedSignature> = {},
): Uint8Array {
  return forgeSignature(key, { type: 0x20, ...options }, hashInput(key.body));
}

/** Returns `text` clear-signed. The text has no dashes at the start of a line. */
export function clearSign(key: ForgedKey, text: string): Uint8Array {
  const signed = text
    .split('\n')
    .map((line) => line.replace(/[ \t]+$/, ''))
    .join('\r\n');
  const signature = forgeSignature(key, { type: 0x01 }, utf8(signed));
  return concatBytes(
    utf8(`-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${text}\n`),
    encodeArmor('PGP SIGNATURE', signature),
    utf8('\n'),
  );
}
