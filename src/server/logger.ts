/** Log lines: JSON, one a line, on stderr, with the member names that Rekor's production log has. */

import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { LogError } from '../errors.js';

/**
 * Returns a logger; `severity`, `time` and `message` stand where Rekor's lines have them. Throws CONFIG_INVALID for a level
 * that there is not.
 */
export function createLogger(level: string, stream: DestinationStream): Logger {
  const levels = [...Object.keys(pino.levels.values), 'silent'];
  if (!levels.includes(level)) {
    throw new LogError('CONFIG_INVALID', `the log level is not one of ${levels.join(', ')}`);
  }
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ severity: label.toUpperCase() }) },
    },
    stream,
  );
}

/** Log lines that may wait for a stderr that does not take them, in bytes; further ones are dropped. */
const MAX_WAITING = 8 * 1024 * 1024;

/** Returns the stream to stderr. It does not block; end it before the process ends. */
export function stderrStream(): LogStream {
  const stream = destination({ dest: 2, sync: false, maxLength: MAX_WAITING });
  // A disk that is full of log lines, or a reader that is gone, must not end the log.
  stream.on('error', () => {});
  return new LogStream(stream);
}

/** Where gathered lines go. */
export interface LineSink {
  write(lines: string): unknown;
  once(event: 'close', closed: () => void): { end(): void };
}

/** How long a line of a request waits for others, in milliseconds, and how many characters wait at most. */
const GATHERED_MS = 20;
const GATHERED_LENGTH = 12 * 1024;

/** pino tells a stream that has this member the level of the line that it is about to write. */
const TELL_LEVEL = Symbol.for('pino.metadata');
const WARN = pino.levels.values['warn'] as number;

/**
 * A stream of lines that writes many at once: a write for each line goes through a thread and costs as much as the
 * request of which it tells. Warnings and errors do not wait, and nothing does when the process ends.
 */
export class LogStream implements DestinationStream {
  readonly [TELL_LEVEL] = true;
  /** Set by pino. */
  lastLevel = 0;
  readonly #stream: LineSink;
  #gathered = '';
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(stream: LineSink) {
    this.#stream = stream;
  }

  write(line: string): void {
    // A connection that is cut while the process stops has its line, and nobody to read it.
    if (this.#ended) return;
    this.#gathered += line;
    if (this.lastLevel >= WARN || this.#gathered.length >= GATHERED_LENGTH) this.#pass();
    else if (this.#timer === undefined) this.#passSoon();
  }

  /** Writes what waits, and returns when the stream is closed. */
  async end(): Promise<void> {
    this.#pass();
    this.#ended = true;
    await new Promise<void>((done) => {
      this.#stream.once('close', done).end();
    });
  }

  #passSoon(): void {
    this.#timer = setTimeout(this.#pass, GATHERED_MS);
    // Ahead of pino's own listener, which writes what its stream has by then.
    process.prependListener('exit', this.#pass);
  }

  readonly #pass = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    process.off('exit', this.#pass);
    const lines = this.#gathered;
    this.#gathered = '';
    if (lines !== '') this.#stream.write(lines);
  };
}
