/**
 * `node dist/test/crash/crash.js --rounds N [--writers 64] [--v2-tree own|shared] [--witnesses] [--data-dir DIR] [--seed TEXT]`
 *
 * Kills the server with SIGKILL at random moments under concurrent writers, half of them of each API, and readers of
 * its tiles; starts it again on the same data and holds it to every promise that it made (both-apis.ts). With `--witnesses` its v2
 * log has two, one of which is killed with it. Fails, too, when no kill hit the moment that matters: an entry on disk whose
 * submitter was not yet answered.
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
import { WitnessPair } from './witness-pair.js';
import type { Writers } from './writers.js';

/** A run proves something when at least this share of its kills hit between commit and answer. */
const LEAST_HIT_SHARE = 0.2;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    writers: { type: 'string', default: '64' },
    seed: { type: 'string', default: String(Date.now()) },
    'v2-tree': { type: 'string', default: 'own' },
    witnesses: { type: 'boolean', default: false },
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

function start(witnesses?: WitnessPair): Promise<ServerProcess> {
  const witnessed = witnesses === undefined ? [] : [witnesses.flag, '--witness-wait-ms=20000'];
  return startServer({
    dataDir: join(folder, 'log'),
    flags: ['--v2-tree', values['v2-tree'], ...witnessed],
  });
}

/** Starts what witnesses the log, whose keys `server` knows; undefined when it is to have none. */
async function startWitnesses(server: ServerProcess): Promise<WitnessPair | undefined> {
  if (!values.witnesses) return undefined;
  const text = await (await fetch(`${server.url}/.well-known/stele/log.vkey`)).text();
  const [, tileKey = ''] = text.split('\n');
  return WitnessPair.start(folder, tileKey);
}

/** Returns when there is a checkpoint to follow: with witnesses the first one takes a moment. */
async function untilPublished({ url }: ServerProcess): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await fetch(`${url}/checkpoint`)).status !== 200) {
    if (performance.now() > deadline) throw new Error('no checkpoint was published within 30 s');
    await pause(20);
  }
}

async function crashRound(
  round: number,
  promises: BothApis,
  witnesses?: WitnessPair,
): Promise<number> {
  await witnesses?.startAgain();
  const server = await start(witnesses);
  await promises.lookAgain(server, 'clean');
  const before = promises.acknowledged;
  const writers = promises.startWriters(server, Number(values.writers));
  const following = promises.followUntilLost(server);
  // Awaited below; until then its failure is nobody's.
  following.catch(() => undefined);
  const moment = await killMoment(round, writers);
  await Promise.all([witnesses?.killOne(round), server.kill()]);
  const { unanswered, statuses } = await writers.stop();
  await following;
  const bad = [...statuses.keys()].filter((status) => status !== 201);
  if (bad.length > 0) throw new Error(`submissions were answered ${bad.join(', ')}`);

  const again = await start(witnesses);
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
  console.log(
    `crash: ${rounds} rounds, ${values.writers} writers, seed ${values.seed}, ` +
      `v2 tree ${values['v2-tree']}, ${values.witnesses ? 'witnesses, ' : ''}${folder}`,
  );
  const unwitnessed = await start();
  const witnesses = await startWitnesses(unwitnessed);
  await unwitnessed.stop();
  try {
    return await crashRounds(witnesses);
  } finally {
    await witnesses?.stop();
  }
}

async function crashRounds(witnesses: WitnessPair | undefined): Promise<boolean> {
  let hits = 0;
  let untold = 0;
  const first = await start(witnesses);
  const promises = await BothApis.of(first, witnesses?.vkeys);
  await untilPublished(first);
  await first.stop();
  for (let round = 1; round <= rounds; round++) {
    const found = await crashRound(round, promises, witnesses);
    untold += found;
    if (found > 0) hits++;
  }
  const server = await start(witnesses);
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
    `${read.signedAgain} signed again, ${read.grown} cosigned by one more, ` +
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
