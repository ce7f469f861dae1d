/**
 * How fast is a log copied? Entries of 1 kB in a log of the v2 API, whose tiles a server in a process of its own serves. All of
 * it is measured: requests, hashing, a proof for each batch, every hash tile held against the entries, synced writes.
 */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { boundedFetch } from '../src/cli/system-fetch.js';
import { logKeyOf } from '../src/client/followed-log.js';
import { tilesLog } from '../src/client/tiles-log.js';
import { checkpointOpener } from '../src/mirror/belief.js';
import { CopyCompletion } from '../src/mirror/complete-copy.js';
import { followOnce } from '../src/mirror/follower.js';
import { notesInFile } from '../src/mirror/kept-notes.js';
import { shortAnswers } from '../src/mirror/leaf-stream.js';
import { MirroredLog } from '../src/mirror/mirrored-log.js';
import { noteVerifier } from '../src/signing/note-verifier.js';
import { openLevelStore } from '../src/storage/level/level-store.js';
import { figuresOf, measured, medianRound, type ReaderRound } from './harness/reader-rounds.js';
import type { ResultRow } from './harness/result.js';

export interface MirrorBenchOptions {
  readonly entries: number;
  readonly rounds: number;
  readonly flags: readonly string[];
}

const ENTRY_BYTES = 1_000;
const TREE_ID = 1n;

/** Returns the figures: the median round. */
export async function mirror(options: MirrorBenchOptions): Promise<readonly ResultRow[]> {
  const makeLeaf = (): Uint8Array => randomBytes(ENTRY_BYTES);
  const median = await medianRound({ ...options, makeLeaf, read: copyOnce });
  const what = `copying by tiles, ${options.entries} entries of ${ENTRY_BYTES} bytes`;
  return [{ case: what, figures: figuresOf(median) }];
}

async function copyOnce(url: string, keyText: string, folder: string): Promise<ReaderRound> {
  const [origin = ''] = (await (await fetch(`${url}/checkpoint`)).text()).split('\n');
  const key = logKeyOf(keyText, origin);
  const store = await openLevelStore({ directory: join(folder, 'store'), create: true });
  try {
    const shared = { logID: 'aa'.repeat(32), tileKeyID: 'aa'.repeat(32), leavesRepeat: true };
    await store.createLog({ treeID: TREE_ID, hostname: key.name, origin, ...shared });
    const nowSeconds = (): number => Math.floor(Date.now() / 1000);
    const stated = notesInFile(join(folder, 'stated.json'));
    const copy = await MirroredLog.open(origin, TREE_ID, { store, stated, nowSeconds });
    const completion = new CopyCompletion({ copy, cosigners: [], nowSeconds });
    const reach = { url, timeoutMs: 30_000 };
    return await measured(async () => {
      const { size } = await followOnce({
        copy,
        remote: tilesLog({ ...reach, fetch: boundedFetch }),
        ahead: tilesLog({ ...reach, fetch: shortAnswers(boundedFetch) }),
        open: checkpointOpener({
          origin,
          keys: [key],
          policy: undefined,
          verifierOf: noteVerifier,
        }),
        goal: notesInFile(join(folder, 'goal.json')),
        complete: async (checkpoint) => {
          await completion.complete(checkpoint, 3_600);
        },
      });
      return size;
    });
  } finally {
    await store.close();
  }
}
