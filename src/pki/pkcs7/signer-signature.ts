/**
 * The signature of one signer of a CMS message by the key of a certificate: RSA PKCS #1 v1.5 and PSS, ECDSA; every
 * hash that relic takes, MD5 and SHA-1 included. A log records what was signed; its readers judge the algorithms.
 *
 * In scope: algorithm identifiers and verification, with Rekor's reasons. Out of scope: which bytes are signed.
 */

import { constants, createHash, createPublicKey, publicDecrypt, verify } from 'node:crypto';
import { concatBytes, equalBytes } from '../../encoding/bytes.js';
import { encodeElement } from '../../encoding/der.js';
import { isLogError, LogError } from '../../errors.js';
import { bigintOf } from '../curves.js';
import { verifyEcdsaDigest } from '../ecdsa-digest.js';
import type { PublicKey } from '../public-key.js';
import { rsaKeyProblem } from '../rsa-digest.js';
import { Asn1Cursor } from './asn1-cursor.js';
import { signedValue, TAG } from './asn1-element.js';
import { type AlgorithmIdentifier, readAlgorithm } from './signed-data.js';

/** Hash functions, as OpenSSL spells them. */
export type MessageHash = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** Returns the hash that a dotted identifier names, undefined for another one. */
export function hashOf(oid: string): MessageHash | undefined {
  return HASHES.get(oid)?.hash;
}

/** Returns the digest of `message`. */
export function digestOf(hash: MessageHash, message: Uint8Array): Uint8Array {
  return createHash(hash).update(message).digest();
}

/**
 * Returns why `signature` by `key` is not over `message`, in Rekor's words; undefined when it is. `digestAlgorithm`
 * names a hash that `hashOf` knows.
 */
export function signerProblem(
  key: PublicKey,
  digestAlgorithm: AlgorithmIdentifier,
  signatureAlgorithm: AlgorithmIdentifier,
  message: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  const hash = hashOf(digestAlgorithm.oid);
  if (hash === undefined) return unknownHash(digestAlgorithm.oid);
  const scheme = SCHEMES.get(signatureAlgorithm.oid);
  if (scheme === undefined) return UNSUPPORTED;
  if (scheme.hash !== undefined && scheme.hash !== hash) {
    return 'signature type does not match digest type';
  }
  if (scheme.key === 'dsa') return UNSUPPORTED;
  if (key.type !== scheme.key) return 'incorrect key type for signature';
  if (key.type === 'ecdsa') {
    return ecdsaProblem(key, digestOf(hash, message), signature);
  }
  const unusable = rsaKeyProblem(key.modulus, key.modulusBits, key.exponent);
  if (signatureAlgorithm.oid !== RSA_PSS) {
    return unusable ?? rsaProblem(key, hash, message, signature);
  }
  try {
    const saltLength = readPssSaltLength(digestAlgorithm.oid, signatureAlgorithm);
    if (unusable !== undefined) return unusable;
    if (saltLength < -1) return 'crypto/rsa: salt length cannot be negative';
    return pssProblem(key, hash, saltLength, message, signature);
  } catch (error) {
    if (isLogError(error)) return error.message;
    throw error;
  }
}

/** Returns Rekor's complaint about a hash that nobody knows. */
export function unknownHash(oid: string): string {
  return `unsupported hash algorithm ${oid}`;
}

const UNSUPPORTED = 'unsupported public key algorithm';
const RSA_FAILURE = 'crypto/rsa: verification error';
const RSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';

const HASHES: ReadonlyMap<string, { hash: MessageHash; length: number; oid: string }> = new Map([
  ['1.2.840.113549.2.5', { hash: 'md5', length: 16, oid: '2a864886f70d0205' }],
  ['1.3.14.3.2.26', { hash: 'sha1', length: 20, oid: '2b0e03021a' }],
  ['2.16.840.1.101.3.4.2.4', { hash: 'sha224', length: 28, oid: '608648016503040204' }],
  ['2.16.840.1.101.3.4.2.1', { hash: 'sha256', length: 32, oid: '608648016503040201' }],
  ['2.16.840.1.101.3.4.2.2', { hash: 'sha384', length: 48, oid: '608648016503040202' }],
  ['2.16.840.1.101.3.4.2.3', { hash: 'sha512', length: 64, oid: '608648016503040203' }],
]);

interface Scheme {
  readonly key: 'rsa' | 'ecdsa' | 'dsa';
  /** Undefined where the digest algorithm decides. */
  readonly hash?: MessageHash;
}

const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ['1.2.840.113549.1.1.1', { key: 'rsa' }],
  [RSA_PSS, { key: 'rsa' }],
  ['1.2.840.10040.4.1', { key: 'dsa' }],
  ['1.2.840.10045.2.1', { key: 'ecdsa' }],
  ['1.2.840.113549.1.1.4', { key: 'rsa', hash: 'md5' }],
  ['1.2.840.113549.1.1.5', { key: 'rsa', hash: 'sha1' }],
  ['1.3.14.3.2.29', { key: 'rsa', hash: 'sha1' }],
  ['1.2.840.113549.1.1.11', { key: 'rsa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { key: 'rsa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { key: 'rsa', hash: 'sha512' }],
  ['1.2.840.10040.4.3', { key: 'dsa', hash: 'sha1' }],
  ['2.16.840.1.101.3.4.3.2', { key: 'dsa', hash: 'sha256' }],
  ['1.2.840.10045.4.1', { key: 'ecdsa', hash: 'sha1' }],
  ['1.2.840.10045.4.3.2', { key: 'ecdsa', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { key: 'ecdsa', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { key: 'ecdsa', hash: 'sha512' }],
]);

type RsaKey = PublicKey & { readonly type: 'rsa' };
type EcdsaKey = PublicKey & { readonly type: 'ecdsa' };

function ecdsaProblem(
  key: EcdsaKey,
  digest: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  const read = readIntegers(signature);
  if (read === undefined) return 'invalid ECDSA signature';
  return verifyEcdsaDigest(key.curve, key.point, digest, read)
    ? undefined
    : 'ECDSA verification failed';
}

/** As everywhere in this format, what follows the second integer inside the SEQUENCE is passed over. */
function readIntegers(signature: Uint8Array): { r: bigint; s: bigint } | undefined {
  try {
    const outer = new Asn1Cursor(signature);
    const fields = new Asn1Cursor(outer.sequence('EcdsaSignature').content);
    const [r, s] = [fields.integer(), fields.integer()];
    if (!outer.atEnd) return undefined;
    return { r: positiveValue(r), s: positiveValue(s) };
  } catch (error) {
    if (isLogError(error)) return undefined;
    throw error;
  }
}

/** Zero for a negative number, and for one longer than any curve has: neither is part of a signature. */
function positiveValue(content: Uint8Array): bigint {
  return (content[0] as number) >= 0x80 || content.length > 67 ? 0n : bigintOf(content);
}

/** The padding is opened once, and holds the DigestInfo or, from some old timestamping services, the bare digest. */
function rsaProblem(
  key: RsaKey,
  hash: MessageHash,
  message: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  const digest = digestOf(hash, message);
  const recovered = openPadding(key, signature);
  if (recovered === undefined) return RSA_FAILURE;
  const holds =
    equalBytes(recovered, concatBytes(digestInfoHead(hash), digest)) ||
    equalBytes(recovered, digest);
  return holds ? undefined : RSA_FAILURE;
}

function openPadding(key: RsaKey, signature: Uint8Array): Uint8Array | undefined {
  if (signature.length !== key.modulus.length) return undefined;
  try {
    return publicDecrypt({ key: importKey(key), padding: constants.RSA_PKCS1_PADDING }, signature);
  } catch {
    // Padding that is not type 1, or a number beyond the modulus: not a signature by this key.
    return undefined;
  }
}

function pssProblem(
  key: RsaKey,
  hash: MessageHash,
  saltLength: number,
  message: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  try {
    const options = {
      key: importKey(key),
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: saltLength === -1 ? constants.RSA_PSS_SALTLEN_DIGEST : saltLength,
    };
    if (signature.length === key.modulus.length && verify(hash, message, options, signature)) {
      return undefined;
    }
  } catch {
    // A salt that does not fit into the key: no such signature can exist.
  }
  const bare = openPadding(key, signature);
  return bare !== undefined && equalBytes(bare, digestOf(hash, message)) ? undefined : RSA_FAILURE;
}

function importKey(key: RsaKey): ReturnType<typeof createPublicKey> {
  return createPublicKey({ format: 'der', type: 'spki', key: key.der as Buffer });
}

/** DER of DigestInfo up to the digest. */
function digestInfoHead(hash: MessageHash): Uint8Array {
  for (const named of HASHES.values()) {
    if (named.hash !== hash) continue;
    const whole = encodeElement(
      0x30,
      encodeElement(
        0x30,
        encodeElement(
          0x06,
          Uint8Array.from(named.oid.match(/../g) ?? [], (h) => parseInt(h, 16)),
        ),
        encodeElement(0x05),
      ),
      encodeElement(0x04, new Uint8Array(named.length)),
    );
    return whole.subarray(0, whole.length - named.length);
  }
  return new Uint8Array(0);
}

/** Returns the length of the salt, -1 for that of the hash. Throws ENTRY_MALFORMED in relic's words. */
function readPssSaltLength(hashOid: string, { parameters }: AlgorithmIdentifier): number {
  const hashLength = HASHES.get(hashOid)?.length ?? 0;
  if (parameters !== undefined && parameters.tag === 5) {
    if (hashOf(hashOid) === 'sha1') return 20;
    throw malformed('RSA-PSS parameters not provided but digest type is not SHA-1');
  }
  const stated = readPssParameters(parameters?.encoding ?? new Uint8Array(0));
  if (stated.hash !== hashOid) throw malformed('digest type mismatch in RSA-PSS parameters');
  if (stated.mask.oid !== MGF1) throw malformed('unsupported MGF in RSA-PSS parameters');
  if (maskHash(stated.mask) !== hashOid) {
    throw malformed('digest type mismatch in RSA-PSS parameters');
  }
  if (stated.trailer !== 0n && stated.trailer !== 1n) throw malformed(BAD_PARAMETERS);
  const saltLength = Number(stated.saltLength);
  return saltLength === 0 ? hashLength : saltLength;
}

const BAD_PARAMETERS = 'invalid RSA-PSS parameters';

interface PssParameters {
  readonly hash: string;
  readonly mask: AlgorithmIdentifier;
  readonly saltLength: bigint;
  readonly trailer: bigint;
}

function readPssParameters(encoding: Uint8Array): PssParameters {
  try {
    const outer = new Asn1Cursor(encoding);
    const fields = new Asn1Cursor(outer.sequence('pssParameters').content);
    const read = {
      hash: readAlgorithm(fields.explicit(0, TAG.sequence)).oid,
      mask: readAlgorithm(fields.explicit(1, TAG.sequence)),
      saltLength: signedValue(fields.explicit(2, TAG.integer).content),
      trailer: signedValue(fields.optionalExplicit(3, TAG.integer)?.content ?? Uint8Array.of(1)),
    };
    if (!outer.atEnd) throw malformed(BAD_PARAMETERS);
    return read;
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('ENTRY_MALFORMED', BAD_PARAMETERS, { cause });
  }
}

function maskHash({ parameters }: AlgorithmIdentifier): string {
  try {
    const outer = new Asn1Cursor(parameters?.encoding ?? new Uint8Array(0));
    const { oid } = readAlgorithm(outer.sequence('AlgorithmIdentifier'));
    if (!outer.atEnd) throw malformed(BAD_PARAMETERS);
    return oid;
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('ENTRY_MALFORMED', BAD_PARAMETERS, { cause });
  }
}

function malformed(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', problem);
}
