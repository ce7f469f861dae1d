/**
 * Domain names and mailboxes as certificates carry them (RFC 5280 sections 4.2.1.6 and 4.2.1.10), as
 * leniently as Go's crypto/x509 takes them.
 *
 * In scope: is it one, and what are its parts. Out of scope: comparing them with constraints.
 */

/** An e-mail address in its two parts. */
export interface Mailbox {
  /** Before the at sign, without quotation marks and backslashes. */
  readonly local: string;
  readonly domain: string;
}

/** True for a name of which no label is empty and every character is visible; also for an empty text. */
export function isDomainName(text: string): boolean {
  return text === '' || /^[!-\-/-~]+(?:\.[!-\-/-~]+)*$/.test(text);
}

/** True for a domain name, or one with a full stop in front: then only what is below it is meant. */
export function isDomainConstraint(text: string): boolean {
  return text !== '.' && isDomainName(text.startsWith('.') ? text.slice(1) : text);
}

/** Returns the parts of an e-mail address (RFC 2821 section 4.1.2), undefined for what is none. */
export function readMailbox(text: string): Mailbox | undefined {
  const local = text.startsWith('"') ? readQuoted(text) : readDotted(text);
  if (local === undefined || text[local.end] !== '@') return undefined;
  const domain = text.slice(local.end + 1);
  return isDomainName(domain) ? { local: local.text, domain } : undefined;
}

interface LocalPart {
  readonly text: string;
  /** Offset of the character after it. */
  readonly end: number;
}

const ATOM_TEXT = /[0-9A-Za-z!#$%&'*+\-/=?^_`{|}~.]/;

function readQuoted(text: string): LocalPart | undefined {
  let content = '';
  for (let at = 1; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') return { text: content, end: at + 1 };
    if (character === '\\') {
      at++;
      const escaped = text[at];
      if (escaped === undefined || !isAsciiWithout('\0\n\r', escaped)) return undefined;
      content += escaped;
    } else {
      if (!isAsciiWithout('\0\t\n\r"\\', character)) return undefined;
      content += character;
    }
  }
  return undefined;
}

function isAsciiWithout(barred: string, character: string): boolean {
  return character < '\x80' && !barred.includes(character);
}

function readDotted(text: string): LocalPart | undefined {
  let content = '';
  let at = 0;
  for (; at < text.length; at++) {
    let character = text[at] as string;
    if (character === '\\') {
      // RFC 3696: a backslash frees any character, also outside of quotation marks.
      at++;
      if (at === text.length) return undefined;
      character = text[at] as string;
    } else if (!ATOM_TEXT.test(character)) {
      break;
    }
    content += character;
  }
  const isDotted = content !== '' && !/^\.|\.$|\.\./.test(content);
  return isDotted ? { text: content, end: at } : undefined;
}
