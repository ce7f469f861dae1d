/**
 * The life of a server process: start, one line for scripts, a message for people, signals, exit code.
 *
 * In scope: what `npm start` and `stele serve` do around a server. Out of scope: wiring (compose.ts).
 */

import { readFileSync } from 'node:fs';
import { isLogError } from '../errors.js';
import { composeServer, initialiseLog, type RunningServer } from './compose.js';
import { type Config, readConfig } from './config.js';
import { ListenError } from './listen.js';
import { createLogger, stderrStream } from './logger.js';
import { serverHelp } from './option-sources.js';
import { LOCALHOST_WARNING, startMessage } from './start-message.js';

/** What of the process is used; tests pass their own. */
export type World = Pick<NodeJS.Process, 'env' | 'stdout' | 'stderr' | 'on' | 'off' | 'exit'>;

/** Exit codes of a server that refuses to start. */
const EXIT_USAGE = 2;
const EXIT_REFUSED = 3;
/** A stop that takes longer has failed; service managers kill after 10 s. */
const STOP_LIMIT_MS = 9_500;

/** Runs the log until a signal stops it. Returns the exit code: 0, 2 for usage, 3 when the start is refused. */
export async function serve(argv: readonly string[], world: World): Promise<number> {
  if (argv.includes('--help')) {
    world.stdout.write(serverHelp('stele serve'));
    return 0;
  }
  return refusable(world, async () => {
    const stop = stopSignal(world);
    const config = configOf(argv, world);
    const stream = stderrStream();
    const logger = createLogger(config.logLevel, stream);
    try {
      const server = await composeServer(config, logger);
      announce(server, config, world);
      await stop;
      logger.info('stopping');
      await server.close();
      logger.info('stopped');
    } finally {
      await stream.end();
    }
    return 0;
  });
}

/** Makes store, keys and guard without serving. Returns the exit code, as `serve` does. */
export async function initialise(argv: readonly string[], world: World): Promise<number> {
  if (argv.includes('--help')) {
    world.stdout.write(serverHelp('stele init'));
    return 0;
  }
  return refusable(world, async () => {
    const { identity, created, timestampChain } = await initialiseLog(configOf(argv, world));
    const what = created ? 'A new log was made' : 'The log is there already';
    world.stdout.write(
      `${what}: ${identity.origin}\n  log ID  ${identity.logID}\n${identity.publicKeyPem}`,
    );
    if (timestampChain !== undefined) {
      world.stdout.write(`Certificates of the timestamp authority: ${timestampChain}\n`);
    }
    return 0;
  });
}

function configOf(argv: readonly string[], world: World): Config {
  return readConfig({
    argv,
    environment: world.env,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
}

async function refusable(world: World, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!isLogError(error) && !(error instanceof ListenError)) throw error;
    world.stderr.write(`stele: ${error.code}: ${error.message}\n`);
    return error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_REFUSED;
  }
}

function announce(server: RunningServer, config: Config, world: World): void {
  const { url, metricsUrl, grpcPort, treeID, origin, identity, folder } = server;
  // A reader that takes the first line and goes away must not end the log.
  world.stdout.on('error', () => {});
  const line = { msg: 'listening', url, metricsUrl, grpcPort, treeID, origin, v2: identity.v2 };
  world.stdout.write(`${JSON.stringify(line)}\n`);
  if (world.stdout.isTTY === true) {
    world.stdout.write(startMessage(url, metricsUrl, identity, folder, config));
    return;
  }
  server.logger.info({ ...identity, folder }, 'ready');
  if (identity.hostname === 'localhost') server.logger.warn(LOCALHOST_WARNING.replace('\n', ' '));
}

/** Resolves at the first SIGTERM or SIGINT; a second one, or a stop that hangs, ends the process at once. */
function stopSignal(world: World): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) world.exit(signal === 'SIGINT' ? 130 : 143);
      stopping = true;
      setTimeout(() => {
        world.stderr.write(`stele: the stop took more than ${STOP_LIMIT_MS} ms\n`);
        world.exit(1);
      }, STOP_LIMIT_MS).unref();
      resolve();
    };
    world.on('SIGTERM', onSignal);
    world.on('SIGINT', onSignal);
  });
}
