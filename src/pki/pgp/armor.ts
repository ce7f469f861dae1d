/**
 * ASCII armour: https://www.rfc-editor.org/rfc/rfc4880#section-6
 *
 * In scope: reading it as leniently as Rekor's library does (text around it, headers, a checksum that is wrong or
 * missing, a missing END line), writing it in the one form that the log stores. Out of scope: the packets inside.
 * Every line is looked at once; a line counts in bytes.
 */

import { fromGoBase64, toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { trimGoSpace } from '../../encoding/go-space.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { isLogError } from '../../errors.js';
import { OctetSource } from './octet-source.js';
import { PgpFault, structuralFault } from './pgp-fault.js';

/** One armoured block. */
export interface ArmorBlock {
  /** What stands after BEGIN: `PGP SIGNATURE`, … */
  readonly type: string;
  /** The decoded bytes, up to where the base64 breaks off. */
  readonly body: OctetSource;
}

const START = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';
const COLUMNS = 64;
/** Rekor's library reads through a buffer of this size: a line that does not fit is no armour. */
const LINE_BUFFER = 100;
/** Longest line of base64 that is read. */
const MAX_DATA_LINE = 96;
/** Most lines of base64 in a block: sixteen characters each fill the longest ring. */
export const MAX_DATA_LINES = 1 << 16;

/** Returns the first armoured block in `content`, undefined when there is none. Never throws. */
export function decodeArmor(content: Uint8Array): ArmorBlock | undefined {
  const lines = new ArmorLines(content);
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    if (line.isPart || !isStart(line.text)) continue;
    const headers = skipHeaders(lines);
    if (headers === 'end') return undefined;
    if (headers === 'none') continue;
    const type = line.text.slice(START.length, line.text.length - DASHES.length);
    return { type, body: decodeBody(lines) };
  }
  return undefined;
}

/** Returns `bytes` armoured as the log stores them: no headers, 64 columns, a checksum, no newline at the end. */
export function encodeArmor(type: string, bytes: Uint8Array): Uint8Array {
  const base64 = toBase64(bytes);
  const lines = [`${START}${type}${DASHES}`, ''];
  for (let at = 0; at < base64.length; at += COLUMNS) lines.push(base64.slice(at, at + COLUMNS));
  // The library that Rekor writes with ends the base64 with a line break even where there is none to end.
  if (base64.length === 0) lines.push('');
  lines.push(`=${toBase64(checksum(bytes))}`, `${END}${type}${DASHES}`);
  return utf8(lines.join('\n'));
}

interface ArmorLine {
  /** The line without white space at its ends. */
  readonly text: string;
  /** True for a piece of a line that does not fit the buffer. */
  readonly isPart: boolean;
  /** True for every piece but the last. */
  readonly isContinued: boolean;
}

/** The lines of armour; a longer one than fits the buffer comes in parts. */
class ArmorLines {
  readonly #bytes: Uint8Array;
  #at = 0;
  #isInside = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** More octets than what follows can hold in base64. */
  get longestBody(): number {
    return Math.ceil(((this.#bytes.length - this.#at) * 3) / 4) + 3;
  }

  next(): ArmorLine | undefined {
    const bytes = this.#bytes;
    if (this.#at >= bytes.length) return undefined;
    const start = this.#at;
    const most = start + LINE_BUFFER;
    let end = start;
    while (end < bytes.length && end < most && bytes[end] !== 0x0a) end++;
    const wasInside = this.#isInside;
    // A buffer that is full without a line break: the line goes on.
    this.#isInside = end === most;
    this.#at = this.#isInside ? end : end + 1;
    const text = trimGoSpace(fromGoUtf8(bytes.subarray(start, end)));
    return { text, isPart: wasInside || this.#isInside, isContinued: this.#isInside };
  }
}

function isStart(text: string): boolean {
  return text.length > START.length + DASHES.length && text.startsWith(START);
}

/** Passes over `Key: value` lines and the empty line behind them; says when there is no such line. */
function skipHeaders(lines: ArmorLines): 'found' | 'none' | 'end' {
  let isContinued = false;
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const continues = isContinued;
    isContinued = line.isContinued;
    if (continues) continue;
    if (line.text === '') return 'found';
    if (!line.text.includes(':')) return 'none';
  }
  return 'end';
}

function decodeBody(lines: ArmorLines): OctetSource {
  const decoded = new Uint8Array(lines.longestBody);
  let length = 0;
  let count = 0;
  let pending = '';
  let fault: PgpFault | undefined;
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const { text } = line;
    if (!line.isPart && isLastLine(text)) break;
    count++;
    if (line.isPart || utf8(text).length > MAX_DATA_LINE || count > MAX_DATA_LINES) {
      fault = structuralFault('armor invalid');
      break;
    }
    if (text === '') continue;
    pending += text.replace(/\r/g, '');
    const whole = pending.length - (pending.length % 4);
    const read = decodeQuanta(pending.slice(0, whole));
    decoded.set(read.bytes, length);
    length += read.bytes.length;
    pending = pending.slice(whole);
    fault = read.fault;
    if (fault !== undefined) break;
  }
  if (fault === undefined && pending !== '') fault = new PgpFault('fatal', 'unexpected EOF');
  return new OctetSource(decoded.subarray(0, length), fault);
}

/** The checksum is not checked: armour protects against nothing that a signature does not. */
function isLastLine(text: string): boolean {
  return text.startsWith(END) || (text.length === 5 && text.startsWith('='));
}

/** Decodes base64 as far as it goes. Padding may end a line, and the next line starts anew. */
function decodeQuanta(text: string): { bytes: Uint8Array; fault?: PgpFault } {
  try {
    return { bytes: fromGoBase64(text) };
  } catch (error) {
    if (!isLogError(error)) throw error;
    const fault = new PgpFault('fatal', error.message);
    for (let length = text.length - 4; length > 0; length -= 4) {
      try {
        return { bytes: fromGoBase64(text.slice(0, length)), fault };
      } catch {
        // At most 24 quanta in a line: the damage is further to the front.
      }
    }
    return { bytes: new Uint8Array(0), fault };
  }
}

/** CRC-24 (RFC 4880 section 6.1), three bytes. */
function checksum(bytes: Uint8Array): Uint8Array {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return Uint8Array.of((crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff);
}
