/**
 * The target of a request (path and query) as Go's net/url reads it, because Rekor's routing, its `Location` header
 * and its 404 texts show that reading in the recording.
 *
 * In scope: percent-escapes, the escaped form of a path, cleaning, query values. Out of scope: which route a
 * path belongs to (router.ts). Strings of this file hold one byte a character until they are decoded.
 */

/** A request target, taken apart. */
export interface RequestTarget {
  /** `http://host` of an absolute target, '' for the usual one. */
  readonly origin: string;
  /** Path with percent-escapes decoded, one byte a character. */
  readonly path: string;
  /** Path as sent, or escaped anew where it was not sent in a valid form. */
  readonly escapedPath: string;
  /** `escapedPath` without trailing or doubled slashes, `./` and `x/../`: what routes are matched against. */
  readonly cleanPath: string;
  /** Query without the question mark, as sent. */
  readonly rawQuery: string;
  /** True when there is a question mark and nothing behind it. */
  readonly hasBareQuestionMark: boolean;
}

/**
 * Query values in the order in which they came. A byte that is no UTF-8 is the lone surrogate U+DC00 + byte:
 * Go keeps such bytes and shows them in error texts and in `Location`.
 */
export type QueryValues = readonly (readonly [name: string, value: string])[];

/** Returns the target taken apart, undefined when it is not a valid one (a bad escape or port). */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  const split = splitOrigin(target);
  if (split === undefined) return undefined;
  const { origin, local } = split;
  const question = local.indexOf('?');
  const sent = question < 0 ? local : local.slice(0, question);
  const rawQuery = question < 0 ? '' : local.slice(question + 1);
  const rest = { origin, rawQuery, hasBareQuestionMark: question >= 0 && rawQuery === '' };
  if (isPlain(sent)) return { path: sent, escapedPath: sent, cleanPath: cleanPath(sent), ...rest };
  const path = unescapeBytes(sent, false);
  if (path === undefined) return undefined;
  const escapedPath = VALID_PATH.test(sent) ? sent : escapePath(path);
  return { path, escapedPath, cleanPath: cleanPath(escapedPath), ...rest };
}

/** Returns `path` cleaned lexically, as Go's path.Clean does it for a rooted path. */
export function cleanPath(path: string): string {
  if (!/\/(?:$|\/|\.)/.test(path)) return path;
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

/** Returns `path` with every byte escaped that Go escapes in a path. */
export function escapePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@]/g, percent);
}

/** Returns the text of a path segment, percent-escapes decoded. */
export function decodeSegment(segment: string): string {
  if (isPlain(segment)) return segment;
  return utf8Text(unescapeBytes(segment, false) ?? segment);
}

/** Returns the values of a query; a pair with a bad escape or a semicolon is dropped, as in Go. */
export function parseQuery(rawQuery: string): QueryValues {
  if (rawQuery === '') return [];
  const values: (readonly [string, string])[] = [];
  for (const pair of rawQuery.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const equals = pair.indexOf('=');
    const name = queryPart(equals < 0 ? pair : pair.slice(0, equals));
    const value = queryPart(equals < 0 ? '' : pair.slice(equals + 1));
    if (name !== undefined && value !== undefined) values.push([name, value]);
  }
  return values;
}

/** Returns the last value of `name`, which is the one that counts; undefined when there is none. */
export function lastQueryValue(values: QueryValues, name: string): string | undefined {
  return values.findLast(([key]) => key === name)?.[1];
}

/** Returns a query string, sorted by name; values of one name keep their order. */
export function printQuery(values: QueryValues): string {
  return [...values]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${escapeQuery(name)}=${escapeQuery(value)}`)
    .join('&');
}

const VALID_PATH = /^[A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%]*$/;

function isPlain(path: string): boolean {
  return /^[A-Za-z0-9\-_.~/]*$/.test(path);
}

/**
 * Takes apart `http://host/path`, as a proxy may send it; only the path counts for routing, and it may be empty.
 * Undefined: a port that is no number.
 */
function splitOrigin(target: string): { origin: string; local: string } | undefined {
  const absolute = target.startsWith('/') ? null : ABSOLUTE.exec(target);
  if (absolute === null) return { origin: '', local: target };
  const [start, scheme = '', authority = ''] = absolute;
  const port = /:([^:\]@]*)$/.exec(authority)?.[1] ?? '';
  if (/[^0-9]/.test(port)) return undefined;
  return {
    origin: `${scheme.toLowerCase()}://${authority}`,
    local: target.slice(start.length),
  };
}

const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)/;

function unescapeBytes(text: string, plusIsSpace: boolean): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  const spaced = plusIsSpace ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  return spaced.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function utf8Text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

// Over one byte a character: a well-formed sequence of several bytes, or a byte that is in none.
const BEYOND_ASCII =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;
const LONE_BYTE = 0xdc00;

function queryText(bytes: string): string {
  return bytes.replace(BEYOND_ASCII, (found) =>
    found.length === 1 ? String.fromCharCode(LONE_BYTE + found.charCodeAt(0)) : utf8Text(found),
  );
}

/** Returns a name or value as text, undefined for a bad escape. */
function queryPart(part: string): string | undefined {
  if (isPlain(part)) return part;
  const bytes = unescapeBytes(part, true);
  return bytes === undefined ? undefined : queryText(bytes);
}

function escapeQuery(text: string): string {
  return text
    .replace(/[^A-Za-z0-9\-_.~ ]/gu, (character) => {
      const code = character.charCodeAt(0);
      const isLoneByte = character.length === 1 && code >= 0xdc80 && code <= 0xdcff;
      const bytes = isLoneByte
        ? String.fromCharCode(code - LONE_BYTE)
        : Buffer.from(character, 'utf8').toString('latin1');
      return bytes.replace(/./gs, percent);
    })
    .replaceAll(' ', '+');
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
