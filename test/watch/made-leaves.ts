/** Leaves that say little, and what they say. */

import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import type { DescribedLeaf } from '../../src/entries/described-leaf.js';
import type { SignerField, StoredSigner } from '../../src/entries/stored-signer.js';
import { LogError } from '../../src/errors.js';
import { readWatchList, type WatchList } from '../../src/matching/watch-list.js';

type Values = Partial<Record<SignerField, readonly string[]>>;

/** Returns a leaf with these names of its signers; `broken` for one that cannot be read. */
export function leafOf(...signers: readonly Values[]): Uint8Array {
  return utf8(JSON.stringify(signers));
}

export const BROKEN: Uint8Array = utf8('broken');

/** Returns what such a leaf says. */
export function describe(leaf: Uint8Array): DescribedLeaf {
  const text = fromUtf8(leaf);
  if (text === 'broken') throw new LogError('ENTRY_MALFORMED', 'the leaf is broken');
  const signers = (JSON.parse(text) as readonly Values[]).map(signerOf);
  return { kind: 'hashedrekord', apiVersion: '0.0.1', terms: [], signers };
}

function signerOf(values: Values): StoredSigner {
  const names = (['email', 'uri', 'dns', 'ip', 'other-name'] as const).flatMap(
    (field) => values[field] ?? [],
  );
  const none = () => [];
  return {
    values: (field) => values[field] ?? [],
    names: () => names,
    extension: none,
    certificates: none,
  };
}

/** Returns the list of these rules; one that has no file. */
export function listOf(watch: readonly object[], allow: readonly object[] = []): WatchList {
  return readWatchList({ watch, allow }, () => []);
}
