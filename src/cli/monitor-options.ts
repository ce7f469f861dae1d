/** The options of `stele monitor`, and what its exit codes mean. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MonitorOptions } from './monitor-command.js';

const HELP = `
One of --config and --log is needed. --log watches one log for what the flags below it say, any of them: --san and --issuer
together are one rule, of which both must hold; --subject, --fingerprint and --digest are rules of their own. Everything
else, allow-lists, webhooks and several logs, is in the configuration: docs/monitor.md.

Findings are lines of JSON on the standard output, everything else goes to the standard error.

Exit codes:
  0  the logs are consistent, and nothing was found
  1  a log contradicted itself: both notes are below the state folder, in evidence/
  2  usage, or a configuration that is wrong
  3  a log could not be read, or a file of this machine
  4  an entry matched, or could not be read
`;

/** Adds the command. */
export function addMonitor(program: Command): void {
  program
    .command('monitor')
    .description('follow logs: are they consistent, and who signs in my name?')
    .option('--config <file>', 'YAML or JSON: logs, what to look for, whom to tell')
    .option('--state-dir <folder>', 'where the places in the logs are kept', './monitor')
    .option('--once', 'poll once and exit')
    .addOption(
      new Option('--interval <seconds>', 'time between two polls').argParser(positive).default(60),
    )
    .addOption(new Option('--metrics-port <port>', 'serve Prometheus metrics').argParser(positive))
    .option('--metrics-address <address>', 'address for them', '127.0.0.1')
    .addOption(new Option('--log <url>', 'a log to watch').conflicts('config'))
    .addOption(
      new Option('--api <api>', 'how it is read').choices(['tiles', 'rekor-v1']).default('tiles'),
    )
    .option('--key <file>', "the log's public key: PEM or verifier keys")
    .option('--policy <file>', 'C2SP tlog-policy: witnesses that must have cosigned')
    .option('--start <place>', 'where to begin in a new log: newest, oldest or an index', 'newest')
    .addOption(found('--san <name>', 'a name that signs: e-mail address, URI, host'))
    .addOption(found('--issuer <url>', 'who vouched for it; with --san both must hold'))
    .addOption(found('--subject <name>', 'a name, or the subject of a certificate'))
    .addOption(found('--fingerprint <hex>', 'hash of a key or certificate, OpenPGP fingerprint'))
    .addOption(found('--digest <digest>', 'of an artifact, as sha256:hex'))
    .option('--trusted-roots <file>', 'PEM: authorities whose word on a name counts')
    .addHelpText('after', HELP)
    .action(async (options: MonitorOptions, command: Command) => {
      if ((options.config === undefined) === (options.log === undefined)) {
        command.error('error: one of --config and --log is needed');
      }
      const { runMonitor } = await import('./monitor-command.js');
      process.exitCode = await runMonitor(options);
    });
}

function found(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
  );
}

const MAX_NUMBER = 1_000_000;

function positive(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 0 && number <= MAX_NUMBER) return number;
  throw new InvalidArgumentError(`not a number from 0 to ${MAX_NUMBER}`);
}
