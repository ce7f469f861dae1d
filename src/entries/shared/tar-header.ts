/**
 * Header blocks of tar archives: 512 bytes, a checksum, numbers in octal or in base 256.
 */

import { LogError } from '../../errors.js';

/** Length of headers, and what contents are padded to. */
export const TAR_BLOCK_LENGTH = 512;

/** What a header block says. */
export interface TarHeader {
  /** The type flag, one character. */
  readonly type: string;
  /** One character for each byte. */
  readonly name: string;
  /** May be negative. Beyond 2^53 the number is not exact, and beyond any archive. */
  readonly size: number;
}

/** Returns what the header `block` says. Throws ENTRY_MALFORMED when it is none. */
export function readTarHeader(block: Uint8Array): TarHeader {
  if (!isChecksumRight(block)) throw invalidHeader();
  const format = formatOf(block);
  const size = readNumber(block, FIELD.size);
  // Nobody asks for these numbers, but a header in which one cannot be read is none.
  for (const field of NUMBERS_OF[format]) readNumber(block, field);
  const prefix = prefixOf(block, format);
  const name = readText(block, FIELD.name);
  return {
    type: String.fromCharCode(block[TYPE_AT] as number),
    name: prefix === '' ? name : `${prefix}/${name}`,
    size,
  };
}

type Field = readonly [start: number, length: number];
type Format = 'v7' | 'ustar' | 'star' | 'gnu';

const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  userId: [108, 8],
  groupId: [116, 8],
  size: [124, 12],
  modified: [136, 12],
  checksum: [148, 8],
  magic: [257, 6],
  version: [263, 2],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  ustarPrefix: [345, 155],
  starPrefix: [345, 131],
  starAccessed: [476, 12],
  starChanged: [488, 12],
  starTrailer: [508, 4],
  gnuAccessed: [345, 12],
  gnuChanged: [357, 12],
} as const satisfies Record<string, Field>;

const TYPE_AT = 156;

const NUMBERS: readonly Field[] = [FIELD.mode, FIELD.userId, FIELD.groupId, FIELD.modified];
const WITH_DEVICE: readonly Field[] = [...NUMBERS, FIELD.deviceMajor, FIELD.deviceMinor];
const NUMBERS_OF: Readonly<Record<Format, readonly Field[]>> = {
  v7: NUMBERS,
  ustar: WITH_DEVICE,
  star: [...WITH_DEVICE, FIELD.starAccessed, FIELD.starChanged],
  gnu: WITH_DEVICE,
};

function isChecksumRight(block: Uint8Array): boolean {
  let unsigned = 0;
  let negative = 0;
  const [start, length] = FIELD.checksum;
  for (let at = 0; at < TAR_BLOCK_LENGTH; at++) {
    const octet = block[at] as number;
    unsigned += octet;
    if (octet >= 0x80) negative++;
  }
  // The field itself counts as spaces.
  for (let at = start; at < start + length; at++) {
    const octet = block[at] as number;
    unsigned += 0x20 - octet;
    if (octet >= 0x80) negative--;
  }
  const stated = readOctal(block, FIELD.checksum);
  // Old writers summed up signed bytes.
  return stated === unsigned || stated === unsigned - 0x100 * negative;
}

function formatOf(block: Uint8Array): Format {
  switch (latin1(block, FIELD.magic)) {
    case 'ustar\0':
      return latin1(block, FIELD.starTrailer) === 'tar\0' ? 'star' : 'ustar';
    case 'ustar ':
      return latin1(block, FIELD.version) === ' \0' ? 'gnu' : 'v7';
    default:
      return 'v7';
  }
}

function prefixOf(block: Uint8Array, format: Format): string {
  switch (format) {
    case 'v7':
      return '';
    case 'ustar':
      return readText(block, FIELD.ustarPrefix);
    case 'star':
      return readText(block, FIELD.starPrefix);
    case 'gnu':
      return hasGnuTimes(block) ? '' : asciiOrNothing(readText(block, FIELD.ustarPrefix));
  }
}

// An old writer put a prefix where GNU has two times; Go looks which of the two it can be.
function hasGnuTimes(block: Uint8Array): boolean {
  return [FIELD.gnuAccessed, FIELD.gnuChanged].every(
    (field) => block[field[0]] === 0 || numberAt(block, field) !== undefined,
  );
}

function asciiOrNothing(text: string): string {
  return /[^\0-\x7f]/.test(text) ? '' : text;
}

function latin1(block: Uint8Array, [start, length]: Field): string {
  return String.fromCharCode(...block.subarray(start, start + length));
}

function readText(block: Uint8Array, [start, length]: Field): string {
  const end = block.indexOf(0, start);
  return latin1(block, [start, end < 0 ? length : Math.min(length, end - start)]);
}

function readNumber(block: Uint8Array, field: Field): number {
  const number = numberAt(block, field);
  if (number === undefined) throw invalidHeader();
  return number;
}

function numberAt(block: Uint8Array, field: Field): number | undefined {
  const [start, length] = field;
  return (block[start] as number) < 0x80
    ? readOctal(block, field)
    : readBase256(block.subarray(start, start + length));
}

/** Digits between spaces and NULs, at most twelve: always exact. What follows a NUL between them is not read. */
function readOctal(block: Uint8Array, [start, length]: Field): number | undefined {
  let at = start;
  let end = start + length;
  while (at < end && isFiller(block[at])) at++;
  while (end > at && isFiller(block[end - 1])) end--;
  let value = 0;
  for (; at < end && block[at] !== 0; at++) {
    const digit = (block[at] as number) - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value;
}

function isFiller(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0;
}

/** Two's complement with the highest bit, which marks the encoding, taken for a copy of the next one. */
function readBase256(octets: Uint8Array): number | undefined {
  const isNegative = ((octets[0] as number) & 0x40) !== 0;
  let magnitude = 0n;
  for (const [at, octet] of octets.entries()) {
    const bits = (isNegative ? octet ^ 0xff : octet) & (at === 0 ? 0x7f : 0xff);
    magnitude = (magnitude << 8n) | BigInt(bits);
  }
  if (magnitude >> 63n !== 0n) return undefined;
  return Number(isNegative ? -magnitude - 1n : magnitude);
}

function invalidHeader(): LogError {
  return new LogError('ENTRY_MALFORMED', 'archive/tar: invalid tar header');
}
