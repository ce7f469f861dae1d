import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CpuProfile,
  callsBetween,
  roomOf,
  rooms,
  topFunctions,
} from '../../bench/harness/cpu-profile.js';

const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: id },
  children,
});

/** A thread that starts, idles, then hashes twice, in calls that V8 tells apart by their position. */
const PROFILE: CpuProfile = {
  startTime: 1000,
  nodes: [
    node(1, '(root)', '', [2, 3, 4, 6]),
    node(2, 'start', 'file:///x/dist/src/server/main.js'),
    node(3, '(idle)', ''),
    node(4, 'submit', 'file:///x/dist/src/log/log.js', [5]),
    node(5, 'hash', 'node:internal/crypto/hash'),
    node(6, 'submit', 'file:///x/dist/src/log/log.js', [7]),
    node(7, 'hash', 'node:internal/crypto/hash'),
  ],
  samples: [2, 3, 4, 5, 7, 3],
  timeDeltas: [100, 100, 10, 20, 30, 40],
};

test('a window leaves out what was before and after, and idling altogether', () => {
  const root = callsBetween(PROFILE, 1150, 1300);
  assert.equal(root.total, 60);
  assert.deepEqual(
    root.calls.map(({ name }) => name),
    ['submit'],
  );
});

test('calls of one function from one place are one call', () => {
  const [submit] = callsBetween(PROFILE, 1150, 1300).calls;
  assert.deepEqual([submit?.self, submit?.total, submit?.room], [10, 60, 'log']);
  assert.deepEqual(
    submit?.calls.map(({ name, room, self }) => [name, room, self]),
    [['hash', 'Node', 50]],
  );
});

test('sums are by own time, the largest first, and add up to everything', () => {
  const root = callsBetween(PROFILE, 0, Number.MAX_VALUE);
  assert.deepEqual(
    rooms(root).map(({ room, share }) => [room, share]),
    [
      ['server', 100 / 160],
      ['Node', 50 / 160],
      ['log', 10 / 160],
    ],
  );
  assert.deepEqual(
    topFunctions(root, 2).map(({ name }) => name),
    ['start', 'hash'],
  );
});

test('a script belongs to a room of ours, to a package, or to Node', () => {
  assert.equal(roomOf('file:///srv/stele/dist/src/storage/level/level-log.js', 'x'), 'storage');
  assert.equal(roomOf('file:///srv/stele/dist/src/errors.js', 'x'), 'errors');
  assert.equal(roomOf('file:///a/node_modules/@noble/curves/src/p.js', 'x'), '@noble/curves');
  assert.equal(roomOf('file:///a/node_modules/pino/lib/pino.js', 'x'), 'pino');
  assert.equal(roomOf('node:net', 'x'), 'Node');
  assert.equal(roomOf('', 'writev'), 'native');
  assert.equal(roomOf('', '(garbage collector)'), 'garbage collection');
});
