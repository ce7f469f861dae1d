/** A log in memory for tests of the API: real answers in shape, nothing verified, nothing signed. */

import { createHash } from 'node:crypto';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { type ErrorCode, LogError } from '../../src/errors.js';
import type {
  BatchItem,
  Checkpoint,
  Log,
  PublishedEntry,
  Readiness,
  Submission,
} from '../../src/log/log.js';

/** A log whose behaviour a test may bend. */
export interface FakeLog extends Log {
  /** The next submission throws this. */
  failWith(error: unknown): void;
  /** Submissions that wait. */
  waiting(): number;
  /** Entries are added, and neither answered nor read, until `findSigner`. */
  loseSigner(): void;
  findSigner(): void;
  /** Submissions wait until the returned function is called. */
  hold(): () => void;
  setReadiness(readiness: Readiness): void;
}

/** A leaf with these bytes has an attestation. */
const ATTESTED = Buffer.from('attested');

const PEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnLo5KbX6ojDjfONpAXUynnfRR13X
MSzAFe95nhkMnnBo+shdkq0qmWILBvWcpepSY6DVaV/tk5DHrJAFfQyb8g==
-----END PUBLIC KEY-----
`;

/** Returns an empty log; entries of kind `hashedrekord` whose spec is `{"reject": CODE}` throw that code. */
export function createFakeLog(treeID = 0x1234n): FakeLog {
  const treeHex = treeID.toString(16).padStart(16, '0');
  const leaves: Buffer[] = [];
  let failure: unknown;
  let unanswerable = false;
  let waiting = 0;
  let gate: Promise<void> = Promise.resolve();
  let readiness: Readiness = { append: undefined, sign: undefined, read: undefined };
  const checkpoint = (): Checkpoint => {
    const root = sha256(Buffer.concat(leaves));
    const text = `log.test - ${treeID}\n${leaves.length}\n${Buffer.from(root).toString('base64')}\n`;
    return { size: leaves.length, root, note: `${text}\n— log.test c2lnbmF0dXJl\n` };
  };
  const entryAt = (index: number): PublishedEntry | undefined => {
    const leaf = leaves[index];
    if (leaf === undefined) return undefined;
    return {
      entryID: treeHex + Buffer.from(leafHash(leaf)).toString('hex'),
      leaf,
      logIndex: index,
      integratedTimeSeconds: 1_700_000_000 + index,
      signedEntryTimestamp: new Uint8Array([1, 2, 3]),
      ...(leaf.includes(ATTESTED) ? { attestation: new Uint8Array([4, 5, 6]) } : {}),
      proof: { hashes: leaves.map(leafHash).slice(0, index), checkpoint: checkpoint() },
    };
  };
  const indexOf = (hash: Uint8Array): number =>
    leaves.findIndex((leaf) => Buffer.from(leafHash(leaf)).equals(hash));
  const throwFailure = (): void => {
    if (failure === undefined) return;
    const thrown = failure;
    failure = undefined;
    throw thrown;
  };
  const append = (leaf: Buffer): Submission => {
    const known = indexOf(leafHash(leaf));
    if (known >= 0) {
      const { entryID } = entryAt(known) as PublishedEntry;
      return { outcome: 'duplicate', entryID, logIndex: known };
    }
    leaves.push(leaf);
    const entry = entryAt(leaves.length - 1) as PublishedEntry;
    if (!unanswerable) return { outcome: 'added', entry };
    return { outcome: 'unanswered', entryID: entry.entryID, logIndex: entry.logIndex };
  };
  return {
    identity: {
      treeID,
      treeHex,
      hostname: 'log.test',
      origin: `log.test - ${treeID}`,
      logID: 'ab'.repeat(32),
      publicKeyPem: PEM,
    },
    async submit(proposed) {
      waiting += 1;
      await gate;
      waiting -= 1;
      throwFailure();
      return append(leafOf(proposed));
    },
    async submitBatch(proposed, mode) {
      await gate;
      throwFailure();
      const refusals = proposed.map((each) => refusalOf(each));
      const isRefused = refusals.some((error) => error !== undefined);
      return proposed.map((each, i): BatchItem => {
        const error = refusals[i];
        if (error !== undefined) return { outcome: 'refused', error };
        const leaf = leafOf(each as ProposedEntry);
        const isNew = indexOf(leafHash(leaf)) < 0;
        if (mode === 'all-or-nothing' && isRefused && isNew) return { outcome: 'withheld' };
        return append(leaf);
      });
    },
    leafHashOf: async (proposed) => leafHash(leafOf(proposed)),
    async entriesByIndex(indexes) {
      if (unanswerable) throw new LogError('SIGNER_UNAVAILABLE', 'the key does not answer');
      return indexes.map(entryAt);
    },
    entriesByLeafHash: async (hashes) => hashes.map((hash) => entryAt(indexOf(hash))),
    checkpoint: async () => checkpoint(),
    hasTile: ({ index, width }) => index * 256 + width <= leaves.length,
    // One byte for each hash or entry.
    tile: async ({ index, width }) =>
      index * 256 + width <= leaves.length ? new Uint8Array(width) : undefined,
    async consistency(_, lastSize) {
      if (BigInt(lastSize) > BigInt(leaves.length)) {
        const message = `the tree size requested(${lastSize}) was greater than what is currently observable(${leaves.length})`;
        throw new LogError('PROOF_RANGE', message);
      }
      return { hashes: [], rootHash: checkpoint().root };
    },
    search: async (keys) =>
      leaves.flatMap((_, i) => (keys.includes('sha256:known') ? [String(i)] : [])),
    // Every entry carries every term but the digest `sha256:none`.
    async searchByTerms({ groups, order, size, after, limit }) {
      const nothing = groups.some((terms) => terms.every(({ value }) => value === 'sha256:none'));
      const all = nothing ? [] : Array.from({ length: size }, (_, i) => i);
      if (order === 'newest') all.reverse();
      const rest = after === undefined ? all : all.slice(all.indexOf(after) + 1);
      return { indexes: rest.slice(0, limit), isLast: rest.length <= limit };
    },
    countByTerms: async (_, size, most) => ({
      count: Math.min(size, most),
      isExact: size <= most,
    }),
    leavesByIndex: async (indexes) => indexes.map(entryAt),
    readiness: async () => readiness,
    statistics: () => ({ treeSize: leaves.length, heldEntries: 0, heldBytes: 0 }),
    close: async () => {},
    failWith(error) {
      failure = error;
    },
    waiting: () => waiting,
    loseSigner() {
      unanswerable = true;
    },
    findSigner() {
      unanswerable = false;
    },
    hold() {
      let open = (): void => {};
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return () => open();
    },
    setReadiness(next) {
      readiness = next;
    },
  };
}

function leafOf(proposed: ProposedEntry): Buffer {
  const { spec } = proposed;
  if (typeof spec !== 'object' || spec === null) {
    throw new LogError('ENTRY_MALFORMED', 'unsupported input type');
  }
  const { reject } = spec as { reject?: ErrorCode };
  if (reject !== undefined) throw new LogError(reject, 'as asked');
  return Buffer.from(JSON.stringify(proposed));
}

function refusalOf(proposed: ProposedEntry | Error): Error | undefined {
  if (proposed instanceof Error) return proposed;
  try {
    leafOf(proposed);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Buffer.of(0), leaf]));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
