/**
 * The digests that in-toto statements name: those of subjects and, for SLSA provenance of the 0.x kind, of materials.
 *
 * In scope: which of them Rekor finds an entry by, which depends on the kind of the entry. Out of scope: what else a
 * statement says (statement-terms.ts). Nothing here judges a statement: whatever was signed may be logged.
 */

import { isLogError, LogError } from '../../errors.js';
import { decodeGoPart, decodeGoStruct } from './go-struct.js';

/** The payload type whose payloads are statements. */
export const STATEMENT_TYPE = 'application/vnd.in-toto+json';

/** The digests of one subject or material, by algorithm, as written. */
export type DigestSet = ReadonlyMap<string, string>;

/** Returns the digests of subjects and materials, as dsse takes them; none for a payload that is no statement. */
export function statementDigests(payload: Uint8Array): readonly DigestSet[] {
  const statement = orNothing(() => decodeGoStruct(STATEMENT, payload));
  if (statement === undefined) return [];
  const { predicate } = statement;
  const materials =
    predicate === undefined
      ? undefined
      : orNothing(() => decodeGoPart(PREDICATE, predicate))?.materials;
  return [...digestSets(statement.subject), ...digestSets(materials)];
}

/**
 * Returns the digests of subjects and materials, as intoto takes them: materials only where every member of the
 * statement fits SLSA provenance 0.2. Undefined for a payload that is no statement.
 */
export function provenanceDigests(payload: Uint8Array): readonly DigestSet[] | undefined {
  const subjects = subjectDigests(payload);
  if (subjects === undefined) return undefined;
  const provenance = orNothing(() => decodeGoStruct(PROVENANCE, payload));
  return [...subjects, ...digestSets(provenance?.predicate?.materials)];
}

/** Returns the digests of subjects; undefined for a payload that is no statement. */
export function subjectDigests(payload: Uint8Array): readonly DigestSet[] | undefined {
  const statement = orNothing(() => decodeGoStruct(SUBJECTS, payload));
  return statement === undefined ? undefined : digestSets(statement.subject);
}

/** Returns `alg:digest` of every digest, as written. */
export function digestKeys(sets: readonly DigestSet[]): string[] {
  return sets.flatMap((set) => [...set].map(([algorithm, value]) => `${algorithm}:${value}`));
}

/** Throws ENTRY_MALFORMED for a statement of more than `most` subjects and materials. */
export function assertSubjectCount(sets: readonly DigestSet[], most: number): void {
  if (sets.length <= most) return;
  const reason = `statement with ${sets.length} subjects and materials exceeds ${most}`;
  throw new LogError('ENTRY_MALFORMED', reason);
}

const STRING = { kind: 'string', name: 'string' } as const;
const BOOL = { kind: 'bool', name: 'bool' } as const;
const ANY = { kind: 'any', name: 'interface {}' } as const;
const TIME = { kind: 'time', name: 'time.Time' } as const;
const DIGEST = { kind: 'map', name: 'map[string]string' } as const;

const DIGESTS = {
  kind: 'struct',
  name: 'struct { Digest map[string]string "json:\\"digest\\"" }',
  fields: { digest: DIGEST },
} as const;

const DIGEST_LIST = { kind: 'list', name: `[]${DIGESTS.name}`, items: DIGESTS } as const;

const SUBJECTS = {
  kind: 'struct',
  name: 'indexKeyExtract',
  fields: { subject: DIGEST_LIST },
} as const;

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

const SUBJECT = {
  kind: 'struct',
  name: 'in_toto.Subject',
  fields: { name: STRING, digest: DIGEST },
} as const;

const MATERIAL = {
  kind: 'struct',
  name: 'common.ProvenanceMaterial',
  fields: { uri: STRING, digest: DIGEST },
} as const;

const PROVENANCE_PREDICATE = {
  kind: 'struct',
  name: 'v02.ProvenancePredicate',
  fields: {
    builder: { kind: 'struct', name: 'common.ProvenanceBuilder', fields: { id: STRING } },
    buildType: STRING,
    invocation: {
      kind: 'struct',
      name: 'v02.ProvenanceInvocation',
      fields: {
        configSource: {
          kind: 'struct',
          name: 'v02.ConfigSource',
          fields: { uri: STRING, digest: DIGEST, entryPoint: STRING },
        },
        parameters: ANY,
        environment: ANY,
      },
    },
    buildConfig: ANY,
    metadata: {
      kind: 'struct',
      name: 'v02.ProvenanceMetadata',
      fields: {
        buildInvocationID: STRING,
        buildStartedOn: TIME,
        buildFinishedOn: TIME,
        completeness: {
          kind: 'struct',
          name: 'v02.ProvenanceComplete',
          fields: { parameters: BOOL, environment: BOOL, materials: BOOL },
        },
        reproducible: BOOL,
      },
    },
    materials: { kind: 'list', name: '[]common.ProvenanceMaterial', items: MATERIAL },
  },
} as const;

/** What Rekor reads SLSA provenance 0.2 into. */
const PROVENANCE = {
  kind: 'struct',
  name: 'in_toto.ProvenanceStatement',
  fields: {
    _type: STRING,
    predicateType: STRING,
    subject: { kind: 'list', name: '[]in_toto.Subject', items: SUBJECT },
    predicate: PROVENANCE_PREDICATE,
  },
} as const;

function orNothing<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    // Any payload may be logged; only one that reads as a statement is found by its digests.
    if (isLogError(error)) return undefined;
    throw error;
  }
}

function digestSets(
  list: readonly { readonly digest?: DigestSet | undefined }[] | undefined,
): readonly DigestSet[] {
  return (list ?? []).map(({ digest }) => digest ?? NONE);
}

const NONE: DigestSet = new Map();
