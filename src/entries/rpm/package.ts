/**
 * RPM packages: https://rpm-software-management.github.io/rpm/manual/format_v4.html
 *
 * A package is a lead of 96 bytes, a header with signatures and digests, the general header, and the payload,
 * which is never unpacked here. Packages of today sign the general header alone and put the digest of
 * the payload into it; older ones sign both together, too.
 *
 * In scope: the parts, their digests, who claims to have signed what. Out of scope: the signatures themselves
 * (v001.ts). No state.
 */

import { createHash } from 'node:crypto';
import { utf8 } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { isLogError, LogError } from '../../errors.js';
import {
  binaryValue,
  cutHeader,
  firstNumber,
  firstString,
  type HeaderBytes,
  holdsStrings,
  readTags,
  TAG_TYPE,
  type Tags,
} from './header.js';

/** An OpenPGP signature, and the bytes that it has to be over. */
export interface PackageSignature {
  readonly packets: Uint8Array;
  readonly message: Uint8Array;
}

/** What the log needs of a package. */
export interface RpmPackage {
  /** Not checked; none for a package that nobody signed. */
  readonly signatures: readonly PackageSignature[];
  /** The tags of the general header, and those of the header with the signatures. */
  readonly tags: Tags;
  readonly signatureTags: Tags;
  /** Digests that the package has for its parts, as `algorithm:hex`. */
  readonly digests: readonly (readonly [algorithm: string, value: string])[];
}

/** Headers by the names that they have in the leaf. */
export type PackageHeaders = Readonly<
  Record<'Name' | 'Epoch' | 'Version' | 'Release' | 'Architecture', string>
> & { readonly RPMSIGTAG_MD5?: string };

/**
 * Returns the parts of the package `content`, its header and payload checked against their digests. Throws
 * ENTRY_MALFORMED with Rekor's reason.
 */
export function readRpmPackage(content: Uint8Array): RpmPackage {
  assertLead(content);
  const signatureHeader = cutHeader(content.subarray(LEAD_LENGTH), true);
  const signatureTags = readTags(signatureHeader, SIGNATURE_TAGS);
  const signed = content.subarray(LEAD_LENGTH + signatureHeader.raw.length);
  const header = cutHeader(signed, false);
  const headerDigest = checkHeaderDigest(header, signatureTags);
  const tags = readTags(header, GENERAL_TAGS);
  const signatures = [
    ...signaturesOver(header.raw, signatureTags, HEADER_SIGNATURES),
    ...signaturesOver(signed, signatureTags, WHOLE_SIGNATURES),
  ];
  const payloadDigest = checkPayloadDigest(signed, header.raw.length, tags, signatureTags);
  return {
    signatures,
    tags,
    signatureTags,
    digests: [headerDigest, payloadDigest].filter((digest) => digest !== undefined),
  };
}

/** Returns the headers that go into the leaf. Throws ENTRY_MALFORMED when a package has one of them missing. */
export function packageHeaders({ tags, signatureTags }: RpmPackage): PackageHeaders {
  const text = (tag: number) => requiredString(tags, tag);
  const md5 = md5Of(signatureTags);
  const name = text(GENERAL_TAG.name);
  const epoch = tags.has(GENERAL_TAG.epoch) ? firstNumber(tags, GENERAL_TAG.epoch) : undefined;
  return {
    Name: name,
    Epoch: String(epoch ?? 0n),
    Version: text(GENERAL_TAG.version),
    Release: text(GENERAL_TAG.release),
    Architecture: text(GENERAL_TAG.architecture),
    ...(md5 === undefined ? {} : { RPMSIGTAG_MD5: md5 }),
  };
}

const LEAD_LENGTH = 96;

const SIGNATURE_TAG = {
  dsa: 267,
  rsa: 268,
  sha1: 269,
  sha256: 273,
  pgp: 1002,
  md5: 1004,
  gpg: 1005,
} as const;

const GENERAL_TAG = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  architecture: 1022,
  payloadDigest: 5092,
  payloadDigestAlgorithm: 5093,
} as const;

const SIGNATURE_TAGS: ReadonlySet<number> = new Set(Object.values(SIGNATURE_TAG));
const GENERAL_TAGS: ReadonlySet<number> = new Set(Object.values(GENERAL_TAG));

const HEADER_SIGNATURES = [SIGNATURE_TAG.rsa, SIGNATURE_TAG.dsa];
const WHOLE_SIGNATURES = [SIGNATURE_TAG.pgp, SIGNATURE_TAG.gpg];

/** Hash functions by OpenPGP's numbers, with the names that Go prints. */
const HASHES: ReadonlyMap<bigint | undefined, { algorithm: string; title: string }> = new Map([
  [1n, { algorithm: 'md5', title: 'MD5' }],
  [2n, { algorithm: 'sha1', title: 'SHA-1' }],
  [8n, { algorithm: 'sha256', title: 'SHA-256' }],
  [9n, { algorithm: 'sha384', title: 'SHA-384' }],
  [10n, { algorithm: 'sha512', title: 'SHA-512' }],
  [11n, { algorithm: 'sha224', title: 'SHA-224' }],
]);

type Digest = readonly [algorithm: string, value: string];

function assertLead(content: Uint8Array): void {
  if (content.length < LEAD_LENGTH) {
    const end = content.length === 0 ? 'EOF' : 'unexpected EOF';
    throw malformed(`error reading RPM lead: ${end}`);
  }
  const magic = new DataView(content.buffer, content.byteOffset).getUint32(0);
  if (magic !== 0xedabeedb) throw malformed('file is not an RPM');
}

function checkHeaderDigest({ raw }: HeaderBytes, tags: Tags): Digest | undefined {
  const sha256 = stringOrNothing(tags, SIGNATURE_TAG.sha256);
  const stated = sha256 || stringOrNothing(tags, SIGNATURE_TAG.sha1);
  const { algorithm, title } = sha256
    ? { algorithm: 'sha256', title: 'SHA-256' }
    : { algorithm: 'sha1', title: 'SHA-1' };
  // A single byte counts as no digest.
  if (utf8(stated).length < 2) return undefined;
  if (hash(algorithm, raw) !== stated) throw malformed(`${title} mismatch in signature header`);
  return [algorithm, stated];
}

function stringOrNothing(tags: Tags, tag: number): string {
  return holdsStrings(tags, tag) ? requiredString(tags, tag) : '';
}

function requiredString(tags: Tags, tag: number): string {
  const text = firstString(tags, tag);
  if (text === undefined) throw malformed(`tag ${tag} has no value`);
  return text;
}

function* signaturesOver(
  message: Uint8Array,
  tags: Tags,
  places: readonly number[],
): Iterable<PackageSignature> {
  for (const tag of places) {
    const packets = binaryValue(tags, tag);
    if (packets !== undefined) yield { packets, message };
  }
}

/** Newer packages have a digest of the payload in the signed header, older ones an MD5 of both outside. */
function checkPayloadDigest(
  signed: Uint8Array,
  headerLength: number,
  tags: Tags,
  signatureTags: Tags,
): Digest | undefined {
  const stated = payloadDigest(tags);
  if (stated !== undefined) {
    const { algorithm, title, value } = stated;
    if (hash(algorithm, signed.subarray(headerLength)) !== value) {
      throw malformed(`payload ${title} digest mismatch`);
    }
    return [algorithm, value];
  }
  const md5 = md5Of(signatureTags);
  if (md5 === undefined) throw malformed('no usable payload digest found');
  if (hash('md5', signed) !== md5) throw malformed('md5 digest mismatch');
  return undefined;
}

function payloadDigest(
  tags: Tags,
): { algorithm: string; title: string; value: string } | undefined {
  if (!holdsStrings(tags, GENERAL_TAG.payloadDigest)) return undefined;
  const value = firstString(tags, GENERAL_TAG.payloadDigest);
  if (value === undefined) return undefined;
  const place = GENERAL_TAG.payloadDigestAlgorithm;
  if (tags.get(place)?.type === TAG_TYPE.int64) return undefined; // wider than Rekor reads it
  const named = HASHES.get(valueOrNothing(() => firstNumber(tags, place)));
  return named === undefined ? undefined : { ...named, value };
}

function valueOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isLogError(error)) return undefined; // what cannot be read counts as absent here
    throw error;
  }
}

function md5Of(signatureTags: Tags): string | undefined {
  const octets = valueOrNothing(() => binaryValue(signatureTags, SIGNATURE_TAG.md5));
  return octets === undefined || octets.length === 0 ? undefined : toHex(octets);
}

function hash(algorithm: string, content: Uint8Array): string {
  return createHash(algorithm).update(content).digest('hex');
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
