/**
 * The manifest of a JAR and its signature files (JAR File Specification), read as relic reads them, the library of
 * Rekor: sections of `Name: value` lines, the octets of each section kept because they are what is hashed.
 *
 * In scope: sections, attributes, digests that attributes state. Out of scope: what is compared with them
 * (verify-jar.ts). Text is octets, one character each: a name must equal that of a member to the octet. Time is linear
 * in the input. Complaints are ENTRY_MALFORMED in relic's words.
 */

import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { LogError } from '../../errors.js';

/** Attributes by name; the last of several equal ones counts. */
export type Attributes = ReadonlyMap<string, string>;

/** A manifest as read. */
export interface Manifest {
  /** The section at its head. */
  readonly main: Attributes;
  /** Text of the section at its head. */
  readonly mainText: string;
  /** Text of each further section by the name that it gives; the last of several equal ones counts. */
  readonly sections: ReadonlyMap<string, string>;
}

/** Most sections behind the head: one for each member that there can be. */
export const MAX_SECTIONS = 65_535;

/** Returns the manifest in `text`. Throws ENTRY_MALFORMED. */
export function readManifest(text: string): Manifest {
  const { texts, isMalformed } = splitSections(text);
  const [mainText, ...others] = texts;
  if (mainText === undefined) throw malformed('manifest has no sections');
  const main = readAttributes(mainText);
  const sections = new Map<string, string>();
  for (const section of others) {
    const name = readAttributes(section).get('Name') ?? '';
    if (name === '') throw malformed('manifest has section with no "Name" attribute');
    sections.set(name, section);
  }
  if (isMalformed) throw malformed('manifest has incorrect line ending sequence');
  return { main, mainText, sections };
}

/** Returns the attributes in the text of one section. Throws ENTRY_MALFORMED. */
export function readAttributes(section: string): Attributes {
  const attributes = new Map<string, string>();
  const joined = section.replaceAll('\r\n', '\n').replaceAll('\n ', '');
  for (const line of joined.split('\n')) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 0) throw malformed('jar manifest is malformed');
    attributes.set(headerName(trimSpace(line.slice(0, colon))), trimSpace(line.slice(colon + 1)));
  }
  return attributes;
}

/** A digest that an attribute states, being computed. */
export interface StatedDigest {
  readonly attribute: string;
  /** Base64, as stated. */
  readonly value: string;
  readonly hash: Hash;
}

/**
 * Returns the digests that attributes ending in `-Digest` and `suffix` state; none when there are none. Throws
 * ENTRY_MALFORMED for a hash function that is not known.
 */
export function statedDigests(attributes: Attributes, suffix: string): StatedDigest[] {
  const ending = `-Digest${suffix}`;
  const digests: StatedDigest[] = [];
  for (const [attribute, value] of attributes) {
    if (!attribute.endsWith(ending)) continue;
    const name = octetsToText(attribute.slice(0, -ending.length)).toUpperCase();
    const algorithm = HASHES.get(name.toLowerCase().replace('-', ''));
    if (algorithm === undefined) {
      throw malformed(`unknown digest key in manifest: ${name}`);
    }
    digests.push({ attribute, value, hash: createHash(algorithm) });
  }
  return digests;
}

/** Returns why one of `digests` is not what was hashed, in relic's words; undefined when all are. */
export function digestProblem(digests: readonly StatedDigest[]): string | undefined {
  for (const { attribute, value, hash } of digests) {
    const calculated = hash.digest('base64');
    if (calculated !== value) {
      return `${octetsToText(attribute)} mismatch: manifest ${octetsToText(value)} != calculated ${calculated}`;
    }
  }
  return undefined;
}

/** Returns octets, one character each, as the text that Go would print. */
export function octetsToText(octets: string): string {
  return fromGoUtf8(Buffer.from(octets, 'latin1'));
}

const HASHES: ReadonlyMap<string, string> = new Map(
  ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'].map((name) => [name, name]),
);

/**
 * Cuts a manifest behind its empty lines. As in relic, one with CR LF anywhere further on goes before one with bare
 * LF, and text that no empty line ends makes the whole malformed, as does a section of white space.
 */
function splitSections(text: string): { texts: string[]; isMalformed: boolean } {
  const texts: string[] = [];
  let isMalformed = false;
  let hasCrLf = true;
  for (let start = 0; start < text.length; ) {
    const crLf: number = hasCrLf ? text.indexOf('\r\n\r\n', start) : -1;
    hasCrLf = crLf >= 0;
    const lf = hasCrLf ? -1 : text.indexOf('\n\n', start);
    let end = text.length;
    if (crLf >= 0) end = crLf + 4;
    else if (lf >= 0) end = lf + 2;
    else isMalformed = true;
    const section = text.slice(start, end);
    start = end;
    if (trimSpace(section) === '') isMalformed = true;
    else texts.push(section);
    if (texts.length > MAX_SECTIONS) {
      throw malformed(`manifest has more than ${MAX_SECTIONS} sections`);
    }
  }
  return { texts, isMalformed };
}

/** Attribute names fold letter case as headers of HTTP do: `SHA-256-DIGEST` is `Sha-256-Digest`. */
function headerName(name: string): string {
  if (!/^[0-9A-Za-z!#$%&'*+\-.^_`|~]+$/.test(name)) return name;
  return name
    .toLowerCase()
    .replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

/** White space of Unicode in UTF-8, spelled in octets. */
const WIDE_SPACES = [
  ['\xc2', '\x85\xa0'],
  ['\xe1\x9a', '\x80'],
  ['\xe2\x80', '\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\xa8\xa9\xaf'],
  ['\xe2\x81', '\x9f'],
  ['\xe3\x80', '\x80'],
].flatMap(([head, tails]) => [...(tails as string)].map((tail) => (head as string) + tail));

function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  for (let width = 1; width > 0 && start < end; start += width) width = spaceAt(text, start);
  for (let width = 1; width > 0 && end > start; end -= width) width = spaceBefore(text, end);
  return text.slice(start, end);
}

function spaceAt(text: string, at: number): number {
  if (isPlainSpace(text, at)) return 1;
  if (text.charCodeAt(at) < 0x80) return 0;
  return WIDE_SPACES.find((space) => text.startsWith(space, at))?.length ?? 0;
}

function spaceBefore(text: string, end: number): number {
  if (isPlainSpace(text, end - 1)) return 1;
  if (text.charCodeAt(end - 1) < 0x80) return 0;
  return WIDE_SPACES.find((space) => text.startsWith(space, end - space.length))?.length ?? 0;
}

function isPlainSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function malformed(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', problem);
}
