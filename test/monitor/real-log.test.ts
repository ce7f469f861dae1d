import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { start, submit, submitV2, temporaryFolder } from '../server/scene.js';
import { monitorScene } from './scene.js';

test('a log of Stele is followed through the v1 API, through its tiles, and the v2 log beside it', async (t) => {
  const server = await start(t, temporaryFolder(t));
  const pem = await (await fetch(`${server.url}/api/v1/log/publicKey`)).text();
  const logs = [
    { url: server.url, api: 'rekor-v1', key: pem },
    { url: `${server.url}/logs/${server.treeID}/`, key: pem },
    { url: server.url, key: pem },
  ];
  const digest = `sha256:${createHash('sha256').update('hi').digest('hex')}`;
  const watch = [{ name: 'hi', digest }];
  const scene = monitorScene(t);
  assert.equal((await scene.poll({ logs, watch })).verdict, 0);
  for (let at = 0; at < 25; at++) assert.equal((await submit(server.url, `${at}`)).status, 201);
  assert.equal((await submit(server.url, 'hi')).status, 201);
  assert.equal((await submitV2(server.url, 'hi')).status, 201);
  const { verdict, events, warnings } = await scene.poll({ logs, watch });
  assert.deepEqual(warnings, []);
  assert.equal(verdict, 4);
  assert.deepEqual(
    events.map((event) => `${event.type} ${event.log}`).sort(),
    logs.map(({ url }) => `match ${url}`).sort(),
  );
});
