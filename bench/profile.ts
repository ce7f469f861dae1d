/**
 * Where does the time of a submission go? A flame graph of the server's event loop and of the thread that checks signatures.
 *
 * V8 samples the threads of a server while it takes hashedrekords with certificates at 64 connections; what it did before
 * is cut off. Writes docs/pictures/ingest-profile.svg and prints the rooms and functions with the most time of their own.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Call,
  type CpuProfile,
  callsBetween,
  rooms,
  type Share,
  topFunctions,
} from './harness/cpu-profile.js';
import { drawFlames } from './harness/flame-graph.js';
import { measureLoad } from './harness/measure.js';
import { SubmissionSource } from './harness/prepared.js';
import { type ResultRow, table } from './harness/result.js';
import { projectRoot, QUIET_FLAGS, startServer } from './harness/server-process.js';

export interface ProfileOptions {
  /** Submissions that are profiled; as many before warm the server up. */
  readonly entries: number;
  readonly connections: number;
  readonly flags: readonly string[];
}

const PAYLOAD = 'hashedrekord, certificate';
const CREATED = [201];
const SAMPLE_MICROSECONDS = 500;
const TOP = 25;
/** The name of its script is how its profile is known among those of all threads. */
const VERIFYING_SCRIPT = 'signature-thread';

/** Profiles, draws and prints; the path of the picture comes back. */
export async function profile(options: ProfileOptions): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-profile-'));
  try {
    const { from, to } = await profiledLoad(folder, options);
    const threads = readProfiles(folder).map((each) => ({
      loop: each.name.includes('.0.'),
      verifies: each.profile.nodes.some(({ callFrame }) =>
        callFrame.url.includes(VERIFYING_SCRIPT),
      ),
      root: callsBetween(each.profile, from, to),
    }));
    const loop = threads.find((each) => each.loop);
    const verifying = threads.filter((each) => each.verifies && !each.loop);
    if (loop === undefined) throw new Error('the server wrote no profile of its main thread');
    const shown = [
      { title: titleOf('Event loop', loop.root, to - from), root: loop.root },
      ...verifying.map(({ root }) => ({ title: titleOf('Signatures', root, to - from), root })),
    ];
    for (const { title, root } of shown) print(title, root);
    const path = join(projectRoot, 'docs', 'pictures', 'ingest-profile.svg');
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, drawFlames(shown));
    console.log(`written to ${path}`);
    return path;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Returns between which moments the server, which has then ended, had its load. */
async function profiledLoad(
  folder: string,
  { entries, connections, flags }: ProfileOptions,
): Promise<{ from: number; to: number }> {
  const source = new SubmissionSource({ fresh: false });
  const [warmUp, profiled] = [0, 1].map(() => source.take('v1', PAYLOAD, entries));
  const server = await startServer({
    dataDir: join(folder, 'log'),
    flags: [...QUIET_FLAGS, ...flags],
    nodeFlags: [
      '--cpu-prof',
      `--cpu-prof-dir=${folder}`,
      `--cpu-prof-interval=${SAMPLE_MICROSECONDS}`,
    ],
  });
  try {
    await measureLoad(server, warmUp ?? [], connections, CREATED);
    const from = monotonicMicroseconds();
    await measureLoad(server, profiled ?? [], connections, CREATED);
    return { from, to: monotonicMicroseconds() };
  } finally {
    await server.stop();
  }
}

/** V8 takes the times of samples from the same clock. */
function monotonicMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function readProfiles(folder: string): { name: string; profile: CpuProfile }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => ({
      name,
      profile: JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile,
    }));
}

function titleOf(thread: string, root: Call, duration: number): string {
  return `${thread}: at work ${((100 * root.total) / duration).toFixed(0)} % of the time`;
}

function print(title: string, root: Call): void {
  const row = (name: string, { share }: Share): ResultRow => ({
    case: name,
    figures: { '% of its time': 100 * share },
  });
  const byRoom = rooms(root).map((each) => row(each.room, each));
  const byFunction = topFunctions(root, TOP).map((each) => row(`${each.room}: ${each.name}`, each));
  console.log(`\n${title}\n\n${table(byRoom)}\n\n${table(byFunction)}\n`);
}
