/**
 * Cursors: where a page of a search ended, as a text that clients hand back.
 *
 * In scope: the text, and that it belongs to its search. It holds the tree size of the first page, so that every page
 * sees the same tree however much is written in between. Nothing is kept on the server, and nothing is secret.
 */

import { createHash } from 'node:crypto';
import type { SearchTerm } from '../../entries/entry-kind.js';
import type { RefusedRequest } from '../../http/reply.js';
import { noMatch } from './field-error.js';

/** Where a page ended. */
export interface PagePlace {
  /** Tree size of the first page, over all logs. */
  readonly size: number;
  /** Log index, over all logs, of the last entry that was given. */
  readonly after: number;
}

/** One condition: what was asked, and the terms of which an entry must have one. */
export interface SearchCondition {
  readonly name: string;
  readonly value: string;
  readonly terms: readonly SearchTerm[];
}

/** What a cursor belongs to: pages may differ in their length and in what they show. */
export interface SearchIdentity {
  readonly conditions: readonly SearchCondition[];
  readonly operator: 'and' | 'or';
  readonly order: 'oldest' | 'newest';
}

/** Returns the cursor of the page after `place`. */
export function cursorAt({ size, after }: PagePlace, search: SearchIdentity): string {
  return `${size}.${after}.${nameOf(search)}`;
}

/** Returns where the page before ended. Throws RefusedRequest for what is no cursor of this search. */
export function placeOfCursor(cursor: string, search: SearchIdentity): PagePlace {
  const [, first = '', second = '', name] = CURSOR.exec(cursor) ?? [];
  const size = Number(first);
  const after = Number(second);
  if (name !== nameOf(search) || after >= size) throw foreignCursor();
  return { size, after };
}

/** Returns the refusal of a cursor that this search, or this log, has not given. */
export function foreignCursor(): RefusedRequest {
  return noMatch('cursor', 'query', 'the next of an answer to this very search');
}

const CURSOR = /^([0-9]{1,15})\.([0-9]{1,15})\.([0-9a-f]{16})$/;

function nameOf({ conditions, operator, order }: SearchIdentity): string {
  const asked = conditions.map(({ name, value }) => [name, value]);
  const text = JSON.stringify([asked, operator, order]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
