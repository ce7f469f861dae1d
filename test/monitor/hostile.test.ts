import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { utf8 } from '../../src/encoding/bytes.js';
import { httpReader, UnreachableLogError } from '../../src/monitor/http-reader.js';
import { hashedrekordLeaf } from '../client/made-log.js';
import { monitorScene } from './scene.js';
import { TileServer } from './tile-server.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function served(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const read = httpReader({
  timeoutMs: 60_000,
  attempts: 1,
  pause: () => Promise.resolve(),
  userAgent: 'test',
  signal: undefined,
});

/** Writes the same piece for ever, as fast as it is read. */
function endless(response: ServerResponse, piece: Uint8Array): void {
  const more = (): void => {
    while (!response.destroyed && response.write(piece)) {}
  };
  response.on('drain', more);
  more();
}

test('an answer without an end is given up at its bound, packed or not', async (t) => {
  const zeros = gzipSync(Buffer.alloc(10_000_000));
  const url = await served(t, (request, response) => {
    if (request.url === '/bomb') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(zeros);
    } else {
      response.writeHead(200);
      endless(response, Buffer.alloc(65_536));
    }
  });
  for (const path of ['/endless', '/bomb']) {
    await assert.rejects(
      read({ url: url + path, maxBytes: 1_000_000 }),
      (error) => error instanceof UnreachableLogError && error.isFinal,
    );
  }
});

test('an answer that leads elsewhere is followed nowhere', async (t) => {
  let wasFollowed = false;
  const elsewhere = await served(t, (_, response) => {
    wasFollowed = true;
    response.end('secret');
  });
  const url = await served(t, (_, response) => {
    response.writeHead(302, { location: elsewhere }).end();
  });
  await assert.rejects(read({ url, maxBytes: 100 }), UnreachableLogError);
  assert.equal(wasFollowed, false);
});

test('an answer that drips is given up when its time is over', async (t) => {
  const url = await served(t, (_, response) => {
    response.writeHead(200);
    response.write('x');
  });
  const impatient = httpReader({
    timeoutMs: 50,
    attempts: 2,
    pause: () => Promise.resolve(),
    userAgent: 'test',
    signal: undefined,
  });
  await assert.rejects(impatient({ url, maxBytes: 100 }), /no answer within 50 ms/);
});

test('a monitor that is to stop waits for no answer, and sends no request any more', async (t) => {
  const stop = new AbortController();
  let asked = 0;
  const url = await served(t, (_, response) => {
    asked++;
    response.writeHead(200);
    response.write('x');
    stop.abort();
  });
  const stopped = httpReader({
    timeoutMs: 60_000,
    attempts: 4,
    pause: () => Promise.resolve(),
    userAgent: 'test',
    signal: stop.signal,
  });
  for (let round = 0; round < 2; round++) {
    await assert.rejects(stopped({ url, maxBytes: 100 }), /the monitor is stopping/);
  }
  assert.equal(asked, 1);
});

test('what a stranger wrote is quoted at a bounded length', async (t) => {
  const log = await logOf(t, 3);
  log.answer = log.checkpoint().replaceAll('tiles.example', 'x'.repeat(20_000));
  const { verdict, events } = await monitorScene(t).poll(configOf(log));
  assert.equal(verdict, 1);
  assert.ok(JSON.stringify(events).length < 8_000);
});

test('large answers that come at one time are all read, one after the other', async (t) => {
  const large = Buffer.alloc(6 * 1024 * 1024, 7);
  const url = await served(t, (_, response) => void response.end(large));
  const request = { url, maxBytes: large.length };
  const answers = await Promise.all(Array.from({ length: 5 }, () => read(request)));
  assert.deepEqual(
    answers.map((answer) => answer.length),
    answers.map(() => large.length),
  );
});

async function logOf(t: TestContext, size: number): Promise<TileServer> {
  const log = await new TileServer().start(t);
  const leaf = hashedrekordLeaf(utf8('again'));
  for (let at = 0; at < size; at++) log.leaves.push(leaf);
  return log;
}

function configOf({ url, key }: TileServer) {
  return { logs: [{ url, key: key.vkey, start: 'oldest' }] };
}

test('bundles and tiles of another length are operational, and the place stays', async (t) => {
  const log = await logOf(t, 300);
  const scene = monitorScene(t);
  assert.equal((await scene.poll(configOf(log))).verdict, 0);
  while (log.leaves.length < 600) log.leaves.push(hashedrekordLeaf(utf8('more')));
  const bundle = Buffer.from(log.resource('tile/entries/001'));
  const tile = Buffer.from(log.resource('tile/0/001'));
  for (const [path, other] of [
    ['tile/0/001', tile.subarray(0, 31)],
    ['tile/0/001', Buffer.alloc(0)],
    ['tile/entries/001', bundle.subarray(0, -1)],
    ['tile/entries/001', bundle.subarray(0, bundle.length >> 1)],
    ['tile/entries/001', Buffer.concat([bundle, bundle])],
    ['tile/entries/001', Buffer.alloc(0)],
  ] as const) {
    log.instead = (asked) => (asked === path ? other : undefined);
    assert.equal((await scene.poll(configOf(log))).verdict, 3, path);
  }
  log.instead = () => undefined;
  assert.equal((await scene.poll(configOf(log))).verdict, 0);
});

test('a tree whose size no number can hold is operational', async (t) => {
  const log = await logOf(t, 3);
  for (const size of [2n ** 53n, 2n ** 63n - 1n, 2n ** 64n]) {
    log.answer = undefined;
    log.answer = log.checkpointOf(size);
    const { verdict, warnings } = await monitorScene(t).poll(configOf(log));
    assert.equal(verdict, 3, warnings.join());
  }
});

test('a million values are looked for at the price of one', async (t) => {
  const log = await logOf(t, 500);
  const lines = Array.from(
    { length: 999_999 },
    (_, at) => `sha256:${at.toString(16).padStart(64, '0')}`,
  );
  const [own] = log.leaves;
  const { spec } = JSON.parse(Buffer.from(own as Uint8Array).toString()) as {
    spec: { data: { hash: { value: string } } };
  };
  lines.push(`sha256:${spec.data.hash.value}`);
  const scene = monitorScene(t, { 'digests.txt': lines.join('\n') });
  const watch = [{ name: 'ours', digest: { file: 'digests.txt' } }];
  const { events, verdict } = await scene.poll({ ...configOf(log), watch });
  assert.equal(verdict, 4);
  assert.equal(events.length, 500);
});
