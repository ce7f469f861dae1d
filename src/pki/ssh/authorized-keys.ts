/**
 * Public keys of SSH in text, a line of an authorized_keys file (sshd(8)): options, algorithm, base64, comment.
 *
 * In scope: the line that Rekor's library takes of several, the form that Rekor stores. Out of scope: what options
 * allow; they and the comment are dropped.
 */

import { fromGoBase64, toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { goQuote } from '../../encoding/go-quote.js';
import { trimGoSpace } from '../../encoding/go-space.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { isLogError, LogError } from '../../errors.js';
import { readSshPublicKey, type SshPublicKey } from './public-key.js';

/** A key in text. */
export interface AuthorizedKey extends SshPublicKey {
  /** The form that Rekor stores: algorithm, base64, a newline. */
  readonly canonical: Uint8Array;
}

/** Longest text, in bytes. */
export const MAX_SSH_KEY_LENGTH = 65_536;

/** Returns the first key in `content`. Throws KEY_MALFORMED with Rekor's reason. */
export function readAuthorizedKey(content: Uint8Array): AuthorizedKey {
  if (content.length > MAX_SSH_KEY_LENGTH) {
    throw new LogError('KEY_MALFORMED', 'http: request body too large');
  }
  let lastProblem: string | undefined;
  for (const raw of fromGoUtf8(content).split('\n')) {
    const line = trimGoSpace(raw.split('\r', 1)[0] as string);
    if (line === '' || line.startsWith('#') || blankIn(line) < 0) continue;
    for (const candidate of [line, withoutOptions(line)]) {
      if (candidate === undefined) continue;
      const key = readLine(candidate);
      if (typeof key !== 'string') return key;
      lastProblem = key;
    }
  }
  throw new LogError(
    'KEY_MALFORMED',
    lastProblem === undefined
      ? 'ssh: no key found'
      : `ssh: no key found; last parsing error for ignored line: ${lastProblem}`,
  );
}

/** Returns the key in `algorithm base64 comment`, or why there is none. */
function readLine(line: string): AuthorizedKey | string {
  const blank = blankIn(line);
  const named = line.slice(0, blank);
  const [digits] = trimGoSpace(line.slice(blank)).split(/[ \t]/, 1) as [string];
  try {
    const key = readSshPublicKey(fromGoBase64(digits), 'KEY_MALFORMED');
    if (key.algorithm === named) {
      return { ...key, canonical: utf8(`${named} ${toBase64(key.encoding)}\n`) };
    }
    return (
      `ssh: authorized keys key type mismatch: human-readable type ${goQuote(named)}, ` +
      `encoded type ${goQuote(key.algorithm)}`
    );
  } catch (error) {
    if (isLogError(error)) return error.message;
    throw error;
  }
}

/** What follows the options at the head of a line, if it can be a key. Blanks in quotation marks do not end them. */
function withoutOptions(line: string): string | undefined {
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line[at] as string;
    if (!isQuoted && (character === ' ' || character === '\t')) {
      const rest = line.slice(at).replace(/^[ \t]+/, '');
      return blankIn(rest) < 0 ? undefined : rest;
    }
    if (character === '"' && line[at - 1] !== '\\') isQuoted = !isQuoted;
  }
  return undefined;
}

/** Where the first blank stands, -1 if there is none. */
function blankIn(text: string): number {
  return text.search(/[ \t]/);
}
