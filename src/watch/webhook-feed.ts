/**
 * One log followed for one webhook of the operator.
 *
 * Each event is delivered by itself, in the order of the log; then the place moves, on disk. A receiver that is away holds up
 * nobody: a few events wait here, the rest is in the log and is read again. In scope: what waits, the place. Out of scope:
 * attempts and dead letters (delivery/). State: the events that wait.
 */

import { type CloudEvent, cloudEvent, type Webhook } from '../delivery/webhook.js';
import { isLogError } from '../errors.js';
import type { CursorFile } from './cursor-file.js';
import type { FollowerSink, Subscription } from './follower.js';
import type { WatchEvent } from './found-entry.js';

/** What a feed is made of. */
export interface WebhookFeedOptions {
  readonly webhook: Webhook;
  readonly cursor: CursorFile;
  /** Calls `action` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, action: () => void): () => void;
  /** Told why an event, or the place, could not be written; it is tried again. */
  trouble(error: unknown): void;
}

/** Figures of a feed, as they are now. */
export interface WebhookStatistics {
  readonly delivered: number;
  /** Index of the first entry of which not all was delivered. */
  readonly next: number;
}

/** Events that wait in memory; the rest waits in the log. */
const MAX_WAITING = 64;

/** Time after which the place of a feed that finds nothing is written, in milliseconds. */
const SAVE_EVERY_MS = 60_000;

/** Time after which what failed here is tried again, in milliseconds. */
const PAUSE_MS = 5_000;

interface Delivery {
  /** Undefined: nothing was found up to there. */
  readonly event: WatchEvent | undefined;
  /** The place when it is done. */
  readonly next: number;
}

/** A feed; `start` begins it. */
export class WebhookFeed {
  readonly #options: WebhookFeedOptions;
  readonly #waiting: Delivery[] = [];
  #subscription: Subscription | undefined;
  #running: Promise<void> = Promise.resolve();
  #isEnded = false;
  #delivered = 0;
  /** Called when something waits, or nothing will. */
  #wake: () => void = () => {};
  /** Called when nothing waits any more. */
  #whenEmpty: (() => void)[] = [];

  constructor(options: WebhookFeedOptions) {
    this.#options = options;
  }

  /** Begins to deliver; `follow` begins to tell a sink of all from the place on. */
  start(follow: (from: number, sink: FollowerSink) => Subscription): void {
    this.#subscription = follow(this.#options.cursor.next, {
      take: (index, events) => this.#take(index, events),
      ready: () => this.#ready(),
      reached: (next) => this.#put({ event: undefined, next }),
      ended: () => this.#end(),
    });
    this.#running = this.#run();
  }

  /** Returns figures; costs nothing. */
  statistics(): WebhookStatistics {
    const { next } = this.#options.cursor;
    return { delivered: this.#delivered, next: this.#isIdle ? this.#reached : next };
  }

  /** Resolves when nothing is delivered any more, and the place is on disk. The log must have ended the feed. */
  async close(): Promise<void> {
    this.#subscription?.close();
    await this.#running;
  }

  #take(index: number, events: readonly WatchEvent[]): boolean {
    for (const [at, event] of events.entries()) {
      this.#put({ event, next: at === events.length - 1 ? index + 1 : index });
    }
    return this.#waiting.length < MAX_WAITING;
  }

  #put(delivery: Delivery): void {
    const last = this.#waiting.at(-1);
    // Of places alone the last one counts.
    if (last !== undefined && last.event === undefined) this.#waiting.pop();
    this.#waiting.push(delivery);
    this.#wake();
  }

  async #ready(): Promise<boolean> {
    while (this.#waiting.length > 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    }
    return !this.#isEnded;
  }

  #end(): void {
    this.#isEnded = true;
    this.#wake();
    this.#tellEmpty();
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** How far the log was read, when nothing waits. */
  get #reached(): number {
    return Math.max(this.#options.cursor.next, this.#subscription?.next ?? 0);
  }

  async #run(): Promise<void> {
    while (!this.#isEnded) {
      const [first] = this.#waiting;
      try {
        if (first === undefined) {
          await this.#rest(SAVE_EVERY_MS);
          if (this.#isIdle) await this.#options.cursor.save(this.#reached);
        } else {
          await this.#deliver(first);
          if (this.#waiting[0] === first) this.#waiting.shift();
          if (this.#isIdle) this.#tellEmpty();
        }
      } catch (error) {
        if (isLogError(error, 'SHUTTING_DOWN')) break;
        this.#options.trouble(error);
        await this.#rest(PAUSE_MS);
      }
    }
    // What was read and held nothing need not be read again; what waits is.
    if (this.#isIdle) await this.#options.cursor.save(this.#reached).catch(this.#options.trouble);
  }

  async #deliver({ event, next }: Delivery): Promise<void> {
    if (event !== undefined) {
      await this.#options.webhook.deliver(watchEvent(event.data));
      this.#delivered++;
    }
    await this.#options.cursor.save(next);
  }

  /** Resolves after this time, or when there is something to do. */
  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#options.after(ms, resolve);
      this.#wake = () => {
        callOff();
        resolve();
      };
    });
  }

  #tellEmpty(): void {
    for (const tell of this.#whenEmpty.splice(0)) tell();
  }
}

function watchEvent(data: WatchEvent['data']): CloudEvent {
  const { id, type, log, origin, integratedTime } = data;
  const name = `dev.stele.watch.${type}.v1`;
  const at = new Date(integratedTime * 1000);
  return cloudEvent({ id, source: log, type: name, subject: origin, at, data });
}
