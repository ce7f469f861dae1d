/**
 * User IDs and the e-mail addresses in them: which ones Rekor takes for an address.
 *
 * In scope: `Name (comment) <address>` and the shape of an address. Out of scope: an encoding of names. One pass
 * over the text each.
 */

import { trimGoSpace } from '../../encoding/go-space.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';

/** Returns the e-mail address in a user ID, undefined when it has none of the shape that is searched for. */
export function emailOfUserId(id: Uint8Array): string | undefined {
  const text = fromGoUtf8(id);
  const { name, email } = splitUserId(text);
  const address = email === '' && name.includes('@') ? name : email;
  return isEmailAddress(address) ? address : undefined;
}

/** Walks a user ID as Rekor's library does: what is missing at its end is taken as given. */
function splitUserId(text: string): { name: string; email: string } {
  const open = firstOf(text, '(', '<');
  const name = trimGoSpace(text.slice(0, open));
  let from = open;
  if (text[open] === '(') {
    const close = text.indexOf(')', open + 1);
    if (close < 0) return { name, email: '' };
    from = text.indexOf('<', close + 1);
  }
  if (from < 0 || from >= text.length) return { name, email: '' };
  const close = text.indexOf('>', from + 1);
  return { name, email: trimGoSpace(text.slice(from + 1, close < 0 ? text.length : close)) };
}

function firstOf(text: string, a: string, b: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === a || text[at] === b) return at;
  }
  return text.length;
}

const WIDE = '\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef';
const ATOM = new RegExp(`^[a-zA-Z0-9!#$%&'*+/=?^_\`{|}~${WIDE}-]+$`);
const QUOTED = new RegExp(`^"[\\x01-\\x09\\x0b\\x0c\\x0e-\\x21\\x23-\\x5b\\x5d-\\x7f${WIDE}]*"$`);
const HOST = new RegExp(`^[a-zA-Z0-9._~${WIDE}-]+$`);
const HOST_EDGE = new RegExp(`^[a-zA-Z0-9${WIDE}]$`);
const TOP_LEVEL = new RegExp(`^[a-zA-Z0-9_~${WIDE}-]+$`);
const TOP_LEVEL_EDGE = new RegExp(`^[a-zA-Z${WIDE}]$`);

/** Returns true for what Rekor takes for an e-mail address: RFC 5322 without comments, in a domain with a dot. */
export function isEmailAddress(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at < 0) return false;
  const local = text.slice(0, at);
  const isLocal = QUOTED.test(local) || local.split('.').every((atom) => ATOM.test(atom));
  return isLocal && isDomain(text.slice(at + 1));
}

function isDomain(text: string): boolean {
  const domain = text.endsWith('.') ? text.slice(0, -1) : text;
  const dot = domain.lastIndexOf('.');
  if (dot < 1) return false;
  return (
    hasShape(domain.slice(0, dot), HOST, HOST_EDGE) &&
    hasShape(domain.slice(dot + 1), TOP_LEVEL, TOP_LEVEL_EDGE)
  );
}

function hasShape(text: string, inside: RegExp, edge: RegExp): boolean {
  return inside.test(text) && edge.test(text[0] ?? '') && edge.test(text.at(-1) ?? '');
}
