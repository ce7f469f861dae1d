import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLogError } from '../../../src/errors.js';
import { DiskReserve } from '../../../src/storage/level/disk-reserve.js';
import { commitOf, grow, logIn, makeLeaves } from '../growing-log.js';
import { openAt, temporaryFolder } from './level-fixture.js';

const full = (error: unknown) => isLogError(error) && error.code === 'DISK_FULL';

/** A disk whose free bytes and clock a test sets. */
function fakeDisk(free: number) {
  const disk = { free, nowMs: 0, asked: 0 };
  const reserve = new DiskReserve({
    reserveBytes: 1000,
    freeBytes: async () => {
      disk.asked += 1;
      return disk.free;
    },
    nowMs: () => disk.nowMs,
  });
  return { disk, reserve };
}

describe('the disk reserve', () => {
  it('lets the last byte above the reserve be written and no more', async () => {
    const { reserve } = fakeDisk(1500);
    await reserve.claim(500);
    await assert.rejects(fakeDisk(1500).reserve.claim(501), full);
  });

  it('asks at most every 50 ms while there is room', async () => {
    const { disk, reserve } = fakeDisk(1_000_000);
    for (let i = 0; i < 10; i += 1) await reserve.claim(10);
    assert.equal(disk.asked, 1);
    disk.nowMs = 50;
    await reserve.claim(10);
    assert.equal(disk.asked, 2);
  });

  it('counts what was written since it asked, and asks again before it refuses', async () => {
    const { disk, reserve } = fakeDisk(1500);
    await reserve.claim(400);
    await reserve.claim(400);
    assert.equal(disk.asked, 2);
    disk.free = 1100;
    await assert.rejects(reserve.claim(400), full);
  });

  it('reports a file system that does not answer as STORE_UNAVAILABLE', async () => {
    const reserve = new DiskReserve({
      reserveBytes: 1,
      freeBytes: () => Promise.reject(new Error('EIO')),
      nowMs: () => 0,
    });
    await assert.rejects(
      reserve.claim(1),
      (error) => isLogError(error) && error.code === 'STORE_UNAVAILABLE',
    );
  });
});

describe('a store without space', () => {
  it('refuses commits before writing and takes them again when there is space', async () => {
    let free = 10_000_000;
    let nowMs = 0;
    const store = await openAt(await temporaryFolder(), {
      create: true,
      reserveBytes: 1_000_000,
      freeBytes: async () => free,
      nowMs: () => {
        nowMs += 50;
        return nowMs;
      },
    });
    const log = await logIn(store);
    await grow(log, 2);
    const commit = await commitOf(log, makeLeaves(2, 3));
    free = 1_000_100;
    await assert.rejects(log.commit(commit), full);
    assert.equal(store.failed, false);
    await assert.rejects(
      log.late({ timestamps: { from: 0, signatures: [new Uint8Array(300)] } }),
      full,
    );
    free = 999_999;
    await assert.rejects(store.recover(), full);
    assert.equal((await log.leaves(0, 2)).length, 2);
    free = 10_000_000;
    await store.recover();
    assert.deepEqual(await log.commit(commit), { outcome: 'committed' });
    await store.close();
  });
});
