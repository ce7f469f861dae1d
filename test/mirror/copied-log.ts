/** An empty copy of a test's log, and a look at that log. */

import type { BoundedFetch } from '../../src/client/bounded-fetch.js';
import { tilesLog } from '../../src/client/tiles-log.js';
import { checkpointOpener } from '../../src/mirror/belief.js';
import { CopyCompletion } from '../../src/mirror/complete-copy.js';
import { type FollowOutcome, followOnce } from '../../src/mirror/follower.js';
import { shortAnswers } from '../../src/mirror/leaf-stream.js';
import { MirroredLog } from '../../src/mirror/mirrored-log.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { recordOf, TREE_ID } from '../storage/growing-log.js';
import { notesInMemory, type UploadedLog } from './uploaded-log.js';

export async function emptyCopy({ origin }: UploadedLog): Promise<MirroredLog> {
  const store = openMemoryStore();
  await store.createLog({ ...recordOf(), leavesRepeat: true });
  return MirroredLog.open(origin, TREE_ID, { store, stated: notesInMemory(), nowSeconds });
}

export interface Reach {
  readonly url: string;
  readonly fetch: BoundedFetch;
  readonly timeoutMs?: number;
}

export function lookAt(
  { origin, key }: UploadedLog,
  copy: MirroredLog,
  { url, fetch, timeoutMs = 60_000 }: Reach,
): Promise<FollowOutcome> {
  const completion = new CopyCompletion({ copy, cosigners: [], nowSeconds });
  return followOnce({
    copy,
    remote: tilesLog({ url, fetch, timeoutMs }),
    ahead: tilesLog({ url, fetch: shortAnswers(fetch), timeoutMs }),
    open: checkpointOpener({ origin, keys: [key], policy: undefined, verifierOf: noteVerifier }),
    goal: notesInMemory(),
    complete: async (checkpoint) => {
      await completion.complete(checkpoint, 3_600);
    },
  });
}

function nowSeconds(): number {
  return 1_800_000_000;
}
