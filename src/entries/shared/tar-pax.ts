/**
 * Extended headers of tar archives (POSIX.1-2017 pax, "pax Extended Header"): records `LENGTH NAME=VALUE\n`.
 */

import { Buffer } from 'node:buffer';
import { LogError } from '../../errors.js';

/**
 * Returns the records in `content`, one character for each byte; of several with one name the last. Throws
 * ENTRY_MALFORMED as Go does for a damaged record.
 */
export function readPaxRecords(content: Uint8Array): ReadonlyMap<string, string> {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  const records = new Map<string, string>();
  const sparse: string[] = [];
  for (let at = 0; at < text.length; ) {
    const { name, value, end } = readRecord(text, at);
    at = end;
    const place = SPARSE_PAIR.indexOf(name);
    if (place < 0) records.set(name, value);
    else if (sparse.length % 2 !== place || value.includes(',')) throw invalidHeader();
    else sparse.push(value);
  }
  if (sparse.length > 0) records.set('GNU.sparse.map', sparse.join(','));
  return records;
}

/** Throws ENTRY_MALFORMED for a record whose value must be a number or a time and is none. */
export function assertPaxValues(records: ReadonlyMap<string, string>): void {
  for (const [name, value] of records) {
    if (value !== '' && !isWellFormed(name, value)) throw invalidHeader();
  }
}

const SPARSE_PAIR = ['GNU.sparse.offset', 'GNU.sparse.numbytes'];
const TEXTS: ReadonlySet<string> = new Set(['path', 'linkpath', 'uname', 'gname']);
const NUMBERS: ReadonlySet<string> = new Set(['uid', 'gid', 'size']);
const TIMES: ReadonlySet<string> = new Set(['atime', 'mtime', 'ctime']);

/** Digits of a record's length that are read: more than any archive needs, zeros in front included. */
const MAX_LENGTH_DIGITS = 32;

function readRecord(text: string, at: number): { name: string; value: string; end: number } {
  const space = text.slice(at, at + MAX_LENGTH_DIGITS + 1).indexOf(' ');
  const digits = text.slice(at, at + space);
  if (space < 0 || !/^\+?\d+$/.test(digits)) throw invalidHeader();
  const end = at + Number(digits);
  const start = at + space + 1;
  if (end - at < 5 || end > text.length || end <= start || text[end - 1] !== '\n') {
    throw invalidHeader();
  }
  const record = text.slice(start, end - 1);
  const equals = record.indexOf('=');
  const name = record.slice(0, equals);
  const value = record.slice(equals + 1);
  // NUL ends the texts of a header, so they cannot hold one; elsewhere only names must not.
  if (equals <= 0 || (TEXTS.has(name) ? value : name).includes('\0')) throw invalidHeader();
  return { name, value, end };
}

function isWellFormed(name: string, value: string): boolean {
  if (NUMBERS.has(name)) return isInt64(value);
  if (!TIMES.has(name)) return true;
  const dot = value.indexOf('.');
  if (dot < 0) return isInt64(value);
  return isInt64(value.slice(0, dot)) && /^\d*$/.test(value.slice(dot + 1));
}

function isInt64(text: string): boolean {
  if (!/^[+-]?\d+$/.test(text)) return false;
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length > 19) return false;
  return BigInt(digits || '0') <= 2n ** 63n - (text[0] === '-' ? 0n : 1n);
}

function invalidHeader(): LogError {
  return new LogError('ENTRY_MALFORMED', 'archive/tar: invalid tar header');
}
