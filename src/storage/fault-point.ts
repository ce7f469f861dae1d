/**
 * Where a test decides that a step of a store fails: the hook behind every crash table.
 *
 * In scope: the type. Out of scope: real faults of disks (they need a real disk). Production passes none.
 */

/** A step of the store that a test can make fail. */
export type StoreStep = 'commit' | 'late' | 'createLog' | 'recover' | 'check';

/**
 * How a step fails. `before`: it throws and nothing becomes durable. `after`: it throws, and what it wrote is
 * there after `recover` (until then reads do not show it). `disk-full`: DISK_FULL before writing; `failed` stays
 * as it was. `lost` (late rows, memory store only): it returns, and what it wrote is gone after `recover`.
 */
export type StoreFault = 'before' | 'after' | 'disk-full' | 'lost';

/** Asked at each step; a promise holds the step until the test lets it go on. */
export type FaultPoint = (
  step: StoreStep,
) => StoreFault | undefined | Promise<StoreFault | undefined>;
