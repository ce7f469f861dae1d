/**
 * `stele mirror`: verified copies of other logs, in a process, a data folder and under a key of their own.
 *
 * In scope: opening, wiring, sockets, signals, exit codes. Out of scope: options (mirror-options.ts), what a mirror does (mirror/).
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { rekorV1Log } from '../client/rekor-v1-log.js';
import { tilesLog } from '../client/tiles-log.js';
import { toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';
import type { FedLog } from '../feeding/feed-config.js';
import { SYSTEM_CLOCK } from '../http/clock.js';
import { applyServerLimits, DEFAULT_SERVER_LIMITS, serverOptions } from '../http/server-limits.js';
import { checkpointOpener } from '../mirror/belief.js';
import { CopyCompletion } from '../mirror/complete-copy.js';
import {
  type FollowEvents,
  type FollowedLog,
  isContradiction,
  startFollowing,
} from '../mirror/follow-loop.js';
import { followOnce, LogForked } from '../mirror/follower.js';
import { createMirrorApp, pathNameOf } from '../mirror/mirror-app.js';
import { MirroredLog } from '../mirror/mirrored-log.js';
import { PendingCheckpoints } from '../mirror/pending-checkpoints.js';
import { pendingFile } from '../mirror/pending-file.js';
import { isWithinPending, UploadIntake } from '../mirror/upload-intake.js';
import { printVerifierKey, type VerifierKey } from '../note/verifier-key.js';
import { type Closers, closeAll } from '../server/closers.js';
import { ListenError, listen } from '../server/listen.js';
import { createLogger, stderrStream } from '../server/logger.js';
import { type Cosigner, mldsa44Cosigner } from '../signing/cosigner.js';
import { noteVerifier } from '../signing/note-verifier.js';
import { readSeedFile } from '../signing/seed-file.js';
import { type LevelStore, openLevelStore } from '../storage/level/level-store.js';
import { type MirrorOptions, type MirrorPlan, mirrorPlan } from './mirror-options.js';
import { EXIT, type ExitCode, OperationalError } from './output.js';
import { boundedFetch } from './system-fetch.js';

/** What of the process is used. */
export type MirrorWorld = Pick<NodeJS.Process, 'stdout' | 'once'>;

const TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 5_000;

/**
 * Runs a mirror until a signal stops it, or with `--once` until it has looked at each log once. Returns 0, and with `--once` 1 when
 * a log contradicts what it signed and 3 when one could not be read. Throws CONFIG_INVALID, KEY_FILE_INVALID, what the store
 * throws, and OperationalError for a port that cannot be bound.
 */
export async function runMirror(options: MirrorOptions, world: MirrorWorld): Promise<ExitCode> {
  const plan = await mirrorPlan(options);
  const stream = stderrStream();
  const logger = createLogger(options.logLevel, stream);
  const closers: Closers = [() => stream.end()];
  const stop = firstSignal(world);
  try {
    const parts = await openMirror(plan, options, closers);
    const events = eventsOf(logger, resolve(options.dataDir));
    if (options.once === true) return await lookOnce(parts.followed, events);
    const url = await serve(parts, options, logger, closers);
    const following = startFollowing(parts.followed, SYSTEM_CLOCK, events);
    closers.push(() => following.stop());
    announce(parts, url, world);
    await stop;
    return EXIT.verified;
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new OperationalError(error.message, { cause: error });
  } finally {
    await closeAll(closers);
  }
}

interface MirrorParts {
  readonly copies: readonly MirroredLog[];
  readonly followed: readonly FollowedLog[];
  readonly intakes: ReadonlyMap<string, UploadIntake>;
  readonly cosigners: readonly Cosigner[];
}

async function openMirror(
  plan: MirrorPlan,
  options: MirrorOptions,
  closers: Closers,
): Promise<MirrorParts> {
  const folder = resolve(options.dataDir);
  await mkdir(folder, { recursive: true });
  const store = await openLevelStore({ directory: join(folder, 'store'), create: true });
  closers.push(() => store.close());
  await store.deepCheck();
  const cosigners = await openCosigners(options);
  closers.push(async () => {
    for (const cosigner of cosigners) await cosigner.close();
  });
  const copies: MirroredLog[] = [];
  const followed: FollowedLog[] = [];
  const intakes = new Map<string, UploadIntake>();
  for (const log of plan.followed) {
    const copy = await openCopy(store, log.origin, log.key);
    copies.push(copy);
    followed.push(followedLog(log, copy, plan, cosigners));
  }
  for (const key of plan.uploaded) {
    const copy = await openCopy(store, key.name, key);
    copies.push(copy);
    intakes.set(key.name, await openIntake(key, copy, cosigners, folder));
  }
  return { copies, followed, intakes, cosigners };
}

async function openCosigners({ name, mldsaSeedFile }: MirrorOptions): Promise<readonly Cosigner[]> {
  if (name === undefined || mldsaSeedFile === undefined) return [];
  return [mldsa44Cosigner(name, await readSeedFile(mldsaSeedFile))];
}

async function openCopy(
  store: LevelStore,
  origin: string,
  { name, publicKey }: VerifierKey,
): Promise<MirroredLog> {
  const treeID = treeIDOf(origin);
  const record = (await store.logs()).find((each) => each.treeID === treeID);
  if (record === undefined) {
    const keyID = toHex(createHash('sha256').update(publicKey).digest());
    const shared = { logID: keyID, tileKeyID: keyID, createdSeconds: nowSeconds() };
    await store.createLog({ treeID, hostname: name, origin, ...shared, leavesRepeat: true });
  }
  return MirroredLog.open(origin, treeID, { store, nowSeconds });
}

function followedLog(
  log: FedLog,
  copy: MirroredLog,
  { policy }: MirrorPlan,
  cosigners: readonly Cosigner[],
): FollowedLog {
  const { origin, key, kind, url, intervalMs } = log;
  const open = checkpointOpener({ origin, keys: [key], policy, verifierOf: noteVerifier });
  const completion = new CopyCompletion({ copy, cosigners, nowSeconds });
  const unsigned = new CopyCompletion({ copy, cosigners: [], nowSeconds });
  return {
    origin,
    intervalMs,
    look(signal) {
      // Anew each time: tiles that were kept and do not fit would not fit for ever.
      const reach = { url, fetch: boundedFetch, timeoutMs: TIMEOUT_MS, signal };
      const remote = kind === 'tiles' ? tilesLog(reach) : rekorV1Log(origin, reach);
      return followOnce({
        copy,
        remote,
        open,
        signal,
        async complete(checkpoint) {
          const by = checkpoint.isExtended ? unsigned : completion;
          await by.complete(checkpoint);
        },
      });
    },
  };
}

async function openIntake(
  key: VerifierKey,
  copy: MirroredLog,
  cosigners: readonly Cosigner[],
  folder: string,
): Promise<UploadIntake> {
  const { origin } = copy;
  const open = checkpointOpener({
    origin,
    keys: [key],
    policy: undefined,
    verifierOf: noteVerifier,
  });
  const path = join(folder, 'pending', `${pathNameOf(origin)}.json`);
  const notes = pendingFile(path);
  const pending = await PendingCheckpoints.load({ notes, open, ticketSecret: randomBytes(32) });
  if (!isWithinPending(copy, pending)) {
    throw new LogError(
      'STORE_CORRUPT',
      `${path} has lost the pending checkpoint that ${copy.size} entries of ${origin} belong to`,
    );
  }
  const completion = new CopyCompletion({ copy, cosigners, nowSeconds });
  return new UploadIntake({ copy, pending, completion, open, refusesExtensions: true });
}

/** Looks at every log, whatever becomes of the others. */
async function lookOnce(logs: readonly FollowedLog[], events: FollowEvents): Promise<ExitCode> {
  const { signal } = new AbortController();
  let worst: ExitCode = EXIT.verified;
  for (const log of logs) {
    try {
      events.looked(log.origin, await log.look(signal));
    } catch (error) {
      events.failed(log.origin, error, isContradiction(error));
      if (isContradiction(error)) worst = EXIT.notVerified;
      else if (worst === EXIT.verified) worst = EXIT.operational;
    }
  }
  return worst;
}

async function serve(
  { copies, intakes }: MirrorParts,
  { port, address }: MirrorOptions,
  logger: Logger,
  closers: Closers,
): Promise<string> {
  const handle = createMirrorApp({
    copies,
    intakes,
    completed({ method, url, status, durationMs, error }) {
      if (status >= 500) logger.error({ method, url, status, durationMs, err: error }, 'failed');
      else logger.debug({ method, url, status, durationMs }, 'completed request');
    },
    faulted: (error) => logger.error({ err: error }, 'an answer could not be written'),
  });
  const server = createServer(serverOptions(DEFAULT_SERVER_LIMITS), handle);
  applyServerLimits(server, DEFAULT_SERVER_LIMITS);
  const listening = await listen(server, portOf(port), address, 'port');
  closers.push(() => listening.close(STOP_GRACE_MS));
  return listening.url;
}

function eventsOf(logger: Logger, folder: string): FollowEvents {
  return {
    looked(origin, found) {
      const fields = { origin, ...found };
      if (found.outcome === 'copied') logger.info(fields, 'the copy is complete');
      if (found.outcome === 'behind') logger.warn(fields, 'the log shows an older tree');
    },
    failed(origin, error, contradicts) {
      if (!contradicts) {
        logger.warn({ origin, err: error }, 'the log could not be followed');
        return;
      }
      logger.error({ origin, err: error }, 'the log contradicts what it has signed');
      if (error instanceof LogForked) keepEvidence(origin, error, folder, logger);
    },
  };
}

/** One file for each pair of notes, however often they are met. */
function keepEvidence(origin: string, { notes }: LogForked, folder: string, logger: Logger): void {
  const text = JSON.stringify({ origin, notes }, null, 2);
  const name = `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`;
  const place = join(folder, 'evidence');
  mkdir(place, { recursive: true })
    .then(() => writeFile(join(place, name), `${text}\n`))
    .then(
      () => logger.error({ origin, file: join(place, name) }, 'the notes were kept as evidence'),
      (error: unknown) => logger.error({ origin, err: error, notes }, 'evidence cannot be written'),
    );
}

function announce({ copies, cosigners }: MirrorParts, url: string, { stdout }: MirrorWorld): void {
  // A reader that takes the first line and goes away must not end the mirror.
  stdout.on('error', () => {});
  const verifierKeys = cosigners.map(({ key }) => printVerifierKey(key));
  const logs = copies.map(({ origin }) => ({ origin, path: `/${pathNameOf(origin)}/` }));
  stdout.write(`${JSON.stringify({ msg: 'listening', url, verifierKeys, logs })}\n`);
}

/** The tree ID of a copy in its store: of the origin alone, so that it is found again. */
function treeIDOf(origin: string): bigint {
  const digest = createHash('sha256').update(origin).digest();
  return (digest.readBigUInt64BE(0) & 0x7fff_ffff_ffff_ffffn) | 1n;
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new LogError('CONFIG_INVALID', '--port is not a number from 0 to 65535');
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function firstSignal(world: MirrorWorld): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) world.once(signal, () => resolve());
  });
}
