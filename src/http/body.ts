/**
 * Bounded reading of request bodies: at most a limit of bytes each, at most a budget for all of them
 * together, not slower than a minimum rate, not longer than a total time.
 *
 * In scope: bytes into memory. Out of scope: what they mean. Mutable state: the bytes held at the moment, one number
 * for each reader. As recorded, a body longer than the limit is not refused here, only cut; whether the cut matters
 * shows when the JSON value is read.
 */

import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { BodyChunks } from './body-chunks.js';
import { type BodyLimits, clientGone, watchRate } from './body-rate.js';
import type { Clock } from './clock.js';
import { RefusedRequest } from './reply.js';
import type { RequestBody } from './route.js';

/** The limits of a server that is not told otherwise. */
export const DEFAULT_BODY_LIMITS: BodyLimits = {
  maxBytes: 32 * 1024 * 1024,
  maxHeldBytes: 256 * 1024 * 1024,
  graceMs: 5_000,
  minBytesPerSecond: 1_024,
  totalMs: 120_000,
};

/** Reads bodies and counts the bytes that those under way hold. */
export interface BodyReader {
  /**
   * Returns true when the request has a body: a positive length, or a chunk that is not the last one, for
   * which is waited. Throws RefusedRequest (408) when none comes within the grace, and ClientGone.
   */
  begins(request: IncomingMessage): boolean | Promise<boolean>;
  /**
   * Returns the body, cut at the limit or at `maxBytes`, undefined when the request has none. Throws RefusedRequest
   * (408 too slow, 503 over the budget) and ClientGone. The caller calls `release` with the body when it is done.
   */
  read(request: IncomingMessage, maxBytes?: number): Promise<RequestBody | undefined>;
  /** Does so with a stream that nobody announced the length of: what it brings is the body. */
  readAll(stream: Readable, maxBytes?: number): Promise<RequestBody>;
  /**
   * Yields the body as it comes, of any length; one that is too slow, or takes too long, ends where it is. Nothing of it is
   * held. Throws ClientGone. Whoever leaves it early leaves the rest in the request.
   */
  chunks(request: Readable): AsyncIterable<Uint8Array>;
  release(body: RequestBody | undefined): void;
  /** Bytes held now. */
  readonly heldBytes: number;
}

/** Returns a reader with a budget of its own. */
export function createBodyReader(limits: BodyLimits, clock: Clock): BodyReader {
  const budget: Budget = { held: 0, max: limits.maxHeldBytes };
  const least = (maxBytes = limits.maxBytes): BodyLimits => ({
    ...limits,
    maxBytes: Math.min(maxBytes, limits.maxBytes),
  });
  return {
    begins: (request) =>
      isChunked(request) ? beginsChunk(request, limits, clock) : hasBody(request),
    read(request, maxBytes) {
      if (!hasBody(request)) return Promise.resolve(undefined);
      const announced = Number(request.headers['content-length'] ?? FIRST_BUFFER_BYTES);
      return readBody(request, announced, least(maxBytes), clock, budget);
    },
    readAll: (stream, maxBytes) =>
      readBody(stream, FIRST_BUFFER_BYTES, least(maxBytes), clock, budget),
    chunks: (request) => new BodyChunks(request, limits, clock),
    release(body) {
      if (body !== undefined) budget.held -= body.bytes.buffer.byteLength;
    },
    get heldBytes() {
      return budget.held;
    },
  };
}

/** True when the request announces a body: a positive length or a transfer encoding. */
function hasBody(request: IncomingMessage): boolean {
  if (isChunked(request)) return true;
  return Number(request.headers['content-length'] ?? '0') > 0;
}

function isChunked(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined;
}

/** Waits for the first bytes, which stay in the request, or for its end. */
function beginsChunk(request: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const callOff = clock.after(limits.graceMs, () => finishWith(tooSlow()));
    function finishWith(found: boolean | Error): void {
      callOff();
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (found instanceof Error) reject(found);
      else resolve(found);
    }
    function onData(chunk: Buffer): void {
      request.pause();
      request.unshift(chunk);
      finishWith(true);
    }
    function onEnd(): void {
      finishWith(false);
    }
    function onClose(): void {
      finishWith(clientGone());
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

interface Budget {
  held: number;
  readonly max: number;
}

const FIRST_BUFFER_BYTES = 8_192;

function readBody(
  request: Readable,
  announced: number,
  limits: BodyLimits,
  clock: Clock,
  budget: Budget,
): Promise<RequestBody> {
  return new Promise((resolve, reject) => {
    const collected = new Collected(budget, firstCapacity(announced, limits));
    const stopWatching = watchRate(
      limits,
      clock,
      () => collected.length,
      () => finishWith(tooSlow()),
    );

    function finishWith(error: Error | undefined, truncated = false): void {
      stopWatching();
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (error === undefined) {
        resolve({ bytes: collected.bytes(), truncated, limit: limits.maxBytes });
        return;
      }
      collected.drop();
      reject(error);
    }
    function onData(chunk: Buffer): void {
      const room = limits.maxBytes - collected.length;
      if (!collected.add(chunk.length > room ? chunk.subarray(0, room) : chunk)) {
        finishWith(overBudget());
      } else if (chunk.length > room) {
        request.pause();
        finishWith(undefined, true);
      }
    }
    function onEnd(): void {
      finishWith(undefined);
    }
    function onClose(): void {
      finishWith(clientGone());
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
    // It stands still where `begins` has waited for its first bytes.
    request.resume();
  });
}

/** Bytes of one body in one buffer of its own: small chunks must not pin the socket's large ones. */
class Collected {
  #buffer: Uint8Array;
  #budget: Budget;
  length = 0;

  constructor(budget: Budget, capacity: number) {
    this.#budget = budget;
    this.#buffer = new Uint8Array(capacity);
    budget.held += capacity;
  }

  /** Returns false when the budget has no room for the chunk. */
  add(chunk: Uint8Array): boolean {
    const needed = this.length + chunk.length;
    if (this.#budget.held > this.#budget.max) return false;
    if (needed > this.#buffer.length && !this.#grow(needed)) return false;
    this.#buffer.set(chunk, this.length);
    this.length = needed;
    return true;
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  drop(): void {
    this.#budget.held -= this.#buffer.length;
  }

  #grow(needed: number): boolean {
    const capacity = Math.max(needed, this.#buffer.length * 2);
    if (this.#budget.held - this.#buffer.length + capacity > this.#budget.max) return false;
    const larger = new Uint8Array(capacity);
    larger.set(this.#buffer.subarray(0, this.length));
    this.#budget.held += capacity - this.#buffer.length;
    this.#buffer = larger;
    return true;
  }
}

/** First size of the buffer: the announced length if it is small; a large claim must be earned by sending. */
function firstCapacity(announced: number, limits: BodyLimits): number {
  return Math.min(announced, limits.maxBytes, FIRST_BUFFER_BYTES);
}

function tooSlow(): RefusedRequest {
  return new RefusedRequest(408, 'the request body arrives too slowly');
}

function overBudget(): RefusedRequest {
  return new RefusedRequest(503, 'too many large requests are under way', {
    headers: [['Retry-After', '1']],
  });
}
