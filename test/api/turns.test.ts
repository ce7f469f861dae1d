import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { createFakeLog } from './fake-log.js';
import { ENTRIES, startApp } from './started-app.js';

const CLIENTS = 12;
/** More than the share that submissions have of a turn. */
const COST_MS = 4;

test('submissions that arrive together are begun in several turns of the event loop', async (t) => {
  const log = createFakeLog();
  let inThisTurn = 0;
  let most = 0;
  let begun = 0;
  const submit: typeof log.submit = (proposed) => {
    if (inThisTurn++ === 0) setImmediate(() => setImmediate(() => (inThisTurn = 0)));
    most = Math.max(most, inThisTurn);
    begun++;
    for (const until = performance.now() + COST_MS; performance.now() < until; );
    return log.submit(proposed);
  };
  const { connect } = await startApp(t, { shards: { active: { ...log, submit }, inactive: [] } });
  const clients: Socket[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await connect());
  const answers = clients.map((client) => once(client, 'data') as Promise<[Buffer]>);
  for (const [i, client] of clients.entries()) {
    const json = JSON.stringify({ kind: 'hashedrekord', apiVersion: '0.0.1', spec: { n: i } });
    client.write(
      `POST ${ENTRIES} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`,
    );
  }
  for (const [answer] of await Promise.all(answers)) assert.match(`${answer}`, /^HTTP\/1.1 201/);
  assert.equal(begun, CLIENTS);
  // The counter is kept for two turns, and three may touch them.
  assert.ok(most <= 3, `${most} submissions began at once`);
});
