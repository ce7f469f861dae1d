/**
 * The directory of a ZIP archive (APPNOTE 6.3.10), found and read as Go's archive/zip does it: readers that disagree
 * about what an archive contains are how signed archives are forged, so this one sees what Rekor sees.
 *
 * In scope: the end record, its 64-bit form, archives that something stands in front of, the list of members. Out of
 * scope: their contents (zip-member.ts). Allocates by what is there, never by what is declared. Complaints are
 * ENTRY_MALFORMED in Go's words.
 */

import { Buffer } from 'node:buffer';
import { LogError } from '../../errors.js';

/** A member as the directory lists it. */
export interface ZipMember {
  /** The octets of the name, one character each. */
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: bigint;
  /** What the directory says of the length of the content; unsigned, up to 64 bits. */
  readonly size: bigint;
  /** Where the member begins in the archive; may lie outside it. */
  readonly headerOffset: bigint;
}

/** Most members of an archive: what the plain format can count. */
export const MAX_MEMBERS = 65_535;

/** Returns the members of the archive in `bytes`, in the order of its directory. Throws ENTRY_MALFORMED. */
export function readZipDirectory(bytes: Uint8Array): ZipMember[] {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = readEnd(archive);
  const base = baseOffset(archive, end);
  const members: ZipMember[] = [];
  let at = Number(base + end.offset);
  let problem: string;
  for (;;) {
    const outcome = readHeader(archive, at);
    if (typeof outcome === 'string') {
      problem = outcome;
      break;
    }
    if (members.length === MAX_MEMBERS) throw malformed(`zip: more than ${MAX_MEMBERS} members`);
    const { member, next } = outcome;
    members.push({ ...member, headerOffset: BigInt.asIntN(64, member.headerOffset + base) });
    at = next;
  }
  const isWhole = problem !== ENDS && (members.length & 0xffff) === Number(end.records & 0xffffn);
  if (!isWhole) throw malformed(problem);
  return members;
}

/** Go's words for something that is no archive. */
export const NOT_A_ZIP = 'zip: not a valid zip file';

/** Go's words for a read at the end, and for one across it. */
export const ENDS = 'EOF';
export const ENDS_EARLY = 'unexpected EOF';

const SIGNATURE = {
  header: 0x02014b50,
  end: 0x06054b50,
  end64Locator: 0x07064b50,
  end64: 0x06064b50,
} as const;

const HEADER_LENGTH = 46;
const END_LENGTH = 22;
const LOCATOR_LENGTH = 20;
const END64_LENGTH = 56;
const ZIP64_EXTRA = 0x0001;
const MAX_UINT32 = 0xffffffff;
const MAX_INT64 = (1n << 63n) - 1n;

interface EndRecord {
  readonly at: bigint;
  readonly records: bigint;
  readonly size: bigint;
  readonly offset: bigint;
}

function readEnd(archive: Buffer): EndRecord {
  const at = findEnd(archive);
  const end = {
    at: BigInt(at),
    records: BigInt(archive.readUInt16LE(at + 10)),
    size: BigInt(archive.readUInt32LE(at + 12)),
    offset: BigInt(archive.readUInt32LE(at + 16)),
  };
  // 0xffff for the size, too: that is how Go has it.
  const isLarge = end.records === 0xffffn || end.size === 0xffffn || end.offset === 0xffffffffn;
  const large = isLarge ? readEnd64(archive, at) : undefined;
  const { size, offset } = large ?? end;
  if (size > MAX_INT64 || offset > MAX_INT64) throw malformed(NOT_A_ZIP);
  return large ?? end;
}

function findEnd(archive: Buffer): number {
  // Two windows, as in Go: a comment that is cut off hides the record in both.
  for (const window of [1024, 65 * 1024]) {
    const first = Math.max(0, archive.length - window);
    for (let at = archive.length - END_LENGTH; at >= first; at--) {
      if (archive[at] !== 0x50 || archive.readUInt32LE(at) !== SIGNATURE.end) continue;
      if (at + END_LENGTH + archive.readUInt16LE(at + 20) <= archive.length) return at;
      break;
    }
  }
  throw malformed(NOT_A_ZIP);
}

function readEnd64(archive: Buffer, endAt: number): EndRecord | undefined {
  const locator = endAt - LOCATOR_LENGTH;
  if (locator < 0) return undefined;
  const isLocator =
    archive.readUInt32LE(locator) === SIGNATURE.end64Locator &&
    archive.readUInt32LE(locator + 4) === 0 &&
    archive.readUInt32LE(locator + 16) === 1;
  if (!isLocator) return undefined;
  const stated = archive.readBigInt64LE(locator + 8);
  if (stated < 0n) return undefined;
  if (stated + BigInt(END64_LENGTH) > BigInt(archive.length)) throw malformed(ENDS);
  const at = Number(stated);
  if (archive.readUInt32LE(at) !== SIGNATURE.end64) throw malformed(NOT_A_ZIP);
  return {
    at: stated,
    records: archive.readBigUInt64LE(at + 32),
    size: archive.readBigUInt64LE(at + 40),
    offset: archive.readBigUInt64LE(at + 48),
  };
}

/** Returns what has to be added to every offset: something may stand in front of the archive. */
function baseOffset(archive: Buffer, { at, size, offset }: EndRecord): bigint {
  const start = at - size;
  if (start < 0n || start >= BigInt(archive.length)) throw malformed(NOT_A_ZIP);
  const base = start - offset;
  // Some writers state a wrong size: an entry where the plain offset points to is believed.
  if (base > 0n && typeof readHeader(archive, Number(offset)) !== 'string') return 0n;
  return base;
}

/** Returns the entry at `at` and where the next one begins; Go's complaint where there is none. */
function readHeader(archive: Buffer, at: number): { member: ZipMember; next: number } | string {
  const left = archive.length - at;
  if (left <= 0) return ENDS;
  if (left < HEADER_LENGTH) return ENDS_EARLY;
  if (archive.readUInt32LE(at) !== SIGNATURE.header) return NOT_A_ZIP;
  const nameLength = archive.readUInt16LE(at + 28);
  const extraLength = archive.readUInt16LE(at + 30);
  const name = at + HEADER_LENGTH;
  const next = name + nameLength + extraLength + archive.readUInt16LE(at + 32);
  if (next > archive.length) return left === HEADER_LENGTH ? ENDS : ENDS_EARLY;
  const extra = archive.subarray(name + nameLength, name + nameLength + extraLength);
  const stated = {
    size: archive.readUInt32LE(at + 24),
    compressedSize: archive.readUInt32LE(at + 20),
    headerOffset: archive.readUInt32LE(at + 42),
  };
  const sizes = readZip64(extra, stated);
  if (sizes === undefined) return NOT_A_ZIP;
  return {
    member: {
      name: archive.toString('latin1', name, name + nameLength),
      flags: archive.readUInt16LE(at + 8),
      method: archive.readUInt16LE(at + 10),
      crc32: archive.readUInt32LE(at + 16),
      ...sizes,
    },
    next,
  };
}

const SIZE_FIELDS = ['size', 'compressedSize', 'headerOffset'] as const;
type Sizes = Record<(typeof SIZE_FIELDS)[number], bigint>;

/** Returns the sizes with their 64-bit values where the plain ones are full; undefined when those are missing. */
function readZip64(
  extra: Buffer,
  stated: Readonly<Record<keyof Sizes, number>>,
): Sizes | undefined {
  const sizes: Sizes = {
    size: BigInt(stated.size),
    compressedSize: BigInt(stated.compressedSize),
    headerOffset: BigInt(stated.headerOffset),
  };
  const needed = new Set(SIZE_FIELDS.filter((field) => stated[field] === MAX_UINT32));
  for (let at = 0; at + 4 <= extra.length && needed.size > 0; ) {
    const length = extra.readUInt16LE(at + 2);
    let value = at + 4;
    const next = value + length;
    if (next > extra.length) break;
    if (extra.readUInt16LE(at) === ZIP64_EXTRA) {
      for (const field of [...needed]) {
        if (value + 8 > next) return undefined;
        const isOffset = field === 'headerOffset';
        sizes[field] = isOffset ? extra.readBigInt64LE(value) : extra.readBigUInt64LE(value);
        needed.delete(field);
        value += 8;
      }
    }
    at = next;
  }
  // A full 32-bit size may be just that; the other two may not.
  return needed.has('compressedSize') || needed.has('headerOffset') ? undefined : sizes;
}

function malformed(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', problem);
}
