/** What a replay knows of the log that it talks to, and what it learns on the way. */

import { createHash, createPublicKey } from 'node:crypto';

export class LogUnderTest {
  readonly pem: string;
  readonly treeID: string;
  readonly treeHex: string;
  readonly logID: string;
  readonly publicKeyDer: Uint8Array;
  size: number;
  /** False once a case was not stored as recorded: positions are then only verified, not compared. */
  inSync = true;
  /** Root hashes that were served, by tree size. */
  readonly roots = new Map<number, string>();
  /** Entries by the name of the case that made them. */
  readonly entryIDs = new Map<string, string>();
  readonly logIndexes = new Map<string, number>();

  constructor(pem: string, treeID: string, size: number) {
    this.pem = pem;
    this.treeID = treeID;
    this.treeHex = treeID === '' ? '' : BigInt(treeID).toString(16).padStart(16, '0');
    this.publicKeyDer =
      pem === '' ? new Uint8Array(0) : createPublicKey(pem).export({ type: 'spki', format: 'der' });
    this.logID = createHash('sha256').update(this.publicKeyDer).digest('hex');
    this.size = size;
  }

  /** Returns `text` with its placeholders filled in. */
  fillIn(text: string): string {
    return text.replace(/\{\{([a-zA-Z]+)(?::([^{}]*))?\}\}/g, (whole, kind: string, name = '') => {
      switch (kind) {
        case 'entryID':
          return this.entryIDs.get(name) ?? this.treeHex + '0'.repeat(64);
        case 'leaf':
          return this.entryIDs.get(name)?.slice(-64) ?? '0'.repeat(64);
        case 'logIndex':
          return String(this.logIndexes.get(name) ?? 999_999_999);
        case 'treeID':
          return this.treeID;
        case 'treeHex':
          return this.treeHex;
        case 'size':
          return String(this.size + Number(name === '' ? 0 : name));
        default:
          return whole;
      }
    });
  }

  /** Returns `text` with what differs from log to log replaced by names. */
  neutral(text: string): string {
    let found = text;
    if (this.pem !== '') {
      found = found
        .replaceAll(this.pem, '<logPublicKey>')
        .replaceAll(JSON.stringify(this.pem).slice(1, -1), '<logPublicKey>');
    }
    if (this.treeID !== '') {
      found = found
        .replaceAll(this.treeHex, '<treeHex>')
        .replace(new RegExp(`(?<!\\d)${this.treeID}(?!\\d)`, 'g'), '<treeID>');
    }
    return found.replace(
      /but \[([A-Z,]+)\] are/g,
      (_, list: string) => `but [${sortedList(list)}] are`,
    );
  }
}

/** Returns a comma-separated list in alphabetical order. */
export function sortedList(list: string): string {
  return list
    .split(',')
    .map((item) => item.trim())
    .sort()
    .join(',');
}
