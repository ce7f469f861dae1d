/**
 * How a search term is spelt as a key of the store: its name space in capitals, a colon, its value.
 *
 * Every key of Rekor's index, and whatever index/retrieve looks up, is lower-cased; a key that begins with a capital
 * letter is never met there, so the terms change none of its answers. Entries are filed and searched by this one
 * function: another spelling would lose every entry that is stored.
 */

import type { SearchTerm } from './entry-kind.js';

/** Returns the key of a term, whose value is in lower case. */
export function termKey({ field, value }: SearchTerm): string {
  return `${field.toUpperCase()}:${value}`;
}
