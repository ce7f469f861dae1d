import { decodeFirstGoJson } from '../../src/encoding/go-json.js';
import { memberTexts } from '../../src/encoding/go-json-text.js';
import { fromGoUtf8 } from '../../src/encoding/go-utf8.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { vectorLines } from '../vectors.js';

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
    /** The reason; undefined where it is a library's text, which need not be the same here. */
    | { readonly error: string | undefined };
}

interface Case {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly body?: string;
    readonly bodyB64?: string;
  };
  readonly expect: {
    readonly status: number;
    readonly body: { readonly message: string };
    readonly tier?: number;
    readonly leafHash?: string;
    readonly canonicalBody?: string;
    readonly indexKeys?: readonly string[];
  };
}

/** Submissions that are refused before an entry is read, or that the reader of the envelope decides about. */
const OF_THE_ENVELOPE = /\/(bom|case-insensitive-top|version\.number|version\.null)$/;

/** Returns the recorded submissions of one kind, in order, as far as the kind decides about them. */
export function recordedEntries(kind: string): RecordedEntry[] {
  return vectorLines<Case>(`rekor-v1/cases/${kind}.jsonl`)
    .filter(({ name, request, expect }) => {
      const creates = request.method === 'POST' && request.path === '/api/v1/log/entries';
      return creates && expect.status !== 422 && !OF_THE_ENVELOPE.test(name);
    })
    .map(({ name, request, expect }) => ({
      name: name.slice(kind.length + 1),
      body: request.body ?? Buffer.from(request.bodyB64 ?? '', 'base64').toString(),
      expect: expectationOf(expect),
    }));
}

function expectationOf(expect: Case['expect']): RecordedEntry['expect'] {
  const { status, body, leafHash, canonicalBody, indexKeys } = expect;
  if (status === 409) return { leafHash: body.message.slice(-64) };
  if (leafHash === undefined) {
    const isExact = expect.tier === 1 && status === 400;
    return { error: isExact ? body.message.replace('error processing entry: ', '') : undefined };
  }
  return {
    leafHash,
    ...(canonicalBody !== undefined && { leaf: canonicalBody }),
    ...(indexKeys !== undefined && { indexKeys }),
  };
}

/** Returns the submission in a request body. */
export function proposedEntry(body: string): ProposedEntry {
  return decodeFirstGoJson(Buffer.from(body)).value as ProposedEntry;
}

/** Returns the same with the text of its spec, as a server hands it on. */
export function submittedEntry(body: string): ProposedEntry {
  const bytes = Buffer.from(body);
  const { value, end } = decodeFirstGoJson(bytes);
  const text = fromGoUtf8(bytes.subarray(0, end));
  // Of a member that is there several times the last counts.
  const specText = [...memberTexts(text)].findLast(({ name }) => name === 'spec')?.value;
  return { ...(value as ProposedEntry), ...(specText !== undefined && { specText }) };
}

/** Returns one recorded submission that was stored, by name. */
export function storedEntry(kind: string, name: string): ProposedEntry {
  const found = recordedEntries(kind).find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`no recorded ${kind} entry named ${name}`);
  return proposedEntry(found.body);
}
