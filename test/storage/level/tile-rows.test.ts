import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isLogError } from '../../../src/errors.js';
import { subtreeRoots } from '../../../src/merkle/frontier.js';
import { logKeys } from '../../../src/storage/level/keyspace.js';
import { sealRow } from '../../../src/storage/level/rows.js';
import { grow, logIn, TREE_ID } from '../growing-log.js';
import { openAt, tamper, temporaryFolder } from './level-fixture.js';

const keys = logKeys(TREE_ID, 2);
const TILE_BYTES = 256 * 32;

async function storeWithTile(length: number): Promise<string> {
  const directory = await temporaryFolder();
  const store = await openAt(directory, { create: true });
  await grow(await logIn(store), 300);
  const { hashes, sixteenths } = await store.log(TREE_ID).fullTile(0, 0);
  assert.deepEqual(sixteenths, subtreeRoots(hashes, 16));
  await store.close();
  const row = Buffer.concat([hashes, sixteenths as Uint8Array, Buffer.alloc(32)]);
  const { key, value } = sealRow(keys.tile(0, 0), row.subarray(0, length));
  await tamper(directory, (database) => database.put(key, value));
  return directory;
}

it('a tile without the roots of its sixteenths, as older stores have it, is read', async () => {
  const store = await openAt(await storeWithTile(TILE_BYTES), { startCheckEntries: 0 });
  const log = store.log(TREE_ID);
  const { hashes, sixteenths } = await log.fullTile(0, 0);
  assert.equal(sixteenths, undefined);
  assert.ok(Buffer.from(hashes).equals(await log.hashes(0, 0, 256)));
  await store.close();
});

it('a tile of another length is STORE_CORRUPT, though its checksum is right', async () => {
  for (const length of [TILE_BYTES - 32, TILE_BYTES + 32, TILE_BYTES + 17 * 32]) {
    const store = await openAt(await storeWithTile(length), { startCheckEntries: 0 });
    const reading = store.log(TREE_ID).fullTile(0, 0);
    await assert.rejects(reading, (error) => isLogError(error, 'STORE_CORRUPT'));
    await store.close();
  }
});
