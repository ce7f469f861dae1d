/** Findings as CloudEvents, each posted by itself. docs/monitor.md says what is in them. No state. */

import type { CloudEvent, Webhook } from '../delivery/webhook.js';
import type { FindingSink } from './finding-sink.js';
import type { MonitorEvent } from './monitor-event.js';

/** Returns a sink that hands every finding to a webhook, one after the other. */
export function webhookSink(webhook: Webhook): FindingSink {
  return {
    async take(events, at) {
      for (const event of events) await webhook.deliver(cloudEvent(event, at));
    },
  };
}

function cloudEvent(event: MonitorEvent, at: Date): CloudEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source: event.log,
    type: `dev.stele.monitor.${event.type}.v1`,
    subject: event.origin,
    time: at.toISOString(),
    datacontenttype: 'application/json',
    data: event,
  };
}
