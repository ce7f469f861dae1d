/**
 * What passes for an e-mail address in a search: one address as Go's net/mail reads it, so also
 * `<a@b>`, `Name <a@b>`, comments, and a group that has exactly one member.
 *
 * In scope: yes or no. Out of scope: what the address is; it is searched as it was written. Linear, and no
 * deeper than a group in an address. The rules are RFC 5322 with Go's liberties, each said where it is taken.
 */

import { isIP } from 'node:net';
import { fromGoBase64 } from '../../encoding/base64.js';

/** True when `text` is one address. */
export function isEmailAddress(text: string): boolean {
  const cursor: Cursor = { text, at: 0 };
  return readAddress(cursor, true) === 1 && skipComments(cursor) && isAtEnd(cursor);
}

/** The functions below return what they read and step over it, undefined or false when it is not there. */
interface Cursor {
  readonly text: string;
  at: number;
}

/** Returns how many addresses were read: one, or as many as a group has. */
function readAddress(cursor: Cursor, mayBeGroup: boolean): number | undefined {
  skipSpace(cursor);
  if (isAtEnd(cursor)) return undefined;
  if (readMailbox(cursor)) return readNameInComment(cursor) ? 1 : undefined;
  if (peek(cursor) !== '<' && !readDisplayName(cursor)) return undefined;
  skipSpace(cursor);
  if (mayBeGroup && take(cursor, ':')) return readGroup(cursor);
  return take(cursor, '<') && readMailbox(cursor) && take(cursor, '>') ? 1 : undefined;
}

/** The members of a group, behind its colon; `;` ends it. */
function readGroup(cursor: Cursor): number | undefined {
  skipSpace(cursor);
  if (take(cursor, ';')) return skipComments(cursor) ? 0 : undefined;
  let total = 0;
  do {
    const count = readAddress(cursor, false);
    if (count === undefined || !skipComments(cursor)) return undefined;
    total += count;
    if (take(cursor, ';')) return skipComments(cursor) ? total : undefined;
  } while (take(cursor, ','));
  return undefined;
}

/** `local@domain`; the cursor stays where it was when there is none. */
function readMailbox(cursor: Cursor): boolean {
  const start = cursor.at;
  skipSpace(cursor);
  if (readLocalPart(cursor) && take(cursor, '@')) {
    skipSpace(cursor);
    if (peek(cursor) === '[' ? readLiteral(cursor) : readDotAtom(cursor)) return true;
  }
  cursor.at = start;
  return false;
}

function readLocalPart(cursor: Cursor): boolean {
  if (peek(cursor) !== '"') return readDotAtom(cursor);
  const quoted = readQuoted(cursor);
  return quoted !== undefined && quoted !== '';
}

/** Go takes any IP address in brackets, without RFC 5321's `IPv6:` and without a zone. */
function readLiteral(cursor: Cursor): boolean {
  const end = cursor.text.indexOf(']', cursor.at);
  const address = end < 0 ? '' : cursor.text.slice(cursor.at + 1, end);
  if (isIP(address) === 0 || address.includes('%')) return false;
  cursor.at = end + 1;
  return true;
}

/** Words and quoted strings; what does not fit ends the name, unless it is the first of it. */
function readDisplayName(cursor: Cursor): boolean {
  for (let words = 0; ; words++) {
    if (words > 0 && !skipComments(cursor)) return false;
    skipSpace(cursor);
    if (isAtEnd(cursor)) return true;
    const isWord = peek(cursor) === '"' ? readQuoted(cursor) !== undefined : readNameWord(cursor);
    if (!isWord) return words > 0;
  }
}

function readNameWord(cursor: Cursor): boolean {
  const word = readAtom(cursor);
  return word !== '' && !isOfUnknownCharset(word);
}

/** Old programs write the name into a comment behind the address, and Go reads it as one. */
function readNameInComment(cursor: Cursor): boolean {
  skipSpace(cursor);
  if (!take(cursor, '(')) return true;
  const comment = readComment(cursor);
  return comment !== undefined && !comment.split(/[ \t]+/).some(isOfUnknownCharset);
}

const ATOM = /[!#-'*+\-./0-9=?A-Z^-~\P{ASCII}]*/uy;

/** A run of atom characters and dots, '' when there is none; everything beyond ASCII is one. */
function readAtom(cursor: Cursor): string {
  ATOM.lastIndex = cursor.at;
  const atom = ATOM.exec(cursor.text)?.[0] ?? '';
  cursor.at += atom.length;
  return atom;
}

function readDotAtom(cursor: Cursor): boolean {
  const atom = readAtom(cursor);
  return atom !== '' && !atom.startsWith('.') && !atom.endsWith('.') && !atom.includes('..');
}

const QUOTED = /"((?:[\t !#-[\]-~\P{ASCII}]|\\[\t -~\P{ASCII}])*)"/uy;

function readQuoted(cursor: Cursor): string | undefined {
  QUOTED.lastIndex = cursor.at;
  const found = QUOTED.exec(cursor.text);
  if (found === null) return undefined;
  cursor.at += found[0].length;
  return found[1];
}

/** White space and comments; false when a comment does not end. */
function skipComments(cursor: Cursor): boolean {
  skipSpace(cursor);
  while (take(cursor, '(')) {
    if (readComment(cursor) === undefined) return false;
    skipSpace(cursor);
  }
  return true;
}

/** The text of a comment, behind its opening parenthesis; comments nest. */
function readComment(cursor: Cursor): string | undefined {
  const { text } = cursor;
  let kept = '';
  let depth = 1;
  for (; !isAtEnd(cursor); cursor.at++) {
    const character = text[cursor.at];
    if (character === '\\' && cursor.at + 1 < text.length) cursor.at++;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    if (depth === 0) {
      cursor.at++;
      return kept;
    }
    kept += text[cursor.at];
  }
  return undefined;
}

const ENCODED_WORD = /^=\?([^?]+)\?([bq])\?([^?]*)\?=$/i;
const Q_TEXT = /^(?:=[0-9A-Fa-f]{2}|[\x20-\x3c\x3e-\x7e\t\r\n])*$/;
const KNOWN_CHARSETS = ['utf-8', 'iso-8859-1', 'us-ascii'];
const SHORTEST_ENCODED_WORD = 8;

/** True for an encoded word (RFC 2047) that Go would have to decode and cannot; a damaged one is plain text. */
function isOfUnknownCharset(word: string): boolean {
  const found = ENCODED_WORD.exec(word);
  if (found === null || word.length < SHORTEST_ENCODED_WORD) return false;
  const [, charset = '', encoding = '', text = ''] = found;
  if (KNOWN_CHARSETS.includes(charset.toLowerCase())) return false;
  return encoding.toLowerCase() === 'q' ? Q_TEXT.test(text) : isBase64(text);
}

function isBase64(text: string): boolean {
  try {
    fromGoBase64(text);
    return true;
  } catch {
    return false;
  }
}

function skipSpace(cursor: Cursor): void {
  while (peek(cursor) === ' ' || peek(cursor) === '\t') cursor.at++;
}

function take(cursor: Cursor, character: string): boolean {
  if (peek(cursor) !== character) return false;
  cursor.at++;
  return true;
}

function peek(cursor: Cursor): string {
  return cursor.text.charAt(cursor.at);
}

function isAtEnd(cursor: Cursor): boolean {
  return cursor.at >= cursor.text.length;
}
