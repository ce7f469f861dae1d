import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isLogError, LogError } from '../../src/errors.js';
import { IndexLookups } from '../../src/log/index-lookups.js';

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isLogError(error, expected);
}

test('a damaged row refuses whoever asks for it, and nobody who shares the read', async () => {
  const reads: number[] = [];
  const lookups = new IndexLookups({
    async indexesOf(hashes) {
      reads.push(hashes.length);
      if (hashes.some((hash) => hash[0] === 1)) throw new LogError('STORE_CORRUPT', 'damaged');
      return hashes.map((hash) => hash[0]);
    },
  });
  const [zero, one, two] = await Promise.allSettled(
    [0, 1, 2].map((octet) => lookups.indexOf(Uint8Array.of(octet))),
  );
  assert.deepEqual(zero, { status: 'fulfilled', value: 0 });
  assert.deepEqual(two, { status: 'fulfilled', value: 2 });
  assert.ok(one?.status === 'rejected' && code('STORE_CORRUPT')(one.reason));
  assert.deepEqual(reads, [3, 1, 1, 1]);
  assert.equal(await lookups.indexOf(Uint8Array.of(7)), 7);
});
