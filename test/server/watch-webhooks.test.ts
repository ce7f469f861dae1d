import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { signatureOf } from '../../src/delivery/webhook.js';
import { isLogError } from '../../src/errors.js';
import { composeServer } from '../../src/server/compose.js';
import { configFor, start, submit, submitV2, temporaryFolder } from './scene.js';

const SECRET = '0123456789abcdef';

interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver on a port of its own, which can go away and come back there. */
class Receiver {
  readonly got: Call[] = [];
  /** What is answered; undefined: nothing at all. */
  status: number | undefined = 200;
  #server: Server | undefined;
  #port = 0;
  #wake: () => void = () => {};

  async open(): Promise<void> {
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      this.got.push({ headers: request.headers, body });
      if (this.status !== undefined) response.writeHead(this.status).end();
      this.#wake();
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  async hears(count: number): Promise<void> {
    while (this.got.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get ids(): string[] {
    return this.got.map(({ body }) => JSON.parse(body).id);
  }
}

async function scene(t: TestContext, rules: object = {}) {
  const folder = temporaryFolder(t);
  mkdirSync(folder, { recursive: true });
  const receiver = new Receiver();
  await receiver.open();
  t.after(() => receiver.close());
  const file = join(folder, 'watch.json');
  writeFileSync(join(folder, 'secret'), SECRET);
  const webhook = {
    url: receiver.url,
    secretFile: 'secret',
    deadLetters: 'dead.jsonl',
    allowPrivateAddresses: true,
  };
  const document = { watch: [{ name: 'all', everything: true }], logs: 'v1', webhook, ...rules };
  writeFileSync(file, JSON.stringify(document));
  const data = join(folder, 'data');
  const flags = [`--watch-config=${file}`, '--watch=false'];
  return { receiver, data, flags, dead: join(folder, 'dead.jsonl'), file };
}

async function added(response: Response | Promise<Response>): Promise<void> {
  assert.equal((await response).status, 201);
}

test('a webhook is told of new entries, signed, with or without the streams', async (t) => {
  const { receiver, data, flags } = await scene(t);
  const { url, metricsUrl } = await start(t, data, ...flags);
  assert.equal((await fetch(`${url}/api/v1/watch`)).status, 404);
  await added(submit(url, 'one'));
  await receiver.hears(1);
  const [call] = receiver.got as [Call];
  const event = JSON.parse(call.body);
  assert.equal(event.specversion, '1.0');
  assert.equal(event.type, 'dev.stele.watch.match.v1');
  assert.equal(event.id, `${event.data.origin}/0/all`);
  assert.equal(event.source, url.replace('127.0.0.1', 'localhost'));
  assert.equal((await fetch(url + event.data.path)).status, 200);
  const { headers } = call;
  const signature = signatureOf(
    Buffer.from(SECRET),
    String(headers['webhook-id']),
    Number(headers['webhook-timestamp']),
    call.body,
  );
  assert.equal(headers['webhook-signature'], signature);
  const metrics = await (await fetch(metricsUrl)).text();
  assert.match(metrics, /^stele_watch_undelivered_total\{webhook="http:[^"]*hook"\} 0$/m);
  assert.match(metrics, /^stele_watch_webhook_lag_entries\{/m);
});

test('what was written while the receiver or the server was away is delivered afterwards', async (t) => {
  const { receiver, data, flags } = await scene(t, { logs: ['v1', 'v2'] });
  const first = await start(t, data, ...flags);
  await added(submit(first.url, 'one'));
  await receiver.hears(1);
  // It takes the connection and never answers: a stop does not wait for it.
  receiver.status = undefined;
  await added(submit(first.url, 'two'));
  await receiver.hears(2);
  await first.close();
  // Written while nobody watches.
  const without = await start(t, data);
  await added(submit(without.url, 'three'));
  await added(submitV2(without.url, 'four'));
  await without.close();
  receiver.status = 200;
  await start(t, data, ...flags);
  await receiver.hears(5);
  const [one, two, ...rest] = receiver.ids as [string, string, ...string[]];
  assert.match(one, /\/0\/all$/);
  assert.match(two, /\/1\/all$/);
  assert.deepEqual(rest.sort(), ['localhost/1/all', two, two.replace('/1/', '/2/')].sort());
});

test('what is refused for good is a dead letter, and the next event is delivered', async (t) => {
  const { receiver, data, flags, dead } = await scene(t);
  const { url } = await start(t, data, ...flags);
  receiver.status = 410;
  await added(submit(url, 'one'));
  await receiver.hears(1);
  while (!existsSync(dead)) await new Promise((resolve) => setImmediate(resolve));
  receiver.status = 200;
  await added(submit(url, 'two'));
  await receiver.hears(2);
  assert.match(JSON.parse(readFileSync(dead, 'utf8')).id, /\/0\/all$/);
});

test('a webhook may begin with the oldest entry, and is not told of what is ours', async (t) => {
  const allow = [{ name: 'ours', kind: 'hashedrekord' }];
  const { receiver, data, flags, file } = await scene(t, { start: 'oldest', allow });
  const before = await start(t, data);
  await added(submit(before.url, 'one'));
  await before.close();
  const quiet = await start(t, data, ...flags);
  await quiet.close();
  assert.deepEqual(receiver.got, []);
  // Another place: another URL. The rules are read anew at each start.
  const document = JSON.parse(readFileSync(file, 'utf8'));
  document.allow = [];
  document.webhook.url += '?other';
  writeFileSync(file, JSON.stringify(document));
  await start(t, data, ...flags);
  await receiver.hears(1);
  assert.match(receiver.ids[0] ?? '', /\/0\/all$/);
});

test('a server with a watch that cannot be is not started', async (t) => {
  const { data, flags, file } = await scene(t);
  const text = readFileSync(file, 'utf8');
  const refused = (code: 'CONFIG_INVALID' | 'STORE_CORRUPT') =>
    assert.rejects(composeServer(configFor(data, ...flags)), (error) => isLogError(error, code));
  writeFileSync(file, 'watch: [');
  await refused('CONFIG_INVALID');
  writeFileSync(
    file,
    text.replace('"allowPrivateAddresses":true', '"allowPrivateAddresses":false'),
  );
  await refused('CONFIG_INVALID');
  rmSync(file);
  await refused('CONFIG_INVALID');
});
