/**
 * Answers that go on until one side ends them: what a handler returns for one, and what it writes to.
 *
 * In scope: writing text, how much of it the client has not taken, both ends of the connection. Out of scope: what is
 * written, and how much may wait (who writes decides). State: that of the response.
 */

import type { ServerResponse } from 'node:http';

/** An answer without an end of its own. Exactly one of the two is called, once. */
export interface ReplyStream {
  /** The headers are out, and the client hears what is written. */
  open(outlet: Outlet): void;
  /** The client is gone already, or asked for the headers alone. */
  abandon(): void;
}

/** The way to one client. */
export interface Outlet {
  /** Bytes that the client has not taken, beyond what the system holds for it. */
  readonly waitingBytes: number;
  /** Sends text; nothing after the end. */
  write(text: string): void;
  /** Resolves when the client has taken all, or is gone. */
  drained(): Promise<void>;
  /** Ends the answer; what waits still goes out. */
  end(): void;
  /** Cuts the connection; what waits is lost. */
  cut(): void;
  /** Resolves when nothing goes out any more, whoever ended it. */
  readonly closed: Promise<void>;
}

/** Lets a stream write to a response whose head is written. Resolves to the bytes that were written when it is over. */
export async function sendStream(response: ServerResponse, stream: ReplyStream): Promise<number> {
  let bytes = 0;
  const closed = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  response.flushHeaders();
  stream.open({
    get waitingBytes() {
      return response.writableLength;
    },
    write(text) {
      if (response.writableEnded || response.destroyed) return;
      bytes += Buffer.byteLength(text);
      response.write(text);
    },
    async drained() {
      if (response.destroyed || !response.writableNeedDrain) return;
      await Promise.race([closed, new Promise<void>((resolve) => response.once('drain', resolve))]);
    },
    end: () => response.end(),
    cut: () => response.destroy(),
    closed,
  });
  await closed;
  return bytes;
}
