import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  HEARTBEAT_MS,
  MAX_UNTAKEN_BYTES,
  PATIENCE_MS,
  watchStream,
} from '../../src/api/v1/watch-stream.js';
import type { Clock } from '../../src/http/clock.js';
import type { Outlet } from '../../src/http/reply-stream.js';
import type { FollowerSink } from '../../src/watch/follower.js';
import type { WatchEvent } from '../../src/watch/found-entry.js';
import { Watch } from '../../src/watch/watch.js';
import { manualClock } from '../http/manual-clock.js';
import { describe, leafOf } from '../watch/made-leaves.js';
import { EventStream } from './event-stream.js';
import { startApp } from './started-app.js';

const ALICE = leafOf({ email: ['alice@x'], issuer: ['https://i'] });
const BOB = leafOf({ email: ['bob@x'], issuer: ['https://i'] });

/** An app with a watch over two logs that grow when they are told to. */
interface Settings {
  readonly maxSubscribers?: number;
  readonly adapter?: 'fast' | 'express';
}

async function scene(t: TestContext, { maxSubscribers = 10, adapter = 'fast' }: Settings = {}) {
  const logs = { v1: [] as Uint8Array[], v2: [] as Uint8Array[] };
  const sourceOf = (treeID: bigint, leaves: readonly Uint8Array[]) => ({
    treeID,
    origin: `log ${treeID}`,
    firstIndex: 0,
    url: () => 'https://log.example',
    treeSize: () => leaves.length,
    entries: async (from: number, to: number) =>
      leaves
        .slice(from, to)
        .map((leaf, at) => ({ index: from + at, leaf, integratedTimeSeconds: 9 })),
  });
  const watch = new Watch({
    sources: [sourceOf(1n, logs.v1), sourceOf(2n, logs.v2)],
    describe,
    maxSubscribers,
    nowMs: () => 0,
    pause: async () => {},
    trouble: (error) => assert.fail(`${error}`),
  });
  const clock = manualClock();
  const app = await startApp(t, { watch: { watch, v1: 1n, v2: 2n }, adapter, clock });
  t.after(() => watch.close());
  return {
    app,
    watch,
    clock,
    /** Commits leaves to a log. */
    add(api: 'v1' | 'v2', ...leaves: Uint8Array[]): void {
      const from = logs[api].length;
      logs[api].push(...leaves);
      watch.released(api === 'v1' ? 1n : 2n, {
        from,
        leaves: leaves.map((bytes) => ({ hash: bytes, bytes, indexKeys: [] })),
        head: { integratedTimeSeconds: 9 } as never,
        edge: [] as never,
        fullTiles: [],
        durationMs: 0,
      });
    },
    url: (path: string) => `http://127.0.0.1:${app.port}${path}`,
    open: (path: string, request: Parameters<typeof EventStream.open>[2] = {}) =>
      EventStream.open(t, `http://127.0.0.1:${app.port}${path}`, request),
  };
}

for (const adapter of ['fast', 'express'] as const) {
  test(`a subscription hears of what is new, and of nothing before (${adapter})`, async (t) => {
    const { open, add } = await scene(t, { adapter });
    add('v1', BOB);
    const stream = await open('/api/v1/watch');
    assert.equal(stream.status, 200);
    assert.deepEqual(await stream.next(), {
      id: '1',
      event: 'position',
      data: { next: 1, treeSize: 1 },
    });
    add('v1', ALICE);
    add('v2', BOB);
    const event = await stream.next();
    assert.equal(event?.id, '2');
    assert.equal(event?.event, 'match');
    assert.equal(event?.data['id'], 'log 1/1/everything');
    assert.equal(event?.data['index'], 1);
    assert.match(JSON.stringify(event?.data['signer']), /"names":\["alice@x"\]/);
  });
}

test('each API tells of its own log', async (t) => {
  const { open, add } = await scene(t);
  const stream = await open('/api/v2/watch');
  await stream.next();
  add('v1', ALICE);
  add('v2', BOB);
  assert.equal((await stream.next())?.data['origin'], 'log 2');
});

test('conditions in the query: one name once or several times, patterns, OIDs', async (t) => {
  const { open, add } = await scene(t);
  add('v1', ALICE, BOB, leafOf({ email: ['carol@y'] }));
  const found = async (query: string): Promise<unknown[]> => {
    const stream = await open(`/api/v1/watch?from=0&${query}`);
    const indexes: unknown[] = [];
    for (let event = await stream.next(); ; event = await stream.next()) {
      if (event?.event === 'match') indexes.push(event.data['index']);
      if (event?.id === '3') break;
    }
    stream.close();
    return indexes;
  };
  assert.deepEqual(await found('san=alice%40x'), [0]);
  assert.deepEqual(await found('san=alice@x&san=carol@y'), [0, 2]);
  assert.deepEqual(await found('email=ALICE@X&issuer=https://i'), [0]);
  assert.deepEqual(await found('email=alice@x&issuer=https://j'), []);
  assert.deepEqual(await found('email-pattern=%40x%24'), [0, 1]);
  assert.deepEqual(await found('email-pattern=^alice&email=bob@x'), [0, 1]);
  assert.deepEqual(await found('kind=hashedrekord'), [0, 1, 2]);
  assert.deepEqual(await found('1.2.3.4=x'), []);
  assert.deepEqual(await found('kind=rpm&digest=sha256:AA&key=aa'), []);
  assert.deepEqual(await found(''), [0, 1, 2]);
});

test('rules in a body, with what is allowed', async (t) => {
  const { open, add } = await scene(t);
  add('v1', ALICE, BOB);
  const stream = await open('/api/v1/watch?from=0', {
    method: 'POST',
    body: { allow: [{ name: 'ours', email: 'alice@x' }] },
  });
  assert.equal((await stream.nextEntry())?.data['index'], 1);
  const named = await open('/api/v2/watch?from=0', {
    method: 'POST',
    body: { watch: [{ name: 'mine', san: [{ pattern: '^bob' }] }] },
  });
  add('v2', ALICE, BOB);
  assert.equal((await named.nextEntry())?.data['rule'], 'mine');
});

test('a client that was cut off goes on where it was, whatever its URL says', async (t) => {
  const { open, add } = await scene(t);
  add('v1', ALICE, BOB, ALICE);
  const stream = await open('/api/v1/watch?from=0', { headers: { 'Last-Event-ID': '2' } });
  assert.equal((await stream.nextEntry())?.data['index'], 2);
  const first = await open('/api/v1/watch?from=1');
  assert.equal((await first.nextEntry())?.data['index'], 1);
});

test('of several events of one entry only the last one goes beyond it', async (t) => {
  const { open, add } = await scene(t);
  add('v1', ALICE);
  const watch = [
    { name: 'a', email: 'alice@x' },
    { name: 'b', everything: true },
  ];
  const stream = await open('/api/v1/watch?from=0', { method: 'POST', body: { watch } });
  const ids = [await stream.nextEntry(), await stream.nextEntry()].map((event) => event?.id);
  assert.deepEqual(ids, ['0', '1']);
});

test('what is malformed is refused, and the refusal names it', async (t) => {
  const { app } = await scene(t);
  const post = (body: string, path = '/api/v1/watch') =>
    app.send('POST', path, { 'Content-Type': 'application/json' }, body);
  const pattern = `san-pattern=${encodeURIComponent('(')}`;
  for (const [query, named] of [
    ['sann=x', 'sann'],
    ['san', 'san'],
    ['san=', 'san'],
    ['san=%ff', 'san'],
    ['san=%zz', 'escape'],
    [`san=${'x'.repeat(4_097)}`, 'san'],
    [pattern, 'san'],
    ['san-pattern=(?=a)', 'san'],
    ['everything=true', 'everything'],
    [`digest=${'a'.repeat(64)}`, 'digest'],
    ['key=-----BEGIN', 'key'],
    ['kind=hashdrekord', 'kind'],
    ['1.2.x=1', '1.2.x'],
    ['from=-1', 'from'],
    ['from=1.5', 'from'],
    ['from=', 'from'],
    ['from=01', 'from'],
    ['from=99999999999999999999', 'from'],
    ['from=1', 'from'],
    ['from=0&from=0', 'from'],
    [Array.from({ length: 17 }, (_, at) => `san-pattern=${at}`).join('&'), 'patterns'],
    [Array.from({ length: 1_001 }, (_, at) => `san=${at}`).join('&'), 'values'],
  ] as const) {
    for (const api of ['v1', 'v2']) {
      const { status, body } = await app.send('GET', `/api/${api}/watch?${query}`);
      assert.equal(status, 400, `${query} ${body}`);
      assert.ok((JSON.parse(body) as { message: string }).message.includes(named), body);
    }
  }
  for (const id of ['x', '-1', '1e3', '2']) {
    const { status, body } = await app.send('GET', '/api/v1/watch', { 'Last-Event-ID': id });
    assert.equal(status, 400, body);
  }
  for (const [body, named] of [
    ['', 'body'],
    ['[]', 'body'],
    ['null', 'body'],
    ['{"watch":[}', 'JSON'],
    ['{"wach":[]}', 'wach'],
    ['{"watch":[{"san":7}]}', 'watch[0].san'],
    ['{"allow":[{"san":{"file":"/etc/passwd"}}]}', 'allow[0].san'],
    ['{"watch":[{"extensions":{"x":"y"}}]}', 'watch[0].extensions'],
    [`{"watch":${JSON.stringify(Array(33).fill({ kind: 'rpm' }))}}`, 'watch'],
  ] as const) {
    const answer = await post(body);
    assert.equal(answer.status, 400, answer.body);
    assert.ok(answer.body.includes(named), answer.body);
  }
  assert.equal((await post('{}', '/api/v1/watch?san=a')).status, 400);
  assert.equal((await post(`{"watch":[],"x":"${'x'.repeat(70_000)}"}`)).status, 413);
  const accept = await app.send('GET', '/api/v1/watch', { Accept: 'application/json' });
  assert.equal(accept.status, 406);
});

test('one subscriber too many is told to come again, and a place that becomes free is given', async (t) => {
  const { app, open, watch } = await scene(t, { maxSubscribers: 2 });
  const first = await open('/api/v1/watch');
  await open('/api/v2/watch');
  for (const api of ['v1', 'v2']) {
    const { status, headers } = await app.send('GET', `/api/${api}/watch`);
    assert.equal(status, 503);
    assert.ok(Number(headers['retry-after']) > 0);
  }
  assert.deepEqual([watch.statistics().subscribers, watch.statistics().refused], [2, 2]);
  first.close();
  while (watch.statistics().subscribers > 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await open('/api/v1/watch')).status, 200);
});

test('who asks for the head, or is refused, takes no place', async (t) => {
  const { app, watch } = await scene(t, { maxSubscribers: 1 });
  for (let round = 0; round < 3; round++) {
    const head = await app.send('HEAD', '/api/v1/watch', { Origin: 'https://page.example' });
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-type'], 'text/event-stream');
    assert.equal(head.headers['access-control-allow-origin'], '*');
    assert.equal((await app.send('GET', '/api/v1/watch?san-pattern=(')).status, 400);
  }
  assert.equal(watch.statistics().subscribers, 0);
});

test('without a watch its paths are not there', async (t) => {
  const app = await startApp(t);
  assert.equal((await app.send('GET', '/api/v1/watch')).status, 404);
  assert.equal((await app.send('POST', '/api/v2/watch')).status, 404);
});

test('a silent log shows that it is alive, and how far it has come', async (t) => {
  const { open, add, clock } = await scene(t);
  const stream = await open('/api/v1/watch?san=nobody');
  await stream.next();
  clock.advance(HEARTBEAT_MS);
  await stream.hears('\n:\n\n');
  add('v1', ALICE, BOB);
  // The entries are told, to nobody, before the next sign of life.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  clock.advance(HEARTBEAT_MS);
  assert.deepEqual(await stream.next(), {
    id: '2',
    event: 'position',
    data: { next: 2, treeSize: 2 },
  });
});

test('a closed watch ends its streams', async (t) => {
  const { open, watch, app } = await scene(t);
  const stream = await open('/api/v1/watch');
  watch.close();
  await stream.over();
  assert.equal((await app.send('GET', '/api/v1/watch')).status, 503);
});

/** A client that takes what it is told to take. */
class SlowOutlet implements Outlet {
  waitingBytes = 0;
  isCut = false;
  isEnded = false;
  readonly closed: Promise<void>;
  #drained: () => void = () => {};
  #close: () => void = () => {};

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  write(text: string): void {
    this.waitingBytes += text.length;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  takeAll(): void {
    this.waitingBytes = 0;
    this.#drained();
  }

  end(): void {
    this.isEnded = true;
  }

  cut(): void {
    this.isCut = true;
    this.#drained();
    this.#close();
  }
}

/** Opens a stream to a client, and returns whom the watch would tell. */
function openedSink(outlet: Outlet, clock: Clock): FollowerSink {
  const told: { sink?: FollowerSink } = {};
  const place = {
    follow(_: number, sink: FollowerSink) {
      told.sink = sink;
      return { next: 0, close: () => sink.ended() };
    },
    abandon: () => {},
  };
  watchStream({ place, from: 0, treeSize: () => 0, clock }).open(outlet);
  return told.sink as FollowerSink;
}

test('a reader that is too slow is told no more until it has taken what it was sent, and is cut off in the end', async () => {
  const clock = manualClock();
  const outlet = new SlowOutlet();
  const sink = openedSink(outlet, clock);
  const event = { data: { type: 'match' }, json: () => 'x'.repeat(MAX_UNTAKEN_BYTES) };
  const events = [event as unknown as WatchEvent];
  assert.equal(sink.take(0, events), false);
  const ready = sink.ready();
  clock.advance(PATIENCE_MS - 1);
  outlet.takeAll();
  assert.equal(await ready, true);
  assert.equal(sink.take(1, events), false);
  clock.advance(PATIENCE_MS - 1);
  assert.equal(outlet.isCut, false);
  const never = sink.ready();
  clock.advance(PATIENCE_MS);
  await never;
  await outlet.closed;
  assert.deepEqual([outlet.isCut, outlet.isEnded], [true, true]);
});
