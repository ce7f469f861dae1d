/**
 * Subject alternative names (RFC 5280 section 4.2.1.6) as search keys, in Rekor's order and spelling:
 * DNS names, e-mail addresses, IP addresses in their text form, URIs, and the one other name that Fulcio
 * issues (1.3.6.1.4.1.57264.1.7).
 *
 * In scope: names to text. Out of scope: letter case, which the search folds.
 */

import { isUtf8 } from 'node:buffer';
import { DER_TAG } from '../encoding/der.js';
import { goQuoteOctets } from '../encoding/go-quote.js';
import { fromGoUtf8 } from '../encoding/go-utf8.js';
import { isLogError, LogError } from '../errors.js';
import { DerCursor, dottedOid } from './der-cursor.js';
import { isDomainName } from './domain-name.js';
import { type GoUrl, readGoUrl } from './go-url.js';
import { ipAddressText } from './ip-address.js';

/** The names of one extension, in the order of each kind. */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly emails: readonly string[];
  /** 4 or 16 octets each. */
  readonly addresses: readonly Uint8Array[];
  readonly uris: readonly GoUrl[];
  /** The extension as it stands. */
  readonly encoding: Uint8Array;
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
  const addresses: Uint8Array[] = [];
  const uris: GoUrl[] = [];
  const list = new DerCursor(
    new DerCursor(value).take(DER_TAG.sequence, 'x509: invalid subject alternative names'),
  );
  const others: Uint8Array[] = [];
  while (!list.atEnd) {
    const name = list.takeAny('x509: invalid subject alternative name');
    if (name.tag === EMAIL) emails.push(ascii(name.content, 'rfc822Name'));
    else if (name.tag === DNS) dns.push(ascii(name.content, 'dNSName'));
    else if (name.tag === URI) uris.push(readUri(name.content));
    else if (name.tag === IP) addresses.push(checkAddress(name.content));
    else if ((name.tag & 0x1f) === 0) others.push(name.encoding);
  }
  const keys = [
    ...dns,
    ...emails,
    ...addresses.map(ipAddressText),
    ...uris.map(({ text }) => text),
  ];
  const other = otherName(others);
  if (other !== undefined) keys.push(other);
  const kinds = { dns, emails, addresses, uris, encoding: value };
  return { ...kinds, all: keys, hasOther: other !== undefined };
}

function ascii(content: Uint8Array, type: string): string {
  if (content.some((octet) => octet >= 0x80)) {
    throw new LogError('KEY_MALFORMED', `x509: SAN ${type} is malformed`);
  }
  return fromGoUtf8(content);
}

function readUri(content: Uint8Array): GoUrl {
  const written = ascii(content, 'uniformResourceIdentifier');
  const refuse = (reason: string, cause?: unknown): never => {
    const message = `x509: cannot parse URI ${goQuoteOctets(written)}: ${reason}`;
    throw new LogError('KEY_MALFORMED', message, { cause });
  };
  let uri: GoUrl;
  try {
    uri = readGoUrl(written);
  } catch (error) {
    if (!isLogError(error)) throw error;
    return refuse(error.message, error);
  }
  return isDomainName(uri.host) ? uri : refuse('invalid domain');
}

function checkAddress(content: Uint8Array): Uint8Array {
  if (content.length === 4 || content.length === 16) return content;
  throw new LogError('KEY_MALFORMED', `x509: cannot parse IP address of length ${content.length}`);
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
