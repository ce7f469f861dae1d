/**
 * Reading a proposed entry's envelope, as recorded. What is in `spec` is the business of the kind.
 */

import { goQuote } from '../../encoding/go-quote.js';
import type { ProposedEntry } from '../../entries/entry-kind.js';
import { ENTRY_KINDS } from '../../entries/registry.js';
import { LogError } from '../../errors.js';
import { RefusedRequest } from '../../http/reply.js';
import { missing, noMatch } from './field-error.js';
import { ANY, type GoStruct, OPTIONAL_TEXT, readStruct, TEXT } from './go-fields.js';
import type { JsonNode } from './json-body.js';

/** An envelope whose kind is known and whose other members are still to be judged. */
export interface EntryEnvelope {
  readonly kind: string;
  readonly apiVersion: string | undefined;
  readonly spec: JsonNode | undefined;
}

/**
 * Returns the envelope of a JSON value. Throws ENCODING_MALFORMED for wrong types, RefusedRequest (602, 422)
 * for a kind that is missing or that nobody knows.
 */
export function readEnvelope(json: JsonNode): EntryEnvelope {
  const { kind, apiVersion, spec } = readStruct(json, ENVELOPE);
  if (kind === undefined || kind === '') throw missing('kind', 'body');
  if (!isKnownKind(kind)) {
    throw new RefusedRequest(422, `invalid kind value: ${goQuote(kind)}`);
  }
  return { kind, apiVersion, spec };
}

/**
 * Returns the entry as the log takes it; `path` is put before member names (`entries.0.`). Throws
 * RefusedRequest (602, 605), and ENTRY_KIND_UNKNOWN for the name of the base type, which has no members.
 */
export function requireMembers(envelope: EntryEnvelope, path = ''): ProposedEntry {
  const { kind, apiVersion, spec } = envelope;
  if (kind === BASE_TYPE) {
    throw new LogError('ENTRY_KIND_UNKNOWN', `could not unmarshal entry for kind '${BASE_TYPE}'`);
  }
  if (apiVersion === undefined) throw missing(`${path}apiVersion`, 'body');
  if (!SEMVER.test(apiVersion)) throw noMatch(`${path}apiVersion`, 'body', SEMVER_TEXT);
  if (spec?.value === undefined) throw missing(`${path}spec`, 'body');
  const { value, text } = spec;
  return { kind, apiVersion, spec: value, specText: text };
}

const BASE_TYPE = 'ProposedEntry';

const ENVELOPE: GoStruct<{ kind: string; apiVersion: string; spec: JsonNode }> = {
  valueType: 'models.targetedProposedEntry',
  fieldOwner: 'targetedProposedEntry',
  fields: { kind: TEXT, apiVersion: OPTIONAL_TEXT, spec: ANY },
};

// The pattern is quoted in the answer, so it is kept as it is quoted.
const SEMVER_TEXT =
  '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)' +
  '(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?' +
  '(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$';
const SEMVER = new RegExp(SEMVER_TEXT);

function isKnownKind(kind: string): boolean {
  return kind === BASE_TYPE || Object.hasOwn(ENTRY_KINDS, kind);
}
