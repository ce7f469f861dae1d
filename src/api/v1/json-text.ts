/**
 * The source text of parts of a JSON document that is known to be well-formed: what JSON.parse loses of
 * numbers (2^63 against 2^63 - 1, `1.0` against `1`) is still there. Linear; nothing recurses.
 */

import { isSameName } from './json-body.js';

/** Returns the text of the last member of an object that is named `name`, undefined when it has none. */
export function memberText(object: string, name: string): string | undefined {
  let found: string | undefined;
  for (const item of itemTexts(object)) {
    const end = endOfString(item, 0);
    if (!isSameName(name, JSON.parse(item.slice(0, end)) as string)) continue;
    found = item.slice(item.indexOf(':', end) + 1).trim();
  }
  return found;
}

/** Returns the texts of the items of an array, or of the members (`"name": value`) of an object. */
export function itemTexts(container: string): string[] {
  const text = container.trim();
  const items: string[] = [];
  let depth = 0;
  let start = 1;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') i = endOfString(text, i) - 1;
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    else if (character === ',' && depth === 1) {
      items.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start, -1).trim();
  if (last !== '') items.push(last);
  return items;
}

/** Returns the offset after the string literal that opens at `from`. */
function endOfString(text: string, from: number): number {
  let i = from + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}
