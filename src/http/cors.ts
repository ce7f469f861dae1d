/**
 * Cross-origin requests, as recorded: every origin may read; methods GET, POST, HEAD; request headers accept,
 * content-type, x-requested-with.
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

/** The values of each header, in the lines in which they came. */
export type HeaderLines = Readonly<Record<string, readonly string[] | undefined>>;

/**
 * Returns the headers of the 204 for a preflight; a method or header that is not allowed gets no allowance. What
 * is asked for in several lines is granted in as many; the first method is the one that is judged.
 */
export function preflightHeaders(lines: HeaderLines): HeaderField[] {
  const answer: HeaderField[] = [
    ['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
  ];
  const methods = lines['access-control-request-method'] ?? [];
  const asked = lines['access-control-request-headers'] ?? [];
  const [method = ''] = methods;
  if ((lines['origin']?.[0] ?? '') === '') return answer;
  if (method !== 'OPTIONS' && !READABLE_METHODS.has(method)) return answer;
  if (asked.length > 0 && !mayAskFor(asked.join(','))) return answer;
  if ((asked[0] ?? '') !== '') {
    for (const line of asked) answer.push(['Access-Control-Allow-Headers', line]);
  }
  for (const line of methods) answer.push(['Access-Control-Allow-Methods', line]);
  answer.push(['Access-Control-Allow-Origin', '*']);
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
