/** The command line of the bench. Pure: arguments in, options out. */

import { parseArgs } from 'node:util';

/** What was asked for; what was not said is undefined. */
export interface BenchOptions {
  /** The question; undefined: the whole suite. */
  readonly question: string | undefined;
  readonly operands: readonly string[];
  /** Flags of the server: all that stands behind a second `--`. */
  readonly flags: readonly string[];
  readonly quick: boolean;
  readonly write: boolean;
  readonly isFillOnly: boolean;
  readonly entries: number | undefined;
  readonly requests: number | undefined;
  readonly rounds: number | undefined;
  readonly batch: number | undefined;
  readonly connections: readonly number[] | undefined;
  readonly subscribers: number | undefined;
  readonly seconds: number | undefined;
  readonly kinds: readonly string[] | undefined;
  readonly dataDir: string | undefined;
  readonly peer: string | undefined;
  /** Processes of the peer, where they run on this machine. */
  readonly peerPids: readonly number[];
}

/** Thrown for a command line that makes no sense; the message says why. */
export class UsageError extends Error {}

/** Returns the options. Throws UsageError. */
export function parseBenchOptions(argv: readonly string[]): BenchOptions {
  const separator = argv.indexOf('--');
  const own = separator < 0 ? argv : argv.slice(0, separator);
  const { values, positionals } = readArguments([...own]);
  const [question, ...operands] = positionals;
  return {
    question,
    operands,
    flags: separator < 0 ? [] : argv.slice(separator + 1),
    quick: values.quick,
    write: values.write,
    isFillOnly: values['fill-only'],
    entries: counts(values.entries)?.[0],
    requests: counts(values.requests)?.[0],
    rounds: counts(values.rounds)?.[0],
    batch: counts(values.batch)?.[0],
    connections: counts(values.connections),
    subscribers: counts(values.subscribers)?.[0],
    seconds: values.seconds === undefined ? undefined : positive(values.seconds),
    kinds: values.kinds?.split(','),
    dataDir: values['data-dir'],
    peer: values.peer,
    peerPids: counts(values['peer-pid']) ?? [],
  };
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        'fill-only': { type: 'boolean', default: false },
        entries: { type: 'string' },
        requests: { type: 'string' },
        rounds: { type: 'string' },
        batch: { type: 'string' },
        connections: { type: 'string' },
        subscribers: { type: 'string' },
        seconds: { type: 'string' },
        kinds: { type: 'string' },
        'data-dir': { type: 'string' },
        peer: { type: 'string' },
        'peer-pid': { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function counts(text: string | undefined): number[] | undefined {
  return text?.split(',').map((part) => {
    const value = positive(part);
    if (!Number.isSafeInteger(value)) throw new UsageError(`not a count: ${part}`);
    return value;
  });
}

function positive(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new UsageError(`not a count: ${text}`);
  return value;
}
