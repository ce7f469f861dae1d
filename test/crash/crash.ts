/**
 * `node dist/test/crash/crash.js --rounds N [--writers 64] [--v2-tree own|shared] [--data-dir DIR] [--seed TEXT]`
 *
 * Kills the server with SIGKILL at random moments under concurrent writers, half of them of each API, and readers of
 * its tiles; starts it again on the same data and holds it to every promise that it made (both-apis.ts). Fails, too, when no kill hit the moment that matters: an
 * entry on disk whose submitter was not yet answered.
 *
 * What this cannot show: SIGKILL leaves the page cache alone, so a missing fdatasync goes unnoticed here;
 * test/faults/ covers that.
 */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pause, type ServerProcess, startServer } from '../../bench/harness/server-process.js';
import { BothApis } from './both-apis.js';
import type { Writers } from './writers.js';

/** A run proves something when at least this share of its kills hit between commit and answer. */
const LEAST_HIT_SHARE = 0.2;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    writers: { type: 'string', default: '64' },
    seed: { type: 'string', default: String(Date.now()) },
    'v2-tree': { type: 'string', default: 'own' },
    'data-dir': { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const folder = values['data-dir'] ?? mkdtempSync(join(tmpdir(), 'stele-crash-'));

/** Returns a number in [0, 1) that depends on the seed, the round and the purpose alone. */
function chance(round: number, purpose: string): number {
  const digest = createHash('sha256').update(`${values.seed} ${round} ${purpose}`).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/**
 * Waits for the moment of a round's kill and returns what it was: a fifth of them while the server warms up and the
 * first commits are made, two fifths anywhere in a second of full load, two fifths as soon as an answer comes in
 * after such a moment, when others of its batch are still to be answered.
 */
async function killMoment(round: number, writers: Writers): Promise<string> {
  const kind = chance(round, 'kind');
  const part = chance(round, 'delay');
  if (kind < 0.2) {
    await pause(part * 200);
    return `${(part * 200).toFixed(0)} ms after the first submission`;
  }
  await nextAnswer(writers);
  await pause(part * 1000);
  if (kind < 0.6) return `${(part * 1000).toFixed(0)} ms after the first answer`;
  await nextAnswer(writers);
  return `at an answer, ${(part * 1000).toFixed(0)} ms after the first`;
}

async function nextAnswer(writers: Writers): Promise<void> {
  const before = writers.answers();
  const deadline = performance.now() + 30_000;
  while (writers.answers() === before) {
    if (performance.now() > deadline) throw new Error('no submission was answered within 30 s');
    await pause(1);
  }
}

function start(): Promise<ServerProcess> {
  return startServer({ dataDir: folder, flags: ['--v2-tree', values['v2-tree']] });
}

async function crashRound(round: number, promises: BothApis): Promise<number> {
  const server = await start();
  await promises.lookAgain(server, 'clean');
  const before = promises.acknowledged;
  const writers = promises.startWriters(server, Number(values.writers));
  const following = promises.followUntilLost(server);
  // Awaited below; until then its failure is nobody's.
  following.catch(() => undefined);
  const moment = await killMoment(round, writers);
  await server.kill();
  const { unanswered, statuses } = await writers.stop();
  await following;
  const bad = [...statuses.keys()].filter((status) => status !== 201);
  if (bad.length > 0) throw new Error(`submissions were answered ${bad.join(', ')}`);

  const again = await start();
  try {
    await promises.lookAgain(again, 'killed');
    const audit = await promises.audit(again);
    const untold = audit.untold + audit.v2Untold;
    console.log(
      `round ${round}: killed ${moment}, ${promises.acknowledged - before} acknowledged, ` +
        `${unanswered} unanswered, ${untold} of them in the log, sizes ${audit.size} and ` +
        `${audit.v2Size}, ${audit.batches} batches whole, ${audit.checkpoints} checkpoints`,
    );
    return untold;
  } finally {
    // A server at rest has stored the notes that it served: being killed makes no difference then.
    await (round % 2 === 0 ? again.kill() : again.stop());
  }
}

async function main(): Promise<boolean> {
  let hits = 0;
  let untold = 0;
  console.log(
    `crash: ${rounds} rounds, ${values.writers} writers, seed ${values.seed}, ` +
      `v2 tree ${values['v2-tree']}, ${folder}`,
  );
  const first = await start();
  const promises = await BothApis.of(first);
  await first.stop();
  for (let round = 1; round <= rounds; round++) {
    const found = await crashRound(round, promises);
    untold += found;
    if (found > 0) hits++;
  }
  const server = await start();
  await promises.lookAgain(server, 'clean');
  const all = await promises.auditAll(server);
  await server.stop();
  const read = promises.counts();
  const facts =
    `${rounds} kills, ${all.acknowledged} entries acknowledged by the v1 API all there with index, time and ` +
    `timestamp, ${promises.v2.acknowledged} by the v2 API with index and leaf, ` +
    `${all.size} and ${all.v2Size} entries, ${all.batches} batches each as a whole, ` +
    `${all.checkpoints} checkpoints in one chain, ${read.checkpoints} with ${read.tiles} tiles and ` +
    `${read.bundles} bundles read below them, ${read.kept} the same bytes after a restart, ` +
    `${read.signedAgain} signed again, ` +
    `${hits} kills (${((hits / rounds) * 100).toFixed(0)} %) between commit and answer, ` +
    `${untold} entries nobody was told of`;
  const proved = hits > 0 && hits / rounds >= LEAST_HIT_SHARE;
  console.log(`${proved ? 'CRASH PASSED' : 'CRASH FAILED: too few kills hit'}: ${facts}`);
  return proved;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
  if (process.exitCode === 0 && values['data-dir'] === undefined)
    rmSync(folder, { recursive: true });
} catch (error) {
  console.error(error);
  console.log(
    `CRASH FAILED: ${error instanceof Error ? error.message : error} (data kept in ${folder})`,
  );
  process.exitCode = 1;
}
