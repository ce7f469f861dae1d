/**
 * Search keys of in-toto statements: the digests of subjects and, for SLSA provenance of the 0.x kind, of materials.
 */

import { utf8 } from '../../encoding/bytes.js';
import { isLogError } from '../../errors.js';
import { decodeGoStruct } from './go-struct.js';

/** The payload type whose payloads are statements. */
export const STATEMENT_TYPE = 'application/vnd.in-toto+json';

const DIGESTS = {
  kind: 'struct',
  name: 'struct { Digest map[string]string "json:\\"digest\\"" }',
  fields: { digest: { kind: 'map', name: 'map[string]string' } },
} as const;

const DIGEST_LIST = { kind: 'list', name: `[]${DIGESTS.name}`, items: DIGESTS } as const;

const STATEMENT = {
  kind: 'struct',
  name: 'indexKeyExtract',
  fields: { subject: DIGEST_LIST, predicate: { kind: 'raw', name: 'json.RawMessage' } },
} as const;

const PREDICATE = {
  kind: 'struct',
  name: 'materialsExtract',
  fields: { materials: DIGEST_LIST },
} as const;

/** Returns `alg:digest` keys of a statement, as written; none for a payload that is no statement. */
export function statementKeys(payload: Uint8Array): readonly string[] {
  const statement = readOrNothing(STATEMENT, payload);
  const predicate =
    statement?.predicate === undefined
      ? undefined
      : readOrNothing(PREDICATE, utf8(statement.predicate));
  return [...digestKeys(statement?.subject), ...digestKeys(predicate?.materials)];
}

function readOrNothing<T extends typeof STATEMENT | typeof PREDICATE>(
  type: T,
  document: Uint8Array,
): ReturnType<typeof decodeGoStruct<T>> | undefined {
  try {
    return decodeGoStruct(type, document);
  } catch (error) {
    // Any payload may be logged; only one that reads as a statement is found by its digests.
    if (isLogError(error)) return undefined;
    throw error;
  }
}

type Digests = readonly { readonly digest?: ReadonlyMap<string, string> | undefined }[];

function* digestKeys(list: Digests | undefined): Iterable<string> {
  for (const { digest } of list ?? []) {
    for (const [algorithm, value] of digest ?? []) yield `${algorithm}:${value}`;
  }
}
