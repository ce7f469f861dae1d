/**
 * In-toto statements in envelopes, held against an artifact and a type of predicate.
 *
 * Spec: https://github.com/in-toto/attestation/tree/main/spec. In scope: subjects by digest, the type of the predicate.
 * Out of scope: what the predicate says. What is no statement can be held against nothing, and fails.
 */

import { createHash } from 'node:crypto';
import { fromUtf8 } from '../encoding/bytes.js';
import { DEFAULT_ENTRY_LIMITS } from '../entries/limits.js';
import { STATEMENT_TYPE } from '../entries/shared/statement-keys.js';
import { notChecked, passed, unrelated } from './claim.js';
import { items, members, type Place, readJson, required, textAt } from './json-reader.js';
import type { VerificationStep } from './verify-entry.js';

/** A payload with its type. */
export interface Payload {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Throws ENCODING_MALFORMED for a payload that says it is a statement and is no JSON object. */
export function checkReadable(payload: Payload): void {
  if (payload.type === STATEMENT_TYPE) members(statementOf(payload));
}

/** Returns the step of the artifact. Throws PROOF_INVALID unless it is a subject of the statement. */
export function checkSubject(payload: Payload, artifact: Uint8Array | undefined): VerificationStep {
  if (artifact === undefined) return notChecked('artifact', 'none was given');
  const found = new Map(
    ALGORITHMS.map((name) => [name, createHash(name).update(artifact).digest('hex')]),
  );
  for (const subject of subjectsOf(statementOf(payload))) {
    const named = members(required(subject, 'digest')).filter(([name]) => found.has(name));
    const isSame = named.every(([name, { value }]) => value === found.get(name));
    if (named.length > 0 && isSame) return passed('artifact', 'it is a subject of the statement');
  }
  throw unrelated('the artifact is no subject of the statement');
}

/** Returns the step of the predicate, none when nothing is asked of it. Throws PROOF_INVALID for another type. */
export function checkPredicate(
  payload: Payload,
  predicateType: string | undefined,
): readonly VerificationStep[] {
  if (predicateType === undefined) return [];
  const statement = statementOf(payload);
  const found = textAt(required(statement, 'predicateType'));
  if (found !== predicateType) {
    throw unrelated(`the predicate is of type ${found}, not ${predicateType}`);
  }
  subjectsOf(statement);
  return [passed('predicate', `it is of type ${predicateType}`)];
}

const ALGORITHMS: readonly string[] = ['sha256', 'sha384', 'sha512'];

/** A statement without a subject says nothing about anything. */
function subjectsOf(statement: Place): readonly Place[] {
  const subjects = items(required(statement, 'subject'), DEFAULT_ENTRY_LIMITS.subjects);
  if (subjects.length > 0) return subjects;
  throw unrelated('the statement has no subject');
}

function statementOf({ type, bytes }: Payload): Place {
  if (type === STATEMENT_TYPE) return readJson(fromUtf8(bytes), 'payload');
  throw unrelated('the payload is no in-toto statement: it cannot be held against anything');
}
