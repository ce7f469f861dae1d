/**
 * The content of a member of a ZIP archive, as Go's archive/zip reads it: stored or deflated, with the length and the
 * checksum that the directory states.
 *
 * In scope: where a member lies, and a walk over its content in pieces. Out of scope: how much may be read in all
 * (jar-members.ts). Inflating stops one piece after the stated length, whatever the data say. Complaints are
 * ENTRY_MALFORMED in Go's words.
 */

import { Buffer } from 'node:buffer';
import { constants, crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { LogError } from '../../errors.js';
import { ENDS, ENDS_EARLY, NOT_A_ZIP, type ZipMember } from './zip-directory.js';

/** Where a member lies in its archive; offsets in bytes. */
export interface MemberExtent {
  readonly start: number;
  /** First byte of the compressed content. */
  readonly content: number;
  /** Behind its last byte, as far as the archive reaches. */
  readonly end: number;
}

/** Returns where `member` lies. Throws ENTRY_MALFORMED when nothing begins there. */
export function extentOf(archive: Uint8Array, member: ZipMember): MemberExtent {
  const { headerOffset, compressedSize } = member;
  if (headerOffset < 0n) throw malformed('bytes.Reader.ReadAt: negative offset');
  if (headerOffset + BigInt(HEADER_LENGTH) > BigInt(archive.length)) throw malformed(ENDS);
  const start = Number(headerOffset);
  const header = Buffer.from(archive.buffer, archive.byteOffset + start, HEADER_LENGTH);
  if (header.readUInt32LE(0) !== HEADER_SIGNATURE) throw malformed(NOT_A_ZIP);
  const content = start + HEADER_LENGTH + header.readUInt16LE(26) + header.readUInt16LE(28);
  const behind = BigInt(content) + BigInt.asIntN(64, compressedSize);
  const end = behind > BigInt(archive.length) ? archive.length : Math.max(content, Number(behind));
  return { start, content, end: Math.max(content, end) };
}

/**
 * Hands the content of `member` to `take`, piece by piece; a piece is valid until `take` returns. Throws
 * ENTRY_MALFORMED when it is damaged, or is not what the directory says: what has been handed out is void then.
 */
export async function readMember(
  archive: Uint8Array,
  member: ZipMember,
  take: (piece: Uint8Array) => void,
): Promise<void> {
  const extent = extentOf(archive, member);
  if (isDirectory(member)) {
    if (member.size !== 0n) throw malformed(NOT_A_ZIP);
    return;
  }
  const data = archive.subarray(extent.content, extent.end);
  let length = 0;
  let checksum = 0;
  const add = (piece: Uint8Array): void => {
    length += piece.length;
    if (BigInt(length) > member.size) throw malformed(NOT_A_ZIP);
    checksum = crc32(piece, checksum);
    take(piece);
  };
  if (member.method === DEFLATED) await inflate(data, member.size, add);
  else if (member.method === STORED) add(data);
  else throw malformed('zip: unsupported compression algorithm');
  if (BigInt(length) !== member.size) throw malformed(ENDS_EARLY);
  assertChecksum(archive, member, extent, checksum);
}

/** True for a name that stands for a folder: it has no content. */
export function isDirectory({ name }: ZipMember): boolean {
  return name.endsWith('/');
}

const HEADER_LENGTH = 30;
const HEADER_SIGNATURE = 0x04034b50;
const DESCRIPTOR_SIGNATURE = 0x08074b50;
const HAS_DESCRIPTOR = 0x8;
const STORED = 0;
const DEFLATED = 8;

/** Up to here one call is cheaper than a stream, and holds little. */
const MAX_SYNC_LENGTH = 262_144n;
const PIECE_LENGTH = 65_536;

async function inflate(
  data: Uint8Array,
  size: bigint,
  add: (piece: Uint8Array) => void,
): Promise<void> {
  if (size <= MAX_SYNC_LENGTH) {
    add(inflateAtOnce(data, Number(size)));
    return;
  }
  const stream = createInflateRaw({ chunkSize: PIECE_LENGTH });
  stream.end(data);
  try {
    for await (const piece of stream) add(piece as Uint8Array);
  } catch (error) {
    throw error instanceof LogError ? error : damaged(error);
  } finally {
    stream.destroy();
  }
}

function inflateAtOnce(data: Uint8Array, size: number): Uint8Array {
  try {
    return inflateRawSync(data, {
      maxOutputLength: size + 1,
      chunkSize: Math.max(constants.Z_MIN_CHUNK, size + 1),
    });
  } catch (error) {
    throw damaged(error);
  }
}

function damaged(cause: unknown): LogError {
  const code = (cause as { readonly code?: unknown }).code;
  const reason =
    code === 'Z_BUF_ERROR'
      ? ENDS_EARLY
      : code === 'ERR_BUFFER_TOO_LARGE'
        ? NOT_A_ZIP
        : 'flate: corrupt input';
  return new LogError('ENTRY_MALFORMED', reason, { cause });
}

function assertChecksum(
  archive: Uint8Array,
  { crc32: stated, flags, compressedSize }: ZipMember,
  { content }: MemberExtent,
  checksum: number,
): void {
  if ((flags & HAS_DESCRIPTOR) !== 0) {
    const at = BigInt(content) + compressedSize;
    if (descriptorChecksum(archive, at) !== stated) throw malformed(BAD_CHECKSUM);
    if (checksum !== stated) throw malformed(BAD_CHECKSUM);
  } else if (stated !== 0 && checksum !== stated) {
    throw malformed(BAD_CHECKSUM);
  }
}

const BAD_CHECKSUM = 'zip: checksum error';

/** A signature in front of the checksum is customary; some writers leave it out. */
function descriptorChecksum(archive: Uint8Array, at: bigint): number {
  if (at + 12n > BigInt(archive.length)) throw malformed(ENDS_EARLY);
  const descriptor = Buffer.from(archive.buffer, archive.byteOffset + Number(at), 12);
  const first = descriptor.readUInt32LE(0);
  return first === DESCRIPTOR_SIGNATURE ? descriptor.readUInt32LE(4) : first;
}

function malformed(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', problem);
}
