/**
 * A head with the note that is published for it: the log's own signatures first, then those of witnesses.
 *
 * Spec: https://c2sp.org/signed-note. In scope: how such a note is made, grows, and is taken up from the store. Out of
 * scope: when it may be served (publisher.ts). No state.
 */

import { LogError } from '../errors.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import { isQuorumMet, type Policy } from '../note/policy.js';
import { printSignatureLine, printSignedNote } from '../note/signed-note.js';
import type { StoredNote } from '../storage/log-store.js';
import {
  beginsWithLinesOf,
  checkpointText,
  isSignedBy,
  type NoteSigner,
  parsedNote,
  type SignedHead,
} from './notes.js';
import { type Cosignature, verifiedCosignatures, type WitnessKey } from './witness-answer.js';

/** A head, its note, and what is in the note. */
export interface PublishedNote extends SignedHead {
  /** The same head with the note of the log's own signatures alone. */
  readonly own: SignedHead;
  /** In the order of their lines, one for each witness. */
  readonly cosignatures: readonly Cosignature[];
  /** Whether they meet the quorum. */
  readonly isMet: boolean;
}

/** Returns the note of a head with some cosignatures. */
export function publishedNote(
  own: SignedHead,
  cosignatures: readonly Cosignature[],
  policy: Policy,
): PublishedNote {
  const lines = cosignatures.map(({ line }) => printSignatureLine(line));
  const names = new Set(cosignatures.map(({ witness }) => witness));
  const isMet = isQuorumMet(policy, (witness) => names.has(witness));
  const { size, root, note } = own;
  return { size, root, note: note + lines.join(''), own, cosignatures, isMet };
}

/** Returns cosignatures and then those of witnesses that are not among them. */
export function unitedCosignatures(
  some: readonly Cosignature[],
  others: readonly Cosignature[],
): readonly Cosignature[] {
  const known = new Set(some.map(({ witness }) => witness));
  return [...some, ...others.filter(({ witness }) => !known.has(witness))];
}

/** What a stored note is held against. */
export interface TakeUpOptions {
  readonly origin: string;
  readonly signers: readonly NoteSigner[];
  readonly policy: Policy;
  readonly keys: readonly WitnessKey[];
  /** Size of the committed tree. */
  readonly treeSize: number;
  rootAtSize(size: number): Promise<Uint8Array>;
}

/**
 * Returns the stored note as it is published now: cosignatures of keys that the policy no longer names are left out;
 * undefined for a note of other keys of the log. Throws STORE_CORRUPT when the log signed what the store does not have.
 */
export async function takenUp(
  stored: StoredNote | undefined,
  options: TakeUpOptions,
): Promise<PublishedNote | undefined> {
  const { signers, policy, keys } = options;
  const note = stored === undefined ? undefined : parsedNote(stored.bytes);
  if (note === undefined || !beginsWithLinesOf(signers, note)) return undefined;
  const { text } = note;
  const contradiction = await contradictionIn(text, options);
  if (contradiction !== undefined) throw new LogError('STORE_CORRUPT', contradiction);
  const { size, root } = parseCheckpoint(text);
  const ownNote = printSignedNote({ text, signatures: note.signatures.slice(0, signers.length) });
  const own = { size: Number(size), root, note: ownNote };
  const cosignatures = verifiedCosignatures(note, keys, () => true);
  const place = ({ line }: Cosignature): number => note.signatures.indexOf(line);
  const inOrder = cosignatures.toSorted((one, other) => place(one) - place(other));
  return publishedNote(own, inOrder, policy);
}

/**
 * Returns how a note that somebody shows contradicts the log's tree; undefined when it does not, or is not signed by the
 * log: anybody can write notes. Throws STORE_CORRUPT.
 */
export async function contradictionOf(
  shown: string,
  options: Pick<TakeUpOptions, 'origin' | 'signers' | 'treeSize' | 'rootAtSize'>,
): Promise<string | undefined> {
  const note = parsedNote(shown);
  const isOurs = options.signers.some((signer) => note !== undefined && isSignedBy(signer, note));
  if (note === undefined || !isOurs || !note.text.startsWith(`${options.origin}\n`))
    return undefined;
  return contradictionIn(note.text, options);
}

async function contradictionIn(
  text: string,
  { origin, treeSize, rootAtSize }: Pick<TakeUpOptions, 'origin' | 'treeSize' | 'rootAtSize'>,
): Promise<string | undefined> {
  const { size } = parseCheckpoint(text);
  if (size > BigInt(treeSize)) {
    return `the log signed a tree of ${size} leaves but the store ends at ${treeSize}`;
  }
  const ours = checkpointText(origin, Number(size), await rootAtSize(Number(size)));
  return text === ours ? undefined : `the log signed another root at size ${size}`;
}
