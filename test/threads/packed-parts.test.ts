import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packParts, unpackParts } from '../../src/threads/packed-parts.js';

test('packed parts come out as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (parts) => {
      const out = unpackParts(packParts(parts)).map((part) => new Uint8Array(part));
      assert.deepEqual(out, parts);
    }),
  );
});
