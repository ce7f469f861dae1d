/** Sigstore bundles: what was signed, by which key, and the log entries that speak for it. Pure. */

import { LogError } from '../errors.js';
import {
  base64At,
  isObjectAt,
  items,
  optional,
  type Place,
  required,
  textAt,
} from './json-reader.js';
import type { LogEntry } from './log-entry.js';
import { readTransparencyLogEntry } from './transparency-log-entry.js';

/** What a bundle says was signed. */
export type SignedContent =
  | {
      readonly form: 'digest';
      /** `sha256`, `sha384` or `sha512`; undefined when the bundle leaves the digest out. */
      readonly algorithm: string | undefined;
      readonly digest: Uint8Array | undefined;
      readonly signature: Uint8Array;
    }
  | {
      readonly form: 'dsse';
      readonly payloadType: string;
      readonly payload: Uint8Array;
      readonly signatures: readonly Uint8Array[];
    };

/** A bundle, not yet believed. */
export interface SigstoreBundle {
  readonly content: SignedContent;
  /** DER of the signing certificate, absent when the bundle only hints at a key. */
  readonly certificate: Uint8Array | undefined;
  readonly entries: readonly LogEntry[];
  /** Answers of timestamp authorities (RFC 3161) over the signature. */
  readonly timestamps: readonly Uint8Array[];
}

/** True when a JSON document says that it is a Sigstore bundle. */
export function isSigstoreBundle(document: Place): boolean {
  const mediaType = isObjectAt(document) ? optional(document, 'mediaType')?.value : undefined;
  return (
    typeof mediaType === 'string' && mediaType.startsWith('application/vnd.dev.sigstore.bundle')
  );
}

/** Returns a bundle of any version up to 0.3. Throws ENCODING_MALFORMED, also when no log entry is in it. */
export function readSigstoreBundle(document: Place): SigstoreBundle {
  const material = required(document, 'verificationMaterial');
  const entries = items(required(material, 'tlogEntries')).map(readTransparencyLogEntry);
  if (entries.length === 0) {
    throw new LogError('ENCODING_MALFORMED', `${document.path} holds no log entry`);
  }
  return {
    content: readContent(document),
    certificate: readCertificate(material),
    entries,
    timestamps: readTimestamps(material),
  };
}

function readContent(document: Place): SignedContent {
  const message = optional(document, 'messageSignature');
  const envelope = optional(document, 'dsseEnvelope');
  if ((message === undefined) === (envelope === undefined)) {
    throw new LogError(
      'ENCODING_MALFORMED',
      `${document.path} needs one of messageSignature and dsseEnvelope`,
    );
  }
  if (message !== undefined) return readMessageSignature(message);
  const found = envelope as Place;
  return {
    form: 'dsse',
    payloadType: textAt(required(found, 'payloadType')),
    payload: base64At(required(found, 'payload')),
    signatures: items(required(found, 'signatures')).map((one) => base64At(required(one, 'sig'))),
  };
}

function readMessageSignature(message: Place): SignedContent {
  const digest = optional(message, 'messageDigest');
  return {
    form: 'digest',
    algorithm: digest && hashName(required(digest, 'algorithm')),
    digest: digest && base64At(required(digest, 'digest')),
    signature: base64At(required(message, 'signature')),
  };
}

function hashName(place: Place): string {
  const [, bits] = /^SHA2_(256|384|512)$/.exec(textAt(place)) ?? [];
  if (bits !== undefined) return `sha${bits}`;
  throw new LogError('ENCODING_MALFORMED', `${place.path} is not a hash that can be checked`);
}

function readCertificate(material: Place): Uint8Array | undefined {
  const chain = optional(material, 'x509CertificateChain');
  const first = chain && items(required(chain, 'certificates'))[0];
  const certificate = optional(material, 'certificate') ?? first;
  return certificate && base64At(required(certificate, 'rawBytes'));
}

function readTimestamps(material: Place): readonly Uint8Array[] {
  const data = optional(material, 'timestampVerificationData');
  const timestamps = data && optional(data, 'rfc3161Timestamps');
  if (timestamps === undefined) return [];
  return items(timestamps).map((one) => base64At(required(one, 'signedTimestamp')));
}
