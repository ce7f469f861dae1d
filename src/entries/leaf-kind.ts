/** What a stored leaf says of itself, without reading the rest of it. */

import { ENTRY_KINDS } from './registry.js';

/** The kind and version of an entry. */
export interface LeafKind {
  readonly kind: string;
  readonly apiVersion: string;
}

/** The canonical entry begins with its version and its kind (RFC 8785 sorts the members). */
const START_OF_ENTRY = /^\{"apiVersion":"([^"\\]*)","kind":"([^"\\]*)"/;
const LONGEST_START = 256;

/** Returns the kind of a leaf; empty texts for one that does not begin as entries do. */
export function kindOfLeaf(leaf: Uint8Array): LeafKind {
  const start = Buffer.from(leaf.buffer, leaf.byteOffset, Math.min(leaf.length, LONGEST_START));
  const [, apiVersion = '', kind = ''] = START_OF_ENTRY.exec(start.toString('latin1')) ?? [];
  return { kind, apiVersion };
}

/** Whether only the v2 API takes such entries. */
export function isOfV2({ kind, apiVersion }: LeafKind): boolean {
  const found = Object.hasOwn(ENTRY_KINDS, kind) ? ENTRY_KINDS[kind] : undefined;
  return found?.v2Versions !== undefined && Object.hasOwn(found.v2Versions, apiVersion);
}
