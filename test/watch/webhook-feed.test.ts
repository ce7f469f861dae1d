import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CloudEvent } from '../../src/delivery/webhook.js';
import { isLogError, LogError } from '../../src/errors.js';
import { CursorFile } from '../../src/watch/cursor-file.js';
import type { FollowerSink } from '../../src/watch/follower.js';
import type { WatchEvent } from '../../src/watch/found-entry.js';
import { WebhookFeed } from '../../src/watch/webhook-feed.js';
import { manualClock } from '../http/manual-clock.js';

const NAME = { url: 'https://hooks.example/', treeID: '7' };

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-feed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function eventAt(index: number, rule = 'a'): WatchEvent {
  const data = {
    type: 'match',
    id: `log.example/${index}/${rule}`,
    log: 'https://log.example',
    origin: 'log.example',
    index,
    integratedTime: 1_700_000_000,
  };
  return { data: data as WatchEvent['data'], json: () => JSON.stringify(data) };
}

/** A feed whose deliveries end when they are told to. */
async function scene(folder: string, first = 0) {
  const got: CloudEvent[] = [];
  const settle: ((error?: Error) => void)[] = [];
  const troubles: unknown[] = [];
  const clock = manualClock();
  const state = { next: 0, isClosed: false };
  const cursor = await CursorFile.open(folder, NAME, first);
  const feed = new WebhookFeed({
    webhook: {
      deliver: (event) =>
        new Promise((resolve, reject) => {
          got.push(event);
          settle.push((error) => (error === undefined ? resolve() : reject(error)));
        }),
    },
    cursor,
    after: clock.after,
    trouble: (error) => troubles.push(error),
  });
  const told: { sink?: FollowerSink; from?: number } = {};
  feed.start((from, sink) => {
    Object.assign(told, { from, sink });
    state.next = from;
    return {
      get next() {
        return state.next;
      },
      close() {
        if (!state.isClosed) sink.ended();
        state.isClosed = true;
      },
    };
  });
  return {
    ...{ feed, got, troubles, clock, cursor, state },
    from: told.from as number,
    sink: told.sink as FollowerSink,
    /** Tells of an entry, as the log does. */
    tell(index: number, ...events: WatchEvent[]): boolean {
      state.next = index + 1;
      return (told.sink as FollowerSink).take(index, events);
    },
    /** Ends the delivery under way. */
    async settles(error?: Error): Promise<void> {
      while (settle.length === 0) await turn();
      settle.shift()?.(error);
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

const onDisk = (folder: string): number =>
  JSON.parse(readFileSync(join(folder, readdirSync(folder)[0] as string), 'utf8')).next;

test('events are delivered one after the other, and the place is on disk behind each', async (t) => {
  const folder = folderOf(t);
  const { feed, tell, got, settles, cursor } = await scene(folder);
  assert.equal(onDisk(folder), 0);
  tell(3, eventAt(3));
  tell(5, eventAt(5, 'a'), eventAt(5, 'b'));
  await until(() => got.length === 1);
  assert.equal(onDisk(folder), 0);
  await settles();
  await until(() => got.length === 2);
  assert.equal(onDisk(folder), 4);
  await settles();
  await until(() => got.length === 3);
  // The second event of the entry is still to come.
  assert.equal(onDisk(folder), 5);
  await settles();
  await until(() => cursor.next === 6);
  assert.equal(onDisk(folder), 6);
  assert.equal(feed.statistics().delivered, 3);
  assert.deepEqual(
    got.map(({ id, type, source, subject, time }) => [id, type, source, subject, time]),
    ['3/a', '5/a', '5/b'].map((id) => [
      `log.example/${id}`,
      'dev.stele.watch.match.v1',
      'https://log.example',
      'log.example',
      '2023-11-14T22:13:20.000Z',
    ]),
  );
  await feed.close();
});

test('a receiver that is away holds so many events, and the rest stays in the log', async (t) => {
  const { feed, tell, sink, settles, got } = await scene(folderOf(t));
  let index = 0;
  while (tell(index, eventAt(index))) index++;
  assert.ok(index < 100, `${index}`);
  let isReady = false;
  const ready = sink.ready().then((takes) => {
    isReady = takes;
  });
  for (let delivered = 0; delivered < index; delivered++) await settles();
  await until(() => got.length === index + 1);
  assert.equal(isReady, false);
  await settles();
  await ready;
  assert.equal(isReady, true);
  await feed.close();
});

test('what was under way at a stop is delivered again at the next start, with the same ID', async (t) => {
  const folder = folderOf(t);
  const first = await scene(folder);
  first.tell(8, eventAt(8));
  await until(() => first.got.length === 1);
  const closed = first.feed.close();
  await first.settles(new LogError('SHUTTING_DOWN', 'ended'));
  await closed;
  assert.equal(onDisk(folder), 0);
  const second = await scene(folder, 99);
  assert.equal(second.from, 0);
  second.tell(8, eventAt(8));
  await second.settles();
  await until(() => second.cursor.next === 9);
  assert.equal(second.got[0]?.id, first.got[0]?.id);
  await second.feed.close();
});

test('what was read and held nothing is on disk after a while, and at a stop', async (t) => {
  const folder = folderOf(t);
  const { feed, state, clock, cursor, sink } = await scene(folder, 2);
  sink.reached(130);
  await until(() => cursor.next === 130);
  state.next = 500;
  await until(() => clock.armed > 0);
  clock.advance(60_000);
  await until(() => cursor.next === 500);
  state.next = 700;
  await feed.close();
  assert.equal(onDisk(folder), 700);
});

test('an event whose dead letter cannot be written is tried again', async (t) => {
  const { feed, tell, settles, troubles, clock, cursor } = await scene(folderOf(t));
  tell(0, eventAt(0));
  await settles(new Error('no space'));
  await until(() => troubles.length === 1 && clock.armed > 0);
  clock.advance(5_000);
  await settles();
  await until(() => cursor.next === 1);
  await feed.close();
});

test('a place that is damaged, or of another webhook, is refused and not begun anew', async (t) => {
  const folder = folderOf(t);
  const { path } = await CursorFile.open(folder, NAME, 5);
  const isRefused = (error: unknown) => isLogError(error, 'STORE_CORRUPT');
  for (const text of ['', '{', 'null', '{"next":3}', `{"url":"x","treeID":"7","next":3}`]) {
    writeFileSync(path, text);
    await assert.rejects(CursorFile.open(folder, NAME, 5), isRefused, text);
  }
  for (const next of [-1, 1.5, '3']) {
    writeFileSync(path, JSON.stringify({ ...NAME, next }));
    await assert.rejects(CursorFile.open(folder, NAME, 5), isRefused);
  }
  rmSync(path);
  assert.equal((await CursorFile.open(folder, NAME, 6)).next, 6);
  assert.equal((await CursorFile.open(folder, NAME, 7)).next, 6);
});
