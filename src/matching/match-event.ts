/**
 * What is told of an entry that a rule found, or that nobody can read, as plain data that goes out as JSON.
 *
 * In scope: shapes and the summary of a signer, for the monitor and for the log's own watch. Out of scope: who is told.
 * Names of members are a promise to whoever reads the output: docs/monitor.md, docs/watch.md. Pure.
 */

import { toHex } from '../encoding/hex.js';
import type { DescribedLeaf } from '../entries/described-leaf.js';
import type { StoredSigner } from '../entries/stored-signer.js';
import type { RuleMatch } from './watch-list.js';

/** Which entry of which tree. */
export interface EntryPlace {
  /** The log's URL, as configured. */
  readonly log: string;
  readonly origin: string;
  readonly treeID?: string;
  /** Index in the tree. */
  readonly index: number;
  /** Index over all shards. */
  readonly logIndex: number;
  /** Hex. */
  readonly leafHash: string;
}

/** A rule found an entry that no allow rule says is ours. */
export interface MatchEvent extends EntryPlace {
  readonly type: 'match';
  /** Names the finding for ever: the same entry and rule have the same ID. */
  readonly id: string;
  readonly rule: string;
  readonly found: RuleMatch['found'];
  readonly kind: string;
  readonly digests: readonly string[];
  readonly signer?: SignerSummary;
}

/** An entry that cannot be read, so that nobody knows what it says. */
export interface UnparsableEvent extends EntryPlace {
  readonly type: 'unparsable';
  readonly id: string;
  readonly reason: string;
}

/** A signer in words. */
export interface SignerSummary {
  readonly names: readonly string[];
  readonly issuers: readonly string[];
  readonly keys: readonly string[];
  readonly certificateIssuer?: string;
}

/** Most values of one kind, and most characters of one, that go into an event. */
const MAX_VALUES = 16;
const MAX_VALUE_LENGTH = 1_024;

/** Returns the event of a match. */
export function matchEvent(place: EntryPlace, leaf: DescribedLeaf, match: RuleMatch): MatchEvent {
  const { rule, found, signer } = match;
  const digests = leaf.terms.filter(({ field }) => field === 'digest').map(({ value }) => value);
  return {
    type: 'match',
    id: `${place.origin}/${place.index}/${rule}`,
    ...place,
    rule,
    found: found.map(({ field, value }) => ({ field, value: cut(value) })),
    kind: leaf.kind,
    digests: some(digests),
    ...(signer !== undefined && { signer: summaryOf(signer) }),
  };
}

/** Returns the event of an entry that cannot be read. */
export function unparsableEvent(place: EntryPlace, reason: string): UnparsableEvent {
  const id = `${place.origin}/${place.index}/unparsable`;
  return { type: 'unparsable', id, ...place, reason: cut(reason) };
}

/** Returns the name of an entry's place. */
export function entryPlace(
  tree: Omit<EntryPlace, 'index' | 'logIndex' | 'leafHash'> & { readonly offset: number },
  index: number,
  leafHash: Uint8Array,
): EntryPlace {
  const { offset, ...rest } = tree;
  return { ...rest, index, logIndex: offset + index, leafHash: toHex(leafHash) };
}

function summaryOf(signer: StoredSigner): SignerSummary {
  const names = (['email', 'uri', 'dns', 'ip', 'other-name'] as const).flatMap((field) =>
    signer.values(field),
  );
  const [certificateIssuer] = signer.values('certificate-issuer');
  return {
    names: some(names),
    issuers: some([...new Set(signer.values('issuer'))]),
    keys: some(signer.values('key')),
    ...(certificateIssuer !== undefined && { certificateIssuer: cut(certificateIssuer) }),
  };
}

function some(values: readonly string[]): string[] {
  return values.slice(0, MAX_VALUES).map(cut);
}

function cut(value: string): string {
  return value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}…` : value;
}
