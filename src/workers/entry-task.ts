/** What the threads are asked to do, as plain data, and how it is done: the same functions as in line. */

import { utf8 } from '../encoding/bytes.js';
import { decodeGoJson } from '../encoding/go-json.js';
import { acceptEntry, identifyEntry } from '../entries/accept.js';
import { describeLeaf } from '../entries/describe-leaf.js';
import type { DescribedLeaf } from '../entries/described-leaf.js';
import type {
  AcceptedEntry,
  EntryLimits,
  EntryPolicy,
  IdentifiedEntry,
  ProposedEntry,
} from '../entries/entry-kind.js';
import { SIGNER_FIELDS, type SignerField } from '../entries/stored-signer.js';
import { verifySignatures } from '../entries/verify-signatures.js';
import { canonicalPublicKeyHash } from '../pki/canonical-key.js';

/** A submission as it goes to a thread: its spec as text, which has no depth that a copy could fail at. */
export interface SentEntry {
  readonly kind: string;
  readonly apiVersion: string;
  readonly specText: string;
}

/** A task. */
export type EntryTask =
  | {
      readonly task: 'accept';
      readonly proposed: SentEntry;
      readonly policy: EntryPolicy;
      readonly nowMs: number;
    }
  | {
      readonly task: 'identify';
      readonly proposed: SentEntry;
      readonly limits: EntryLimits;
      readonly nowMs: number;
    }
  | { readonly task: 'key-hash'; readonly format: string; readonly content: Uint8Array }
  | {
      readonly task: 'describe';
      readonly leaf: Uint8Array;
      /** OIDs of the extensions that somebody asks for. */
      readonly extensions: readonly string[];
    };

/** What a leaf says, as plain data. */
export interface SentDescription extends Omit<DescribedLeaf, 'signers'> {
  readonly signers: readonly {
    readonly values: Readonly<Partial<Record<SignerField, readonly string[]>>>;
    readonly names: readonly string[];
    readonly certificates: readonly Uint8Array[];
    readonly extensions: Readonly<Record<string, readonly string[]>>;
  }[];
}

/** What each task gives back. */
export interface EntryTaskResult {
  readonly accept: AcceptedEntry;
  readonly identify: IdentifiedEntry;
  readonly 'key-hash': string;
  readonly describe: SentDescription;
}

/** The module of the threads. Compiled code alone: a loader of sources does not reach into threads. */
export const ENTRY_THREAD = new URL('./entry-thread.js', import.meta.url);

/** Returns the outcome of a task. Throws as the function behind it does. */
export async function runEntryTask(task: EntryTask): Promise<EntryTaskResult[EntryTask['task']]> {
  switch (task.task) {
    case 'accept': {
      const { proposed, policy, nowMs } = task;
      return acceptEntry(received(proposed), policy, { verifySignatures, nowMs });
    }
    case 'identify': {
      const { proposed, limits, nowMs } = task;
      return identifyEntry(received(proposed), { verifySignatures, limits, nowMs });
    }
    case 'key-hash':
      return canonicalPublicKeyHash(task.format, task.content);
    case 'describe':
      return sentDescription(await describeLeaf(task.leaf), task.extensions);
  }
}

function sentDescription(
  { signers, ...facts }: DescribedLeaf,
  extensions: readonly string[],
): SentDescription {
  return {
    ...facts,
    signers: signers.map((signer) => ({
      values: Object.fromEntries(SIGNER_FIELDS.map((field) => [field, signer.values(field)])),
      names: signer.names(),
      certificates: signer.certificates().map((der) => Uint8Array.from(der)),
      extensions: Object.fromEntries(extensions.map((oid) => [oid, signer.extension(oid)])),
    })),
  };
}

/** Returns a submission as it goes to a thread. */
export function sent({ kind, apiVersion, spec, specText }: ProposedEntry): SentEntry {
  return { kind, apiVersion, specText: specText ?? JSON.stringify(spec) };
}

function received({ kind, apiVersion, specText }: SentEntry): ProposedEntry {
  return { kind, apiVersion, spec: decodeGoJson(utf8(specText)), specText };
}
