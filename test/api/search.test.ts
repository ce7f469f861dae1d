import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogError } from '../../src/errors.js';
import { createFakeLog } from './fake-log.js';
import { startApp } from './started-app.js';

const RETRIEVE = '/api/v1/index/retrieve';

test('a search that too many entries match is refused, and the log is told the bound', async (t) => {
  const active = createFakeLog();
  active.search = async (_keys, _operator, most) => {
    throw new LogError('SEARCH_TOO_WIDE', `more than ${most} entries match: narrow the search`);
  };
  const app = await startApp(t, { shards: { active, inactive: [] } });
  const answer = await app.post(RETRIEVE, '{"email":"a@example.org"}');
  assert.equal(answer.status, 400);
  assert.equal(
    answer.body,
    '{"code":400,"message":"more than 100000 entries match: narrow the search"}\n',
  );
});

test('a search that finds no turn is to be tried again', async (t) => {
  const active = createFakeLog();
  active.search = async () => {
    throw new LogError('OVERLOADED', '64 searches wait already');
  };
  const app = await startApp(t, { shards: { active, inactive: [] } });
  const answer = await app.post(RETRIEVE, '{"email":"a@example.org"}');
  assert.equal(answer.status, 503);
  assert.equal(answer.headers['retry-after'], '1');
});

test('a search finds the entries of every log', async (t) => {
  const logs = [['a1'], ['b1', 'b2'], ['c1']].map((found) =>
    Object.assign(createFakeLog(), { search: async () => found }),
  );
  const [active, ...inactive] = logs;
  assert.ok(active !== undefined);
  const app = await startApp(t, { shards: { active, inactive } });
  const answer = await app.post(RETRIEVE, '{"email":"a@example.org"}');
  assert.deepEqual((JSON.parse(answer.body) as string[]).sort(), ['a1', 'b1', 'b2', 'c1']);
});
