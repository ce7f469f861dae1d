import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GroupedReads } from '../../../src/storage/level/grouped-reads.js';

function key(number: number): Buffer {
  return Buffer.from(`key ${number}`);
}

/** Reads that end when they are told to; each value is its key, `key 13` is damaged and there is no `key 7`. */
function heldReads() {
  const held: { keys: readonly Buffer[]; finish(): Promise<void> }[] = [];
  const reads = new GroupedReads(async (keys) => {
    await new Promise<void>((resolve) => {
      const finish = async (): Promise<void> => {
        resolve();
        await nextTurn();
      };
      held.push({ keys, finish });
    });
    if (keys.some((each) => each.equals(key(13)))) throw new Error('key 13 is damaged');
    return keys.map((each) => (each.equals(key(7)) ? undefined : each));
  });
  return { reads, held, sizes: () => held.map(({ keys }) => keys.length) };
}

const NUMBERS = Array.from({ length: 12 }, (_, i) => i);

describe('reads in threads', () => {
  it('go together when one turn brings them, shared among three threads', async () => {
    const { reads, held, sizes } = heldReads();
    const asked = NUMBERS.map((i) => reads.getMany([key(i), key(100 + i)]));
    await nextTurn();
    await nextTurn();
    assert.deepEqual(sizes(), [8, 8, 8]);
    for (const read of held) await read.finish();
    assert.deepEqual(
      await Promise.all(asked),
      NUMBERS.map((i) => [i === 7 ? undefined : key(i), key(100 + i)]),
    );
  });

  it('wait together while three threads read', async () => {
    const { reads, held, sizes } = heldReads();
    const first = NUMBERS.map((i) => reads.getMany([key(20 + i)]));
    await nextTurn();
    await nextTurn();
    const later = NUMBERS.map((i) => reads.getMany([key(40 + i)]));
    await nextTurn();
    await nextTurn();
    assert.deepEqual(sizes(), [4, 4, 4]);
    await held[0]?.finish();
    assert.deepEqual(sizes(), [4, 4, 4, 12]);
    for (const read of held.slice(1)) await read.finish();
    assert.deepEqual(
      (await Promise.all(later)).flat(),
      NUMBERS.map((i) => key(40 + i)),
    );
    await Promise.all(first);
  });

  it('fail for nobody but who asked for the row that is damaged', async () => {
    const { reads, held } = heldReads();
    const asked = [12, 13, 14].map((i) => reads.getMany([key(i)]));
    const settled = Promise.allSettled(asked);
    await nextTurn();
    await nextTurn();
    for (let i = 0; i < 4; i++) await held[i]?.finish();
    assert.deepEqual(
      (await settled).map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    await assert.rejects(asked[1] as Promise<unknown>, /key 13 is damaged/);
  });
});
