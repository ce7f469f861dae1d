/** Log lines: JSON, one a line, on stderr, with the member names that Rekor's production log has. */

import { type DestinationStream, destination, type Logger, pino } from 'pino';

/** Returns a logger; `severity`, `time` and `message` stand where Rekor's lines have them. */
export function createLogger(level: string, stream: DestinationStream): Logger {
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
export function stderrStream(): ReturnType<typeof destination> {
  const stream = destination({ dest: 2, sync: false, maxLength: MAX_WAITING });
  // A disk that is full of log lines, or a reader that is gone, must not end the log.
  stream.on('error', () => {});
  return stream;
}
