/**
 * Entries that are in the log and cannot be answered as new: duplicates, and those whose answer could not be made.
 *
 * A request that added an entry is never answered with a 5xx: the client would send it again, and its retry meet a
 * 409. One that added nothing and is to return what is there may be sent again: it gets the outage that passes.
 */

import { isLogError } from '../../errors.js';
import type { Log, PublishedEntry, Submission } from '../../log/log.js';
import { PROBLEMS } from '../problem.js';
import type { DuplicateAnswer } from './submission-rules.js';

/** An entry by its place alone. */
export type KnownEntry = Exclude<Submission, { outcome: 'added' }>;

/** What the routes that append entries work with beside their logs. */
export interface AppendOptions {
  readonly duplicates: DuplicateAnswer;
  /** Called for each entry that is new. */
  entryAdded(): void;
  /** Told of what kept stored entries from being read. */
  unread(error: unknown): void;
}

/** Returns Rekor's words for an entry that the log has. */
export function conflictMessage(entryID: string): string {
  return `an equivalent entry already exists in the transparency log with UUID ${entryID}`;
}

/** How stored entries are read for an answer. */
export interface StoredReading extends Pick<AppendOptions, 'duplicates' | 'unread'> {
  /** True when the request added an entry. */
  readonly hasAdded: boolean;
}

/**
 * Returns the entries in order, all of them undefined when they cannot be read. Throws an outage that passes when
 * the request is to return them and has added nothing.
 */
export async function storedEntries(
  log: Log,
  known: readonly KnownEntry[],
  { duplicates, hasAdded, unread }: StoredReading,
): Promise<readonly (PublishedEntry | undefined)[]> {
  if (known.length === 0) return [];
  try {
    return await log.entriesByIndex(known.map(({ logIndex }) => logIndex));
  } catch (error) {
    if (duplicates === 'return-existing' && !hasAdded && isPassing(error)) throw error;
    unread(error);
    return known.map(() => undefined);
  }
}

/** Whether a client is asked to come again; what is damaged stays damaged, and is answered by its place. */
function isPassing(error: unknown): boolean {
  return isLogError(error) && PROBLEMS[error.code].retryAfterSeconds !== undefined;
}
