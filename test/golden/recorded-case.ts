/** The recorded cases as they lie in test/vectors/rekor-v1; its README says what they are. */

import { readdirSync, readFileSync } from 'node:fs';
import { vectorPath } from '../vectors.js';

export type BodyKind =
  | 'empty'
  | 'text'
  | 'error'
  | 'json'
  | 'entry'
  | 'entries'
  | 'uuids'
  | 'loginfo'
  | 'ignore';

/** What is compared. */
export interface Expectation {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyKind: BodyKind;
  readonly body?: unknown;
  /** Any of these bodies will do. */
  readonly anyOf?: readonly unknown[];
  /** 2: the message is a library's; only its being there is compared. */
  readonly tier?: number;
  /** The last bytes of the body, base64. */
  readonly rawTail?: string;
  /** Tree sizes between which the hashes of the body prove consistency. */
  readonly consistency?: readonly [string | number, string | number];
}

export interface RecordedCase {
  readonly name: string;
  readonly type: string;
  readonly seq: number;
  readonly creates?: boolean;
  readonly treeSizeBefore?: number;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: readonly (readonly [string, string])[];
    readonly body?: string;
    readonly bodyB64?: string;
    /** The body has placeholders. */
    readonly template?: boolean;
  };
  readonly expect: Expectation;
}

/** Our answer to a case in which it differs. */
export interface Difference {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyKind: BodyKind;
  readonly body?: unknown;
  readonly rawTail?: string;
}

/** The recorded types: each is a file of `cases`. */
export const RECORDED_TYPES: readonly string[] = readdirSync(vectorPath('rekor-v1/cases'))
  .map((name) => name.replace('.jsonl', ''))
  .sort();

/** Returns the cases of some files, in the order in which they were recorded. */
export function readCases(folder: 'cases' | 'profiles', names: readonly string[]): RecordedCase[] {
  return names
    .flatMap((name) => readLines(vectorPath(`rekor-v1/${folder}/${name}.jsonl`)))
    .sort((a, b) => a.seq - b.seq);
}

/** Returns the cases that differ, by name. */
export function readDifferences(): ReadonlyMap<string, Difference> {
  const text = readFileSync(vectorPath('rekor-v1/differences.json'), 'utf8');
  return new Map(Object.entries(JSON.parse(text) as Record<string, Difference>));
}

function readLines(path: string): RecordedCase[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedCase);
}
