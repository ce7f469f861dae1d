/**
 * White space as Go's unicode.IsSpace has it, which is not what String.prototype.trim trims: that takes U+FEFF
 * too and leaves U+0085.
 */

const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Returns `text` without white space at its ends, as Go's strings.TrimSpace cuts it. */
export function trimGoSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text[start] as string)) start++;
  while (end > start && SPACE.test(text[end - 1] as string)) end--;
  return text.slice(start, end);
}
