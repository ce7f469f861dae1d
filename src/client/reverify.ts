/** An entry's body made again: from what it holds alone, or together with what the caller has. */

import { identifyEntry } from '../entries/accept.js';
import type { ProposedEntry } from '../entries/entry-kind.js';
import { DEFAULT_ENTRY_LIMITS } from '../entries/limits.js';
import { verifySignatures } from '../entries/verify-signatures.js';
import { type Place, required, textAt } from './json-reader.js';
import type { LogEntry } from './log-entry.js';

/**
 * Returns the leaf of a spec of the body's kind, its signatures verified as far as the spec allows. What expires is
 * judged at the time of the entry. With `v2` the spec is a message of entries/v2-messages.ts. Throws as identifyEntry
 * does.
 */
export async function reverify(
  body: Place,
  spec: unknown,
  entry: LogEntry,
  api?: 'v2',
): Promise<Uint8Array> {
  const kind = textAt(required(body, 'kind'));
  const apiVersion = textAt(required(body, 'apiVersion'));
  const nowMs = (entry.integratedTimeSeconds ?? 0) * 1000;
  const context = { verifySignatures, limits: DEFAULT_ENTRY_LIMITS, nowMs };
  const proposed: ProposedEntry = { kind, apiVersion, spec, ...(api === undefined ? {} : { api }) };
  return (await identifyEntry(proposed, context)).leaf;
}
