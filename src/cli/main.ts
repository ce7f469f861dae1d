#!/usr/bin/env node
/**
 * The `stele` command. Each subcommand's code is loaded when it is called.
 *
 * In scope: names, options and exit codes: 0 done or verified, 1 not verified or a demo step failed, 2 usage,
 * 3 operational; those of the monitor are in its help. Out of scope: what commands do.
 */

import { Command, CommanderError, Option } from 'commander';
import { isLogError } from '../errors.js';
import { packageVersion } from '../server/build-info.js';
import { TRUST_OPTIONS } from '../server/trust-option-rows.js';
import type { MirrorOptions } from './mirror-options.js';
import { addMonitor } from './monitor-options.js';
import { EXIT, OperationalError, type Output } from './output.js';
import type { ExportOptions } from './trust-command.js';
import type { VerifyOptions } from './verify-command.js';
import { VERIFY_HELP } from './verify-help.js';
import type { WitnessOptions } from './witness-command.js';

const output: Output = { line: (text) => process.stdout.write(`${text}\n`) };

let isOutputLost = false;

// `stele verify … | head`: a reader that goes away changes neither the verdict nor the exit code. A disk that is full does,
// unless the code says something worse; it must not end the process with 1, which is a verdict.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || isOutputLost) return;
  isOutputLost = true;
  process.stderr.write(`stele: the standard output cannot be written: ${error.message}\n`);
});
process.exitCode = await run(process.argv.slice(2));
process.once('beforeExit', () => {
  if (isOutputLost && Number(process.exitCode) === 0) process.exitCode = EXIT.operational;
});

async function run(argv: readonly string[]): Promise<number> {
  try {
    await commands().parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    if (isLogError(error) || error instanceof OperationalError) {
      const code = isLogError(error) ? ` ${error.code}:` : '';
      process.stderr.write(`stele:${code} ${error.message}\n`);
      return isLogError(error, 'CONFIG_INVALID') ? EXIT.usage : EXIT.operational;
    }
    throw error;
  }
}

function commands(): Command {
  const program = new Command('stele')
    .description('A transparency log that Sigstore clients can use, and tools to check it.')
    .version(packageVersion())
    .exitOverride()
    .enablePositionalOptions();
  addServerCommands(program);
  addKeys(program);
  addTrust(program);
  addDemo(program);
  addVerify(program);
  addMirror(program);
  addWitness(program);
  addMonitor(program);
  return program;
}

/** The server has one table of options of its own; they are passed through unread. */
function addServerCommands(program: Command): void {
  for (const [name, description] of [
    ['serve', 'start the log (stele serve --help lists its options)'],
    ['init', 'create store, keys and guard in a new data folder, without serving'],
  ] as const) {
    program
      .command(name)
      .description(description)
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .argument('[options...]', 'options of the server')
      .action(async (options: string[]) => {
        const { serve, initialise } = await import('../server/serve.js');
        process.exitCode = await (name === 'serve' ? serve : initialise)(options, process);
      });
  }
}

function addKeys(program: Command): void {
  program
    .command('keys')
    .description('the public half of a log')
    .command('show')
    .description('print public key, log ID, tree ID, origin and verifier keys of a data folder')
    .option('--data-dir <folder>', 'folder of the log', './data')
    .option('--json', 'print JSON')
    .action(async (options: { dataDir: string; json?: boolean }) => {
      const { showKeys } = await import('./keys-command.js');
      await showKeys(options, output);
    });
}

function addTrust(program: Command): void {
  const command = program
    .command('trust')
    .description('what clients need to sign with a log and to believe it')
    .command('export')
    .description('write trusted root, signing config and keys; print how clients use them')
    .requiredOption('--out <folder>', 'folder for the files')
    .option('--force', 'replace files that are there')
    .option('--data-dir <folder>', 'folder of the log (default: "./data")')
    .option('--config <file>', 'YAML file of the server, whose options of this command count too')
    .option('--start-time <time>', 'when the log began, RFC 3339, if its log.json does not say');
  for (const { name, kind, meaning } of TRUST_OPTIONS) {
    const option = new Option(`--${name} <value>`, meaning);
    command.addOption(kind === 'texts' ? option.argParser(appended) : option);
  }
  const ofServer = ['data-dir', 'config', ...TRUST_OPTIONS.map(({ name }) => name)];
  const url = new Option('--url <url>', 'take the files from a running log, which proves nothing');
  command
    .addOption(url.conflicts(['startTime', ...ofServer.map(camelCase)]))
    .addOption(
      new Option(
        '--log-id <hex>',
        'with --url: a log to trust, by an ID from elsewhere; no other',
      ).argParser(appended),
    )
    .action(async (options: ExportFlags & Readonly<Record<string, unknown>>) => {
      if (options.logId !== undefined && options.url === undefined) {
        command.error('error: --log-id is of use with --url alone');
      }
      const { exportTrust } = await import('./trust-command.js');
      const serverArguments = ofServer.flatMap((name) =>
        [options[camelCase(name)] ?? []].flat().map((value) => `--${name}=${value}`),
      );
      await exportTrust({ ...options, serverArguments, environment: process.env }, output);
    });
}

type ExportFlags = Omit<ExportOptions, 'serverArguments' | 'environment'>;

function appended(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** The name under which commander returns an option. */
function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function addDemo(program: Command): void {
  program
    .command('demo')
    .description('sign a file into a log, then verify everything offline, in words')
    .option('--url <url>', 'a running log; without it a throw-away one is started')
    .action(async (options: { url?: string }) => {
      const { runDemo } = await import('./demo-command.js');
      process.exitCode = await runDemo(options, output);
    });
}

function addVerify(program: Command): void {
  program
    .command('verify')
    .description('verify log entries, Sigstore bundles or .tlog-proof files, offline')
    .argument('<files...>', 'answers of the API, bundles, proofs')
    .addOption(
      new Option('--key <file>', "the log's public key (PEM) or verifier keys").conflicts(
        'trustedRoot',
      ),
    )
    .addOption(new Option('--trusted-root <file>', 'a Sigstore trusted_root.json'))
    .option('--artifact <file>', 'what the entry must speak of (see below)')
    .option('--signer-key <file>', 'key or certificate that must have signed (see below)')
    .option('--signature <file>', 'the signature, for proofs that come without the entry')
    .option('--body <file>', "the entry's body, for the same")
    .option('--predicate-type <type>', 'type that the predicate of an in-toto statement must have')
    .option('--origin <origin>', 'the only origin that checkpoints may have')
    .option('--json', 'print JSON')
    .addHelpText('after', VERIFY_HELP)
    .action(async (files: string[], options: VerifyOptions, command: Command) => {
      if (options.key === undefined && options.trustedRoot === undefined) {
        command.error('error: one of --key and --trusted-root is needed');
      }
      const { verifyFiles } = await import('./verify-command.js');
      process.exitCode = await verifyFiles(files, options, output);
    });
}

function addWitness(program: Command): void {
  program
    .command('witness')
    .description('cosign the checkpoints of other logs, with a key, name and state of its own')
    .requiredOption('--name <name>', 'key name of the witness, for life: a URL without scheme')
    .option('--port <port>', 'port of the witness', '3380')
    .option('--address <address>', 'address on which it listens', '127.0.0.1')
    .option('--metrics-port <port>', 'port of the metrics', '2380')
    .option('--metrics-address <address>', 'address on which they listen', '127.0.0.1')
    .option('--data-dir <folder>', 'folder of its state', './witness-data')
    .option(
      '--guard <file>',
      'its newest heads once more, best on another disk (default: in the folder)',
    )
    .option('--ed25519-seed-file <file>', 'seed of the Ed25519 key: 32 bytes or 64 hex digits')
    .option('--mldsa-seed-file <file>', 'seed of the ML-DSA-44 key, likewise')
    .option('--log <vkeys...>', 'verifier keys of logs; "VKEY ORIGIN" where the name is another')
    .option('--logs <files...>', 'lists of logs in the format logs/v0')
    .option('--feed <file>', 'logs that the witness looks at by itself (YAML), and follows')
    .option('--logs-url <urls...>', 'addresses of such lists, which bring new logs by themselves')
    .option('--logs-interval-seconds <seconds>', 'how often those are read', '3600')
    .option('--disable-log <origins...>', 'logs that are not cosigned any more')
    .option('--distributor-witness <vkeys...>', 'witnesses whose checkpoints may be handed in')
    .option('--log-level <level>', 'lowest level of log lines', 'info')
    .action(async (options: WitnessOptions) => {
      const { runWitness } = await import('./witness-command.js');
      await runWitness(options, process);
      // Nothing may keep a stopped witness alive.
      process.exit(0);
    });
}

function addMirror(program: Command): void {
  program
    .command('mirror')
    .description('keep verified copies of other logs, serve them as tiles, and cosign what is held')
    .option('--url <url>', 'a log to follow: prefix of its tiles, or of /api/v1')
    .addOption(
      new Option('--kind <kind>', 'how it is read').choices(['tiles', 'rekor-v1']).default('tiles'),
    )
    .option('--key <key>', 'its verifier key, or a file with one or with a PEM public key')
    .option(
      '--origin <origin>',
      'first line of its checkpoints (default: name of the verifier key)',
    )
    .option('--interval <seconds>', 'between two looks at it', '60')
    .option('--logs <file>', 'YAML file of further logs to follow')
    .option('--policy <file>', 'tlog-policy whose quorum must have cosigned what is followed')
    .addOption(
      new Option(
        '--upload <vkey>',
        'a log whose entries are uploaded, "VKEY ORIGIN" where the name is another; again for more',
      ).argParser(appended),
    )
    .addOption(
      new Option('--push <url>', 'another mirror that every copy is uploaded to').argParser(
        appended,
      ),
    )
    .addOption(
      new Option('--push-key <vkey>', 'key of such a mirror: one must have cosigned').argParser(
        appended,
      ),
    )
    .option('--name <name>', 'name of the mirror as a cosigner')
    .option('--mldsa-seed-file <file>', 'seed of its ML-DSA-44 key: 64 hex digits or 32 bytes')
    .option('--data-dir <folder>', 'folder of the copies', './mirror')
    .option(
      '--guard-dir <folder>',
      'folder of what was stated last, best beside no backup of --data-dir (default: stated/ in it)',
    )
    .option('--port <port>', 'port, 0 for any', '3100')
    .option('--address <address>', 'address to listen on', '127.0.0.1')
    .option('--metrics-port <port>', 'port of the metrics, 0 for any (default: none are served)')
    .option('--metrics-address <address>', 'address on which they listen', '127.0.0.1')
    .option('--log-level <level>', 'least severity of log lines', 'info')
    .option('--once', 'look at each log once and end: 0 clean, 1 contradiction, 3 unreachable')
    .action(async (options: MirrorOptions) => {
      const { runMirror } = await import('./mirror-command.js');
      process.exitCode = await runMirror(options, process);
    });
}
