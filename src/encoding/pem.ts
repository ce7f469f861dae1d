/**
 * PEM (RFC 7468 and its older cousins) as Go's encoding/pem reads and writes it.
 *
 * In scope: finding the first block that Go would find, with what follows it. Out of scope: what is inside.
 * Text before a block is skipped, and so is a block that is damaged; time is linear in the input.
 */

import { LogError } from '../errors.js';
import { fromGoBase64, toBase64 } from './base64.js';
import { fromGoUtf8 } from './go-utf8.js';

/** One PEM block. */
export interface PemBlock {
  /** The words after BEGIN, e.g. `PUBLIC KEY`. */
  readonly label: string;
  /** `Name: value` lines at its head. */
  readonly headers: ReadonlyMap<string, string>;
  /** The decoded bytes. */
  readonly der: Uint8Array;
  /** The text after the line that ends the block. */
  readonly rest: string;
}

const COLUMNS = 64;
const BEGIN = '-----BEGIN ';
const END = '\n-----END ';
const DASHES = '-----';

/** Returns the PEM text of `der`: 64 columns, LF, a final newline. */
export function encodePem(label: string, der: Uint8Array): string {
  const digits = toBase64(der);
  let text = `${BEGIN}${label}${DASHES}\n`;
  for (let at = 0; at < digits.length; at += COLUMNS) {
    text += `${digits.slice(at, at + COLUMNS)}\n`;
  }
  return `${text}-----END ${label}${DASHES}\n`;
}

/** Returns the first block that Go's pem.Decode finds in `input`, undefined where it finds none. */
export function decodePem(input: string | Uint8Array): PemBlock | undefined {
  let text = typeof input === 'string' ? input : fromGoUtf8(input);
  for (;;) {
    const end = text.indexOf(END);
    if (end < 0) return undefined;
    // The last BEGIN before the first END: earlier ones have no END of their own.
    const begin = text.slice(0, end).lastIndexOf(BEGIN);
    const afterEnd = end + END.length;
    if (begin < 0 || (begin > 0 && text[begin - 1] !== '\n')) {
      text = text.slice(afterEnd);
      continue;
    }
    const outcome = readBlock(text, begin + BEGIN.length, end);
    if (outcome === 'none') return undefined;
    if (outcome !== 'damaged') return outcome;
    text = text.slice(afterEnd);
  }
}

/**
 * Reads the block whose label begins at `start` and whose END line follows the newline at `end`. Without
 * content that newline is the one that ends the BEGIN line: `end` lies before the body then.
 */
function readBlock(text: string, start: number, end: number): PemBlock | 'damaged' | 'none' {
  const labelLine = lineAt(text, start);
  if (!labelLine.text.endsWith(DASHES)) return 'damaged';
  const label = labelLine.text.slice(0, -DASHES.length);

  const headers = new Map<string, string>();
  let body = labelLine.next;
  for (;;) {
    if (body === text.length) return 'none';
    const line = lineAt(text, body);
    const colon = line.text.indexOf(':');
    if (colon < 0) break;
    headers.set(line.text.slice(0, colon).trim(), line.text.slice(colon + 1).trim());
    body = line.next;
  }
  // Header lines that ran over the END line: Go looks for no further block either once it is past it.
  if (headers.size > 0 && end < body) return end + END.length < body ? 'none' : 'damaged';

  const trailer = `${label}${DASHES}`;
  const afterTrailer = end + END.length + trailer.length;
  if (!text.startsWith(trailer, end + END.length)) return 'damaged';
  if (lineAt(text, afterTrailer).text !== '') return 'damaged';
  const der = decodeBody(text.slice(body, Math.max(body, end)));
  if (der === undefined) return 'damaged';
  return { label, headers, der, rest: text.slice(lineAt(text, end + END.length - 1).next) };
}

function decodeBody(body: string): Uint8Array | undefined {
  try {
    // Go drops blanks here and line ends while decoding: all of them at once costs least.
    return fromGoBase64(body.replace(/[ \t\r\n]+/g, ''));
  } catch (error) {
    if (error instanceof LogError) return undefined;
    throw error;
  }
}

/** Returns the line at `start` without its end and trailing blanks, and the offset of the next one. */
function lineAt(text: string, start: number): { text: string; next: number } {
  const newline = text.indexOf('\n', start);
  let end = newline < 0 ? text.length : newline;
  const next = newline < 0 ? text.length : newline + 1;
  if (newline > start && text[end - 1] === '\r') end--;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  return { text: text.slice(start, end), next };
}
