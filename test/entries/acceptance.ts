/** What becomes of submissions under the default policy. */

import assert from 'node:assert/strict';
import { acceptEntry } from '../../src/entries/accept.js';
import type { AcceptedEntry, EntryLimits, ProposedEntry } from '../../src/entries/entry-kind.js';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { openPolicy, testContext } from './policy.js';

/** Returns what is stored of `entry`, with some limits set. */
export function accept(
  entry: ProposedEntry,
  limits: Partial<EntryLimits> = {},
): Promise<AcceptedEntry> {
  const policy = { ...openPolicy, limits: { ...openPolicy.limits, ...limits } };
  return acceptEntry(entry, policy, testContext);
}

/** Returns a check for assert.rejects: an error of this code, in these words. */
export function refusal(code: ErrorCode, message: string | RegExp) {
  return (error: unknown): true => {
    assert.ok(isLogError(error, code), String(error));
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  };
}
