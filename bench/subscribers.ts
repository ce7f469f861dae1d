/**
 * Those who watch a log, all of them in this one process: each on a connection of its own, noting when it hears of which
 * entry, by the clock that all processes of a machine share.
 *
 * A program: bench/harness/subscribers-client.ts starts it and talks to it.
 */

import { connect } from 'node:net';
import { requestBytes } from './harness/connection.js';
import type { SubscribersTask } from './harness/subscribers-client.js';

const POSITION = 'event: position\n';
const ENTRY = /\nevent: match\ndata: .*?"index":(\d+),/g;

let heard: [index: number, ms: number][] = [];

process.on('message', (task: SubscribersTask) => {
  if ('targets' in task) void subscribe(task.url, task.targets);
  else if (task.ask === 'count') process.send?.(heard.length);
  else {
    process.send?.(heard);
    heard = [];
  }
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit(0));

async function subscribe(url: string, targets: readonly string[]): Promise<void> {
  for (const target of targets) await listen(url, target);
  process.send?.('ready');
}

/** Resolves when the subscription is there. */
function listen(url: string, target: string): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.setEncoding('latin1');
    let text = '';
    let isThere = false;
    socket.on('connect', () => socket.write(requestBytes('GET', target)));
    socket.on('error', reject);
    socket.on('data', (piece: string) => {
      const ms = sharedMs();
      text += piece;
      const end = text.lastIndexOf('\n\n');
      if (end < 0) return;
      for (const [, index] of text.slice(0, end).matchAll(ENTRY)) heard.push([Number(index), ms]);
      if (!isThere && text.includes(POSITION)) {
        isThere = true;
        resolve();
      }
      text = text.slice(end);
    });
  });
}

function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
