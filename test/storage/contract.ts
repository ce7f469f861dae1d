/**
 * The suite that every store driver passes. A driver's test file calls `describeStore` with a factory.
 */

import { describe } from 'node:test';
import { describeCommits } from './contract/commits.js';
import { describeFailedWrites } from './contract/failed-writes.js';
import { describeLateRows } from './contract/late-rows.js';
import { describeLogs } from './contract/logs.js';
import { describeReads } from './contract/reads.js';
import type { StoreFactory } from './contract/store-factory.js';

/** Declares the contract's tests for one driver. */
export function describeStore(name: string, openStore: StoreFactory): void {
  describe(`${name}: logs`, () => describeLogs(openStore));
  describe(`${name}: commit`, () => describeCommits(openStore));
  describe(`${name}: reads`, () => describeReads(openStore));
  describe(`${name}: late rows`, () => describeLateRows(openStore));
  describe(`${name}: failed writes`, () => describeFailedWrites(openStore));
}
