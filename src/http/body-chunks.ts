/**
 * A body as it comes, chunk by chunk, of any length. Who sends faster than is taken waits in the socket.
 *
 * In scope: when it ends. Out of scope: what it means. State: the chunk that nobody has taken yet.
 */

import type { Readable } from 'node:stream';
import { type BodyLimits, clientGone, watchRate } from './body-rate.js';
import type { Clock } from './clock.js';

type Step = IteratorResult<Uint8Array, undefined>;

/** The chunks of one body, once. Not a generator: who has had enough must not wait for a chunk that may never come. */
export class BodyChunks implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #request: Readable;
  readonly #limits: BodyLimits;
  readonly #clock: Clock;
  #waiting:
    | { readonly resolve: (step: Step) => void; readonly reject: (error: Error) => void }
    | undefined;
  #received = 0;
  #next: Uint8Array | undefined;
  #end: Error | 'ended' | undefined;
  /** Undefined before the first chunk was asked for: until then the request is left alone. */
  #stop: (() => void) | undefined;

  /** A body that is too slow, or takes too long, ends where it is. */
  constructor(request: Readable, limits: BodyLimits, clock: Clock) {
    this.#request = request;
    this.#limits = limits;
    this.#clock = clock;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    const chunk = this.#next;
    if (chunk !== undefined) {
      this.#next = undefined;
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#end === 'ended') return Promise.resolve(DONE);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#stop ??= this.#begin();
      this.#request.resume();
    });
  }

  /** Leaves the rest of the body in the request. */
  return(): Promise<Step> {
    if (this.#waiting !== undefined) this.#request.pause();
    this.#next = undefined;
    this.#finish('ended');
    return Promise.resolve(DONE);
  }

  #begin(): () => void {
    const request = this.#request;
    const onData = (chunk: Buffer): void => this.#take(chunk);
    const onEnd = (): void => this.#finish('ended');
    const onClose = (): void => this.#finish(clientGone());
    const stopWatching = watchRate(this.#limits, this.#clock, () => this.#received, onEnd);
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
    return () => {
      stopWatching();
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    };
  }

  #take(chunk: Uint8Array): void {
    this.#received += chunk.length;
    this.#request.pause();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#next = chunk;
    else waiting.resolve({ done: false, value: chunk });
  }

  #finish(how: Error | 'ended'): void {
    if (this.#end !== undefined) return;
    this.#end = how;
    this.#stop?.();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (how === 'ended') waiting?.resolve(DONE);
    else waiting?.reject(how);
  }
}

const DONE: Step = { done: true, value: undefined };
