/**
 * Times of ASN.1, checked as Go checks them.
 *
 * In scope: is this a time, in the strict reading of Go's encoding/asn1 and in the lenient one of the library that
 * reads signing times. Out of scope: what time it is; a log records it, its readers judge it.
 */

import { Buffer } from 'node:buffer';
import { LogError } from '../../errors.js';
import type { Asn1Value } from './asn1-cursor.js';
import { TAG } from './asn1-element.js';

const GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([.,]\d+)?(Z|[+-]\d{4})$/;
const UTC = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d)([.,]\d+)?)?(Z|[+-]\d{4})$/;

/** Returns nothing; throws ENTRY_MALFORMED unless Go's encoding/asn1 takes `value` for a time. */
export function checkStrictTime(value: Asn1Value): void {
  const fields = fieldsOf(value);
  const fraction = fields?.fraction ?? '';
  const isWritten =
    fields !== undefined &&
    fields.zone.slice(1) !== '0000' &&
    Number(fields.zone.slice(3)) < 60 &&
    (fraction === '' || (value.tag === TAG.generalizedTime && /^\.\d{0,8}[1-9]$/.test(fraction)));
  if (!isWritten) throw malformed(value);
}

/** Returns nothing; throws ENTRY_MALFORMED unless relic takes `value` for a signing time. */
export function checkSigningTime(value: Asn1Value): void {
  if (value.tag !== TAG.generalizedTime && value.tag !== TAG.utcTime) {
    throw new LogError('ENTRY_MALFORMED', `unknown tag ${value.tag} in timestamp field`);
  }
  if (fieldsOf(value) === undefined) throw malformed(value);
}

interface TimeFields {
  readonly fraction: string;
  readonly zone: string;
}

function fieldsOf({ tag, content }: Asn1Value): TimeFields | undefined {
  const isUtc = tag === TAG.utcTime;
  const found = (isUtc ? UTC : GENERALIZED).exec(Buffer.from(content).toString('latin1'));
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((f) => Number(f ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zone = found[8] as string;
  // Go reads two-digit years from 69 on as those of the last century.
  const fullYear = isUtc ? year + (year >= 69 ? 1900 : 2000) : year;
  const isTime =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysIn(fullYear, month) &&
    hour < 24 &&
    minute < 60 &&
    second < 60 &&
    (zone === 'Z' || (Number(zone.slice(1, 3)) <= 24 && Number(zone.slice(3)) <= 60));
  return isTime ? { fraction: found[7] ?? '', zone } : undefined;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function malformed({ content }: Asn1Value): LogError {
  const text = Buffer.from(content.subarray(0, 64)).toString('latin1');
  return new LogError('ENTRY_MALFORMED', `asn1: ${JSON.stringify(text)} is not a time`);
}
