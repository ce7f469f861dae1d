/** What a log may make a mirror hold: requests ahead are few and short. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BoundedFetch } from '../../src/client/bounded-fetch.js';
import type { RemoteLog } from '../../src/client/remote-log.js';
import { tilesLog } from '../../src/client/tiles-log.js';
import { leavesInOrder, shortAnswers } from '../../src/mirror/leaf-stream.js';
import { entries } from '../merkle/golden-trees.js';
import { servedTree } from './served-tree.js';

test('leaves come in order, and what fails ahead is asked for again when its turn comes', async () => {
  const tree = await servedTree(5_000);
  const refused = new Set(['tile/entries/003', 'tile/entries/004', 'tile/entries/019.p/136']);
  const unreliable: BoundedFetch = async (request) => {
    const path = request.url.slice(tree.url.length);
    if (refused.has(path)) throw new Error('longer than is waited for');
    return tree.fetch(request);
  };
  const source = { remote: logOf(tree.fetch), ahead: logOf(unreliable) };
  const found: Uint8Array[] = [];
  for await (const leaves of leavesInOrder(source, 300, 5_000)) found.push(...leaves);
  assert.deepEqual(found, entries.slice(300, 5_000));
});

test('no more than eight requests are ahead, one when the log answers at length', async () => {
  let underWay = 0;
  let most = 0;
  let mostLater = 0;
  const caps: number[] = [];
  const isLong = (cap: number) => cap > 4 * 1024 * 1024;
  const counting = (succeeds: boolean): BoundedFetch => {
    return async ({ maxBytes }) => {
      caps.push(maxBytes);
      underWay += 1;
      most = Math.max(most, underWay);
      if (caps.filter(isLong).length > 8) mostLater = Math.max(mostLater, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      if (!succeeds) throw new Error('too long');
      const body = new Uint8Array(512);
      return { status: 200, mediaType: '', body, retryAfterSeconds: undefined };
    };
  };
  const read = async (ahead: BoundedFetch) => {
    most = 0;
    const source = { remote: logOf(counting(true)), ahead: logOf(shortAnswers(ahead)) };
    for await (const leaves of leavesInOrder(source, 0, 256 * 40)) assert.equal(leaves.length, 256);
  };
  await read(counting(true));
  assert.ok(most <= 8);
  assert.ok(!caps.some(isLong));
  caps.length = 0;
  await read(counting(false));
  // Those that were ahead when the first one failed, and from then on one after the other.
  assert.equal(caps.filter(isLong).length, 40);
  assert.equal(mostLater, 1);
});

function logOf(fetch: BoundedFetch): RemoteLog {
  return tilesLog({ url: 'http://golden.example/log/', fetch, timeoutMs: 1_000 });
}
