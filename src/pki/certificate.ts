/**
 * X.509 certificates (RFC 5280), read as far as a log needs: key, names, validity, the extensions that
 * decide who may sign whom. A walk over the DER, some forty times faster than a general parser.
 *
 * In scope: what `crypto/x509` of Rekor reads, in its order and with its reasons. Out of scope: trust
 * (certificate-chain.ts) and PEM (x509.ts). Validity periods are read, never compared with a clock.
 */

import { DER_TAG } from '../encoding/der.js';
import { LogError } from '../errors.js';
import {
  type CertificateExtension,
  type ExtensionFacts,
  interpretExtensions,
} from './certificate-extensions.js';
import {
  bitStringOctets,
  booleanValue,
  DerCursor,
  dottedOid,
  integerContent,
} from './der-cursor.js';
import { checkName } from './distinguished-name.js';
import { type PublicKey, readPublicKey } from './public-key.js';

/** One certificate. */
export interface Certificate extends ExtensionFacts {
  /** The whole certificate, as it was. */
  readonly der: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** Content of the INTEGER; never negative. */
  readonly serialNumber: Uint8Array;
  /** DER of the names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Seconds since 1970. */
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  readonly publicKey: PublicKey;
  /** Dotted identifier of the algorithm of the issuer's signature. */
  readonly signatureAlgorithm: string;
  /** Its parameters as DER; empty when there are none. */
  readonly signatureParameters: Uint8Array;
  /** All extensions as they stand; their values share the memory of `der`. */
  readonly extensions: readonly CertificateExtension[];
}

const CONTEXT = { version: 0xa0, issuerID: 0x81, subjectID: 0x82, extensions: 0xa3 } as const;

/** Returns the certificate in `der`, with nothing after it. Throws KEY_MALFORMED with Rekor's reason. */
export function readCertificate(der: Uint8Array): Certificate {
  const outer = new DerCursor(der);
  const whole = new DerCursor(outer.take(DER_TAG.sequence, 'x509: malformed certificate'));
  const body = new DerCursor(whole.take(DER_TAG.sequence, 'x509: malformed tbs certificate'));

  const version = readVersion(body);
  const serialNumber = readSerialNumber(body);
  const signature = readSignatureAlgorithm(body, whole);
  const issuer = body.takeEncoding(DER_TAG.sequence, 'x509: malformed issuer');
  checkName(issuer);
  const validity = new DerCursor(body.take(DER_TAG.sequence, 'x509: malformed validity'));
  const notBeforeSeconds = readTime(validity);
  const notAfterSeconds = readTime(validity);
  const subject = body.takeEncoding(DER_TAG.sequence, 'x509: malformed issuer');
  checkName(subject);
  const publicKey = readPublicKey(
    body.takeEncoding(DER_TAG.sequence, 'x509: malformed spki'),
    'keep',
  );
  const extensions = version > 1 ? readExtensions(body, version) : [];
  bitStringOctets(
    whole.take(DER_TAG.bitString, 'x509: malformed signature'),
    'x509: malformed signature',
  );
  if (!outer.atEnd) throw new LogError('KEY_MALFORMED', 'x509: trailing data');
  return {
    der,
    version,
    serialNumber,
    issuer,
    subject,
    notBeforeSeconds,
    notAfterSeconds,
    publicKey,
    signatureAlgorithm: signature.algorithm,
    signatureParameters: signature.parameters,
    extensions,
    ...interpretExtensions(extensions),
  };
}

function readVersion(body: DerCursor): number {
  const complaint = 'x509: malformed version';
  const explicit = body.takeOptional(CONTEXT.version, complaint);
  if (explicit === undefined) return 1;
  const inner = new DerCursor(explicit);
  const value = integerContent(inner.take(DER_TAG.integer, complaint), complaint);
  if (!inner.atEnd || value.length > 8 || (value[0] as number) >= 0x80) {
    throw new LogError('KEY_MALFORMED', complaint);
  }
  if (value.length > 1 || (value[0] as number) > 2) {
    throw new LogError('KEY_MALFORMED', 'x509: invalid version');
  }
  return (value[0] as number) + 1;
}

function readSerialNumber(body: DerCursor): Uint8Array {
  const complaint = 'x509: malformed serial number';
  const serial = integerContent(body.take(DER_TAG.integer, complaint), complaint);
  if ((serial[0] as number) >= 0x80) {
    throw new LogError('KEY_MALFORMED', 'x509: negative serial number');
  }
  return serial;
}

function readSignatureAlgorithm(
  body: DerCursor,
  whole: DerCursor,
): { algorithm: string; parameters: Uint8Array } {
  const inner = body.take(DER_TAG.sequence, 'x509: malformed signature algorithm identifier');
  const outer = whole.take(DER_TAG.sequence, 'x509: malformed algorithm identifier');
  if (inner.length !== outer.length || inner.some((octet, at) => octet !== outer[at])) {
    throw new LogError(
      'KEY_MALFORMED',
      "x509: inner and outer signature algorithm identifiers don't match",
    );
  }
  const identifier = new DerCursor(inner);
  const algorithm = dottedOid(
    identifier.take(DER_TAG.oid, 'x509: malformed OID'),
    'x509: malformed OID',
  );
  const parameters = identifier.atEnd
    ? new Uint8Array(0)
    : identifier.takeAny('x509: malformed parameters').encoding;
  return { algorithm, parameters };
}

// RFC 5280 allows only the Z form; the offset is read because the recorded server reads it.
const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(Z|[+-]\d{4})$/;

function readTime(validity: DerCursor): number {
  const utc = validity.nextTag === DER_TAG.utcTime;
  if (!utc && validity.nextTag !== DER_TAG.generalizedTime) {
    throw new LogError('KEY_MALFORMED', 'x509: unsupported time format');
  }
  const complaint = `x509: malformed ${utc ? 'UTCTime' : 'GeneralizedTime'}`;
  const content = validity.takeAny(complaint).content;
  const fields = (utc ? UTC_TIME : GENERALIZED_TIME).exec(String.fromCharCode(...content));
  if (content.length > 20 || fields === null) throw new LogError('KEY_MALFORMED', complaint);
  const [year, month, day, hour, minute, second] = fields
    .slice(1, 7)
    .map((f) => Number(f ?? 0)) as [number, number, number, number, number, number];
  const fullYear = utc ? year + (year >= 50 ? 1900 : 2000) : year;
  const instant = new Date(0);
  instant.setUTCFullYear(fullYear, month - 1, day);
  instant.setUTCHours(hour, minute, second, 0);
  // A field out of range (30 February, 25:61) has moved another one.
  const kept =
    instant.getUTCMonth() === month - 1 &&
    instant.getUTCDate() === day &&
    instant.getUTCHours() === hour &&
    instant.getUTCMinutes() === minute &&
    instant.getUTCSeconds() === second;
  if (!kept) throw new LogError('KEY_MALFORMED', complaint);
  const zone = fields[7] as string;
  const offsetMinutes =
    zone === 'Z'
      ? 0
      : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3)));
  return instant.getTime() / 1000 - offsetMinutes * 60;
}

function readExtensions(body: DerCursor, version: number): CertificateExtension[] {
  body.takeOptional(CONTEXT.issuerID, 'x509: malformed issuerUniqueID');
  body.takeOptional(CONTEXT.subjectID, 'x509: malformed subjectUniqueID');
  if (version !== 3) return [];
  const complaint = 'x509: malformed extensions';
  const explicit = body.takeOptional(CONTEXT.extensions, complaint);
  if (explicit === undefined) return [];
  const list = new DerCursor(new DerCursor(explicit).take(DER_TAG.sequence, complaint));
  const extensions: CertificateExtension[] = [];
  const seen = new Set<string>();
  while (!list.atEnd) {
    const extension = readExtension(list);
    if (seen.has(extension.oid)) {
      throw new LogError(
        'KEY_MALFORMED',
        `x509: certificate contains duplicate extension with OID "${extension.oid}"`,
      );
    }
    seen.add(extension.oid);
    extensions.push(extension);
  }
  return extensions;
}

function readExtension(list: DerCursor): CertificateExtension {
  const cursor = new DerCursor(list.take(DER_TAG.sequence, 'x509: malformed extension'));
  const oidComplaint = 'x509: malformed extension OID field';
  const oid = dottedOid(cursor.take(DER_TAG.oid, oidComplaint), oidComplaint);
  const criticalComplaint = 'x509: malformed extension critical field';
  const flag = cursor.takeOptional(DER_TAG.boolean, criticalComplaint);
  const critical = flag !== undefined && booleanValue(flag, criticalComplaint);
  const value = cursor.take(DER_TAG.octetString, 'x509: malformed extension value field');
  return { oid, critical, value };
}
