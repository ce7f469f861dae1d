/**
 * How fast is a log copied? Entries of 1 kB in a log of the v2 API, whose tiles a server in a process of its own serves. All of
 * it is measured: requests, hashing, a proof for each batch, every hash tile held against the entries, synced writes. Other
 * processes make the time on the clock longer, so the processor's time of the mirror stands beside it.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
import { fillV2Log } from './fill.js';
import type { ResultRow } from './harness/result.js';
import { QUIET_FLAGS, startServer, waitUntilReady } from './harness/server-process.js';

export interface MirrorBenchOptions {
  readonly entries: number;
  readonly rounds: number;
  readonly flags: readonly string[];
}

const ENTRY_BYTES = 1_000;
const TREE_ID = 1n;

/** Returns the figures: the median round. */
export async function mirror(options: MirrorBenchOptions): Promise<readonly ResultRow[]> {
  const { entries, rounds, flags } = options;
  const folder = mkdtempSync(join(tmpdir(), 'stele-mirror-bench-'));
  try {
    const dataDir = join(folder, 'log');
    await fillV2Log(dataDir, entries, () => randomBytes(ENTRY_BYTES));
    const server = await startServer({ dataDir, flags: [...QUIET_FLAGS, ...flags] });
    try {
      await waitUntilReady(server);
      const key = await (await fetch(`${server.url}/api/v1/log/publicKey`)).text();
      const found: Round[] = [];
      for (let round = 0; round < rounds; round++) {
        found.push(await copyOnce(server.url, key, join(folder, `copy-${round}`)));
      }
      const [median] = found.sort((a, b) => b.perSecond - a.perSecond).slice(rounds >> 1);
      const { perSecond = 0, cpuMicroseconds = 0, peakMiB = 0 } = median ?? {};
      return [
        {
          case: `copying by tiles, ${entries} entries of ${ENTRY_BYTES} bytes`,
          figures: {
            'entries/s': perSecond,
            'CPU us/entry': cpuMicroseconds,
            'peak MiB': peakMiB,
          },
        },
      ];
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Round {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly peakMiB: number;
}

async function copyOnce(url: string, keyText: string, folder: string): Promise<Round> {
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
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    const { size } = await followOnce({
      copy,
      remote: tilesLog({ ...reach, fetch: boundedFetch }),
      ahead: tilesLog({ ...reach, fetch: shortAnswers(boundedFetch) }),
      open: checkpointOpener({ origin, keys: [key], policy: undefined, verifierOf: noteVerifier }),
      goal: notesInFile(join(folder, 'goal.json')),
      complete: async (checkpoint) => {
        await completion.complete(checkpoint, 3_600);
      },
    });
    const seconds = (performance.now() - startedMs) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      perSecond: size / seconds,
      cpuMicroseconds: (user + system) / size,
      peakMiB: process.memoryUsage.rss() / 2 ** 20,
    };
  } finally {
    await store.close();
  }
}
