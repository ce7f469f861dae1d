/**
 * Subject alternative names (RFC 5280 section 4.2.1.6) as search keys, in Rekor's order and spelling:
 * DNS names, e-mail addresses, IP addresses in their text form, URIs, and the one other name that Fulcio
 * issues (1.3.6.1.4.1.57264.1.7).
 *
 * In scope: names to text. Out of scope: letter case, which the search folds.
 */

import { isUtf8 } from 'node:buffer';
import { DER_TAG } from '../encoding/der.js';
import { fromGoUtf8 } from '../encoding/go-utf8.js';
import { isLogError, LogError } from '../errors.js';
import { DerCursor, dottedOid } from './der-cursor.js';

/** The names of one extension. */
export interface AlternativeNames {
  /** All that can be searched for. */
  readonly all: readonly string[];
  /** True when the last of them is an other name. */
  readonly hasOther: boolean;
}

const FULCIO_OTHER_NAME = '1.3.6.1.4.1.57264.1.7';

// Context-specific tags of GeneralName.
const EMAIL = 0x81;
const DNS = 0x82;
const URI = 0x86;
const IP = 0x87;

/** Returns the names in the extension `value`. Throws KEY_MALFORMED with Rekor's reason. */
export function readAlternativeNames(value: Uint8Array): AlternativeNames {
  const dns: string[] = [];
  const emails: string[] = [];
  const addresses: string[] = [];
  const uris: string[] = [];
  const list = new DerCursor(
    new DerCursor(value).take(DER_TAG.sequence, 'x509: invalid subject alternative names'),
  );
  const others: Uint8Array[] = [];
  while (!list.atEnd) {
    const name = list.takeAny('x509: invalid subject alternative name');
    if (name.tag === EMAIL) emails.push(ascii(name.content, 'rfc822Name'));
    else if (name.tag === DNS) dns.push(ascii(name.content, 'dNSName'));
    else if (name.tag === URI) uris.push(uriText(ascii(name.content, 'uniformResourceIdentifier')));
    else if (name.tag === IP) addresses.push(addressText(name.content));
    else if ((name.tag & 0x1f) === 0) others.push(name.encoding);
  }
  const all = [...dns, ...emails, ...addresses, ...uris];
  const other = otherName(others);
  if (other === undefined) return { all, hasOther: false };
  return { all: [...all, other], hasOther: true };
}

function ascii(content: Uint8Array, type: string): string {
  if (content.some((octet) => octet >= 0x80)) {
    throw new LogError('KEY_MALFORMED', `x509: SAN ${type} is malformed`);
  }
  return fromGoUtf8(content);
}

/** What Go's net/url makes of a URI, whose refusals refuse the certificate. */
function uriText(uri: string): string {
  const problem = uriProblem(uri);
  if (problem !== undefined) {
    const reason = `parse "${uri}": ${problem}`;
    throw new LogError('KEY_MALFORMED', `x509: cannot parse URI "${uri}": ${reason}`);
  }
  // Characters that may not stand in a URI come back escaped.
  return uri.replace(
    /[ "<>\\^`{|}]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function uriProblem(uri: string): string | undefined {
  for (const character of uri) {
    if (character < ' ' || character === '\x7f') return 'net/url: invalid control character in URL';
  }
  if (uri.startsWith(':')) return 'missing protocol scheme';
  const hasScheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri);
  const firstSegment = uri.split('/', 1)[0] as string;
  if (!hasScheme && firstSegment.includes(':')) {
    return 'first path segment in URL cannot contain colon';
  }
  const damaged = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(uri.split(/[?]/, 1)[0] as string);
  return damaged === null ? undefined : `invalid URL escape "${damaged[0]}"`;
}

function addressText(content: Uint8Array): string {
  if (content.length === 4) return content.join('.');
  if (content.length === 16) return ipv6Text(content);
  throw new LogError('KEY_MALFORMED', `x509: cannot parse IP address of length ${content.length}`);
}

/** RFC 5952: lower case, the longest run of two or more zero groups (the first of equals) left out. */
function ipv6Text(content: Uint8Array): string {
  const mapped = content.subarray(0, 10).every((octet) => octet === 0);
  if (mapped && content[10] === 0xff && content[11] === 0xff) return content.subarray(12).join('.');
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) {
    groups.push(((content[at] as number) << 8) | (content[at + 1] as number));
  }
  let gapStart = 0;
  let gapLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > gapLength) [gapStart, gapLength] = [start, length];
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (gapLength === 1) return text(groups);
  return `${text(groups.slice(0, gapStart))}::${text(groups.slice(gapStart + gapLength))}`;
}

/** Exactly one other name of Fulcio's kind, else none: two of them, or another kind, cancel the search key. */
function otherName(encodings: readonly Uint8Array[]): string | undefined {
  const only = encodings[0];
  if (only === undefined || encodings.length > 1) return undefined;
  try {
    const sequence = new DerCursor(new DerCursor(only).take(0xa0, 'other name'));
    if (dottedOid(sequence.take(DER_TAG.oid, 'type'), 'type') !== FULCIO_OTHER_NAME) {
      return undefined;
    }
    const value = new DerCursor(sequence.take(0xa0, 'value')).takeAny('string');
    const isText =
      value.tag === DER_TAG.utf8String ||
      value.tag === DER_TAG.ia5String ||
      value.tag === DER_TAG.printableString;
    return isText && value.content.length > 0 && isUtf8(value.content)
      ? fromGoUtf8(value.content)
      : undefined;
  } catch (error) {
    // A damaged other name is no search key; the certificate stays usable.
    if (isLogError(error)) return undefined;
    throw error;
  }
}
