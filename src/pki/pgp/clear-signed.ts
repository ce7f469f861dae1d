/**
 * Clear-signed text: https://www.rfc-editor.org/rfc/rfc9580#section-7
 *
 * In scope: finding it, taking the dashes off, the bytes that are signed. Out of scope: checking the signature
 * (signature.ts). One pass over the lines; nothing is longer than what came.
 */

import { Buffer } from 'node:buffer';
import { trimGoSpace } from '../../encoding/go-space.js';
import { decodeArmor } from './armor.js';
import { asPgpFault } from './pgp-fault.js';

/** A clear-signed message. */
export interface ClearSigned {
  /** The text without white space at the ends of lines, LF between them. */
  readonly text: Uint8Array;
  /** What the signature is over: the same with CR LF. */
  readonly signedBytes: Uint8Array;
  /** The signature in binary form, up to where its armour breaks off. */
  readonly signature: Uint8Array;
  /** Why the armour breaks off, undefined when it does not. */
  readonly signatureFault: string | undefined;
  /** What follows the message. */
  readonly rest: Uint8Array;
}

const START = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE_START = '-----BEGIN PGP SIGNATURE-----';
const SIGNATURE_END = '\n-----END PGP SIGNATURE-----';
const HASH_NAMES: ReadonlySet<string> = new Set([
  'MD5',
  'SHA1',
  'RIPEMD160',
  'SHA224',
  'SHA256',
  'SHA384',
  'SHA512',
  'SHA3-256',
  'SHA3-512',
]);

/** Returns the first clear-signed message in `content`, undefined when it is none. Never throws. */
export function readClearSigned(content: Uint8Array): ClearSigned | undefined {
  // One character for each byte: positions and bytes stay what they are.
  const all = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  const start = all.startsWith(START) ? 0 : all.indexOf(`\n${START}`) + 1;
  if (start === 0 && !all.startsWith(START)) return undefined;
  const lines = new Lines(all, start + START.length);
  if (lines.next() !== '' || !skipHeaders(lines)) return undefined;

  const signed: string[] = [];
  for (;;) {
    const lineStart = lines.at;
    const line = lines.next();
    if (line === '' && lines.isAtEnd) return undefined;
    if (line === SIGNATURE_START) {
      return signed.length === 0 ? undefined : withSignature(content, all, lineStart, signed);
    }
    signed.push(withoutBlanks(line.startsWith('- ') ? line.slice(2) : line));
  }
}

function withSignature(
  content: Uint8Array,
  all: string,
  start: number,
  signed: readonly string[],
): ClearSigned | undefined {
  const last = all.indexOf(SIGNATURE_END, start);
  if (last < 0) return undefined;
  let end = last + SIGNATURE_END.length;
  while (all[end] === '\r' || all[end] === '\n') end++;
  const armor = decodeArmor(content.subarray(start, end));
  if (armor === undefined) return undefined;
  return {
    text: Buffer.from(signed.join('\n'), 'latin1'),
    signedBytes: Buffer.from(signed.join('\r\n'), 'latin1'),
    ...readAll(armor.body),
    rest: content.subarray(end),
  };
}

/** Lines of a text with LF or CR LF at their ends. */
class Lines {
  readonly #text: string;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  next(): string {
    const feed = this.#text.indexOf('\n', this.at);
    const line = feed < 0 ? this.#text.slice(this.at) : this.#text.slice(this.at, feed);
    this.at = feed < 0 ? this.#text.length : feed + 1;
    return feed >= 0 && line.endsWith('\r') ? line.slice(0, -1) : line;
  }
}

/** Passes over the headers and the empty line behind them. Only `Hash` may stand there: nothing is signed yet. */
function skipHeaders(lines: Lines): boolean {
  while (!lines.isAtEnd) {
    const line = lines.next();
    if (trimGoSpace(Buffer.from(line, 'latin1').toString()) === '') return true;
    const colon = line.indexOf(':');
    if (colon < 0 || !/^[ -~]*$/.test(line)) return false;
    if (line.slice(0, colon).trim() !== 'Hash') return false;
    const names = line.slice(colon + 1).split(',');
    if (!names.every((name) => HASH_NAMES.has(name.trim().toUpperCase()))) return false;
  }
  return false;
}

function withoutBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  return line.slice(0, end);
}

function readAll(
  source: NonNullable<ReturnType<typeof decodeArmor>>['body'],
): Pick<ClearSigned, 'signature' | 'signatureFault'> {
  const signature = source.takeWhatIsThere();
  try {
    source.takeSome(1);
    return { signature, signatureFault: undefined };
  } catch (error) {
    return { signature, signatureFault: asPgpFault(error).message };
  }
}
