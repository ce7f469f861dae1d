import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocatedBytes } from '../../bench/harness/allocation.js';

const heap = (usedHeapSize: number, externalMemory = 0) => ({ usedHeapSize, externalMemory });

test('without a collection it is what the heap grew', () => {
  assert.equal(allocatedBytes(heap(100, 5), [], heap(180, 7)), 82);
});

test('what was collected counts as allocated', () => {
  const collections = [
    { before: heap(200), after: heap(50) },
    { before: heap(300), after: heap(60) },
  ];
  assert.equal(allocatedBytes(heap(100), collections, heap(90)), 100 + 250 + 30);
});

test('a heap that shrinks between two collections takes nothing back', () => {
  const collections = [{ before: heap(80), after: heap(40) }];
  assert.equal(allocatedBytes(heap(100), collections, heap(40)), 0);
});
