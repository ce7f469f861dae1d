/**
 * Kills a witness again and again while a log grows, and asks the next one what it remembers.
 *
 *   node dist/test/witness/crash.js --rounds 100
 *
 * Every other round holds each answer back after its checkpoint is on disk, so that the window between the two is hit for
 * certain; the others kill at any moment of a submission.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { originID } from '../../src/note/origin-id.js';
import { Random } from '../random.js';
import { packageRoot } from '../vectors.js';
import { TestLog } from './test-log.js';

/** What the rounds have seen. */
export interface CrashTally {
  rounds: number;
  /** Checkpoints that were cosigned and answered. */
  answered: number;
  /** Rounds whose last checkpoint was on disk and never answered. */
  persistedUnanswered: number;
  /** Rounds whose last checkpoint was neither. */
  lost: number;
}

/** How the command is run: from source or compiled, as this file is. */
export const STELE_COMMAND: readonly string[] = import.meta.url.endsWith('.ts')
  ? ['--conditions=source', '--import', 'tsx', join(packageRoot, 'src/cli/main.ts')]
  : [join(packageRoot, 'dist/src/cli/main.js')];

const log = new TestLog('crash.example/log');
const fork = new TestLog('crash.example/log', 0);

/** Runs `rounds` rounds. Throws AssertionError when the witness has forgotten anything. */
export async function crashRounds(
  rounds: number,
  seed: number,
  told?: (tally: CrashTally) => void,
): Promise<CrashTally> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'stele-witness-crash-'));
  writeFileSync(join(folder, 'seed'), '42'.repeat(32));
  const tally: CrashTally = { rounds: 0, answered: 0, persistedUnanswered: 0, lost: 0 };
  let size = 0;
  try {
    while (tally.rounds < rounds) {
      const holds = tally.rounds % 2 === 0;
      const witness = await startWitness(folder, holds ? 'persisted:60000' : undefined);
      const sent = holds
        ? await killBehindWrite(witness, size)
        : await killAnywhere(witness, size, random, tally);
      size = await checkMemory(folder, sent, tally);
      tally.rounds++;
      told?.(tally);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return tally;
}

interface Sent {
  /** The last size that was answered. */
  readonly answered: number;
  /** A size that was sent after it and not answered. */
  readonly unanswered: number;
}

/** Sends one checkpoint, waits until it can be read, kills. */
async function killBehindWrite(witness: Running, size: number): Promise<Sent> {
  let answer: unknown = 'none yet';
  const pending = witness.add(log.body(size, size + 1)).then(
    (early) => {
      answer = early;
    },
    () => {},
  );
  for (;;) {
    const response = await fetch(`${witness.url}/${originID(log.origin)}/checkpoint`);
    const shown = (await response.text()).split('\n')[1];
    if (shown === String(size + 1)) break;
    assert.equal(answer, 'none yet', 'an answer is held back until it is on disk, and longer');
  }
  await witness.kill();
  await pending;
  assert.equal(answer, 'none yet', 'no answer left the witness');
  return { answered: size, unanswered: size + 1 };
}

/** Lets the log grow, and kills within a submission. */
async function killAnywhere(
  witness: Running,
  size: number,
  random: Random,
  tally: CrashTally,
): Promise<Sent> {
  let answered = size;
  for (let left = random.below(8); left > 0; left--) {
    const next = answered + 1 + random.below(3);
    assert.equal((await witness.add(log.body(answered, next)))?.status, 200);
    answered = next;
    tally.answered++;
  }
  const pending = witness.add(log.body(answered, answered + 1)).catch(() => undefined);
  for (let turns = random.below(40); turns > 0; turns--) await new Promise(setImmediate);
  await witness.kill();
  const answer = await pending;
  if (answer?.status === 200) {
    tally.answered++;
    answered++;
  }
  return { answered, unanswered: answered + 1 };
}

/** Starts the witness again and tempts it. Returns the size that it knows. */
async function checkMemory(folder: string, sent: Sent, tally: CrashTally): Promise<number> {
  const witness = await startWitness(folder, undefined);
  try {
    const probe = await witness.add(fork.body(0, sent.unanswered + 5));
    // The first round leaves a checkpoint, so there is always something to remember.
    assert.equal(probe?.status, 409, 'a witness that forgot would sign another history');
    const known = Number(probe?.body);
    assert.ok([sent.answered, sent.unanswered].includes(known), `${known} of ${sent.answered}`);
    assert.equal((await witness.add(fork.body(known, known)))?.status, 422);
    assert.equal((await witness.add(log.body(known, known)))?.status, 200);
    if (known === sent.unanswered) tally.persistedUnanswered++;
    else tally.lost++;
    return known;
  } finally {
    await witness.kill();
  }
}

interface Running {
  readonly url: string;
  add(body: string): Promise<{ readonly status: number; readonly body: string } | undefined>;
  /** Kills without warning and waits for the end. */
  kill(): Promise<void>;
}

async function startWitness(folder: string, pause: string | undefined): Promise<Running> {
  const child = spawn(
    process.execPath,
    [
      ...STELE_COMMAND,
      ...['witness', '--name', 'crash.example/witness', '--port', '0', '--metrics-port', '0'],
      ...['--data-dir', join(folder, 'data'), '--ed25519-seed-file', join(folder, 'seed')],
      ...['--log', log.vkey],
    ],
    {
      cwd: packageRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...(pause === undefined ? {} : { STELE_TEST_WITNESS_PAUSE: pause }),
      },
    },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await urlOf(child);
  return {
    url,
    async add(body) {
      const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
      return { status: response.status, body: await response.text() };
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function urlOf(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout !== null);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2_000);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return (JSON.parse(line) as { url: string }).url;
  }
  throw new Error(`the witness ended before it listened: ${errors}`);
}

if (process.argv[1]?.endsWith('witness/crash.js') === true) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
  });
  const tally = await crashRounds(Number(values.rounds), Number(values.seed), (so) => {
    if (so.rounds % 10 === 0) console.log(JSON.stringify(so));
  });
  assert.ok(tally.persistedUnanswered > 0);
}
