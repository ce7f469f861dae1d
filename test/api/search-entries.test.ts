import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LogError } from '../../src/errors.js';
import type { TermSearch } from '../../src/log/log.js';
import { createFakeLog, type FakeLog } from './fake-log.js';
import { startApp } from './started-app.js';

const SEARCH = '/api/v1/search';

interface Page {
  readonly results: readonly { readonly entryID: string; readonly logIndex: number }[];
  readonly next?: string;
  readonly hint?: string;
  readonly total?: { readonly count: number; readonly isExact: boolean };
  readonly treeSize: number;
}

interface ShownEntry {
  readonly body: string;
  readonly logIndex: number;
  readonly verification: { readonly inclusionProof: { readonly logIndex: number } };
}

async function write(log: FakeLog, count: number): Promise<void> {
  const { treeSize } = log.statistics();
  for (let n = treeSize; n < treeSize + count; n++) {
    await log.submit({ kind: 'hashedrekord', apiVersion: '0.0.1', spec: { n } });
  }
}

/** Remembers what the log is asked. */
function watchSearches(log: FakeLog): TermSearch[] {
  const asked: TermSearch[] = [];
  const search = log.searchByTerms;
  log.searchByTerms = (wanted) => {
    asked.push(wanted);
    return search(wanted);
  };
  return asked;
}

/** Returns what a log is asked first. */
async function askOf(t: TestContext, query: string): Promise<TermSearch | undefined> {
  const log = createFakeLog();
  await write(log, 1);
  const asked = watchSearches(log);
  const app = await startApp(t, { shards: { active: log, inactive: [] } });
  await app.send('GET', `${SEARCH}?${query}`);
  return asked[0];
}

test('conditions are joined by `and`, each value of a repeated one too; `or` takes any of them', async (t) => {
  const terms = (search: TermSearch | undefined) =>
    search?.groups.map((group) => group.map(({ field, value }) => `${field}=${value}`));
  assert.deepEqual(terms(await askOf(t, 'digest=sha256:AA&email=A@b&email=c@d')), [
    ['digest=sha256:aa'],
    ['email=a@b'],
    ['email=c@d'],
  ]);
  assert.deepEqual(terms(await askOf(t, 'digest=sha256:AA&email=A@b&operator=or')), [
    ['digest=sha256:aa', 'email=a@b'],
  ]);
});

test('an identity is one condition, whatever kind of name it is', async (t) => {
  const fields = (search: TermSearch | undefined) =>
    search?.groups.map((group) => group.map(({ field }) => field));
  const names = ['email', 'uri', 'dns', 'other-name'];
  assert.deepEqual(fields(await askOf(t, 'identity=X&identity=y&ref=z')), [names, names, ['ref']]);
  assert.deepEqual(fields(await askOf(t, 'identity=X&ref=z&operator=or')), [[...names, 'ref']]);
});

test('bare hex is a digest of the algorithm that its length tells', async (t) => {
  for (const [length, algorithms] of [
    [40, ['sha1', 'gitcommit']],
    [64, ['sha256']],
    [96, ['sha384']],
    [128, ['sha512']],
  ] as const) {
    const hex = 'A'.repeat(length);
    const search = await askOf(t, `digest=${hex}`);
    const expected = algorithms.map((name) => `${name}:${hex.toLowerCase()}`);
    assert.deepEqual(
      search?.groups.map((group) => group.map(({ value }) => value)),
      [expected],
    );
  }
});

const REFUSED: readonly (readonly [query: string, status: number, code: number, about: RegExp])[] =
  [
    ['', 422, 602, /^at least one of \[kind digest /],
    ['operator=or&limit=3', 422, 602, /in query is required$/],
    ['emial=a@b', 422, 606, /^emial in query should be one of \[kind digest /],
    ['kind=dsse&Kind=dsse', 422, 606, /^Kind in query/],
    ['kind=dsse&constructor=x', 422, 606, /^constructor in query/],
    ['kind=dse', 422, 606, /^kind in query should be one of \[alpine /],
    ['email=', 422, 604, /^email in query should be at least 1 chars long$/],
    ['email', 422, 604, /^email in query/],
    [`email=${'x'.repeat(4_097)}`, 422, 603, /^email in query should be at most 4096 chars long$/],
    ['email=%ff', 422, 601, /^email in query must be of type string: "\\xff"$/],
    ['kind=dsse&email=a;b', 400, 400, /semicolon/],
    ['kind=dsse&email=%zz', 400, 400, /escape/],
    ['digest=abc', 422, 605, /^digest in query should match/],
    ['digest=sha256:', 422, 605, /^digest in query should match/],
    ['key=abc', 422, 605, /^key in query should match/],
    ['signature=sha256:abc', 422, 605, /^signature in query should match/],
    ['kind=dsse&operator=xor', 422, 606, /^operator in query should be one of \[and or\]$/],
    ['kind=dsse&order=up', 422, 606, /^order in query should be one of \[newest oldest\]$/],
    ['kind=dsse&include=all', 422, 606, /^include in query should be one of \[entries\]$/],
    ['kind=dsse&count=yes', 422, 601, /^count in query must be of type bool: "yes"$/],
    ['kind=dsse&limit=0', 422, 609, /^limit in query should be greater than or equal to 1$/],
    ['kind=dsse&limit=101', 422, 608, /^limit in query should be less than or equal to 100$/],
    ['kind=dsse&limit=many', 422, 601, /^limit in query must be of type int64: "many"$/],
    ['kind=dsse&cursor=x', 422, 605, /^cursor in query/],
    ['kind=dsse&cursor=5.5.0123456789abcdef', 422, 605, /^cursor in query/],
    ['ref=a&'.repeat(33), 422, 611, /^terms in query should have at most 32 items$/],
  ];

test('what cannot be meant is refused by name, and the log is not asked', async (t) => {
  const active = createFakeLog();
  const asked = watchSearches(active);
  const app = await startApp(t, { shards: { active, inactive: [] } });
  for (const [query, status, code, about] of REFUSED) {
    const answer = await app.send('GET', `${SEARCH}?${query}`);
    assert.equal(answer.status, status, query.slice(0, 80));
    const body = JSON.parse(answer.body) as { code: number; message: string };
    assert.equal(body.code, code, query.slice(0, 80));
    assert.match(body.message, about);
  }
  assert.deepEqual(asked, []);
  for (const query of ['ref=a&'.repeat(32), 'kind=dsse&limit=100', `email=${'x'.repeat(4_096)}`]) {
    assert.equal((await app.send('GET', `${SEARCH}?${query}`)).status, 200, query.slice(0, 80));
  }
});

for (const order of ['newest', 'oldest'] as const) {
  test(`pages go over all logs as over one row, from the ${order} on, while entries are written`, async (t) => {
    const logs = [createFakeLog(1n), createFakeLog(2n), createFakeLog(3n)] as const;
    const [first, second, active] = logs;
    await write(first, 7);
    await write(second, 1);
    await write(active, 12);
    const app = await startApp(t, { shards: { active, inactive: [first, second] } });
    for (const limit of [1, 3, 7, 8, 20]) {
      const size = 8 + active.statistics().treeSize;
      const found: number[] = [];
      const ids = new Set<string>();
      for (let next: string | undefined = ''; next !== undefined; ) {
        const cursor: string = next === '' ? '' : `&cursor=${next}`;
        const query = `kind=dsse&order=${order}&limit=${limit}&count=true${cursor}`;
        const page = JSON.parse((await app.send('GET', `${SEARCH}?${query}`)).body) as Page;
        assert.equal(page.treeSize, size);
        assert.deepEqual(page.total, { count: size, isExact: true });
        for (const { logIndex, entryID } of page.results) {
          found.push(logIndex);
          ids.add(entryID);
        }
        next = page.next;
        await write(active, 2);
      }
      const all = Array.from({ length: size }, (_, i) => i);
      assert.deepEqual(found, order === 'oldest' ? all : all.reverse(), `limit ${limit}`);
      assert.equal(ids.size, size);
    }
  });
}

for (const order of ['newest', 'oldest'] as const) {
  test(`the log of the v2 API is searched too, in the order of time, from the ${order} on`, async (t) => {
    const [active, ofV2] = [createFakeLog(1n), createFakeLog(2n)] as const;
    await write(active, 7);
    await write(ofV2, 4);
    const app = await startApp(t, { shards: { active, inactive: [], ofV2 } });
    // Both logs give their entries the times 0, 1, 2, …; the v1 log is the first of those of one second.
    const all = [0, 1, 2, 3].flatMap((i) => [`1:${i}`, `2:${i}`]).concat(['1:4', '1:5', '1:6']);
    const newest = ['1:6', '1:5', '1:4', ...[3, 2, 1, 0].flatMap((i) => [`1:${i}`, `2:${i}`])];
    for (const limit of [1, 2, 3, 5, 11, 20]) {
      const found: string[] = [];
      for (let next: string | undefined = ''; next !== undefined; ) {
        const cursor: string = next === '' ? '' : `&cursor=${next}`;
        const query = `kind=dsse&order=${order}&limit=${limit}&count=true${cursor}`;
        const page = JSON.parse((await app.send('GET', `${SEARCH}?${query}`)).body) as Page;
        assert.equal(page.treeSize, 11);
        assert.deepEqual(page.total, { count: 11, isExact: true });
        for (const { logIndex, entryID } of page.results) {
          found.push(`${Number.parseInt(entryID.slice(0, 16), 16)}:${logIndex}`);
        }
        next = page.next;
      }
      assert.deepEqual(found, order === 'oldest' ? all : newest, `limit ${limit}`);
    }
  });
}

test('a cursor is good for its own search alone', async (t) => {
  const app = await startApp(t);
  await write(app.log, 5);
  const { next } = JSON.parse((await app.send('GET', `${SEARCH}?kind=dsse&limit=2`)).body) as Page;
  const send = async (query: string) =>
    (await app.send('GET', `${SEARCH}?${query}&cursor=${next}`)).status;
  assert.equal(await send('kind=dsse&limit=1&include=entries&count=true'), 200);
  for (const query of [
    'kind=jar',
    'kind=dsse&order=oldest',
    'kind=dsse&operator=or',
    'kind=dsse&ref=x',
  ]) {
    assert.equal(await send(query), 422, query);
  }
  const shorter = await startApp(t);
  await write(shorter.log, 2);
  const answer = await shorter.send('GET', `${SEARCH}?kind=dsse&limit=2&cursor=${next}`);
  assert.equal(answer.status, 422);
});

test('results carry their kind, and their whole entry when asked to', async (t) => {
  const app = await startApp(t);
  await app.log.submit({ kind: 'dsse', apiVersion: '0.0.1', spec: { note: 'attested' } });
  const full = JSON.parse(
    (await app.send('GET', `${SEARCH}?kind=dsse&include=entries`)).body,
  ) as Page & { results: { entry: object }[] };
  const single = await app.send('GET', '/api/v1/log/entries?logIndex=0');
  assert.deepEqual(full.results[0]?.entry, JSON.parse(single.body));
  const bare = await app.send('GET', `${SEARCH}?kind=dsse`);
  assert.ok(!bare.body.includes('"entry":'));
  assert.equal(bare.headers['cache-control'], single.headers['cache-control']);
});

test('with several logs an entry shows the index that its result has, and its proof that of its own log', async (t) => {
  const [first, active] = [createFakeLog(1n), createFakeLog(2n)];
  await write(first, 3);
  // The same entries once more: both are there, each with the ID and the index of its own log.
  await write(active, 2);
  const app = await startApp(t, { shards: { active, inactive: [first] } });
  const { results } = JSON.parse(
    (await app.send('GET', `${SEARCH}?kind=dsse&order=oldest&include=entries`)).body,
  ) as { results: { logIndex: number; entryID: string; entry: Record<string, ShownEntry> }[] };
  const shown = results.map(({ entryID, entry }) => entry[entryID] as ShownEntry);
  assert.deepEqual(
    shown.map(({ logIndex }) => logIndex),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(
    shown.map(({ logIndex }) => logIndex),
    results.map(({ logIndex }) => logIndex),
  );
  assert.deepEqual(
    shown.map(({ verification }) => verification.inclusionProof.logIndex),
    [0, 1, 2, 0, 1],
  );
  assert.equal(new Set(results.map(({ entryID }) => entryID)).size, 5);
  assert.equal(new Set(shown.map(({ body }) => body)).size, 3);
});

test('a search that finds nothing says what is missing and what it could have asked', async (t) => {
  const app = await startApp(t);
  await write(app.log, 1);
  const hintOf = async (query: string) =>
    (JSON.parse((await app.send('GET', `${SEARCH}?${query}`)).body) as Page).hint;
  const none = 'digest=sha256:none';
  assert.match(
    (await hintOf(none)) ?? '',
    /^No entry has digest=sha256:none\. A digest is found as/,
  );
  assert.match((await hintOf(`${none}&ref=x`)) ?? '', /^No entry has digest=sha256:none\. /);
  assert.ok(!((await hintOf(`${none}&ref=x`)) ?? '').includes('ref=x'));
  assert.equal(await hintOf('ref=x'), undefined);
});

test('what the log refuses comes out as it does everywhere', async (t) => {
  const active = createFakeLog();
  await write(active, 1);
  const app = await startApp(t, { shards: { active, inactive: [] } });
  active.searchByTerms = async () => {
    throw new LogError('SEARCH_TOO_WIDE', '5 index rows were read');
  };
  const wide = await app.send('GET', `${SEARCH}?kind=dsse`);
  assert.equal(wide.body, '{"code":400,"message":"5 index rows were read"}\n');
  active.searchByTerms = async () => {
    throw new LogError('OVERLOADED', '64 searches wait already');
  };
  const busy = await app.send('GET', `${SEARCH}?kind=dsse`);
  assert.equal(busy.status, 503);
  assert.equal(busy.headers['retry-after'], '1');
});

test('the switch of the index governs the search too, and neither it nor its answers are measured', async (t) => {
  const app = await startApp(t);
  await app.send('GET', `${SEARCH}?kind=dsse`);
  assert.ok(!(await app.registry.metrics()).includes(SEARCH));
  const off = await startApp(t, { enabledEndpoints: new Set(['getLogInfo']) });
  const answer = await off.send('GET', `${SEARCH}?kind=dsse`);
  assert.equal(answer.status, 501);
  assert.match(answer.body, /Search Index API not enabled/);
});
