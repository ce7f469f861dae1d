/**
 * A connection for load: one request after the other, answers counted and dropped.
 *
 * The load generator shares two cores with the server that it measures. It reads into one buffer that all connections
 * share, and finds status and length by bytes: 13 us of processor time a request, where `Connection` takes 30.
 * In scope: sending, knowing when an answer is whole, its status. Out of scope: its headers and body
 * (`Connection` returns these), pipelining, TLS. Owns its socket and where it stands in an answer.
 */

import { connect, type Socket } from 'node:net';
import { readAnswerHead } from './answer-head.js';
import { readAnswer } from './connection.js';

const READ_BUFFER_BYTES = 256 * 1024;
// A chunk is dealt with before anything else is read, so all sockets can read to the same place.
const readBuffer = Buffer.allocUnsafe(READ_BUFFER_BYTES);

/** What a connection says to the one that drives it. */
export interface LoadEvents {
  /** There is a connection. */
  readonly opened: () => void;
  /** A whole answer of `bytes` bytes, head included, has arrived; while it is `usable` the next request may be sent. */
  readonly answered: (status: number, bytes: number) => void;
  /** The connection has ended: before its answer (`unanswered`) or between two requests. */
  readonly lost: (unanswered: boolean) => void;
}

/** A connection to one server. After `lost` it is of no more use. */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #events: LoadEvents;
  /** Bytes of the body that have not come yet. */
  #missing = 0;
  /** What has come of an answer whose end cannot be told yet: its head is not whole, or it is chunked. */
  #kept: Buffer | undefined;
  #status = 0;
  #bytes = 0;
  #closes = false;
  #waiting = false;

  constructor(url: string, events: LoadEvents) {
    this.#events = events;
    const { hostname, port } = new URL(url);
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          this.#take(readBuffer, length);
          return true;
        },
      },
    });
    this.#socket.once('connect', events.opened);
    // The close that follows says all that there is to say.
    this.#socket.on('error', () => {});
    this.#socket.once('close', () => events.lost(this.#waiting));
  }

  /** False when the server ends the connection after its last answer: `lost` follows. */
  get usable(): boolean {
    return !this.#closes;
  }

  /** Sends a request; the one before must have been answered. */
  send(request: Uint8Array): void {
    this.#waiting = true;
    this.#bytes = 0;
    this.#socket.write(request);
  }

  /** Ends the connection; `lost` follows. */
  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer, length: number): void {
    this.#bytes += length;
    if (this.#missing > 0) {
      this.#missing -= length;
      if (this.#missing <= 0) this.#finish();
      return;
    }
    if (this.#kept !== undefined) {
      this.#kept = Buffer.concat([this.#kept, chunk.subarray(0, length)]);
      this.#readHead(this.#kept, this.#kept.length);
    } else this.#readHead(chunk, length);
  }

  #readHead(bytes: Buffer, length: number): void {
    const head = readAnswerHead(bytes, length);
    if (
      head === undefined ||
      (head.chunked && readAnswer(bytes.subarray(0, length)) === undefined)
    ) {
      this.#kept ??= Buffer.from(bytes.subarray(0, length));
      return;
    }
    this.#kept = undefined;
    this.#status = head.status;
    this.#closes = head.closes;
    this.#missing = head.chunked ? 0 : head.bodyStart + head.bodyLength - length;
    if (this.#missing <= 0) this.#finish();
  }

  #finish(): void {
    this.#missing = 0;
    this.#waiting = false;
    if (this.#closes) this.#socket.destroy();
    this.#events.answered(this.#status, this.#bytes);
  }
}
