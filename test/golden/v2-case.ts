/** The recorded v2 cases as they lie in test/vectors/rekor-v2; its README says what they are. */

import { readFileSync } from 'node:fs';
import { vectorLines, vectorPath } from '../vectors.js';

/** What a text is made of: each piece as often as it says. */
export type TextParts = readonly (readonly [text: string, count: number])[];

/** What an answer is held against. */
export interface V2Expectation {
  readonly status: number;
  /** These will do as well. */
  readonly statusAlso?: readonly number[];
  /**
   * `entry`: a whole TransparencyLogEntry, verified. `problem`: a gRPC status. `duplicate`: one that tells an index.
   * `checkpoint`: a signed note, verified. `v1-problem`: an error of the v1 API. `status`: nothing but the status.
   */
  readonly kind:
    | 'entry'
    | 'problem'
    | 'duplicate'
    | 'json'
    | 'checkpoint'
    | 'v1-problem'
    | 'status';
  /** Of a problem: the gRPC code, and the message where it is told. */
  readonly code?: number;
  readonly message?: string;
  /** Of an entry: the canonical body, or the hash of one too long to show. */
  readonly leaf?: string;
  readonly leafHash?: string;
  /** Of a duplicate: the case that made the entry. */
  readonly of?: string;
  readonly json?: unknown;
  /** Headers that the answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A recorded exchange; its name begins with its place in the recording. */
export interface V2Case {
  readonly name: string;
  readonly policy: 'required' | 'quirk' | 'informational';
  readonly request: {
    readonly method: string;
    /** `{{size}}` and `{{size+1}}` stand for the size of the log. */
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly bodyB64?: string;
    readonly bodyParts?: TextParts;
  };
  readonly expect: V2Expectation;
}

/** The switches of a server on which answers depend. */
export interface V2Switches {
  readonly strictKeyDetails: boolean;
  readonly servesReads: boolean;
  readonly acceptsDsse: boolean;
}

/** Our answer to a case in which it differs: always, or only while a switch is on or off. */
export interface V2Difference extends V2Expectation {
  readonly onlyWith?: keyof V2Switches;
  readonly onlyWithout?: keyof V2Switches;
}

/** Our answers by the name of the case. */
export type V2Differences = ReadonlyMap<string, readonly V2Difference[]>;

/** Returns the cases in the order in which they were recorded. */
export function readV2Cases(): V2Case[] {
  return vectorLines<V2Case>('rekor-v2/cases.jsonl');
}

/** Returns the cases of the kind that later versions refuse. */
export function readDsseCases(): V2Case[] {
  return vectorLines<V2Case>('rekor-v2/cases-dsse.jsonl');
}

/** Returns the cases that differ. */
export function readV2Differences(): V2Differences {
  const text = readFileSync(vectorPath('rekor-v2/differences.json'), 'utf8');
  const listed = JSON.parse(text) as Record<string, V2Difference | V2Difference[]>;
  return new Map(Object.entries(listed).map(([name, answers]) => [name, [answers].flat()]));
}

/** Returns the difference that a server with these switches has, if it has one. */
export function differenceOf(
  name: string,
  differences: V2Differences,
  switches: V2Switches,
): V2Difference | undefined {
  return differences
    .get(name)
    ?.find(
      ({ onlyWith, onlyWithout }) =>
        (onlyWith === undefined || switches[onlyWith]) &&
        (onlyWithout === undefined || !switches[onlyWithout]),
    );
}

/** Returns the text that the parts make. */
export function joinParts(parts: TextParts): string {
  return parts.map(([text, count]) => text.repeat(count)).join('');
}
