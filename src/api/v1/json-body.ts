/**
 * The first JSON value of a request body: what follows it is not looked at. How its members become fields is the
 * business of go-fields.ts.
 */

import { decodeFirstGoJson } from '../../encoding/go-json.js';
import { itemTexts, memberTexts, valueOfText } from '../../encoding/go-json-text.js';
import { isLogError, LogError } from '../../errors.js';
import { RefusedRequest } from '../../http/reply.js';
import type { RequestBody } from '../../http/route.js';

/** A JSON value and its source text. */
export interface JsonNode {
  readonly value: unknown;
  readonly text: string;
}

/**
 * Returns the JSON value, undefined for a body with nothing in it. Throws ENCODING_MALFORMED with Go's text,
 * and RefusedRequest (413) when the value does not end within the limit.
 */
export function readJsonBody(body: RequestBody | undefined): JsonNode | undefined {
  if (body === undefined) return undefined;
  try {
    const { value, end } = decodeFirstGoJson(body.bytes);
    // A scalar ends where something else begins: cut off at the limit, it has no end.
    if (body.truncated && end === body.bytes.length && !isContainer(value)) {
      throw tooLarge(body.limit);
    }
    return { value, text: LENIENT_UTF8.decode(body.bytes.subarray(0, end)) };
  } catch (error) {
    if (!isLogError(error, 'ENCODING_MALFORMED')) throw error;
    if (!isCutOff(error)) throw error;
    if (body.truncated) throw tooLarge(body.limit);
    if (error.message === 'EOF') return undefined;
    throw error;
  }
}

/**
 * Returns the members of an object that `nameOf` knows by a name of its own, in the order of the document; one
 * may be there more than once. Throws ENCODING_MALFORMED for more than 10,000 members.
 */
export function* membersOf<Name extends string>(
  node: JsonNode,
  nameOf: (key: string) => Name | undefined,
): Generator<readonly [name: Name, member: JsonNode]> {
  const values = node.value as Record<string, unknown>;
  const found: { readonly key: string; readonly name: Name; readonly text: string }[] = [];
  let members = 0;
  for (const { name: key, value: text } of memberTexts(node.text)) {
    if (++members > MAX_MEMBERS) {
      throw new LogError(
        'ENCODING_MALFORMED',
        `json: object with more than ${MAX_MEMBERS} members`,
      );
    }
    const name = nameOf(key);
    if (name !== undefined) found.push({ key, name, text });
  }
  const times = new Map<string, number>();
  for (const { key } of found) times.set(key, (times.get(key) ?? 0) + 1);
  // Of a key that repeats, the parsed object has only the last value; each is read from its own text.
  for (const { key, name, text } of found) {
    const isOnce = times.get(key) === 1;
    yield [name, isOnce ? { value: values[key], text } : new TextNode(text)];
  }
}

/** Returns the items of an array, of a long one the first MAX_ITEMS: it is refused for its length anyway. */
export function* firstItemsOf(node: JsonNode): Generator<JsonNode> {
  const values = node.value as readonly unknown[];
  let at = 0;
  for (const text of itemTexts(node.text)) {
    if (at === MAX_ITEMS) return;
    yield { value: values[at++], text };
  }
}

/** The walk through a text is slower than JSON.parse by far, so a client does not choose how long it is. */
const MAX_ITEMS = 1_000;
const MAX_MEMBERS = 10_000;

// Damaged UTF-8 becomes U+FFFD as in the parsed value.
const LENIENT_UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Decoded at each reading: a client that repeats a member a million times makes nothing that lasts. */
class TextNode implements JsonNode {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get value(): unknown {
    return valueOfText(this.text);
  }
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isCutOff(error: LogError): boolean {
  return error.message === 'EOF' || error.message === 'unexpected EOF';
}

function tooLarge(limit: number): RefusedRequest {
  return new RefusedRequest(413, `Request Entity Too Large. Limit set to ${limit}`);
}
