/**
 * RFC 8785, the JSON canonicalization scheme: https://www.rfc-editor.org/rfc/rfc8785
 *
 * In scope: printing a value that was read or built already. Out of scope: reading JSON (go-json.ts).
 * Nesting is kept on a stack of its own: a value of any depth is printed, none overflows the call stack.
 */

import { LogError } from '../errors.js';

/** A value that JSON can carry. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };

/** An object or array that is being printed: `names` is undefined for an array. */
interface OpenContainer {
  readonly value: readonly JsonValue[] | { readonly [member: string]: JsonValue };
  readonly names: readonly string[] | undefined;
  readonly length: number;
  next: number;
}

/**
 * Returns the RFC 8785 text of `value`: members sorted by UTF-16 code units, numbers as ECMAScript prints
 * them, no white space. Throws ENCODING_MALFORMED for a number that is not finite, a lone surrogate or
 * anything that JSON cannot carry.
 */
export function canonicalJson(value: JsonValue): string {
  const open: OpenContainer[] = [];
  let text = begin(value, open);
  for (;;) {
    const container = open[open.length - 1];
    if (container === undefined) return text;
    const { names, next } = container;
    if (next === container.length) {
      text += names === undefined ? ']' : '}';
      open.pop();
      continue;
    }
    container.next++;
    if (next > 0) text += ',';
    if (names === undefined) {
      text += begin((container.value as readonly JsonValue[])[next] as JsonValue, open);
    } else {
      const name = names[next] as string;
      const member = (container.value as { readonly [member: string]: JsonValue })[name];
      text += `${quote(name)}:${begin(member as JsonValue, open)}`;
    }
  }
}

/** Returns the whole text of a scalar, or the opening bracket of a container that it puts on the stack. */
function begin(value: JsonValue, open: OpenContainer[]): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      if (!Number.isFinite(value)) {
        throw new LogError('ENCODING_MALFORMED', `${value} is not a JSON number`);
      }
      return Object.is(value, -0) ? '0' : String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      throw new LogError('ENCODING_MALFORMED', `a value of type ${typeof value} is not JSON`);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    open.push({ value, names: undefined, length: value.length, next: 0 });
    return '[';
  }
  // The default order of sort() is the order of UTF-16 code units that RFC 8785 section 3.2.3 asks for.
  const names = Object.keys(value).sort();
  open.push({ value, names, length: names.length, next: 0 });
  return '{';
}

// With the u flag a surrogate that is part of a pair is no match of its own.
const LONE_SURROGATE = /[\ud800-\udfff]/u;
const NEEDS_CARE = /[^ !#-[\]-~]/;

function quote(text: string): string {
  if (!NEEDS_CARE.test(text)) return `"${text}"`;
  if (LONE_SURROGATE.test(text)) {
    throw new LogError('ENCODING_MALFORMED', 'a string holds half of a surrogate pair');
  }
  return JSON.stringify(text);
}
