/**
 * Which of two notes of one kind a store keeps: notes are monotone in size, and at one size their signature
 * lines are united (https://c2sp.org/signed-note).
 *
 * In scope: that rule, on bytes. Out of scope: checking signatures, what a note says (note/). Pure.
 */

import { fromUtf8, utf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import type { StoredNote } from './log-store.js';

/**
 * Returns the note to keep, or undefined when the stored one stays as it is, byte for byte. A key's first line
 * stays: a note that was served is served unchanged. Throws STORE_CORRUPT when the notes have one size and
 * different texts.
 */
export function uniteNotes(
  stored: StoredNote | undefined,
  offered: StoredNote,
): StoredNote | undefined {
  if (stored === undefined || offered.size > stored.size) return offered;
  if (offered.size < stored.size) return undefined;
  const kept = splitNote(stored);
  const added = splitNote(offered);
  if (kept.text !== added.text) {
    throw new LogError('STORE_CORRUPT', `two notes of size ${stored.size} have different texts`);
  }
  const known = new Set(kept.lines.map(keyOfLine));
  const news = added.lines.filter((line) => !known.has(keyOfLine(line)));
  if (news.length === 0) return undefined;
  const lines = [...kept.lines, ...news].map((line) => `${line}\n`).join('');
  return { size: stored.size, bytes: utf8(`${kept.text}\n${lines}`) };
}

// The text ends with the newline before the last empty line; the signature lines follow it.
function splitNote(note: StoredNote): { text: string; lines: string[] } {
  const whole = fromUtf8(note.bytes);
  const split = whole.lastIndexOf('\n\n') + 1;
  const text = whole.slice(0, split);
  const lines = whole
    .slice(split + 1)
    .split('\n')
    .filter((line) => line !== '');
  return { text, lines };
}

// "— name base64(key ID ‖ signature)": name and the 4 bytes of the key ID, which are 5 characters and a third.
function keyOfLine(line: string): string {
  const at = line.lastIndexOf(' ');
  const keyID = Buffer.from(line.slice(at + 1, at + 9), 'base64').subarray(0, 4);
  return `${line.slice(0, at)} ${keyID.toString('hex')}`;
}
