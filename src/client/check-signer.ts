/**
 * The signer's key in an entry, held against the one that the caller has, and against its certificate's time.
 *
 * In scope: sameness. Out of scope: whether a certificate's issuer is to be trusted, and whom it names.
 */

import { X509Certificate } from 'node:crypto';
import { equalBytes } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import { decodePem } from '../encoding/pem.js';
import { LogError } from '../errors.js';
import { canonicalPublicKeyHash } from '../pki/canonical-key.js';
import { readX509Key } from '../pki/x509.js';
import { type Claim, notChecked, passed, unrelated } from './claim.js';
import type { LogEntry } from './log-entry.js';
import type { VerificationStep } from './verify-entry.js';

/** A signer's key as an entry stores it. */
export interface Signer {
  /** `x509`, `pgp`, `ssh`, `minisign` or `tuf`; anything else fails when it is compared. */
  readonly format: string;
  readonly key: Uint8Array;
}

/**
 * One of the entry's signers must have the caller's key, and all of them the bundle's certificate; a bundle without
 * either fails, and so does an entry without a signer.
 */
export async function checkSigners(
  signers: readonly Signer[],
  { integratedTimeSeconds }: LogEntry,
  { bundle, signerKey }: Claim,
): Promise<readonly VerificationStep[]> {
  if (signers.length === 0) throw unrelated('the entry names no signer');
  const certificate = bundle?.certificate;
  if (certificate !== undefined && !signers.every((one) => isCertificate(one, certificate))) {
    throw unrelated("the bundle's certificate is not the one in the entry");
  }
  if (signerKey !== undefined && !(await isAmong(signers, signerKey))) {
    throw unrelated("the signer's key is not the one in the entry");
  }
  if (bundle !== undefined && certificate === undefined && signerKey === undefined) {
    throw unrelated("the bundle holds no certificate: the signer's key is needed");
  }
  const steps: VerificationStep[] = [];
  if (certificate !== undefined) steps.push(checkValidity(certificate, integratedTimeSeconds));
  if (certificate !== undefined || signerKey !== undefined) {
    const others = signers.length > 1 ? `; the entry has ${signers.length} signers` : '';
    steps.push(passed('signer', `the key is the one in the entry${others}`));
  } else {
    steps.push(
      notChecked('signer', 'the key in the entry was not held against one that you trust'),
    );
  }
  return steps;
}

function checkValidity(der: Uint8Array, seconds: number | undefined): VerificationStep {
  const certificate = readCertificate(Buffer.from(der));
  if (seconds === undefined) return notChecked('certificate', 'the entry has no time');
  const [from, to] = [certificate.validFrom, certificate.validTo].map((time) => Date.parse(time));
  const at = seconds * 1000;
  if (from === undefined || to === undefined || !(from <= at && at <= to)) {
    throw unrelated('the entry was logged outside the validity of its certificate');
  }
  return passed('certificate', 'logged while it was valid; its issuer and names are not checked');
}

function isCertificate({ format, key }: Signer, der: Uint8Array): boolean {
  const block = format === 'x509' ? decodePem(key) : undefined;
  return block !== undefined && equalBytes(block.der, der);
}

async function isAmong(signers: readonly Signer[], given: Uint8Array): Promise<boolean> {
  for (const { format, key } of signers) {
    const [ours, theirs] = [await identity(format, given), await identity(format, key)];
    if (ours === theirs) return true;
  }
  return false;
}

/** A certificate and the bare key in it are the same signer; of other formats the whole key must be the same. */
async function identity(format: string, key: Uint8Array): Promise<string> {
  return format === 'x509'
    ? toHex(readX509Key(key).publicKey.der)
    : await canonicalPublicKeyHash(format, key);
}

function readCertificate(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new LogError('KEY_MALFORMED', 'the certificate cannot be read', { cause });
  }
}
