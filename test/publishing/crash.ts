/**
 * Kills a witnessed log again and again while its published head moves, and asks the next one what it shows.
 *
 *   node dist/test/publishing/crash.js --rounds 50
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ServerProcess, startServer } from '../../bench/harness/server-process.js';
import { Random } from '../random.js';
import { sendV2, v2Submission } from '../server/scene.js';
import { startWitness } from './fake-witness.js';
import { linesOf, policyText } from './witnessing.js';

/** What the rounds have seen. */
export interface PublishingTally {
  rounds: number;
  /** Published notes that a client was given. */
  served: number;
  /** Rounds after which the log showed a note that no client had seen: it was killed between disk and answer. */
  unseen: number;
}

/** Runs `rounds` rounds. Throws AssertionError when a published note went back, changed or lost its witness. */
export async function publishingCrashes(rounds: number, seed: number): Promise<PublishingTally> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'stele-publishing-crash-'));
  const witness = await startWitness('w.example/1');
  writeFileSync(join(folder, 'policy'), policyText([witness], 1));
  const tally = { rounds: 0, served: 0, unseen: 0 };
  const seen = new Map<number, string>();
  const take = (note: string): void => {
    const size = sizeOf(note);
    assert.equal(linesOf(witness, note), 1, 'nothing is published without its quorum');
    assert.equal(seen.get(size) ?? note, note, 'one size has one note');
    seen.set(size, note);
    tally.served++;
  };
  try {
    while (tally.rounds < rounds) {
      witness.behaviour = 'honest';
      await killWhilePublishing(await start(folder), random, take);
      const newest = Math.max(...seen.keys());
      // What is shown now comes from the disk.
      witness.behaviour = 'hang-up';
      const server = await start(folder);
      const note = await checkpointOf(server);
      await server.kill();
      assert.ok(note !== undefined);
      assert.ok(sizeOf(note) >= newest, `${sizeOf(note)} after ${newest}`);
      if (sizeOf(note) > newest) tally.unseen++;
      take(note);
      tally.rounds++;
    }
  } finally {
    await witness.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return tally;
}

/** Lets writers and a reader at a log, and kills it after some answers. */
async function killWhilePublishing(
  server: ServerProcess,
  random: Random,
  take: (note: string) => void,
): Promise<void> {
  let left = 2 + random.below(30);
  const untilKilled = async (ask: () => Promise<string | undefined>): Promise<void> => {
    for (let note = await ask(); note !== undefined; note = await ask()) {
      take(note);
      if (--left !== 0) continue;
      for (let turns = random.below(60); turns > 0; turns--) await new Promise(setImmediate);
      await server.kill();
    }
  };
  const write = async (): Promise<string | undefined> => {
    const body = v2Submission(String(random.below(2 ** 31)));
    const answer = await unlessKilled(sendV2(server.url, body), 201);
    if (answer === undefined) return undefined;
    const { inclusionProof } = JSON.parse(answer) as Added;
    return inclusionProof.checkpoint.envelope;
  };
  const writers = Array.from({ length: 4 }, () => untilKilled(write));
  try {
    await Promise.all([...writers, untilKilled(() => checkpointOf(server))]);
  } finally {
    await server.kill();
  }
}

interface Added {
  readonly inclusionProof: { readonly checkpoint: { readonly envelope: string } };
}

function checkpointOf({ url }: ServerProcess): Promise<string | undefined> {
  return unlessKilled(fetch(`${url}/checkpoint`), 200);
}

/** Returns the body of an answer, undefined when the connection was lost before its end. */
async function unlessKilled(
  asking: Promise<Response>,
  status: number,
): Promise<string | undefined> {
  const lost = (): undefined => undefined;
  const answer = await asking.catch(lost);
  const body = await answer?.text().catch(lost);
  if (body !== undefined) assert.equal(answer?.status, status, body);
  return body;
}

function start(folder: string): Promise<ServerProcess> {
  const flags = ['--witness-policy', join(folder, 'policy'), '--witness-wait-ms', '60000'];
  return startServer({ dataDir: join(folder, 'data'), flags: [...flags, '--log-level', 'error'] });
}

function sizeOf(note: string): number {
  return Number(note.split('\n')[1]);
}

if (process.argv[1]?.endsWith('publishing/crash.js') === true) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
  });
  console.log(JSON.stringify(await publishingCrashes(Number(values.rounds), Number(values.seed))));
}
