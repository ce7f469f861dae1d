/**
 * The head of an HTTP/1.1 answer, read from its bytes: as much of it as a load generator needs, and no more.
 *
 * In scope: status, length of the body, chunked or not, whether the connection ends. Out of scope: every other header,
 * and answers to requests that this project does not send. No state; nothing is copied and no string is made.
 */

/** What a load generator must know of an answer before it reads the body. */
export interface AnswerHead {
  readonly status: number;
  /** Where the body begins in the bytes that were given. */
  readonly bodyStart: number;
  /** Length of the body; 0 when it is chunked. */
  readonly bodyLength: number;
  readonly chunked: boolean;
  /** The server will close the connection after this answer. */
  readonly closes: boolean;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = Buffer.from('content-length:');
const CHUNKED = Buffer.from('transfer-encoding: chunked');
const CLOSES = Buffer.from('connection: close');
const STATUS_AT = 'HTTP/1.1 '.length;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;

/** Returns the head at the beginning of the first `length` bytes; undefined while its end is not there. */
export function readAnswerHead(bytes: Buffer, length: number): AnswerHead | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0 || end + END_OF_HEAD.length > length) return undefined;
  const status = numberAt(bytes, STATUS_AT);
  let bodyLength = 0;
  let chunked = false;
  let closes = false;
  for (let at = bytes.indexOf(LINE_FEED) + 1; at > 0 && at < end; ) {
    if (startsWith(bytes, at, CONTENT_LENGTH)) {
      bodyLength = numberAt(bytes, at + CONTENT_LENGTH.length);
    } else if (startsWith(bytes, at, CHUNKED)) chunked = true;
    else if (startsWith(bytes, at, CLOSES)) closes = true;
    at = bytes.indexOf(LINE_FEED, at) + 1;
  }
  if (status === NO_CONTENT || status === NOT_MODIFIED) bodyLength = 0;
  return { status, bodyStart: end + END_OF_HEAD.length, bodyLength, chunked, closes };
}

/** Says whether the line at `at` begins with `text`, which is in lower case; letters of either case are equal. */
function startsWith(bytes: Buffer, at: number, text: Buffer): boolean {
  for (let n = 0; n < text.length; n++) {
    // Every octet of the three texts has this bit set, and setting it makes a capital a small letter.
    if (((bytes[at + n] as number) | SPACE) !== text[n]) return false;
  }
  return true;
}

function numberAt(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at++;
  let value = 0;
  for (let digit = digitAt(bytes, at); digit >= 0 && digit <= 9; digit = digitAt(bytes, ++at)) {
    value = value * 10 + digit;
  }
  return value;
}

function digitAt(bytes: Buffer, at: number): number {
  return (bytes[at] ?? SPACE) - ZERO;
}
