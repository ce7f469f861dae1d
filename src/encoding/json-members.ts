/**
 * Members that an object of JSON has twice: parsers differ in which of them counts, so such a text says one thing to one
 * reader and another to the next.
 *
 * In scope: finding one, in a text that JSON.parse has taken. Out of scope: parsing. Pure; time is linear in the text.
 */

/** Returns the name of a member that stands twice in one object of `json`, undefined when there is none. */
export function repeatedMember(json: string): string | undefined {
  /** The names met in each object around; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    if (character !== '"') continue;
    const end = endOfString(json, at);
    if (isName(json, end)) {
      const name = JSON.parse(json.slice(at, end)) as string;
      const names = open.at(-1);
      if (names?.has(name) === true) return name;
      names?.add(name);
    }
    at = end - 1;
  }
  return undefined;
}

/** Returns where the string that begins at `start` is over, behind its quotation mark. */
function endOfString(json: string, start: number): number {
  let end = start + 1;
  for (;;) {
    const quote = json.indexOf('"', end);
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    end = quote + 1;
  }
}

/** A string is a name when a colon stands behind it. */
function isName(json: string, end: number): boolean {
  let at = end;
  while (' \t\n\r'.includes(json[at] ?? '"')) at++;
  return json[at] === ':';
}
