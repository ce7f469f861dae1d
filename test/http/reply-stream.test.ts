import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Outlet } from '../../src/http/reply-stream.js';
import { type Route, route } from '../../src/http/route.js';
import { ADAPTERS, serveRoutes } from './served-routes.js';

interface Opened {
  readonly outlets: Outlet[];
  abandoned: number;
  /** Resolves when the next stream is opened. */
  next(): Promise<Outlet>;
}

function streamRoute(): { readonly route: Route; readonly opened: Opened } {
  let tell: (outlet: Outlet) => void = () => {};
  const opened: Opened = {
    outlets: [],
    abandoned: 0,
    next: () =>
      new Promise((resolve) => {
        tell = resolve;
      }),
  };
  return {
    opened,
    route: route<undefined>({
      method: 'GET',
      path: '/stream',
      head: true,
      hot: true,
      produces: ['text/event-stream'],
      noCache: true,
      measured: false,
      read: () => undefined,
      handle: async () => ({
        status: 200,
        contentType: 'text/event-stream',
        stream: {
          open(outlet) {
            opened.outlets.push(outlet);
            tell(outlet);
          },
          abandon() {
            opened.abandoned++;
          },
        },
      }),
    }),
  };
}

async function served(t: TestContext, adapter: (typeof ADAPTERS)[number]) {
  const { route: streaming, opened } = streamRoute();
  const server = await serveRoutes([streaming], adapter);
  t.after(() => server.close());
  return { url: `${server.url}/stream`, opened };
}

for (const adapter of ADAPTERS) {
  test(`a stream is heard piece by piece until its handler ends it (${adapter})`, async (t) => {
    const { url, opened } = await served(t, adapter);
    const response = await fetch(url);
    assert.equal(response.headers.get('content-length'), null);
    const [outlet] = opened.outlets;
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    outlet?.write('one\n');
    assert.equal((await reader?.read())?.value, 'one\n');
    outlet?.write('two\n');
    assert.equal((await reader?.read())?.value, 'two\n');
    outlet?.end();
    assert.equal((await reader?.read())?.done, true);
    await outlet?.closed;
    outlet?.write('into the void');
  });

  test(`whoever asks for the head gets no stream (${adapter})`, async (t) => {
    const { url, opened } = await served(t, adapter);
    const response = await fetch(url, { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-length'), null);
    assert.deepEqual(opened.outlets, []);
    assert.equal(opened.abandoned, 1);
  });
}

test('a client that goes away closes its stream', async (t) => {
  const { url, opened } = await served(t, 'fast');
  const next = opened.next();
  const outgoing = request(url).on('error', () => {});
  outgoing.end();
  const outlet = await next;
  outgoing.destroy();
  await outlet.closed;
});

test('what a client does not take is counted, and is waited for until it is gone', async (t) => {
  const { url, opened } = await served(t, 'fast');
  const next = opened.next();
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
    socket.pause();
    socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
  });
  t.after(() => socket.destroy());
  const outlet = await next;
  const piece = 'x'.repeat(1 << 20);
  for (let sent = 0; sent < 64; sent++) outlet.write(piece);
  assert.ok(outlet.waitingBytes > 1 << 20);
  const drained = outlet.drained();
  outlet.cut();
  await drained;
  await outlet.closed;
});
