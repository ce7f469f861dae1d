import assert from 'node:assert/strict';

/** Asserts deep equality, with Buffer and Uint8Array alike: only the bytes of a hash count. */
export function same(actual: unknown, expected: unknown, message?: string): void {
  assert.deepEqual(bare(actual), bare(expected), message);
}

function bare(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, bare(field)]));
}
