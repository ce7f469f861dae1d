import { isLogError } from '../../../src/errors.js';
import type { FaultPoint } from '../../../src/storage/fault-point.js';
import type { Store } from '../../../src/storage/log-store.js';

/** Makes an empty store for one test and cleans up after it. */
export type StoreFactory = (options: { fault?: FaultPoint }) => Promise<Store>;

/** Returns a check for assert.rejects and assert.throws: an error of this code. */
export const code = (expected: string) => (error: unknown) =>
  isLogError(error) && error.code === expected;
