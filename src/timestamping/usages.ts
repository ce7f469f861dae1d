/** What the extensions of a certificate say that its key may be used for (RFC 5280 sections 4.2.1.3 and 4.2.1.12). */

import { DER_TAG, readChildren, readOid, readOnlyElement } from '../encoding/der.js';
import { isLogError, LogError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import { OID } from './oids.js';

/** The extended key usage. */
export interface ExtendedKeyUsages {
  /** Dotted; empty without the extension. */
  readonly purposes: readonly string[];
  readonly isCritical: boolean;
}

/** Returns the purposes that `certificate` is limited to. Throws KEY_FILE_INVALID when they cannot be read. */
export function extendedKeyUsages(certificate: Certificate): ExtendedKeyUsages {
  const extension = certificate.extensions.find(({ oid }) => oid === OID.extendedKeyUsage);
  if (extension === undefined) return { purposes: [], isCritical: false };
  const { value, critical } = extension;
  const purposes = readable('extended key usage', () =>
    readChildren(value, readOnlyElement(value)).map((purpose) => readOid(value, purpose)),
  );
  return { purposes, isCritical: critical };
}

/** Bits of the key usage as `keyUsageBits` returns them. */
export const KEY_USAGE = {
  digitalSignature: 0x8000,
  nonRepudiation: 0x4000,
  certificateSigning: 0x0400,
} as const;

/**
 * Returns the first sixteen bits of the key usage, digitalSignature the highest; undefined without the extension.
 * Throws KEY_FILE_INVALID when it cannot be read.
 */
export function keyUsageBits(certificate: Certificate): number | undefined {
  const extension = certificate.extensions.find(({ oid }) => oid === OID.keyUsage);
  if (extension === undefined) return undefined;
  const { value } = extension;
  const { content, end } = readable('key usage', () => readOnlyElement(value, DER_TAG.bitString));
  // The first octet counts unused bits, which are zero.
  const [, high = 0, low = 0] = value.subarray(content, end);
  return (high << 8) | low;
}

function readable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    const problem = `the ${name} of a certificate cannot be read: ${cause.message}`;
    throw new LogError('KEY_FILE_INVALID', problem, { cause });
  }
}
