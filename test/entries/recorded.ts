import { readFileSync } from 'node:fs';
import { decodeFirstGoJson } from '../../src/encoding/go-json.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { vectorPath } from '../vectors.js';

/** A submission as it was sent to a Rekor server, and what became of it. */
export interface RecordedEntry {
  readonly name: string;
  readonly body: string;
  readonly expect:
    | {
        readonly leafHash: string;
        /** Absent where the server answered that it has this leaf already. */
        readonly leaf?: string;
        readonly indexKeys?: readonly string[];
      }
    | { readonly error: string };
}

/** Returns the recorded submissions of one kind, in order. */
export function recordedEntries(kind: 'hashedrekord' | 'dsse'): RecordedEntry[] {
  const lines = readFileSync(vectorPath(`entries/${kind}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as RecordedEntry);
}

/** Returns the submission in a request body. */
export function proposedEntry(body: string): ProposedEntry {
  return decodeFirstGoJson(Buffer.from(body)).value as ProposedEntry;
}

/** Returns one recorded submission that was stored, by name. */
export function storedEntry(kind: 'hashedrekord' | 'dsse', name: string): ProposedEntry {
  const found = recordedEntries(kind).find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`no recorded ${kind} entry named ${name}`);
  return proposedEntry(found.body);
}
