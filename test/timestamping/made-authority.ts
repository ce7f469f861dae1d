/** Timestamp authorities made to measure: certificates of any shape, a clock moved by hand, numbers from a seed. */

import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { encodePem } from '../../src/encoding/pem.js';
import { readCertificate } from '../../src/pki/certificate.js';
import { type Signer, signerFromKey } from '../../src/signing/signer.js';
import {
  openTimestampAuthority,
  type TimestampAuthority,
} from '../../src/timestamping/authority.js';
import {
  readTimestampChain,
  type TimestampChain,
} from '../../src/timestamping/certificate-chain.js';
import {
  algorithm,
  bitString,
  booleanTrue,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  tagged,
  timeOf,
  utf8String,
} from '../../src/timestamping/der-values.js';
import { issueTimestampChain } from '../../src/timestamping/issue-chain.js';
import { OID, SIGSTORE_POLICY } from '../../src/timestamping/oids.js';
import { Random } from '../random.js';

/** The time of every made authority, and from when to when its certificates are valid. */
export const NOW = Date.UTC(2026, 10, 22, 12, 0, 1) / 1000;
export const VALID_FROM = NOW - 300;
export const VALID_TO = NOW + 86_400;

/** Returns random octets that a seed alone decides. */
export function seeded(seed: number): (length: number) => Uint8Array {
  const random = new Random(seed);
  return (length) => Uint8Array.from({ length }, () => random.below(256));
}

/** Returns a new key of a kind. */
export function newSigner(kind: 'P-256' | 'P-384' | 'P-521' | 'rsa' | 'ed25519' = 'P-256'): Signer {
  if (kind === 'ed25519') return signerFromKey(generateKeyPairSync('ed25519').privateKey);
  const pair =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: kind });
  return signerFromKey(createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })));
}

/** Returns the chain that `stele init --tsa` would make for a key. */
export function ownChain(signer: Signer, notAfterSeconds: number = VALID_TO): TimestampChain {
  const pem = issueTimestampChain({
    organization: 'log.example.com',
    publicKeyDer: signer.publicKeyDer,
    root: newSigner(),
    notBeforeSeconds: VALID_FROM,
    notAfterSeconds,
    random: seeded(7),
  });
  return readTimestampChain(pem, signer.publicKeyDer);
}

/** An authority whose clock is moved by hand. */
export interface MadeAuthority {
  readonly authority: TimestampAuthority;
  readonly signer: Signer;
  readonly chain: TimestampChain;
  /** Seconds since 1970. */
  readonly clock: { seconds: number };
}

/** Returns an authority with a key and a chain of its own, unless others are given. */
export function madeAuthority(
  signer: Signer = newSigner(),
  chain: TimestampChain = ownChain(signer),
): MadeAuthority {
  const clock = { seconds: NOW };
  const authority = openTimestampAuthority({
    signer,
    chain,
    policy: SIGSTORE_POLICY,
    nowSeconds: () => clock.seconds,
    random: seeded(1),
  });
  return { authority, signer, chain, clock };
}

/** One certificate; everything that is left out is as it should be. */
export interface CertificateParts {
  readonly key: Signer;
  readonly name: string;
  readonly issuerKey: Signer;
  readonly issuerName: string;
  readonly extensions: readonly Uint8Array[];
  readonly from?: number;
  readonly to?: number;
}

/** Returns a certificate in DER. */
export function certificate(parts: CertificateParts): Uint8Array {
  const signatureID = algorithm(OID.ecdsaWithSha256);
  const body = sequence(
    tagged(0, integer(2)),
    integer(5),
    signatureID,
    nameOf(parts.issuerName),
    sequence(timeOf(parts.from ?? VALID_FROM), timeOf(parts.to ?? VALID_TO)),
    nameOf(parts.name),
    parts.key.publicKeyDer,
    tagged(3, sequence(...parts.extensions)),
  );
  return sequence(body, signatureID, bitString(parts.issuerKey.sign(body)));
}

/** Returns an extension. */
export function extension(type: string, value: Uint8Array, isCritical = false): Uint8Array {
  return sequence(oid(type), ...(isCritical ? [booleanTrue()] : []), octetString(value));
}

/** What the certificates of an authority usually carry. */
export const EXTENSIONS = {
  issuer: [
    extension(OID.basicConstraints, sequence(booleanTrue()), true),
    extension(OID.keyUsage, bitString(Uint8Array.of(0x04), 2), true),
  ],
  stamping: extension(OID.extendedKeyUsage, sequence(oid(OID.timeStamping)), true),
  signing: extension(OID.keyUsage, bitString(Uint8Array.of(0x80), 7), true),
} as const;

/** Returns the PEM of these certificates. */
export function pemOf(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem('CERTIFICATE', readCertificate(der).der)).join('');
}

function nameOf(commonName: string): Uint8Array {
  return sequence(setOf(sequence(oid(OID.commonName), utf8String(commonName))));
}
