/**
 * `stele witness`: the witness as a process of its own, with its own keys, name and state.
 *
 * In scope: options, files of the operator, sockets, signals. Out of scope: what a witness does (witness/).
 */

import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LogError } from '../errors.js';
import type { FedLog } from '../feeding/feed-config.js';
import { readIfThere, replaceFile } from '../files/durable-file.js';
import { SYSTEM_CLOCK } from '../http/clock.js';
import { MAX_COSIGNED_NAME_BYTES } from '../note/cosignature.js';
import { checkKeyName } from '../note/signed-note.js';
import { parseVerifierKey, printVerifierKey } from '../note/verifier-key.js';
import { type Closers, closeAll } from '../server/closers.js';
import { ListenError, type Listening } from '../server/listen.js';
import { createLogger, stderrStream } from '../server/logger.js';
import { createRegistry } from '../server/metrics-server.js';
import { systemClock } from '../server/system-clock.js';
import { type Cosigner, ed25519Cosigner, mldsa44Cosigner } from '../signing/cosigner.js';
import { noteVerifier } from '../signing/note-verifier.js';
import { createSeedFile, readSeedFile } from '../signing/seed-file.js';
import { openClockTrouble } from '../witness/clock-trouble.js';
import { type ListedLog, mergeLogs, parseLogFlag, parseLogList } from '../witness/log-list.js';
import { type OpenWitness, type OpenWitnessOptions, openWitness } from '../witness/open-witness.js';
import { hadState } from '../witness/synced-rows.js';
import { OperationalError } from './output.js';
import { firstSignal, serveFigures, serveUntilClosed } from './served-command.js';
import { type WitnessEventLog, witnessEventLog } from './witness-events.js';
import { testPauses } from './witness-pauses.js';

/** The options, as commander gives them. */
export interface WitnessOptions {
  readonly name: string;
  readonly port: string;
  readonly address: string;
  readonly metricsPort: string;
  readonly metricsAddress: string;
  readonly dataDir: string;
  readonly guard?: string;
  readonly logLevel: string;
  readonly ed25519SeedFile?: string;
  readonly mldsaSeedFile?: string;
  readonly log?: readonly string[];
  readonly logs?: readonly string[];
  readonly logsUrl?: readonly string[];
  readonly logsIntervalSeconds: string;
  readonly disableLog?: readonly string[];
  readonly distributorWitness?: readonly string[];
  readonly feed?: string;
}

/** What of the process is used. */
export type WitnessWorld = Pick<NodeJS.Process, 'env' | 'stdout' | 'once' | 'off'>;

/**
 * Runs a witness until a signal stops it. Throws CONFIG_INVALID for the options, KEY_FILE_INVALID, what openWitness
 * throws, and OperationalError for a port that cannot be bound.
 */
export async function runWitness(options: WitnessOptions, world: WitnessWorld): Promise<void> {
  const stop = firstSignal(world);
  const stream = stderrStream();
  const log = witnessEventLog(createLogger(options.logLevel, stream));
  const closers: Closers = [() => stream.end()];
  const clocks = systemClock();
  try {
    const registry = createRegistry();
    const fed = await fedLogs(options);
    const cosigners = await openCosigners(options);
    const witness = await openWitness({
      folder: resolve(options.dataDir),
      guard: guardIn(resolve(options.guard ?? join(options.dataDir, GUARD))),
      cosigners,
      logs: await operatorLogs(options, fed),
      disabled: options.disableLog ?? [],
      listURLs: options.logsUrl ?? [],
      listIntervalMs: secondsOf('logs-interval-seconds', options.logsIntervalSeconds) * 1000,
      witnesses: (options.distributorWitness ?? []).map(witnessKey),
      registry,
      events: log.events,
      nowSeconds: () => BigInt(Math.floor(clocks.wallMs() / 1000)),
      clockTrouble: openClockTrouble(clocks),
      ...testPauses(world.env),
    });
    closers.push(() => witness.close());
    const listening = await serveUntilClosed(witness.handle, options, closers);
    const { metricsPort, metricsAddress } = options;
    const figuresAt = { port: metricsPort, address: metricsAddress };
    const metrics = await serveFigures(registry, figuresAt, closers);
    announce(cosigners, listening, metrics, witness, log, world);
    if (fed.length > 0) closers.push(await feed(fed, listening, log));
    await stop;
    log.stopping();
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new OperationalError(error.message, { cause: error });
  } finally {
    await closeAll(closers);
  }
}

const GUARD = 'guard';
const ED25519_SEED = 'ed25519.seed';
const MLDSA_SEED = 'mldsa44.seed';
const MAX_LIST_FILE_BYTES = 16 * 1024 * 1024;

function guardIn(path: string): OpenWitnessOptions['guard'] {
  return { read: () => readIfThere(path), write: (text) => replaceFile(path, text) };
}

/** The keys whose files are named; where none is, both of the data folder, made at the first start. */
async function openCosigners(options: WitnessOptions): Promise<readonly Cosigner[]> {
  const { name, dataDir, ed25519SeedFile, mldsaSeedFile } = options;
  checkName(name);
  if (ed25519SeedFile !== undefined || mldsaSeedFile !== undefined) {
    return cosignersOf(name, ed25519SeedFile, mldsaSeedFile);
  }
  const folder = resolve(dataDir);
  const paths = [join(folder, ED25519_SEED), join(folder, MLDSA_SEED)] as const;
  // A witness that comes back with another key is another witness: its clients should hear of it from a human.
  if (!(await hadState(folder))) for (const path of paths) await createSeedFile(path);
  return cosignersOf(name, ...paths);
}

async function cosignersOf(
  name: string,
  ed25519SeedFile: string | undefined,
  mldsaSeedFile: string | undefined,
): Promise<readonly Cosigner[]> {
  const cosigners: Cosigner[] = [];
  if (ed25519SeedFile !== undefined) {
    cosigners.push(ed25519Cosigner(name, await readSeedFile(ed25519SeedFile)));
  }
  if (mldsaSeedFile !== undefined) {
    cosigners.push(mldsa44Cosigner(name, await readSeedFile(mldsaSeedFile)));
  }
  return cosigners;
}

/** The logs that this witness looks at by itself. Nothing that reads logs is loaded by a witness that looks at none. */
async function fedLogs({ feed }: WitnessOptions): Promise<readonly FedLog[]> {
  if (feed === undefined) return [];
  const { parseFeedConfig } = await import('../feeding/feed-config.js');
  try {
    return parseFeedConfig(await readList(feed));
  } catch (cause) {
    throw new LogError('CONFIG_INVALID', `--feed ${feed}: ${(cause as Error).message}`, { cause });
  }
}

/** Follows the logs; the returned function ends that. */
async function feed(
  logs: readonly FedLog[],
  { url: witnessUrl }: Listening,
  { logger }: WitnessEventLog,
): Promise<() => Promise<void>> {
  const { startFeeding } = await import('../feeding/feeder.js');
  const { boundedFetch } = await import('./system-fetch.js');
  const reach = { witnessUrl, verifierOf: noteVerifier, fetch: boundedFetch };
  const feeding = startFeeding({ logs, ...reach, clock: SYSTEM_CLOCK, logger });
  return () => feeding.stop();
}

async function operatorLogs(
  { log = [], logs = [] }: WitnessOptions,
  fed: readonly FedLog[],
): Promise<readonly ListedLog[]> {
  const listed: ListedLog[] = log.map(parseLogFlag);
  for (const { origin, key } of fed) listed.push({ origin, keys: [key] });
  for (const path of logs) {
    try {
      listed.push(...parseLogList(await readList(path)));
    } catch (cause) {
      throw new LogError('CONFIG_INVALID', `--logs ${path}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  return mergeLogs(listed);
}

async function readList(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size <= MAX_LIST_FILE_BYTES) return readFile(path, 'utf8');
  throw new LogError('CONFIG_INVALID', `longer than ${MAX_LIST_FILE_BYTES} bytes`);
}

function announce(
  cosigners: readonly Cosigner[],
  { url }: Listening,
  { url: metricsUrl }: Listening,
  { logs }: OpenWitness,
  log: WitnessEventLog,
  { stdout }: WitnessWorld,
): void {
  // A reader that takes the first line and goes away must not end the witness.
  stdout.on('error', () => {});
  const verifierKeys = cosigners.map(({ key }) => printVerifierKey(key));
  stdout.write(`${JSON.stringify({ msg: 'listening', url, metricsUrl, verifierKeys })}\n`);
  log.ready(logs.all());
}

function checkName(name: string): void {
  const reason = `--name is empty, longer than ${MAX_COSIGNED_NAME_BYTES} bytes, or holds white space or a plus sign`;
  try {
    checkKeyName(name);
  } catch (cause) {
    throw new LogError('CONFIG_INVALID', reason, { cause });
  }
  if (Buffer.byteLength(name) > MAX_COSIGNED_NAME_BYTES) {
    throw new LogError('CONFIG_INVALID', reason);
  }
}

function witnessKey(vkey: string): ReturnType<typeof parseVerifierKey> {
  try {
    return parseVerifierKey(vkey);
  } catch (cause) {
    const { message } = cause as Error;
    throw new LogError('CONFIG_INVALID', `--distributor-witness: ${message}`, { cause });
  }
}

function secondsOf(option: string, text: string): number {
  const value = Number(text);
  if (/^[0-9]{1,6}$/.test(text) && value >= 1 && value <= 86_400) return value;
  throw new LogError('CONFIG_INVALID', `--${option} is not a number from 1 to 86400`);
}
