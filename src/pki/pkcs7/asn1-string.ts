/** The character strings of ASN.1, checked as Go's encoding/asn1 checks them. */

import { Buffer, isUtf8 } from 'node:buffer';
import { LogError } from '../../errors.js';

const ASCII_ONLY = /^\p{ASCII}*$/u;
const PRINTABLE = /^[A-Za-z0-9'()*+,\-./ :=?&]*$/;
const NUMERIC = /^[0-9 ]*$/;

/** Returns the text of a string type; undefined for another tag. Throws ENTRY_MALFORMED with Go's words. */
export function checkString(tag: number, content: Uint8Array): string | undefined {
  switch (tag) {
    case 12:
      if (!isUtf8(content)) throw malformed('asn1: invalid UTF-8 string');
      return Buffer.from(content).toString('utf8');
    case 18:
      return matching(NUMERIC, content, 'NumericString');
    case 19:
      return matching(PRINTABLE, content, 'PrintableString');
    case 22:
      return matching(ASCII_ONLY, content, 'IA5String');
    case 20:
    case 27:
      return Buffer.from(content).toString('latin1');
    case 30:
      return basicPlane(content);
    default:
      return undefined;
  }
}

function matching(allowed: RegExp, content: Uint8Array, type: string): string {
  const text = Buffer.from(content).toString('latin1');
  if (allowed.test(text)) return text;
  throw malformed(`asn1: syntax error: ${type} contains invalid character`);
}

function basicPlane(content: Uint8Array): string {
  if (content.length % 2 !== 0) throw malformed('invalid BMPString');
  const units = Buffer.from(content).swap16();
  const length = units.length;
  const ends = length >= 2 && units[length - 1] === 0 && units[length - 2] === 0;
  const text = units.subarray(0, ends ? length - 2 : length).toString('utf16le');
  if (/[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/.test(text)) throw malformed('invalid BMPString');
  return text;
}

function malformed(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', problem);
}
