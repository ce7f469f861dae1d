/** Distinguished names as text, for messages: RFC 2253 in the dialect of relic. */

import { isLogError } from '../../errors.js';
import { dotted, signedValue, TAG } from './asn1-element.js';
import { readNameParts } from './revocation-list.js';

/** Returns `name`, DER, as one line: last part first, `<invalid>` where it cannot be read. */
export function describeName(name: Uint8Array): string {
  try {
    return readNameParts(name)
      .reverse()
      .map((attributes) =>
        attributes
          .map(({ oid, value, text }) => {
            const shown = text ?? describeValue(value.tag, value.content);
            return `${ATTRIBUTE_NAMES.get(oid) ?? oid}=${quoted(shown)}`;
          })
          .join(' + '),
      )
      .join(', ');
  } catch (error) {
    if (isLogError(error)) return INVALID;
    throw error;
  }
}

const INVALID = '<invalid>';

const ATTRIBUTE_NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.4', 'surname'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'street'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.12', 'title'],
  ['2.5.4.13', 'description'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.18', 'postOfficeBox'],
  ['2.5.4.20', 'telephoneNumber'],
  ['2.5.4.42', 'givenName'],
  ['2.5.4.43', 'initials'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'dc'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
]);

function describeValue(tag: number, content: Uint8Array): string {
  if (tag === TAG.integer) return signedValue(content).toString();
  return tag === TAG.oid ? dotted(content) : INVALID;
}

function quoted(value: string): string {
  if (value === INVALID) return value;
  const needsQuotes =
    value === '' || value.startsWith(' ') || value.endsWith(' ') || /[,+=\n<>#;'"]/.test(value);
  const doubled = value.replaceAll('"', '""');
  return needsQuotes ? `"${doubled}"` : doubled;
}
