/**
 * Cross-origin requests, as recorded (spec rekor-v1.md section 1, "CORS"): every origin may read; methods
 * GET, POST, HEAD; request headers accept, content-type, x-requested-with.
 *
 * In scope: which headers an answer carries. Out of scope: anything that a browser does with them.
 */

import type { IncomingHttpHeaders } from 'node:http';

/** A header of an answer. */
export type HeaderField = readonly [name: string, value: string];

/** True for a preflight, which is answered 204 on every path, unknown ones too. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && (headers['access-control-request-method'] ?? '') !== '';
}

/** Returns the headers of the 204 for a preflight; a method or header that is not allowed gets no allowance. */
export function preflightHeaders(headers: IncomingHttpHeaders): HeaderField[] {
  const answer: HeaderField[] = [
    ['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
  ];
  const method = headers['access-control-request-method'] ?? '';
  const asked = headers['access-control-request-headers'];
  if ((headers.origin ?? '') === '') return answer;
  if (method !== 'OPTIONS' && !READABLE_METHODS.has(method)) return answer;
  if (asked !== undefined && !mayAskFor(asked)) return answer;
  if (asked !== undefined && asked !== '') answer.push(['Access-Control-Allow-Headers', asked]);
  answer.push(['Access-Control-Allow-Methods', method], ['Access-Control-Allow-Origin', '*']);
  return answer;
}

/** Returns the header that lets scripts of another origin read the answer to an ordinary request, if it may. */
export function originHeader(
  method: string,
  headers: IncomingHttpHeaders,
): HeaderField | undefined {
  if ((headers.origin ?? '') === '') return undefined;
  if (method !== 'OPTIONS' && !READABLE_METHODS.has(method)) return undefined;
  return ['Access-Control-Allow-Origin', '*'];
}

const READABLE_METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'HEAD']);
const ALLOWED_HEADERS = ['accept', 'content-type', 'x-requested-with'];
const MAX_EMPTY_ELEMENTS = 16;

/** Browsers send the list lower-case, sorted and without repeats; anything else is refused. */
function mayAskFor(list: string): boolean {
  let last = -1;
  let empty = 0;
  for (const element of list.split(',')) {
    const name = element.replace(/^[ \t]/, '').replace(/[ \t]$/, '');
    if (name === '') {
      if (++empty > MAX_EMPTY_ELEMENTS) return false;
      continue;
    }
    const position = ALLOWED_HEADERS.indexOf(name);
    if (position <= last) return false;
    last = position;
  }
  return true;
}
