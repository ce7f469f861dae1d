import assert from 'node:assert/strict';
import { it } from 'node:test';
import { utf8 } from '../../../src/encoding/bytes.js';
import { logKeys, numberOfKey } from '../../../src/storage/level/keyspace.js';
import { sealTimestamps } from '../../../src/storage/level/row-formats.js';
import { likelyTimestampRows, timestampRows } from '../../../src/storage/level/timestamp-rows.js';
import { grow, logIn, TREE_ID } from '../growing-log.js';
import { same } from '../same-bytes.js';
import { openAt, tamper, temporaryFolder } from './level-fixture.js';

const keys = logKeys(TREE_ID, 2);

it('a batch is divided so that all but its beginning is found by a guess', () => {
  const signatures = Array.from({ length: 64 }, (_, i) => utf8(String(i)));
  const firsts = timestampRows(keys, 37, signatures).map(({ key }) => numberOfKey(key));
  assert.deepEqual(firsts, [37, 48, 64, 80, 96]);
  for (let index = 48; index < 101; index++) {
    const row = firsts.findLast((first) => first <= index) as number;
    assert.ok(likelyTimestampRows(index).includes(row), `leaf ${index}`);
  }
  assert.deepEqual(timestampRows(keys, 37, []), []);
});

it('the row of a whole batch, as older stores have it, is found', async () => {
  const directory = await temporaryFolder();
  const store = await openAt(directory, { create: true });
  await grow(await logIn(store), 100);
  await store.close();
  const signatures = Array.from({ length: 60 }, (_, i) => utf8(`signature ${i}`));
  const { key, value } = sealTimestamps(keys.timestamps(7), signatures);
  await tamper(directory, (database) => database.put(key, value));
  const again = await openAt(directory);
  const log = again.log(TREE_ID);
  for (let index = 0; index < 100; index++) {
    same(await log.timestamp(index), signatures[index - 7], `leaf ${index}`);
  }
  await again.close();
});
