/**
 * One member of a gzip file, RFC 1952: https://www.rfc-editor.org/rfc/rfc1952
 *
 * In scope: where a member ends, its content up to a bound, its checksum. Out of scope: what is inside. The content
 * is inflated piece by piece, so that a member which claims little and holds much is left as soon as it has
 * passed the bound: what is held in memory never depends on what the input claims. No state.
 */

import { Buffer } from 'node:buffer';
import { crc32, createInflateRaw } from 'node:zlib';
import { LogError } from '../../errors.js';

/** A member. */
export interface GzipMember {
  readonly content: Uint8Array;
  /** Where the next member begins. */
  readonly end: number;
}

/** How far a member is read, and in which steps. */
export interface GzipBounds {
  /** Most bytes of content. */
  readonly maxLength: number;
  /** Compressed bytes that the decoder gets at a time. */
  readonly pieceLength?: number;
}

/**
 * Returns where the body of the member that begins at `start` begins. Throws ENTRY_MALFORMED with Go's reason when there
 * is no header.
 */
export function endOfGzipHeader(bytes: Uint8Array, start: number): number {
  if (start === bytes.length) throw malformed('EOF');
  let at = start + HEADER_LENGTH;
  if (at > bytes.length) throw malformed('unexpected EOF');
  if (bytes[start] !== 0x1f || bytes[start + 1] !== 0x8b || bytes[start + 2] !== 8) {
    throw malformed('gzip: invalid header');
  }
  const flags = bytes[start + 3] as number;
  if (flags & FLAG.extra) {
    at += 2 + littleEndian(bytes, at);
    if (at > bytes.length) throw malformed('unexpected EOF');
  }
  if (flags & FLAG.name) at = endOfText(bytes, at);
  if (flags & FLAG.comment) at = endOfText(bytes, at);
  if (flags & FLAG.headerChecksum) {
    const stated = littleEndian(bytes, at);
    if (stated !== (crc32(bytes.subarray(start, at)) & 0xffff)) {
      throw malformed('gzip: invalid header');
    }
    at += 2;
  }
  return at;
}

/**
 * Returns the member of `bytes` whose body begins at `body`, undefined when its content is longer than `maxLength`.
 * Throws ENTRY_MALFORMED with Go's reason for one that is damaged or cut.
 */
export async function readGzipMember(
  bytes: Uint8Array,
  body: number,
  { maxLength, pieceLength = 65_536 }: GzipBounds,
): Promise<GzipMember | undefined> {
  const inflated = await inflate(bytes, body, maxLength, pieceLength);
  if (inflated === undefined) return undefined;
  const { content, end } = inflated;
  if (bytes.length - end < TRAILER_LENGTH) throw malformed('unexpected EOF');
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, TRAILER_LENGTH);
  const isWhole =
    trailer.getUint32(0, true) === crc32(content) &&
    trailer.getUint32(4, true) === content.length % 2 ** 32;
  if (!isWhole) throw malformed('gzip: invalid checksum');
  return { content, end: end + TRAILER_LENGTH };
}

const HEADER_LENGTH = 10;
const TRAILER_LENGTH = 8;
const FLAG = { headerChecksum: 0x02, extra: 0x04, name: 0x08, comment: 0x10 } as const;

/** Longest name or comment, with its end. */
const MAX_TEXT_LENGTH = 512;

function littleEndian(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) throw malformed('unexpected EOF');
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function endOfText(bytes: Uint8Array, start: number): number {
  const window = bytes.subarray(start, start + MAX_TEXT_LENGTH);
  const length = window.indexOf(0);
  if (length >= 0) return start + length + 1;
  throw malformed(window.length < MAX_TEXT_LENGTH ? 'unexpected EOF' : 'gzip: invalid header');
}

interface Inflated {
  readonly content: Uint8Array;
  /** The offset behind the last block. */
  readonly end: number;
}

function inflate(
  bytes: Uint8Array,
  start: number,
  maxLength: number,
  pieceLength: number,
): Promise<Inflated | undefined> {
  return new Promise((resolve, reject) => {
    const inflater = createInflateRaw();
    const pieces: Uint8Array[] = [];
    let length = 0;
    let at = start;
    const feed = () => {
      // The decoder has come to its last block, or has been left.
      if (inflater.destroyed || inflater.readableEnded) return;
      if (at === bytes.length) {
        inflater.end();
        return;
      }
      const piece = bytes.subarray(at, at + pieceLength);
      at += piece.length;
      inflater.write(piece, feed);
    };
    inflater.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length > maxLength) {
        inflater.destroy();
        resolve(undefined);
      } else pieces.push(piece);
    });
    inflater.on('end', () => {
      const end = start + inflater.bytesWritten;
      inflater.destroy();
      resolve({ content: Buffer.concat(pieces, length), end });
    });
    inflater.on('error', (cause: NodeJS.ErrnoException) => {
      const isCut = cause.code === 'Z_BUF_ERROR';
      reject(malformed(isCut ? 'unexpected EOF' : 'flate: corrupt input', cause));
    });
    feed();
  });
}

function malformed(reason: string, cause?: unknown): LogError {
  return new LogError('ENTRY_MALFORMED', reason, cause === undefined ? {} : { cause });
}
