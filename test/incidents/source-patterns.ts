/** The regular expressions in a TypeScript source. */

/** Returns the literals, in order; comments, strings and templates are passed over, but not what templates insert. */
export function patternsIn(source: string): RegExp[] {
  const found: RegExp[] = [];
  /** Braces that are open, true for those of a template. */
  const braces: boolean[] = [];
  let before = '';
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at, at + 2_000);
    const skipped = /^(?:\s+|#![^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)/.exec(rest)?.[0];
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    const text = /^(?:'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*")/.exec(rest)?.[0];
    if (text !== undefined) {
      at += text.length;
      before = 'text';
      continue;
    }
    const closesInsertion = rest[0] === '}' && braces.at(-1) === true;
    if (rest[0] === '`' || closesInsertion) {
      if (closesInsertion) braces.pop();
      const part = /^[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/.exec(rest)?.[0] ?? rest;
      if (part.endsWith('${')) braces.push(true);
      at += part.length;
      before = part.endsWith('${') ? '(' : 'text';
      continue;
    }
    if (rest[0] === '/' && mayBegin(before)) {
      const literal = /^\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([a-z]*)/.exec(rest);
      if (literal === null) throw new Error(`an open pattern: ${rest.slice(0, 60)}`);
      found.push(new RegExp(literal[1] as string, literal[2]));
      at += literal[0].length;
      before = 'text';
      continue;
    }
    if (rest[0] === '{') braces.push(false);
    if (rest[0] === '}') braces.pop();
    const word = /^[\w$]+/.exec(rest)?.[0] ?? (rest[0] as string);
    before = word;
    at += word.length;
  }
  return found;
}

const WORDS_BEFORE = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'void',
  'await',
  'yield',
  'else',
]);

/** A slash behind a value divides; behind anything else it begins a pattern. */
function mayBegin(before: string): boolean {
  return before === '' || WORDS_BEFORE.has(before) || !/^(?:[\w$]+|[)\]}])$/.test(before);
}
