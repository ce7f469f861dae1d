/**
 * Cursors: where a page of a search ended, as a text that clients hand back.
 *
 * In scope: the text, and that it belongs to its search. It holds the tree sizes of the first page, so that every page
 * sees the same trees however much is written in between. Nothing is kept on the server, and nothing is secret.
 */

import { createHash } from 'node:crypto';
import type { SearchTerm } from '../../entries/entry-kind.js';
import type { RefusedRequest } from '../../http/reply.js';
import { noMatch } from './field-error.js';

/** Where a page ended in one row of logs. */
export interface RowPlace {
  /** Length of the row at the first page. */
  readonly size: number;
  /** Index in the row of the last entry that was given; undefined when none was yet. */
  readonly after: number | undefined;
}

/** Where a page ended, in each row. */
export type PagePlace = readonly RowPlace[];

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
export function cursorAt(place: PagePlace, search: SearchIdentity): string {
  const rows = place.map(({ size, after = '' }) => `${size}.${after}`);
  return `${rows.join('-')}.${nameOf(search)}`;
}

/** Returns where the page before ended. Throws RefusedRequest for what is no cursor of this search. */
export function placeOfCursor(cursor: string, search: SearchIdentity): PagePlace {
  const [, rows = '', name] = CURSOR.exec(cursor) ?? [];
  if (name !== nameOf(search)) throw foreignCursor();
  return rows.split('-').map((row) => {
    const [size = '', after = ''] = row.split('.');
    if (after !== '' && Number(after) >= Number(size)) throw foreignCursor();
    return { size: Number(size), after: after === '' ? undefined : Number(after) };
  });
}

/** Returns the refusal of a cursor that this search, or this log, has not given. */
export function foreignCursor(): RefusedRequest {
  return noMatch('cursor', 'query', 'the next of an answer to this very search');
}

const CURSOR = /^([0-9]{1,15}\.[0-9]{0,15}(?:-[0-9]{1,15}\.[0-9]{0,15}){0,3})\.([0-9a-f]{16})$/;

function nameOf({ conditions, operator, order }: SearchIdentity): string {
  const asked = conditions.map(({ name, value }) => [name, value]);
  const text = JSON.stringify([asked, operator, order]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
