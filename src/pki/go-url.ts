/**
 * URIs as Go's net/url reads and writes them: a URI in a certificate that it refuses refuses the certificate, and
 * its normal form is the search key.
 *
 * In scope: reading one URI reference, its normal form, the reasons. Out of scope: resolving references.
 * All strings hold one byte per character: an escape may stand for a byte that is no UTF-8.
 */

import { goQuoteOctets } from '../encoding/go-quote.js';
import { LogError } from '../errors.js';
import { readIpAddress } from './ip-address.js';

/** A URI that was read. */
export interface GoUrl {
  /** Host and port, unescaped; empty when there is none. */
  readonly host: string;
  /** The normal form. */
  readonly text: string;
}

/** Returns what `raw` says. Throws KEY_MALFORMED with Go's message, `parse "…": …`. */
export function readGoUrl(raw: string): GoUrl {
  const [reference, fragment] = cut(raw, '#');
  const url = about(reference, () => readReference(reference));
  const fragmentText =
    fragment === '' ? '' : `#${about(raw, () => normalized(fragment, 'fragment'))}`;
  return { host: url.host, text: url.text + fragmentText };
}

function readReference(reference: string): GoUrl {
  if ([...reference].some(isControl)) refuse('net/url: invalid control character in URL');
  if (reference === '*') return { host: '', text: '*' };
  if (reference.startsWith(':')) refuse('missing protocol scheme');
  const written = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(reference)?.[1];
  const scheme = written?.toLowerCase() ?? '';
  const afterScheme = written === undefined ? reference : reference.slice(written.length + 1);
  const schemeText = scheme === '' ? '' : `${scheme}:`;
  const [rest, query] = cut(afterScheme, '?');
  // A question mark with nothing behind it is kept only when it is the last character.
  const queryText = afterScheme.includes('?') ? `?${query}` : '';
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { host: '', text: schemeText + rest + queryText };
    if (cut(rest, '/')[0].includes(':')) refuse('first path segment in URL cannot contain colon');
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'));
  if (!hasAuthority) {
    const path = normalized(rest, 'path');
    return { host: '', text: schemeText + separated(path, scheme) + queryText };
  }
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const { host, user } = readAuthority(authority);
  const path = normalized(slash < 0 ? '' : rest.slice(slash), 'path');
  const hostText = escaped(host, 'host');
  const isBare = host === '' && user === undefined;
  // An empty authority keeps its slashes only between a scheme and a path.
  const bareText = scheme !== '' && path !== '' ? '//' : '';
  const authorityText = isBare ? bareText : `//${user === undefined ? '' : `${user}@`}${hostText}`;
  return { host, text: schemeText + authorityText + path + queryText };
}

/** A path that would be read as a scheme gets a dot segment in front. */
function separated(path: string, scheme: string): string {
  return scheme === '' && cut(path, '/')[0].includes(':') ? `./${path}` : path;
}

function readAuthority(authority: string): { host: string; user: string | undefined } {
  const at = authority.lastIndexOf('@');
  const host = readHost(authority.slice(at + 1));
  if (at < 0) return { host, user: undefined };
  const information = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(information)) {
    refuse('net/url: invalid userinfo');
  }
  const [name, password] = cut(information, ':');
  const renewed = (part: string) => escaped(unescaped(part, 'user'), 'user');
  const nameText = renewed(name);
  return { host, user: information.includes(':') ? `${nameText}:${renewed(password)}` : nameText };
}

function readHost(host: string): string {
  const bracket = host.lastIndexOf('[');
  if (bracket > 0) refuse('invalid IP-literal');
  if (bracket === 0) return readAddressLiteral(host);
  // Rekor is built with `urlstrictcolons=0` (a module of Go 1.25): colons before the last one belong to the host.
  const colon = host.lastIndexOf(':');
  if (colon >= 0) checkPort(host.slice(colon));
  return unescaped(host, 'host');
}

function readAddressLiteral(host: string): string {
  const end = host.lastIndexOf(']');
  if (end < 0) refuse("missing ']' in host");
  const port = host.slice(end + 1);
  checkPort(port);
  const literal = host.slice(1, end);
  // RFC 6874: an escaped percent sign begins the zone, which may escape more than a host may.
  const zoneAt = literal.indexOf('%25');
  const address =
    zoneAt < 0
      ? unescaped(literal, 'host')
      : unescaped(literal.slice(0, zoneAt), 'host') + unescaped(literal.slice(zoneAt), 'zone');
  const reading = readIpAddress(address);
  if (reading.version === undefined) refuse(`invalid host: ${reading.problem}`);
  if (reading.version === 4) refuse('invalid IP-literal');
  return `[${address}]${port}`;
}

function checkPort(port: string): void {
  if (!/^(?::[0-9]*)?$/.test(port)) refuse(`invalid port ${goQuoteOctets(port)} after host`);
}

type Part = 'path' | 'user' | 'host' | 'zone' | 'fragment';

const HOST = /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/;

/** The characters that stand for themselves in each part. */
const PLAIN: Readonly<Record<Part, RegExp>> = {
  path: /[A-Za-z0-9\-_.~$&+,/:;=@]/,
  user: /[A-Za-z0-9\-_.~$&+,;=]/,
  host: HOST,
  zone: HOST,
  fragment: /[A-Za-z0-9\-_.~$&+,/:;=?@!()*]/,
};

/** The spelling of the input where it is a valid one, else Go's own. */
function normalized(written: string, part: 'path' | 'fragment'): string {
  const meaning = unescaped(written, part);
  // A path of one asterisk is never escaped, but other spellings of it are kept.
  if (part === 'path' && written === '%2A') return '*';
  const isValid = [...written].every(
    (character) => /[!$&'()*+,;=:@[\]%]/.test(character) || PLAIN[part].test(character),
  );
  return isValid ? written : escaped(meaning, part);
}

function escaped(octets: string, part: Part): string {
  return octets.replace(/./gs, (octet) => {
    if (PLAIN[part].test(octet)) return octet;
    return `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function unescaped(written: string, part: Part): string {
  const inHost = part === 'host' || part === 'zone';
  return written.replace(/%.{0,2}|./gs, (piece) => {
    if (piece.startsWith('%')) return escapedOctet(piece, part);
    if (inHost && piece < '\x80' && !PLAIN[part].test(piece)) {
      refuse(`invalid character ${goQuoteOctets(piece)} in host name`);
    }
    return piece;
  });
}

function escapedOctet(triplet: string, part: Part): string {
  const octet = /^%[0-9A-Fa-f]{2}$/.test(triplet)
    ? Number.parseInt(triplet.slice(1), 16)
    : undefined;
  if (octet === undefined) return refuse(`invalid URL escape ${goQuoteOctets(triplet)}`);
  const character = String.fromCharCode(octet);
  const isPercent = triplet === '%25';
  const allowed =
    (part !== 'host' || isPercent || octet >= 0x80) &&
    (part !== 'zone' || isPercent || character === ' ' || PLAIN.host.test(character));
  return allowed ? character : refuse(`invalid URL escape ${goQuoteOctets(triplet)}`);
}

function isControl(character: string): boolean {
  return character < ' ' || character === '\x7f';
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

class Refusal extends Error {}

function refuse(reason: string): never {
  throw new Refusal(reason);
}

/** Reports a refusal as one of `subject`. */
function about<T>(subject: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new LogError('KEY_MALFORMED', `parse ${goQuoteOctets(subject)}: ${error.message}`);
  }
}
