/**
 * Public keys in SubjectPublicKeyInfo form (RFC 5280 section 4.1.2.7), as Rekor takes them: RSA, ECDSA on
 * the four NIST curves, Ed25519; X25519 and DSA can be read but verify nothing.
 *
 * In scope: DER to a typed key, with Rekor's reasons, and its one canonical DER. Out of scope: PEM and
 * certificates (x509.ts), verification (verify.ts). No state.
 */

import { DER_TAG, encodeElement } from '../encoding/der.js';
import { isLogError, LogError } from '../errors.js';
import { CURVES, type Curve, curveByOid, readPoint } from './curves.js';
import { bitStringOctets, DerCursor, dottedOid, integerContent } from './der-cursor.js';

/** A public key. `der` is its canonical SubjectPublicKeyInfo. */
export type PublicKey =
  | {
      readonly type: 'rsa';
      readonly der: Uint8Array;
      /** Unsigned, without leading zeros. */
      readonly modulus: Uint8Array;
      readonly modulusBits: number;
      readonly exponent: number;
    }
  | {
      readonly type: 'ecdsa';
      readonly der: Uint8Array;
      readonly curve: Curve;
      /** 0x04 ‖ x ‖ y, on the curve. */
      readonly point: Uint8Array;
    }
  | {
      readonly type: 'ed25519';
      readonly der: Uint8Array;
      /** 32 bytes. */
      readonly key: Uint8Array;
    }
  /** A key that can be stored in a certificate but checks no signature here. */
  | {
      readonly type: 'unsupported';
      readonly der: Uint8Array;
      readonly algorithm: string;
      /** False for an algorithm of which nothing is known: such a certificate issues nothing. */
      readonly isKnown: boolean;
    };

const OID = {
  rsa: '1.2.840.113549.1.1.1',
  ecdsa: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
  x25519: '1.3.101.110',
  dsa: '1.2.840.10040.4.1',
} as const;

/** What to do with an algorithm that nobody knows: certificates carry it, bare keys must not. */
export type UnknownAlgorithm = 'refuse' | 'keep';

/**
 * Returns the key in `der`, one SubjectPublicKeyInfo. Throws KEY_MALFORMED with Rekor's reason:
 * `x509: unsupported elliptic curve`, `x509: unknown public key algorithm`, …
 */
export function readPublicKey(der: Uint8Array, unknown: UnknownAlgorithm = 'refuse'): PublicKey {
  if (isUsualP256(der)) return ecdsaKey(CURVES['P-256'], der.subarray(P256_HEADER.length), der);
  const cut = cutProblem(der);
  if (cut !== undefined) throw new LogError('KEY_MALFORMED', cut);
  const outer = new DerCursor(der);
  const info = new DerCursor(
    outer.take(DER_TAG.sequence, 'asn1: structure error: no public key information'),
  );
  if (!outer.atEnd) {
    throw new LogError('KEY_MALFORMED', 'x509: trailing data after ASN.1 of public-key');
  }
  if (unknown === 'refuse' && info.nextTag === DER_TAG.integer) {
    throw new LogError('KEY_MALFORMED', bareNumbersProblem(info));
  }
  const identifier = new DerCursor(info.take(DER_TAG.sequence, MALFORMED_IDENTIFIER));
  const algorithm = dottedOid(
    identifier.take(DER_TAG.oid, 'x509: malformed OID'),
    'x509: malformed OID',
  );
  const parameters = identifier.atEnd
    ? undefined
    : identifier.takeAny('x509: malformed parameters').encoding;
  const key = bitStringOctets(
    info.take(DER_TAG.bitString, 'x509: malformed subjectPublicKey'),
    'x509: malformed subjectPublicKey',
  );
  return readKeyOf(algorithm, parameters, key, der, unknown);
}

/**
 * Returns the size of an RSA modulus in bits, rounded up to whole bytes, the way key policies count it.
 */
export function rsaSizeBits(modulus: Uint8Array): number {
  return modulus.length * 8;
}

/** The canonical SubjectPublicKeyInfo of a P-256 key, up to its point: what nearly every signer sends. */
const P256_HEADER = Uint8Array.of(
  ...[0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  ...[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00],
);
const P256_POINT_LENGTH = 65;

function isUsualP256(der: Uint8Array): boolean {
  return (
    der.length === P256_HEADER.length + P256_POINT_LENGTH &&
    P256_HEADER.every((octet, i) => octet === der[i])
  );
}

const MALFORMED_IDENTIFIER = 'x509: malformed public key algorithm identifier';

/** The numbers of an RSA key alone, as PKCS#1 has it, are what people send by mistake. */
function bareNumbersProblem(info: DerCursor): string {
  try {
    takeInteger(info, MALFORMED_IDENTIFIER);
    takeInteger(info, MALFORMED_IDENTIFIER);
  } catch (error) {
    if (!isLogError(error)) throw error;
    return error.message;
  }
  return 'x509: failed to parse public key (use ParsePKCS1PublicKey instead for this key format)';
}

/** What Go's ASN.1 reader says of a SEQUENCE that was cut short, undefined for a whole one. */
function cutProblem(der: Uint8Array): string | undefined {
  if (der.length === 0) return 'asn1: syntax error: sequence truncated';
  if (der[0] !== DER_TAG.sequence) return undefined;
  const first = der[1];
  const lengthOctets = first !== undefined && first > 0x80 ? first & 0x7f : 0;
  if (first === undefined || der.length < 2 + lengthOctets) {
    return 'asn1: syntax error: truncated tag or length';
  }
  if (lengthOctets > 4) return undefined;
  const stated = der.subarray(2, 2 + lengthOctets).reduce((sum, octet) => sum * 256 + octet, 0);
  const length = lengthOctets === 0 ? first : stated;
  const isCut = first !== 0x80 && der.length - 2 - lengthOctets < length;
  return isCut ? 'asn1: syntax error: data truncated' : undefined;
}

function readKeyOf(
  algorithm: string,
  parameters: Uint8Array | undefined,
  key: Uint8Array,
  der: Uint8Array,
  unknown: UnknownAlgorithm,
): PublicKey {
  switch (algorithm) {
    case OID.rsa:
      return readRsa(parameters, key);
    case OID.ecdsa:
      return readEcdsa(parameters, key);
    case OID.ed25519:
      return readEd25519(parameters, key);
    case OID.x25519:
      if (parameters !== undefined) {
        throw new LogError('KEY_MALFORMED', 'x509: X25519 key encoded with illegal parameters');
      }
      if (key.length !== 32) {
        throw new LogError('KEY_MALFORMED', 'crypto/ecdh: invalid public key');
      }
      return {
        type: 'unsupported',
        algorithm,
        der: encodeInfo(algorithm, undefined, key),
        isKnown: true,
      };
    case OID.dsa:
      checkDsa(parameters, key);
      return { type: 'unsupported', algorithm, der, isKnown: true };
    default:
      if (unknown === 'keep') return { type: 'unsupported', algorithm, der, isKnown: false };
      throw new LogError('KEY_MALFORMED', 'x509: unknown public key algorithm');
  }
}

function readRsa(parameters: Uint8Array | undefined, key: Uint8Array): PublicKey {
  if (parameters?.length !== 2 || parameters[0] !== DER_TAG.null || parameters[1] !== 0) {
    throw new LogError('KEY_MALFORMED', 'x509: RSA key missing NULL parameters');
  }
  const numbers = new DerCursor(
    new DerCursor(key).take(DER_TAG.sequence, 'x509: invalid RSA public key'),
  );
  const modulus = takeInteger(numbers, 'x509: invalid RSA modulus');
  const exponent = takeInteger(numbers, 'x509: invalid RSA public exponent');
  if (exponent.length > 8) {
    throw new LogError('KEY_MALFORMED', 'x509: invalid RSA public exponent');
  }
  if (!isPositive(modulus)) {
    throw new LogError('KEY_MALFORMED', 'x509: RSA modulus is not a positive number');
  }
  if (!isPositive(exponent)) {
    throw new LogError('KEY_MALFORMED', 'x509: RSA public exponent is not a positive number');
  }
  const magnitude = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  const topBits = 32 - Math.clz32(magnitude[0] as number);
  return {
    type: 'rsa',
    der: encodeInfo(
      OID.rsa,
      encodeElement(DER_TAG.null),
      encodeElement(
        DER_TAG.sequence,
        encodeElement(DER_TAG.integer, modulus),
        encodeElement(DER_TAG.integer, exponent),
      ),
    ),
    modulus: magnitude,
    modulusBits: (magnitude.length - 1) * 8 + topBits,
    exponent: exponent.reduce((value, octet) => value * 256 + octet, 0),
  };
}

function readEcdsa(parameters: Uint8Array | undefined, key: Uint8Array): PublicKey {
  const complaint = 'x509: invalid ECDSA parameters';
  const content = new DerCursor(parameters ?? new Uint8Array(0)).take(DER_TAG.oid, complaint);
  const curve = curveByOid(dottedOid(content, complaint));
  if (curve === undefined) throw new LogError('KEY_MALFORMED', 'x509: unsupported elliptic curve');
  const info = encodeInfo(OID.ecdsa, encodeElement(DER_TAG.oid, content), key);
  return ecdsaKey(curve, key, info);
}

function ecdsaKey(curve: Curve, point: Uint8Array, der: Uint8Array): PublicKey {
  if (point[0] !== 4) {
    throw new LogError('KEY_MALFORMED', 'ecdsa: invalid uncompressed public key');
  }
  if (readPoint(curve, point) === undefined) {
    const name = curve.name.replace('-', '');
    const problem =
      point.length === 1 + 2 * curve.fieldLength
        ? `${name} point not on curve`
        : `invalid ${name} point encoding`;
    throw new LogError('KEY_MALFORMED', problem);
  }
  return { type: 'ecdsa', der, curve, point };
}

function readEd25519(parameters: Uint8Array | undefined, key: Uint8Array): PublicKey {
  if (parameters !== undefined) {
    throw new LogError('KEY_MALFORMED', 'x509: Ed25519 key encoded with illegal parameters');
  }
  if (key.length !== 32) {
    throw new LogError('KEY_MALFORMED', 'x509: wrong Ed25519 public key size');
  }
  return { type: 'ed25519', der: encodeInfo(OID.ed25519, undefined, key), key };
}

function checkDsa(parameters: Uint8Array | undefined, key: Uint8Array): void {
  const y = takeInteger(new DerCursor(key), 'x509: invalid DSA public key');
  const complaint = 'x509: invalid DSA parameters';
  const numbers = new DerCursor(
    new DerCursor(parameters ?? new Uint8Array(0)).take(DER_TAG.sequence, complaint),
  );
  const pqg = [0, 1, 2].map(() => takeInteger(numbers, complaint));
  if (![y, ...pqg].every(isPositive)) {
    throw new LogError('KEY_MALFORMED', 'x509: zero or negative DSA parameter');
  }
}

function takeInteger(cursor: DerCursor, complaint: string): Uint8Array {
  return integerContent(cursor.take(DER_TAG.integer, complaint), complaint);
}

function isPositive(integer: Uint8Array): boolean {
  const first = integer[0] as number;
  return first < 0x80 && !(first === 0 && integer.length === 1);
}

const encodedOids: Readonly<Record<string, Uint8Array>> = {
  [OID.rsa]: Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01),
  [OID.ecdsa]: Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01),
  [OID.ed25519]: Uint8Array.of(0x2b, 0x65, 0x70),
  [OID.x25519]: Uint8Array.of(0x2b, 0x65, 0x6e),
};

function encodeInfo(
  algorithm: string,
  parameters: Uint8Array | undefined,
  key: Uint8Array,
): Uint8Array {
  const oid = encodeElement(DER_TAG.oid, encodedOids[algorithm] as Uint8Array);
  return encodeElement(
    DER_TAG.sequence,
    encodeElement(DER_TAG.sequence, oid, parameters ?? new Uint8Array(0)),
    encodeElement(DER_TAG.bitString, Uint8Array.of(0), key),
  );
}
