import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import type { MatchEvent } from '../../src/matching/match-event.js';
import { hashedrekordLeaf, logSigner } from '../client/made-log.js';
import { RekorServer, type Shard } from './rekor-server.js';
import { monitorScene } from './scene.js';

const ALL = [{ name: 'all', everything: true }];

test('shards of Rekor are followed across a rotation, and no entry around it is missed', async (t) => {
  const log = await new RekorServer().start(t);
  const scene = monitorScene(t);
  const config = {
    logs: [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem, start: 'oldest' }],
    watch: ALL,
  };
  const told = async () => {
    const { events, warnings } = await scene.poll(config);
    assert.deepEqual(warnings, []);
    return (events as unknown as MatchEvent[]).map((event) => [
      event.treeID,
      event.index,
      event.logIndex,
    ]);
  };
  assert.deepEqual(await told(), []);
  for (const text of ['a', 'b', 'c']) log.add(text);
  assert.deepEqual(await told(), [
    ['111', 0, 0],
    ['111', 1, 1],
    ['111', 2, 2],
  ]);
  log.add('last of the old shard');
  log.shards.push({ treeID: '222', leaves: [] });
  log.add('first of the new one');
  assert.deepEqual(await told(), [
    ['111', 3, 3],
    ['222', 0, 4],
  ]);
  for (let at = 0; at < 230; at++) log.add(`${at}`);
  const more = await told();
  assert.equal(more.length, 230);
  assert.deepEqual(more.at(-1), ['222', 230, 234]);
  assert.deepEqual(await told(), []);
});

test('a shard that is new in a log begun at its newest checkpoint is read from its first entry', async (t) => {
  const log = await new RekorServer().start(t);
  const scene = monitorScene(t);
  const config = {
    logs: [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem }],
    watch: ALL,
  };
  const told = async () =>
    ((await scene.poll(config)).events as unknown as MatchEvent[]).map(({ logIndex }) => logIndex);
  for (const text of ['a', 'b', 'c']) log.add(text);
  assert.deepEqual(await told(), []);
  log.add('last of the old shard');
  log.shards.push({ treeID: '222', leaves: [] });
  for (const text of ['first', 'second']) log.add(text);
  log.shards.push({ treeID: '333', leaves: [] });
  log.add('third shard');
  assert.deepEqual(await told(), [3, 4, 5, 6]);
});

test('an index to begin at counts over all shards, as logIndex does', async (t) => {
  const log = await new RekorServer().start(t);
  for (const text of ['a', 'b', 'c', 'd', 'e']) log.add(text);
  log.shards.push({ treeID: '222', leaves: [] });
  for (const text of ['f', 'g', 'h', 'i', 'j', 'k', 'l']) log.add(text);
  const from = async (start: number) => {
    const logs = [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem, start }];
    const { events } = await monitorScene(t).poll({ logs, watch: ALL });
    return (events as unknown as MatchEvent[])[0]?.logIndex;
  };
  assert.equal(await from(3), 3);
  assert.equal(await from(5), 5);
  assert.equal(await from(10), 10);
});

test('a frozen shard of Rekor that takes an entry, forks or is gone is caught', async (t) => {
  const log = await new RekorServer().start(t);
  const scene = monitorScene(t);
  const config = {
    logs: [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem, start: 'oldest' }],
  };
  log.add('old');
  log.shards.push({ treeID: '222', leaves: [] });
  log.add('new');
  assert.equal((await scene.poll(config)).verdict, 0);
  const kinds = async () => {
    const { events, verdict } = await scene.poll(config);
    assert.equal(verdict, 1);
    return events.map((event) => (event.type === 'tampering' ? event.kind : ''));
  };
  const [old] = log.shards as [Shard];
  old.leaves.push(hashedrekordLeaf(utf8('late')));
  assert.deepEqual(await kinds(), ['frozen']);
  old.leaves.pop();
  assert.equal((await scene.poll(config)).verdict, 0);
  old.leaves[0] = hashedrekordLeaf(utf8('another'));
  assert.deepEqual(await kinds(), ['fork']);
  log.shards.shift();
  assert.deepEqual(await kinds(), ['vanished']);
});

test('answers of Rekor that are damaged or hostile are operational, or tampering, and never clean', async (t) => {
  const log = await new RekorServer().start(t);
  for (let at = 0; at < 15; at++) log.add(`${at}`);
  const config = {
    logs: [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem, start: 'oldest' }],
  };
  const retrieve = '/api/v1/log/entries/retrieve';
  const hostile: [string, number, string, (answer: string) => string][] = [
    ['no JSON', 3, retrieve, () => '<html>'],
    ['nothing', 3, retrieve, () => '[]'],
    ['another entry', 3, retrieve, (answer) => answer.replace('"logIndex":3', '"logIndex":4')],
    ['no index', 3, retrieve, (answer) => answer.replace('"logIndex":3', '"logIndex":"x"')],
    [
      'another body',
      1,
      retrieve,
      (answer) => answer.replace(/"body":"[^"]{8}/, '"body":"eyJhcGlX'),
    ],
    [
      'no list',
      3,
      '/api/v1/log',
      (answer) => answer.replace('"inactiveShards":[]', '"inactiveShards":{}'),
    ],
    ['no tree', 3, '/api/v1/log', (answer) => answer.replace('"treeID":"111"', '"treeID":"x"')],
    [
      'another tree',
      1,
      '/api/v1/log',
      (answer) => answer.replace('"treeID":"111"', '"treeID":"112"'),
    ],
    ['no note', 3, '/api/v1/log', (answer) => answer.replace('"signedTreeHead"', '"other"')],
    [
      'text for a number',
      0,
      retrieve,
      (answer) => answer.replace('"logIndex":3', '"logIndex":"3"'),
    ],
  ];
  for (const [name, verdict, path, change] of hostile) {
    log.change = (asked, answer) => (asked === path ? change(answer) : answer);
    assert.equal((await monitorScene(t).poll(config)).verdict, verdict, name);
  }
});
