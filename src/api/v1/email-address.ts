/**
 * What passes for an e-mail address in a search: an RFC 5322 address, with or without a display name, as Go's
 * net/mail reads it (rekor-v1.md section 2, index/retrieve). Linear; nothing recurses.
 *
 * In scope: yes or no. Out of scope: what the address is; it is searched as it was written.
 */

/** True when `text` is one address: `a@b.c`, `<a@b.c>` or `Name <a@b.c>`. */
export function isEmailAddress(text: string): boolean {
  const trimmed = withoutComments(text).trim();
  if (!trimmed.endsWith('>')) return isAddressSpec(trimmed);
  const angle = trimmed.lastIndexOf('<');
  if (angle < 0) return false;
  return isDisplayName(trimmed.slice(0, angle)) && isAddressSpec(trimmed.slice(angle + 1, -1));
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\u{10ffff}]+";
const QUOTED_STRING = '"(?:\\\\[\\x20-\\x7e\\t]|[^"\\\\\\p{Cc}]|\\t)*"';
const DOT_ATOM = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u');
const QUOTED = new RegExp(`^${QUOTED_STRING}$`, 'u');
const WORD = new RegExp(`${ATOM}|${QUOTED_STRING}|[. \\t]`, 'uy');
const DOMAIN_LITERAL = /^\[[!-Z^-~]+\]$/;

function isAddressSpec(text: string): boolean {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0)).trim();
  const domain = text.slice(at + 1).trim();
  const isLocal = DOT_ATOM.test(local) || (QUOTED.test(local) && local !== '""');
  return isLocal && (DOT_ATOM.test(domain) || DOMAIN_LITERAL.test(domain));
}

/** One word after another: a single pattern for all of them would try every way to split them. */
function isDisplayName(text: string): boolean {
  if (text.trim().startsWith('.')) return false;
  for (let at = 0; at < text.length; at = WORD.lastIndex) {
    WORD.lastIndex = at;
    if (!WORD.test(text)) return false;
  }
  return true;
}

/** Drops comments in parentheses outside quotes; a parenthesis without its partner stays and fails. */
function withoutComments(text: string): string {
  if (!text.includes('(')) return text;
  let kept = '';
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '\\') {
      if (depth === 0) kept += text.slice(i, i + 2);
      i++;
      continue;
    }
    if (character === '"' && depth === 0) quoted = !quoted;
    if (!quoted && character === '(') depth++;
    else if (!quoted && character === ')' && depth > 0) depth--;
    else if (depth === 0) kept += character;
  }
  return depth === 0 ? kept : text;
}
