/**
 * Times in TUF metadata: RFC 3339 in the reading of Go's time package, which takes an hour of one digit, a comma before
 * the fraction, and offsets up to 24:60.
 */

import { utf8 } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import type { JsonSource } from './json-source.js';

/** An instant. */
export interface Expiry {
  /** Milliseconds since 1970, with a fraction for what is finer. */
  readonly ms: number;
  /** As Rekor prints it. */
  readonly text: string;
}

/** The time that metadata without one has: the year 1. */
export const NO_EXPIRY: Expiry = { ms: -62_135_596_800_000, text: '0001-01-01 00:00:00 +0000 UTC' };

const RFC_3339 =
  /^"(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))"$/;

/** Digits of a fraction that count. */
const NANOSECOND_DIGITS = 9;

/** Returns the time in a string literal, `before` for `null`. Throws ENTRY_MALFORMED. */
export function readExpiry(literal: JsonSource, before: Expiry): Expiry {
  if (literal === 'null') return before;
  if (typeof literal !== 'string' || !literal.startsWith('"')) {
    throw new LogError('ENTRY_MALFORMED', 'Time.UnmarshalJSON: input is not a JSON string');
  }
  const found = RFC_3339.exec(literal);
  if (found === null) throw unreadable(literal, ...whereItEnds(literal.slice(1, -1)));
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have moves the date into the next one.
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) {
    throw unreadable(literal, 'day or month out of range');
  }
  if (hour > 23 || minute > 59 || second > 59) throw unreadable(literal, 'time out of range');
  const [sign, zoneHour = '00', zoneMinute = '00'] = found.slice(8, 11);
  if (Number(zoneHour) > 24 || Number(zoneMinute) > 60) {
    throw unreadable(literal, 'time zone offset out of range');
  }
  const offsetMinutes = Number(zoneHour) * 60 + Number(zoneMinute);
  const nanoseconds = (found[7] ?? '').slice(0, NANOSECOND_DIGITS).padEnd(NANOSECOND_DIGITS, '0');
  const wallMs = local.setUTCHours(hour, minute, second);
  const ms = wallMs - (sign === '-' ? -offsetMinutes : offsetMinutes) * 60_000;
  return {
    ms: ms + Number(nanoseconds) / 1_000_000,
    text: printed(
      wallMs,
      nanoseconds,
      offsetMinutes === 0 ? '' : `${sign}${zoneHour}${zoneMinute}`,
    ),
  };
}

function printed(wallMs: number, nanoseconds: string, zone: string): string {
  const [date, time] = new Date(wallMs).toISOString().split(/[T.]/) as [string, string];
  const fraction = nanoseconds.replace(/0+$/, '');
  const seconds = fraction === '' ? time : `${time}.${fraction}`;
  return `${date} ${seconds} ${zone === '' ? '+0000 UTC' : `${zone} ${zone}`}`;
}

function unreadable(literal: string, problem: string, layout = AS_LAYOUT): LogError {
  // The name of the field only: the literal may be as long as the document.
  const shown = literal.length <= MAX_SHOWN ? goQuoted(literal.slice(1, -1)) : 'a long text';
  return new LogError('ENTRY_MALFORMED', `parsing time ${shown}${layout}: ${problem}`);
}

/** Longest literal that a message repeats, in characters. */
const MAX_SHOWN = 64;

const AS_LAYOUT = ' as "2006-01-02T15:04:05Z07:00"';

/** The parts of a time in their order, with the name that each has in Go's layout. */
const LAYOUT: readonly (readonly [part: RegExp, name: string])[] = [
  [/^\d{4}/, '2006'],
  [/^-/, '-'],
  [/^\d\d/, '01'],
  [/^-/, '-'],
  [/^\d\d/, '02'],
  [/^T/, 'T'],
  [/^\d{1,2}/, '15'],
  [/^:/, ':'],
  [/^\d\d/, '04'],
  [/^:/, ':'],
  [/^\d\d(?:[.,]\d+)?/, '05'],
  [/^(?:Z|[+-]\d\d:\d\d)/, 'Z07:00'],
];

/** Says in Go's words how far a text is a time, and how the message goes on before that. */
function whereItEnds(text: string): [problem: string, layout?: string] {
  if (text.length > MAX_SHOWN) return ['cannot parse it'];
  let rest = text;
  for (const [part, name] of LAYOUT) {
    const found = part.exec(rest)?.[0];
    if (found === undefined) return [`cannot parse ${goQuoted(rest)} as "${name}"`];
    rest = rest.slice(found.length);
  }
  return [`extra text: ${goQuoted(rest)}`, ''];
}

/** A text as Go's time package quotes it: byte by byte, what is not ASCII in hex. */
function goQuoted(text: string): string {
  const shown = Array.from(utf8(text), (byte) => {
    if (byte < 0x20 || byte >= 0x80) return `\\x${byte.toString(16).padStart(2, '0')}`;
    const character = String.fromCharCode(byte);
    return character === '"' || character === '\\' ? `\\${character}` : character;
  });
  return `"${shown.join('')}"`;
}
