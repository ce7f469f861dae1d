/**
 * `stele mirror`: verified copies of other logs, in a process, a data folder and under a key of their own.
 *
 * In scope: wiring, sockets, signals, exit codes. Out of scope: options (mirror-options.ts), opening (open-mirror.ts), what a
 * mirror does (mirror/).
 */

import { join, resolve } from 'node:path';
import { SYSTEM_CLOCK } from '../http/clock.js';
import { evidenceFolder } from '../mirror/evidence.js';
import { isContradiction, type Repeated, startFollowing } from '../mirror/follow-loop.js';
import { declareMirrorMetrics, type MirrorMetrics } from '../mirror/metrics.js';
import { createMirrorApp } from '../mirror/mirror-app.js';
import { originID } from '../note/origin-id.js';
import { printVerifierKey } from '../note/verifier-key.js';
import { type Closers, closeAll } from '../server/closers.js';
import { ListenError, type Listening } from '../server/listen.js';
import { createLogger, stderrStream } from '../server/logger.js';
import { createRegistry } from '../server/metrics-server.js';
import { type MirrorEvents, mirrorEvents } from './mirror-events.js';
import { type MirrorOptions, mirrorPlan } from './mirror-options.js';
import {
  type FollowedLog,
  type MirrorParts,
  nowSeconds,
  openMirror,
  type PushedCopy,
} from './open-mirror.js';
import { EXIT, type ExitCode, OperationalError } from './output.js';
import { firstSignal, serveFigures, serveUntilClosed } from './served-command.js';

/** What of the process is used. */
export type MirrorWorld = Pick<NodeJS.Process, 'env' | 'stdout' | 'once'>;

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
    const parts = await openMirror(plan, options, world.env, closers);
    const registry = createRegistry();
    const metrics = declareMirrorMetrics(registry, {
      copies: parts.copies,
      followed: parts.followed.map(({ origin }) => origin),
      pendingSizeOf: (origin) => parts.intakes.get(origin)?.pendingSize,
    });
    const evidence = evidenceFolder(join(resolve(options.dataDir), 'evidence'));
    const events = mirrorEvents({ logger, metrics, evidence, nowSeconds });
    const looks = parts.followed.map((log) => looking(log, events));
    const pushes = parts.pushed.map((copy) => pushing(copy, events));
    if (options.once === true) return await doOnce(looks, pushes);
    const listening = await serve(parts, options, events, metrics, closers);
    const { metricsPort, metricsAddress: address } = options;
    const figures =
      metricsPort === undefined
        ? undefined
        : await serveFigures(registry, { port: metricsPort, address }, closers);
    const following = startFollowing([...looks, ...pushes], SYSTEM_CLOCK);
    closers.push(() => following.stop());
    announce(parts, listening, figures, world);
    await stop;
    return EXIT.verified;
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new OperationalError(error.message, { cause: error });
  } finally {
    await closeAll(closers);
  }
}

function looking({ origin, intervalMs, look }: FollowedLog, events: MirrorEvents): Repeated {
  return {
    intervalMs,
    once: async (signal) => events.looked(origin, await look(signal)),
    failed: (error) => events.failed(origin, error),
  };
}

function pushing({ origin, url, intervalMs, push }: PushedCopy, events: MirrorEvents): Repeated {
  return {
    intervalMs,
    once: async (signal) => events.pushed(origin, url, await push.push(signal)),
    failed: async (error) => events.pushFailed(origin, url, error),
  };
}

/** Looks at every log, then pushes every copy, whatever becomes of the others. */
async function doOnce(looks: readonly Repeated[], pushes: readonly Repeated[]): Promise<ExitCode> {
  const { signal } = new AbortController();
  const failures: unknown[] = [];
  for (const each of [...looks, ...pushes]) {
    try {
      await each.once(signal);
    } catch (error) {
      await each.failed(error);
      // Another mirror that refuses says nothing about the log.
      failures.push(pushes.includes(each) ? undefined : error);
    }
  }
  if (failures.some(isContradiction)) return EXIT.notVerified;
  return failures.length > 0 ? EXIT.operational : EXIT.verified;
}

async function serve(
  { copies, intakes, cosigners }: MirrorParts,
  options: MirrorOptions,
  { completed, faulted, contradicted }: MirrorEvents,
  { uploaded, submitted }: MirrorMetrics,
  closers: Closers,
): Promise<Listening> {
  const uploads = { uploaded, submitted, contradicted };
  const handle = createMirrorApp({ copies, intakes, cosigners, uploads, completed, faulted });
  return serveUntilClosed(handle, options, closers);
}

function announce(
  { copies, cosigners }: MirrorParts,
  { url }: Listening,
  figures: Listening | undefined,
  { stdout }: MirrorWorld,
): void {
  // A reader that takes the first line and goes away must not end the mirror.
  stdout.on('error', () => {});
  const verifierKeys = cosigners.map(({ key }) => printVerifierKey(key));
  const logs = copies.map(({ origin }) => ({ origin, path: `/${originID(origin)}/` }));
  const line = { msg: 'listening', url, metricsUrl: figures?.url, verifierKeys, logs };
  stdout.write(`${JSON.stringify(line)}\n`);
}
