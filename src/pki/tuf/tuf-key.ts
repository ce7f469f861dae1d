/**
 * Keys of TUF metadata: Ed25519 in hex, RSA and ECDSA in PEM, and ECDSA on P-256 as a point in hex, which old
 * repositories have. As in Rekor the type decides and the scheme is not looked at.
 *
 * In scope: reading a key and checking one signature with it. Out of scope: which keys must have signed (root.ts).
 */

import { Buffer } from 'node:buffer';
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { sha256Hex } from '#sha256';
import { concatBytes, utf8 } from '../../encoding/bytes.js';
import { fromHex } from '../../encoding/hex.js';
import { decodePem } from '../../encoding/pem.js';
import { isLogError, LogError } from '../../errors.js';
import { type PublicKey, readPublicKey } from '../public-key.js';
import { rsaKeyProblem } from '../rsa-digest.js';
import { identityText } from './canonical-source.js';
import {
  isStringSource,
  type JsonMembers,
  type JsonSource,
  jsonMember,
  readFields,
  readItems,
  readText,
  unquote,
} from './json-source.js';

/** A key as it stands in metadata. */
export interface TufKey {
  readonly publicKey: PublicKey;
  /** What metadata says of the key, for `tufKeyIdentity`. */
  readonly source: JsonMembers;
}

/** Returns a key. Throws KEY_MALFORMED and ENTRY_MALFORMED with Rekor's reason. */
export function readTufKey(value: JsonSource, where: string): TufKey {
  let type = '';
  let scheme = '';
  let algorithms: readonly string[] = [];
  let keyval: JsonSource | undefined;
  readFields(value, where, 'data.PublicKey', {
    keytype: (member, at) => {
      type = readText(member, at, type, 'data.KeyType');
    },
    scheme: (member, at) => {
      scheme = readText(member, at, scheme, 'data.KeyScheme');
    },
    keyid_hash_algorithms: (member, at) => {
      algorithms = readItems(member, at, '[]data.HashAlgorithm', algorithms, readAlgorithm);
    },
    keyval: (member) => {
      keyval = member;
    },
  });
  const publicKey = readKeyValue(type, keyval);
  const members = [
    jsonMember('"keytype"', JSON.stringify(type)),
    jsonMember('"scheme"', JSON.stringify(scheme)),
    jsonMember('"keyval"', keyval ?? 'null'),
  ];
  if (algorithms.length > 0) {
    const items = algorithms.map((algorithm) => JSON.stringify(algorithm));
    members.push(jsonMember('"keyid_hash_algorithms"', { items }));
  }
  return { publicKey, source: { members } };
}

/**
 * Returns what tells keys apart when signatures are counted, whatever ids they have: the hash of all that metadata
 * says of the key. Throws KEY_MALFORMED where it has no canonical form.
 */
export function tufKeyIdentity({ source }: TufKey): string {
  try {
    return sha256Hex(utf8(identityText(source)));
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('KEY_MALFORMED', `tuf: error creating key ID: ${cause.message}`, { cause });
  }
}

/** Returns whether `signature` by `key` is over `message`. */
export function verifiesTufSignature(
  { publicKey }: TufKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = importKey(publicKey);
  if (key === undefined) return false;
  switch (publicKey.type) {
    case 'ed25519':
      return signature.length === 64 && verify(null, message, key, signature);
    case 'ecdsa':
      return verify('sha256', message, { key, dsaEncoding: 'der' }, signature);
    case 'rsa': {
      const { modulus, modulusBits, exponent } = publicKey;
      if (rsaKeyProblem(modulus, modulusBits, exponent) !== undefined) return false;
      if (signature.length !== modulus.length) return false;
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
      return verify('sha256', message, { key, padding, saltLength }, signature);
    }
    case 'unsupported':
      return false;
  }
}

/**
 * Returns the bytes of a literal of hex digits, of either case; escapes count as other characters. Throws
 * ENTRY_MALFORMED with Rekor's reason.
 */
export function readHexLiteral(value: JsonSource): Uint8Array {
  // Go counts bytes.
  if (!isStringSource(value) || utf8(value).length % 2 !== 0) {
    throw new LogError('ENTRY_MALFORMED', 'tuf: invalid JSON hex bytes');
  }
  const digits = value.slice(1, -1);
  const wrong = /[^0-9a-fA-F]/u.exec(digits)?.[0];
  if (wrong === undefined) return fromHex(digits);
  // Go looks at bytes: of a character outside ASCII it shows the first one.
  const byte = utf8(wrong)[0] as number;
  const code = byte.toString(16).toUpperCase().padStart(4, '0');
  throw new LogError(
    'ENTRY_MALFORMED',
    `encoding/hex: invalid byte: U+${code} '${String.fromCharCode(byte)}'`,
  );
}

function readAlgorithm(value: JsonSource, where: string, before: string | undefined): string {
  return readText(value, where, before ?? '', 'data.HashAlgorithm');
}

function readKeyValue(type: string, keyval: JsonSource | undefined): PublicKey {
  const readPublic = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (readPublic === undefined) throw new LogError('KEY_MALFORMED', 'invalid key');
  try {
    if (keyval === undefined) throw malformed('tuf: the public key is truncated or too large: EOF');
    return readPublic(keyval);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    const reason = `tuf: error unmarshalling key: ${cause.message}`;
    throw new LogError('KEY_MALFORMED', reason, { cause });
  }
}

const READERS: Readonly<Record<string, (keyval: JsonSource) => PublicKey>> = {
  ed25519: readEd25519,
  rsa: (keyval) => readPemOf('rsa', keyval),
  ecdsa: readEcdsa,
  'ecdsa-sha2-nistp256': readEcdsa,
};

const ED25519_INFO = fromHex('302a300506032b6570032100');
const P256_INFO = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200');

function readEd25519(keyval: JsonSource): PublicKey {
  const key = readPublicHex(keyval, 'keys.ed25519Verifier');
  if (key.length === 32) return readPublicKey(concatBytes(ED25519_INFO, key));
  throw malformed(
    `tuf: unexpected public key length for ed25519 key, expected 32, got ${key.length}`,
  );
}

function readEcdsa(keyval: JsonSource): PublicKey {
  try {
    return readPemOf('ecdsa', keyval);
  } catch (error) {
    // Not in PEM: what is wrong with it as hex is what is reported.
    if (!isLogError(error)) throw error;
  }
  const point = readPublicHex(keyval, 'keys.deprecatedP256Verifier');
  if (point.length === 65) {
    try {
      return readPublicKey(concatBytes(P256_INFO, point));
    } catch (error) {
      // One message for all that is no point of the curve.
      if (!isLogError(error)) throw error;
    }
  }
  throw malformed('tuf: invalid ecdsa public key point');
}

function readPublicHex(keyval: JsonSource, struct: string): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0);
  readFields(keyval, 'Go value', struct, {
    public: (value) => {
      bytes = readHexLiteral(value);
    },
  });
  return bytes;
}

function readPemOf(type: 'rsa' | 'ecdsa', keyval: JsonSource): PublicKey {
  let key: PublicKey | undefined;
  readFields(keyval, 'Go value', type === 'rsa' ? 'keys.rsaVerifier' : 'keys.EcdsaVerifier', {
    public: (value, where) => {
      key = value === 'null' ? undefined : readPem(value, where);
    },
  });
  if (key?.type !== type) throw malformed('invalid public key');
  return key;
}

function readPem(value: JsonSource, where: string): PublicKey {
  if (!isStringSource(value)) {
    throw malformed(`json: cannot unmarshal a value into ${where} of type string`);
  }
  const block = decodePem(unquote(value));
  if (block === undefined) throw malformed('invalid PEM value');
  if (block.label !== 'PUBLIC KEY') throw malformed(`invalid block type: ${block.label}`);
  return readPublicKey(block.der);
}

function importKey({ der }: PublicKey): KeyObject | undefined {
  try {
    return createPublicKey({ format: 'der', type: 'spki', key: Buffer.from(der) });
  } catch {
    // Numbers that Go's parser takes and the native one does not: such a key verifies nothing.
    return undefined;
  }
}

function malformed(reason: string): LogError {
  return new LogError('KEY_MALFORMED', reason);
}
