/**
 * Answers as values, before anything is written: what a handler returns and what the gates answer instead.
 *
 * In scope: shapes, and how JSON is printed on this wire. Newlines follow the recording (test/vectors/rekor-v1): a
 * body made by a handler ends with one LF, one made by a gate has none. Out of scope: which error gets which status
 * (the room that owns the routes says so).
 */

import type { ByteText } from '../encoding/byte-text.js';
import type { HeaderField } from './cors.js';
import type { ReplyStream } from './reply-stream.js';

/** An answer. */
export type Reply = ReplyHead & (PlainBody | ByteTextBody | StreamBody);

interface PlainBody {
  /** Text is written as UTF-8. Undefined: an empty body. */
  readonly body?: string | Uint8Array;
  readonly isByteText?: undefined;
  readonly stream?: undefined;
}

interface ByteTextBody {
  readonly body: ByteText;
  readonly isByteText: true;
  readonly stream?: undefined;
}

interface StreamBody {
  readonly body?: undefined;
  readonly isByteText?: undefined;
  /** What follows the head, for as long as it may take. */
  readonly stream: ReplyStream;
}

interface ReplyHead {
  readonly status: number;
  /** Undefined: no Content-Type header at all; '' writes an empty one. */
  readonly contentType?: string;
  readonly headers?: readonly HeaderField[];
}

/** A request that a gate refuses: `code` is what the body says, `status` what the status line says. */
export class RefusedRequest extends Error {
  readonly status: number;
  readonly code: number;
  readonly headers: readonly HeaderField[];

  constructor(
    status: number,
    message: string,
    options: { code?: number; headers?: readonly HeaderField[] } = {},
  ) {
    super(message);
    this.name = 'RefusedRequest';
    this.status = status;
    this.code = options.code ?? status;
    this.headers = options.headers ?? [];
  }
}

/** Returns the answer to a refused request: compact JSON without a final newline. */
export function refusalReply(refused: RefusedRequest): Reply {
  return {
    status: refused.status,
    contentType: JSON_TYPE,
    body: escapeForHtml(JSON.stringify({ code: refused.code, message: refused.message })),
    headers: refused.headers,
  };
}

/**
 * Returns the answer of a handler in the negotiated format: JSON with a final newline; in the PEM format
 * text as it is, and anything else as JSON without a newline, as recorded.
 */
export function payloadReply(
  format: string,
  status: number,
  payload: unknown,
  headers: readonly HeaderField[] = [],
): Reply {
  if (format === PEM_TYPE) {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return { status, contentType: format, body, headers };
  }
  return { status, contentType: format, body: `${JSON.stringify(payload)}\n`, headers };
}

/** Returns an answer whose JSON text is there already; a final newline is added. */
export function jsonTextReply(
  format: string,
  status: number,
  json: ByteText,
  headers: readonly HeaderField[] = [],
): Reply {
  return { status, contentType: format, body: `${json}\n` as ByteText, isByteText: true, headers };
}

/** The media type of nearly every answer. */
export const JSON_TYPE = 'application/json';
/** The media type of a public key. */
export const PEM_TYPE = 'application/x-pem-file';

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

function escapeForHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (character) => HTML_ESCAPES[character] as string);
}
