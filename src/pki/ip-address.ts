/**
 * Internet addresses as text: written as Go's net package writes them, read as its netip package reads
 * them, with its reasons for what is none.
 *
 * In scope: IPv4 in four decimal parts, IPv6 (RFC 4291) with an optional zone. Out of scope: networks.
 */

import { goQuoteOctets } from '../encoding/go-quote.js';

/** Returns the text of an address of 4 or 16 octets; an IPv4 address in IPv6 is written as IPv4. */
export function ipAddressText(octets: Uint8Array): string {
  const four = asIpv4(octets);
  return four === undefined ? ipv6Text(octets) : four.join('.');
}

/** Returns the four octets of an IPv4 address, also of one mapped into IPv6; undefined for others. */
export function asIpv4(octets: Uint8Array): Uint8Array | undefined {
  if (octets.length === 4) return octets;
  const mapped = octets.subarray(0, 10).every((octet) => octet === 0);
  return mapped && octets[10] === 0xff && octets[11] === 0xff ? octets.subarray(12) : undefined;
}

/** What a text is: an address of one of the two versions, or none for a reason in Go's words. */
export type IpAddressReading =
  | { readonly version: 4 | 6; readonly hasZone: boolean }
  | { readonly version: undefined; readonly problem: string };

/** Returns what `text`, a string of bytes, is. Never throws. */
export function readIpAddress(text: string): IpAddressReading {
  const decisive = /[.:%]/.exec(text)?.[0];
  if (decisive === '.') {
    const problem = ipv4Problem(text);
    return problem === undefined ? { version: 4, hasZone: false } : refused(text, problem);
  }
  if (decisive !== ':') {
    return refused(text, {
      why: decisive === '%' ? 'missing IPv6 address' : 'unable to parse IP',
    });
  }
  const [address, zone] = cutAt(text, '%');
  if (zone === '') return refused(text, { why: 'zone must be a non-empty string' });
  const problem = ipv6Problem(address);
  if (problem !== undefined) return refused(text, problem);
  return { version: 6, hasZone: zone !== undefined };
}

interface Problem {
  readonly why: string;
  /** The text from the place on that is wrong. */
  readonly at?: string;
}

function refused(text: string, { why, at }: Problem): IpAddressReading {
  const place = at === undefined || at === '' ? '' : ` (at ${goQuoteOctets(at)})`;
  return { version: undefined, problem: `ParseAddr(${goQuoteOctets(text)}): ${why}${place}` };
}

function cutAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function ipv4Problem(text: string): Problem | undefined {
  let value = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character >= '0' && character <= '9') {
      if (digits === 1 && value === 0) return { why: 'IPv4 field has octet with leading zero' };
      value = value * 10 + Number(character);
      digits++;
      if (value > 255) return { why: 'IPv4 field has value >255' };
    } else if (character === '.') {
      if (at === 0 || at === text.length - 1 || text[at - 1] === '.') {
        return { why: 'IPv4 field must have at least one digit', at: text.slice(at) };
      }
      if (dots === 3) return { why: 'IPv4 address too long' };
      dots++;
      value = 0;
      digits = 0;
    } else {
      return { why: 'unexpected character', at: text.slice(at) };
    }
  }
  return dots < 3 ? { why: 'IPv4 address too short' } : undefined;
}

const MOST_GROUPS = 8;

function ipv6Problem(address: string): Problem | undefined {
  let rest = address;
  let gap = rest.startsWith('::');
  if (gap) rest = rest.slice(2);
  if (gap && rest === '') return undefined;
  let groups = 0;
  while (groups < MOST_GROUPS) {
    const digits = (/^[0-9A-Fa-f]*/.exec(rest) as RegExpExecArray)[0].length;
    if (digits > 4) return { why: 'each group must have 4 or less digits', at: rest };
    if (digits === 0) {
      return { why: 'each colon-separated field must have at least one digit', at: rest };
    }
    if (rest[digits] === '.') {
      const problem = embeddedProblem(rest, groups, gap);
      if (problem !== undefined) return problem;
      groups += 2;
      rest = '';
      break;
    }
    groups++;
    rest = rest.slice(digits);
    if (rest === '') break;
    if (rest[0] !== ':') return { why: 'unexpected character, want colon', at: rest };
    if (rest === ':') return { why: 'colon must be followed by more characters', at: rest };
    rest = rest.slice(1);
    if (rest[0] === ':') {
      if (gap) return { why: 'multiple :: in address', at: rest };
      gap = true;
      rest = rest.slice(1);
      if (rest === '') break;
    }
  }
  if (rest !== '') return { why: 'trailing garbage after address', at: rest };
  if (groups < MOST_GROUPS) return gap ? undefined : { why: 'address string too short' };
  return gap ? { why: 'the :: must expand to at least one field of zeros' } : undefined;
}

/** An IPv4 address may stand for the last two groups. */
function embeddedProblem(rest: string, groups: number, gap: boolean): Problem | undefined {
  if (!gap && groups !== MOST_GROUPS - 2) {
    const why = 'embedded IPv4 address must replace the final 2 fields of the address';
    return { why, at: rest };
  }
  if (groups > MOST_GROUPS - 2) {
    const why = 'too many hex fields to fit an embedded IPv4 at the end of the address';
    return { why, at: rest };
  }
  return ipv4Problem(rest);
}

/** RFC 5952: lower case, the longest run of two or more zero groups (the first of equals) left out. */
function ipv6Text(octets: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) {
    groups.push(((octets[at] as number) << 8) | (octets[at + 1] as number));
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
