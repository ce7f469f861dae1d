import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventStream } from '../api/event-stream.js';
import { startWitness } from '../publishing/fake-witness.js';
import { policyText } from '../publishing/witnessing.js';
import { packageRoot } from '../vectors.js';
import { start, submit, submitV2, temporaryFolder } from './scene.js';

async function answered(
  response: Response,
): Promise<{ readonly [id: string]: { logIndex: number } }> {
  assert.equal(response.status, 201);
  return response.json() as never;
}

test('an entry is told of as soon as it was answered, and is found where the event says', async (t) => {
  const { url } = await start(t, temporaryFolder(t));
  const stream = await EventStream.open(t, `${url}/api/v1/watch?kind=hashedrekord`);
  await stream.next();
  const entries = await answered(await submit(url, 'one'));
  const [entryID] = Object.keys(entries);
  const event = await stream.nextEntry();
  assert.equal(event?.data['entryID'], entryID);
  assert.equal(event?.data['log'], url.replace('127.0.0.1', 'localhost'));
  const found = await fetch(`${url}${event?.data['path']}`);
  assert.deepEqual(Object.keys((await found.json()) as object), [entryID]);
  assert.match(String(event?.data['origin']), / - \d+$/);
});

test('entries of the v2 API are told of at its own path, the first one of the log too', async (t) => {
  const { url } = await start(t, temporaryFolder(t));
  const stream = await EventStream.open(t, `${url}/api/v2/watch?from=0`);
  assert.equal((await stream.nextEntry())?.data['index'], 0);
  await answered(await submitV2(url, 'two'));
  const event = await stream.nextEntry();
  assert.equal(event?.data['index'], 1);
  assert.equal(event?.data['origin'], 'localhost');
  const found = await fetch(`${url}${event?.data['path']}`);
  assert.equal(found.status, 200);
  assert.match(await found.text(), /"logIndex":"1"/);
});

test('a server that stops ends its streams at once, and a client goes on after the next start', async (t) => {
  const folder = temporaryFolder(t);
  const first = await start(t, folder);
  const stream = await EventStream.open(t, `${first.url}/api/v1/watch`);
  await stream.next();
  await answered(await submit(first.url, 'one'));
  const id = (await stream.nextEntry())?.id ?? '';
  // In place of a watch on the clock: sockets are cut after a grace, and a stream that was ended ends whole.
  const [over] = await Promise.all([stream.next(), first.close()]);
  assert.equal(over, undefined);
  const second = await start(t, folder);
  await answered(await submit(second.url, 'two'));
  const again = await EventStream.open(t, `${second.url}/api/v1/watch`, {
    headers: { 'Last-Event-ID': id },
  });
  assert.equal((await again.nextEntry())?.data['index'], 1);
});

test('both logs in one tree are told of at both paths', async (t) => {
  const { url } = await start(t, temporaryFolder(t), '--v2-tree=shared');
  const streams = [
    await EventStream.open(t, `${url}/api/v1/watch`),
    await EventStream.open(t, `${url}/api/v2/watch`),
  ];
  for (const stream of streams) await stream.next();
  await answered(await submit(url, 'one'));
  await answered(await submitV2(url, 'two'));
  for (const stream of streams) {
    const paths = [await stream.nextEntry(), await stream.nextEntry()].map((event) =>
      String(event?.data['path']).slice(0, 7),
    );
    assert.deepEqual(paths, ['/api/v1', '/api/v2']);
  }
});

test('the watch can be switched off, and is bounded by an option', async (t) => {
  const off = await start(t, temporaryFolder(t), '--watch=false');
  assert.equal((await fetch(`${off.url}/api/v1/watch`)).status, 404);
  const { url, metricsUrl } = await start(t, temporaryFolder(t), '--watch-subscribers=1');
  await EventStream.open(t, `${url}/api/v1/watch`);
  assert.equal((await fetch(`${url}/api/v2/watch`)).status, 503);
  const metrics = await (await fetch(metricsUrl)).text();
  assert.match(metrics, /^stele_watch_subscribers 1$/m);
  assert.match(metrics, /^stele_watch_refused_total 1$/m);
  assert.match(metrics, /^stele_watch_lag_entries\{origin="localhost"\} 0$/m);
});

for (const mode of ['closed', 'open'] as const) {
  test(`a witnessed log tells of what is committed, published or not (${mode})`, async (t) => {
    const folder = temporaryFolder(t);
    const dead = await startWitness('w.example/1', 'slow');
    t.after(() => dead.close());
    const policy = join(folder, 'policy');
    writeFileSync(policy, policyText([dead], 1));
    const { url } = await start(
      t,
      join(folder, 'data'),
      `--witness-policy=${policy}`,
      '--witness-wait-ms=30',
      `--witness-mode=${mode}`,
    );
    const stream = await EventStream.open(t, `${url}/api/v2/watch`);
    await stream.next();
    assert.equal((await submitV2(url, 'two')).status, mode === 'closed' ? 503 : 201);
    assert.equal((await stream.nextEntry())?.data['index'], 1);
  });
}

/** The curl commands of docs/watch.md, as requests. */
function documentedRequests(): { readonly path: string; readonly body: string | undefined }[] {
  const page = readFileSync(join(packageRoot, 'docs', 'watch.md'), 'utf8');
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const commands = blocks
    .join('')
    .replace(/\\\n\s*/g, '')
    .split(/^(?=curl )/m);
  return commands.map((command) => {
    const path = /http:\/\/localhost:3000([^' ]*)/.exec(command)?.[1] ?? '';
    const pairs = [...command.matchAll(/--data-urlencode '([^=]+)=([^']*)'/g)].map(
      ([, name = '', value = '']) => `${name}=${encodeURIComponent(value)}`,
    );
    const [, body] = /-d '([^']*)'/.exec(command) ?? [];
    return { path: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`, body };
  });
}

test('the requests that the documentation shows are answered', async (t) => {
  const { url } = await start(t, temporaryFolder(t));
  const requests = documentedRequests();
  assert.equal(requests.length, 6);
  for (const { path, body } of requests) {
    const rules = body === undefined ? {} : { method: 'POST', body: JSON.parse(body) };
    const stream = await EventStream.open(t, url + path, rules);
    assert.equal(stream.status, 200, path);
    assert.equal((await stream.next())?.event, 'position');
  }
});
