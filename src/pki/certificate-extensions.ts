/**
 * Extensions of certificates (RFC 5280 section 4.2): what they say about names and about who may sign whom.
 *
 * In scope: the extensions that Rekor's library understands, with its reasons for damaged ones. Out of scope:
 * what a chain makes of them (certificate-chain.ts).
 */

import { DER_TAG } from '../encoding/der.js';
import { LogError } from '../errors.js';
import {
  bitStringOctets,
  booleanValue,
  DerCursor,
  dottedOid,
  integerContent,
} from './der-cursor.js';
import { type NameConstraints, readNameConstraints } from './name-constraints.js';
import { type AlternativeNames, readAlternativeNames } from './subject-names.js';

/** One extension, as it stands in the certificate. */
export interface CertificateExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** What the extensions of a certificate say. */
export interface ExtensionFacts {
  /** Search keys: names of the subject in Rekor's order and spelling. */
  readonly subjects: readonly string[];
  /** The same names by kind; undefined without the extension. */
  readonly alternativeNames: AlternativeNames | undefined;
  /** Undefined without the extension. */
  readonly nameConstraints: NameConstraints | undefined;
  /** Names of the subject's and the issuer's key; empty without the extension. */
  readonly subjectKeyID: Uint8Array;
  readonly authorityKeyID: Uint8Array;
  /** Undefined without the extension. */
  readonly basicConstraints:
    | { readonly isAuthority: boolean; readonly maxPathLength: number | undefined }
    | undefined;
  /** False when a key usage is stated and does not contain certificate signing. */
  readonly mayIssue: boolean;
  /** True when a critical extension is there that this reader does not know. */
  readonly hasUnhandledCritical: boolean;
}

/** Returns what `extensions` say. Throws KEY_MALFORMED with Rekor's reason for a damaged one. */
export function interpretExtensions(extensions: readonly CertificateExtension[]): ExtensionFacts {
  let alternativeNames: AlternativeNames | undefined;
  let nameConstraints: NameConstraints | undefined;
  let basicConstraints: ExtensionFacts['basicConstraints'];
  let subjectKeyID: Uint8Array = NONE;
  let authorityKeyID: Uint8Array = NONE;
  let mayIssue = true;
  let hasUnhandledCritical = false;
  for (const extension of extensions) {
    const { oid, critical, value } = extension;
    let handled = true;
    if (oid === KEY_USAGE) {
      mayIssue = readsCertificateSigning(value);
    } else if (oid === BASIC_CONSTRAINTS) {
      basicConstraints = readBasicConstraints(value);
    } else if (oid === ALTERNATIVE_NAMES) {
      alternativeNames = readAlternativeNames(value);
      const { all, hasOther } = alternativeNames;
      // A name of another kind alone counts as not understood: Rekor's library says so.
      handled = all.length > (hasOther ? 1 : 0);
    } else if (oid === NAME_CONSTRAINTS) {
      nameConstraints = readNameConstraints(value);
      handled = !nameConstraints.hasOther;
    } else if (oid === SUBJECT_KEY_ID) {
      subjectKeyID = readSubjectKeyID(extension);
    } else if (oid === AUTHORITY_KEY_ID) {
      authorityKeyID = readAuthorityKeyID(extension);
    } else {
      const form = Object.hasOwn(CHECKED_FORMS, oid) ? CHECKED_FORMS[oid] : undefined;
      handled = form !== undefined;
      if (form !== undefined) checkForm(form, critical, value);
    }
    if (critical && !handled) hasUnhandledCritical = true;
  }
  return {
    subjects: alternativeNames?.all ?? [],
    alternativeNames,
    nameConstraints,
    subjectKeyID,
    authorityKeyID,
    basicConstraints,
    mayIssue,
    hasUnhandledCritical,
  };
}

const NONE = new Uint8Array(0);
const SUBJECT_KEY_ID = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const ALTERNATIVE_NAMES = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const NAME_CONSTRAINTS = '2.5.29.30';
const AUTHORITY_KEY_ID = '2.5.29.35';

/** An extension of which only the form matters here. */
interface CheckedForm {
  readonly name: string;
  readonly mayBeCritical: boolean;
  readonly check: (cursor: DerCursor, complaint: string) => void;
}

const sequenceOf =
  (checkItem: (items: DerCursor, complaint: string) => void): CheckedForm['check'] =>
  (cursor, complaint) => {
    const items = new DerCursor(cursor.take(DER_TAG.sequence, complaint));
    while (!items.atEnd) checkItem(items, complaint);
  };

const checkOid = (items: DerCursor, complaint: string): void => {
  dottedOid(items.take(DER_TAG.oid, complaint), complaint);
};

const checkSequenceWithOid = (items: DerCursor, complaint: string): void => {
  checkOid(new DerCursor(items.take(DER_TAG.sequence, complaint)), complaint);
};

const onlySequence: CheckedForm['check'] = (cursor, complaint) => {
  cursor.take(DER_TAG.sequence, complaint);
};

const CHECKED_FORMS: Readonly<Record<string, CheckedForm>> = {
  '2.5.29.31': {
    name: 'CRL distribution points',
    mayBeCritical: true,
    check: sequenceOf((items, complaint) => items.take(DER_TAG.sequence, complaint)),
  },
  '2.5.29.32': {
    name: 'certificate policies',
    mayBeCritical: true,
    check: sequenceOf(checkSequenceWithOid),
  },
  '2.5.29.33': {
    name: 'policy mappings extension',
    mayBeCritical: true,
    check: sequenceOf(checkSequenceWithOid),
  },
  '2.5.29.36': {
    name: 'policy constraints extension',
    mayBeCritical: true,
    check: onlySequence,
  },
  '2.5.29.37': {
    name: 'extended key usages',
    mayBeCritical: true,
    check: sequenceOf(checkOid),
  },
  '2.5.29.54': {
    name: 'inhibit any policy extension',
    mayBeCritical: true,
    check: (cursor, complaint) =>
      integerContent(cursor.take(DER_TAG.integer, complaint), complaint),
  },
  '1.3.6.1.5.5.7.1.1': {
    name: 'authority info access',
    mayBeCritical: false,
    check: sequenceOf(checkSequenceWithOid),
  },
};

function checkForm(form: CheckedForm, critical: boolean, value: Uint8Array): void {
  if (critical && !form.mayBeCritical) refuseCritical(form.name);
  form.check(new DerCursor(value), `x509: invalid ${form.name}`);
}

function refuseCritical(name: string): never {
  throw new LogError('KEY_MALFORMED', `x509: ${name} incorrectly marked critical`);
}

function readSubjectKeyID({ critical, value }: CertificateExtension): Uint8Array {
  if (critical) refuseCritical('subject key identifier');
  return new DerCursor(value).take(DER_TAG.octetString, 'x509: invalid subject key identifier');
}

function readAuthorityKeyID({ critical, value }: CertificateExtension): Uint8Array {
  if (critical) refuseCritical('authority key identifier');
  const complaint = 'x509: invalid authority key identifier';
  const inner = new DerCursor(new DerCursor(value).take(DER_TAG.sequence, complaint));
  return inner.takeOptional(0x80, complaint) ?? NONE;
}

/** Bit 5 of the key usage; an empty usage restricts nothing. */
function readsCertificateSigning(value: Uint8Array): boolean {
  const complaint = 'x509: invalid key usage';
  const bits = new DerCursor(value).take(DER_TAG.bitString, complaint);
  bitStringOctets(bits, complaint);
  const stated = bits.subarray(1).some((octet) => octet !== 0);
  return !stated || ((bits[1] as number) & 0x04) !== 0;
}

function readBasicConstraints(value: Uint8Array): ExtensionFacts['basicConstraints'] {
  const complaint = 'x509: invalid basic constraints';
  const cursor = new DerCursor(new DerCursor(value).take(DER_TAG.sequence, complaint));
  const flag = cursor.takeOptional(DER_TAG.boolean, complaint);
  const isAuthority = flag !== undefined && booleanValue(flag, complaint);
  const length = cursor.takeOptional(DER_TAG.integer, complaint);
  if (length === undefined) return { isAuthority, maxPathLength: undefined };
  const octets = integerContent(length, complaint);
  if ((octets[0] as number) >= 0x80 || octets.length > 6) {
    throw new LogError('KEY_MALFORMED', complaint);
  }
  return { isAuthority, maxPathLength: octets.reduce((total, octet) => total * 256 + octet, 0) };
}
