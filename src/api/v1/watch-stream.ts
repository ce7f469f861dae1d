/**
 * One subscription as server-sent events.
 *
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html; docs/watch.md. An event's ID is the place from
 * which to go on after it. In scope: the text, and patience with slow readers. Out of scope: what is told (watch/). State:
 * what was sent last.
 */

import type { Clock } from '../../http/clock.js';
import type { Outlet, ReplyStream } from '../../http/reply-stream.js';
import type { FollowerSink, Subscription } from '../../watch/follower.js';
import type { WatchEvent } from '../../watch/found-entry.js';
import type { SubscriptionPlace } from '../../watch/watch.js';

/** What a stream is made of. */
export interface WatchStreamOptions {
  readonly place: SubscriptionPlace;
  readonly from: number;
  treeSize(): number;
  readonly clock: Clock;
}

/** Bytes that a reader may leave untaken; then it is told from the store, when it has taken them. */
export const MAX_UNTAKEN_BYTES = 64 * 1024;

/** Time in which a reader that fell behind must have taken them, in milliseconds; then it is cut off. */
export const PATIENCE_MS = 30_000;

/** Time between signs of life, in milliseconds: proxies end what is silent for a minute. */
export const HEARTBEAT_MS = 15_000;

/** Time after which a client that was cut off comes again, in milliseconds. */
const RETRY_MS = 2_000;

/** Returns the stream of a subscription. */
export function watchStream(options: WatchStreamOptions): ReplyStream {
  const { place, from } = options;
  return {
    open(outlet) {
      const sink = new EventSink(outlet, options);
      const subscription = place.follow(from, sink);
      sink.keepAlive(subscription);
      void outlet.closed.then(() => subscription.close());
    },
    abandon: () => place.abandon(),
  };
}

class EventSink implements FollowerSink {
  readonly #outlet: Outlet;
  readonly #options: WatchStreamOptions;
  /** The last ID that was sent. */
  #next: number;
  #isEnded = false;
  #stopBeating: () => void = () => {};

  constructor(outlet: Outlet, options: WatchStreamOptions) {
    this.#outlet = outlet;
    this.#options = options;
    this.#next = options.from;
    outlet.write(`retry: ${RETRY_MS}\n${this.#position()}`);
  }

  keepAlive(subscription: Subscription): void {
    if (this.#isEnded) return;
    this.#stopBeating = this.#options.clock.after(HEARTBEAT_MS, () => {
      const { next } = subscription;
      if (next > this.#next) this.reached(next);
      else this.#outlet.write(':\n\n');
      this.keepAlive(subscription);
    });
  }

  take(index: number, events: readonly WatchEvent[]): boolean {
    this.#next = index + 1;
    // Whoever is cut off between two events of one entry must hear of that entry again.
    const idAt = (at: number) => (at === events.length - 1 ? index + 1 : index);
    this.#outlet.write(
      events
        .map((event, at) => `id: ${idAt(at)}\nevent: ${event.data.type}\ndata: ${event.json()}\n\n`)
        .join(''),
    );
    return this.#outlet.waitingBytes <= MAX_UNTAKEN_BYTES;
  }

  async ready(): Promise<boolean> {
    if (this.#outlet.waitingBytes > MAX_UNTAKEN_BYTES) {
      const callOff = this.#options.clock.after(PATIENCE_MS, () => this.#outlet.cut());
      await this.#outlet.drained();
      callOff();
    }
    return !this.#isEnded;
  }

  reached(next: number): void {
    if (next <= this.#next) return;
    this.#next = next;
    this.#outlet.write(this.#position());
  }

  ended(): void {
    this.#isEnded = true;
    this.#stopBeating();
    this.#outlet.end();
  }

  #position(): string {
    const data = JSON.stringify({ next: this.#next, treeSize: this.#options.treeSize() });
    return `id: ${this.#next}\nevent: position\ndata: ${data}\n\n`;
  }
}
