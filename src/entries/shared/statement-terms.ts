/**
 * Search terms of in-toto statements: the type of the predicate, every subject by digest, name and package URL, and
 * the digests of what went into it.
 *
 * Spec: https://github.com/in-toto/attestation/tree/main/spec (v0.1 and v1), https://slsa.dev/provenance (0.x:
 * `materials`; 1: `buildDefinition.resolvedDependencies`). In scope: what is said where these say it, in the letter
 * case of the specifications. Out of scope: Rekor's own keys (statement-keys.ts), what follows from a package URL
 * (package-url.ts). Whatever is not of the expected type is passed over.
 */

import { decodeGoJson, isJsonObject, member } from '../../encoding/go-json.js';
import { isLogError } from '../../errors.js';
import type { SearchTerm } from '../entry-kind.js';
import { packageUrlTerms } from './package-url.js';

/** Most terms of one statement. With one more its entry is refused (accept.ts), so none is left out in silence. */
export const MOST_STATEMENT_TERMS = 65_536;

/**
 * Returns the terms of the statement in `payload`, up to one more than may be, those that repeat themselves not
 * counted; none when it is no JSON object. Never throws.
 */
export function statementTerms(payload: Uint8Array): SearchTerm[] {
  const statement = parseOrNothing(payload);
  const terms: SearchTerm[] = [];
  for (const term of statementFacts(statement)) {
    if (terms.length === MOST_STATEMENT_TERMS) return distinctFacts(statement);
    terms.push(term);
  }
  return terms;
}

function distinctFacts(statement: unknown): SearchTerm[] {
  const terms = new Map<string, SearchTerm>();
  for (const term of statementFacts(statement)) {
    if (terms.size > MOST_STATEMENT_TERMS) break;
    // As accept.ts counts them: what differs in letter case is one term.
    const key = `${term.field}:${term.value.toLowerCase()}`;
    if (!terms.has(key)) terms.set(key, term);
  }
  return [...terms.values()];
}

function parseOrNothing(payload: Uint8Array): unknown {
  try {
    return decodeGoJson(payload);
  } catch (error) {
    // Any payload may be logged; only one that reads as a statement is found by what it says.
    if (isLogError(error)) return undefined;
    throw error;
  }
}

function* statementFacts(statement: unknown): Iterable<SearchTerm> {
  const predicateType = member(statement, 'predicateType');
  if (typeof predicateType === 'string') yield { field: 'predicate-type', value: predicateType };
  const subjects = items(member(statement, 'subject'));
  for (const subject of subjects) yield* digestFacts(subject);
  for (const subject of subjects) yield* nameFacts(subject);
  const predicate = member(statement, 'predicate');
  for (const material of items(member(predicate, 'materials'))) yield* digestFacts(material);
  const definition = member(predicate, 'buildDefinition');
  for (const dependency of items(member(definition, 'resolvedDependencies'))) {
    yield* digestFacts(dependency);
  }
}

function* digestFacts(resource: unknown): Iterable<SearchTerm> {
  const digests = member(resource, 'digest');
  if (!isJsonObject(digests)) return;
  for (const [algorithm, value] of Object.entries(digests)) {
    if (typeof value === 'string') yield { field: 'digest', value: `${algorithm}:${value}` };
  }
}

function* nameFacts(subject: unknown): Iterable<SearchTerm> {
  const name = member(subject, 'name');
  if (typeof name === 'string') yield { field: 'subject-name', value: name };
  for (const written of [name, member(subject, 'uri')]) {
    if (typeof written === 'string' && /^pkg:/i.test(written)) yield* packageUrlTerms(written);
  }
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
