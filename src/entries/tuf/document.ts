/**
 * The document in a `content` member: base64 of it, or the JSON itself, which Rekor prints once more before it reads it.
 */

import { fromGoBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { member } from '../../encoding/go-json.js';
import { memberTexts } from '../../encoding/go-json-text.js';
import { isLogError, LogError } from '../../errors.js';
import { reprintedText } from '../../pki/tuf/canonical-source.js';
import { readJsonSource } from '../../pki/tuf/json-source.js';
import { MAX_TUF_DOCUMENT_LENGTH } from '../../pki/tuf/root.js';

/** A `content` member, not yet looked at. */
export interface TufContent {
  readonly value: unknown;
  /** The JSON that the value was read from, where there is one: a double does not tell `1.0` from `1`. */
  readonly text: string | undefined;
}

/** Returns the content of `what` in a spec that has one. */
export function tufContent(
  spec: unknown,
  specText: string | undefined,
  what: 'metadata' | 'root',
): TufContent {
  const value = member(member(spec, what), 'content');
  if (typeof value === 'string' || specText === undefined) return { value, text: undefined };
  return { value, text: lastMember(lastMember(specText, what), 'content') };
}

/** Returns the document; `what` names it. Throws ENTRY_MALFORMED for other text than base64, ENTRY_TOO_LARGE. */
export function tufDocument({ value, text }: TufContent, what: 'metadata' | 'root'): Uint8Array {
  if (typeof value !== 'string') return reprinted(text ?? textOf(value, what), what);
  let document: Uint8Array;
  try {
    document = fromGoBase64(value);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    const reason = `base64 decoding TUF ${what} content: ${cause.message}`;
    throw new LogError('ENTRY_MALFORMED', reason, { cause });
  }
  if (document.length > MAX_TUF_DOCUMENT_LENGTH) throw tooLarge(what);
  return document;
}

/** Returns the text of a member; of a name that is there several times the last counts. */
function lastMember(object: string, name: string): string {
  let last = '';
  for (const found of memberTexts(object)) if (found.name === name) last = found.value;
  return last;
}

function reprinted(text: string, what: string): Uint8Array {
  if (text.length > MAX_TUF_DOCUMENT_LENGTH) throw tooLarge(what);
  const document = utf8(text);
  if (document.length > MAX_TUF_DOCUMENT_LENGTH) throw tooLarge(what);
  return utf8(reprintedText(readJsonSource(document)));
}

/** A container that is being printed; `names` is undefined for an array. */
interface Open {
  readonly values: readonly unknown[];
  readonly names: readonly string[] | undefined;
  next: number;
}

/** Returns the JSON text of a value that came without one; its numbers are doubles. */
function textOf(value: unknown, what: string): string {
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
  if (Array.isArray(value)) {
    open.push({ values: value, names: undefined, next: 0 });
    return '[';
  }
  open.push({ values: Object.values(value), names: Object.keys(value), next: 0 });
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
