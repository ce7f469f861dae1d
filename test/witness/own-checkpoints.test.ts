import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FollowedLog } from '../../src/witness/followed-logs.js';
import type { Head } from '../../src/witness/head-row.js';
import { bringOwnCheckpoints } from '../../src/witness/own-checkpoints.js';

const logOf = (id: string): FollowedLog => ({
  ...{ id, origin: id, keys: [], verifiers: [], source: 'operator', isDisabled: false },
});
const headOf = (size: number): Head => ({
  ...{ origin: 'x', size: BigInt(size), root: new Uint8Array(32), timeSeconds: 1n },
  note: `note ${size}`,
});

test('of the heads that wait, the newest of each log is brought, one after the other', async () => {
  const taken: string[] = [];
  const release: (() => void)[] = [];
  const faults: unknown[] = [];
  const own = bringOwnCheckpoints(
    {
      async take({ id }, witness, note) {
        taken.push(`${witness} ${id} ${note}`);
        await new Promise<void>((resolve) => release.push(resolve));
        if (id === 'b') throw new Error('full');
        return 'taken';
      },
    },
    'w',
    (error) => faults.push(error),
  );
  for (let size = 1; size <= 5; size++) own.advanced(logOf('a'), headOf(size));
  own.advanced(logOf('b'), headOf(7));
  own.advanced(logOf('a'), headOf(6));
  const settled = own.settled();
  for (let brought = 1; brought <= 3; brought++) {
    while (release.length < brought) await new Promise(setImmediate);
    assert.equal(taken.length, brought, 'one at a time');
    release[brought - 1]?.();
  }
  await settled;
  assert.deepEqual(taken, ['w a note 1', 'w b note 7', 'w a note 6']);
  assert.equal(faults.length, 1);
  release.length = 0;
  own.advanced(logOf('a'), headOf(8));
  while (release.length < 1) await new Promise(setImmediate);
  release[0]?.();
  await own.settled();
  assert.equal(taken.at(-1), 'w a note 8');
});
