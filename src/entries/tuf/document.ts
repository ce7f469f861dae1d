/**
 * The document in a `content` member: base64 of it, or the JSON itself, which Rekor prints once more before it reads it.
 */

import { fromGoBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { isLogError, LogError } from '../../errors.js';
import { MAX_TUF_DOCUMENT_LENGTH } from '../../pki/tuf/root.js';

/** Returns the document; `what` names it. Throws ENTRY_MALFORMED for other text than base64, ENTRY_TOO_LARGE. */
export function tufDocument(content: unknown, what: 'metadata' | 'root'): Uint8Array {
  if (typeof content !== 'string') return utf8(printed(content, what));
  let document: Uint8Array;
  try {
    document = fromGoBase64(content);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    const reason = `base64 decoding TUF ${what} content: ${cause.message}`;
    throw new LogError('ENTRY_MALFORMED', reason, { cause });
  }
  if (document.length > MAX_TUF_DOCUMENT_LENGTH) throw tooLarge(what);
  return document;
}

/** A container that is being printed; `names` is undefined for an array. */
interface Open {
  readonly values: readonly unknown[];
  readonly names: readonly string[] | undefined;
  next: number;
}

/** Returns the JSON text of a value, members sorted by name: their order decides where two names fold into one. */
function printed(value: unknown, what: string): string {
  const open: Open[] = [];
  let text = begin(value, open, what);
  for (let container = open.at(-1); container !== undefined; container = open.at(-1)) {
    const { names, values, next } = container;
    if (next === values.length) {
      text += names === undefined ? ']' : '}';
      open.pop();
      continue;
    }
    container.next++;
    if (next > 0) text += ',';
    if (names !== undefined) text += `${JSON.stringify(names[next])}:`;
    text += begin(values[next], open, what);
    if (text.length > MAX_TUF_DOCUMENT_LENGTH) throw tooLarge(what);
  }
  return text;
}

function begin(value: unknown, open: Open[], what: string): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'string' && value.length > MAX_TUF_DOCUMENT_LENGTH) throw tooLarge(what);
    return JSON.stringify(value);
  }
  const names = Array.isArray(value) ? undefined : Object.keys(value);
  const values = names === undefined ? (value as unknown[]) : [];
  // Before anything is sorted: no member or item is shorter than this.
  if ((names ?? values).length > MAX_TUF_DOCUMENT_LENGTH / 2) throw tooLarge(what);
  if (names === undefined) {
    open.push({ values, names, next: 0 });
    return '[';
  }
  names.sort();
  open.push({
    values: names.map((name) => (value as Record<string, unknown>)[name]),
    names,
    next: 0,
  });
  return '{';
}

/** Numbers that no double holds stay such numbers, and zero keeps its sign: both decide what is signed. */
function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : JSON.stringify(value);
  return value > 0 ? '1e999' : '-1e999';
}

function tooLarge(what: string): LogError {
  return new LogError('ENTRY_TOO_LARGE', `TUF ${what} exceeds ${MAX_TUF_DOCUMENT_LENGTH} bytes`);
}
