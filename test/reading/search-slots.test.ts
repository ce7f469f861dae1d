import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { SearchSlots } from '../../src/reading/search-slots.js';

/** A search that goes on until it is told how it ends. */
interface HeldSearch {
  readonly name: string;
  readonly result: Promise<string>;
  end(error?: Error): void;
}

function begin(slots: SearchSlots, begun: string[], name: string): HeldSearch {
  let end: HeldSearch['end'] = () => {};
  const held = new Promise<string>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve(name) : reject(error));
  });
  const result = slots.run(() => {
    begun.push(name);
    return held;
  });
  result.catch(() => undefined);
  return { name, result, end: (error) => end(error) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('searches run a few at a time, the others wait in order', async () => {
  const slots = new SearchSlots(2, 10);
  const begun: string[] = [];
  const searches = ['a', 'b', 'c', 'd'].map((name) => begin(slots, begun, name));
  const [a, b, c, d] = searches as [HeldSearch, HeldSearch, HeldSearch, HeldSearch];
  await turn();
  assert.deepEqual(begun, ['a', 'b']);
  b.end();
  assert.equal(await b.result, 'b');
  // One that comes just now does not overtake those that wait.
  const e = begin(slots, begun, 'e');
  await turn();
  assert.deepEqual(begun, ['a', 'b', 'c']);
  a.end();
  c.end();
  await turn();
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e']);
  d.end();
  e.end();
  assert.deepEqual(await Promise.all([d.result, e.result]), ['d', 'e']);
});

test('a search that fails gives its place to the next', async () => {
  const slots = new SearchSlots(1, 10);
  const begun: string[] = [];
  const first = begin(slots, begun, 'first');
  const second = begin(slots, begun, 'second');
  first.end(new Error('the store is gone'));
  await assert.rejects(first.result, /the store is gone/);
  await turn();
  assert.deepEqual(begun, ['first', 'second']);
  second.end();
  await second.result;
  assert.equal(await slots.run(async () => 'third'), 'third');
});

test('a search is refused when too many wait', async () => {
  const slots = new SearchSlots(1, 2);
  const begun: string[] = [];
  const held = ['a', 'b', 'c'].map((name) => begin(slots, begun, name));
  await assert.rejects(
    slots.run(async () => 'd'),
    (error) => isLogError(error, 'OVERLOADED'),
  );
  for (const search of held) search.end();
  await Promise.all(held.map(({ result }) => result));
  assert.equal(await slots.run(async () => 'd'), 'd');
});
