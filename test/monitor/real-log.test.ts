import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
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

interface Address {
  readonly url: string;
  /** The server that is behind it. */
  upstream: string;
}

/** One address, behind which one server can be put in the place of another: what a log does that shows two views. */
async function addressOf(t: TestContext, upstream: string): Promise<Address> {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { method = 'GET', headers } = request;
    const answer = await fetch(`${address.upstream}${request.url}`, {
      method,
      headers: { 'content-type': headers['content-type'] ?? 'application/json' },
      ...(method === 'POST' && { body: Buffer.concat(pieces) }),
    });
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const port = (server.address() as AddressInfo).port;
  const address: Address = { url: `http://127.0.0.1:${port}`, upstream };
  return address;
}

test('a log of Stele that shows another history, or an older one, is caught through either API', async (t) => {
  const folder = temporaryFolder(t);
  const first = join(folder, 'first');
  const early = await start(t, first);
  const pem = await (await fetch(`${early.url}/api/v1/log/publicKey`)).text();
  for (let at = 0; at < 7; at++) {
    assert.equal((await submit(early.url, `${at}`)).status, 201);
    assert.equal((await submitV2(early.url, `${at}`)).status, 201);
  }
  await early.close();
  // The same keys and entries; from here on two logs of one origin.
  for (const name of ['forked', 'old']) cpSync(first, join(folder, name), { recursive: true });
  const [honest, forked, old] = [
    await start(t, first),
    await start(t, join(folder, 'forked')),
    await start(t, join(folder, 'old')),
  ];
  for (let at = 0; at < 5; at++) {
    await submit(honest.url, `honest ${at}`);
    await submitV2(honest.url, `honest ${at}`);
  }
  for (let at = 0; at < 9; at++) {
    await submit(forked.url, `forked ${at}`);
    await submitV2(forked.url, `forked ${at}`);
  }
  const address = await addressOf(t, honest.url);
  const { url } = address;
  const logs = [
    { url, api: 'rekor-v1', key: pem, start: 'oldest' },
    { url: `${url}/logs/${honest.treeID}`, key: pem, start: 'oldest' },
    { url, key: pem, start: 'oldest' },
  ];
  const scene = monitorScene(t);
  const poll = async () => {
    const { verdict, events, warnings } = await scene.poll({ logs });
    assert.deepEqual(warnings, []);
    return [verdict, ...events.map((event) => event.type === 'tampering' && event.kind)];
  };
  assert.deepEqual(await poll(), [0]);
  address.upstream = forked.url;
  assert.deepEqual(await poll(), [1, 'fork', 'fork', 'fork']);
  address.upstream = old.url;
  assert.deepEqual(await poll(), [1, 'shrunk', 'shrunk', 'shrunk']);
  address.upstream = honest.url;
  assert.deepEqual(await poll(), [0]);
});
