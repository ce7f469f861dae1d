/**
 * Findings as CloudEvents, each posted by itself. docs/monitor.md says what is in them.
 *
 * In scope: not to wait for a receiver that is away again and again: a log with ten thousand findings must not keep the
 * monitor from its work for days. State: until when the receiver is taken to be away.
 */

import { type CloudEvent, cloudEvent, type Webhook } from '../delivery/webhook.js';
import { appendLines } from '../files/durable-file.js';
import type { FindingSink } from './finding-sink.js';
import type { MonitorEvent } from './monitor-event.js';

/** What the sink needs beside the webhook. */
export interface WebhookSinkOptions {
  /** The webhook's own file for what nobody took. */
  readonly deadLetters: string;
  readonly now: () => Date;
  /** Called for every event that went there unsent. */
  readonly gaveUp: (id: string, reason: string) => void;
}

/** A delivery that took so long found nobody; those of the next minute go to the dead letters unsent. */
const LONG_MS = 5_000;
const AWAY_MS = 60_000;

/** Returns a sink that hands every finding to a webhook, one after the other. */
export function webhookSink(webhook: Webhook, options: WebhookSinkOptions): FindingSink {
  const { deadLetters, now, gaveUp } = options;
  let awayUntilMs = 0;
  return {
    async take(events, at) {
      for (const event of events) {
        const startedMs = now().getTime();
        if (startedMs < awayUntilMs) {
          await appendLines(deadLetters, [JSON.stringify(findingEvent(event, at))]);
          gaveUp(event.id, 'the receiver was away a moment ago');
          continue;
        }
        await webhook.deliver(findingEvent(event, at));
        const endedMs = now().getTime();
        if (endedMs - startedMs >= LONG_MS) awayUntilMs = endedMs + AWAY_MS;
      }
    },
  };
}

function findingEvent(event: MonitorEvent, at: Date): CloudEvent {
  const { id, type, log, origin } = event;
  const name = `dev.stele.monitor.${type}.v1`;
  return cloudEvent({ id, source: log, type: name, subject: origin, at, data: event });
}
