/**
 * Notes of a log that cannot both be true, a file for each pair, so that they can be shown to others.
 *
 * In scope: keeping them, once each and not without end. Out of scope: finding them. State: the folder.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '#sha256';
import { utf8 } from '../encoding/bytes.js';
import { createFile, makeFolder } from '../files/durable-file.js';
import { originID } from '../note/origin-id.js';

/** Pairs that are kept of a log: the first ones, which say when it began. */
const MAX_PAIRS = 64;

/** Keeps evidence. */
export interface EvidenceFolder {
  /**
   * Keeps the notes of a log, on disk when it returns. Returns the file when they were not there; undefined too when there are
   * enough of that log. Rejects with the error of the system.
   */
  keep(origin: string, notes: readonly string[]): Promise<string | undefined>;
}

/** Returns the evidence in a folder, which is made when it is needed. */
export function evidenceFolder(folder: string): EvidenceFolder {
  return {
    async keep(origin, notes) {
      const text = `${JSON.stringify({ origin, notes }, null, 2)}\n`;
      const prefix = `${originID(origin).slice(0, 16)}-`;
      await makeFolder(folder);
      const names = await readdir(folder);
      if (names.filter((name) => name.startsWith(prefix)).length >= MAX_PAIRS) return undefined;
      const digest = sha256Hex(utf8(text)).slice(0, 16);
      const path = join(folder, `${prefix}${digest}.json`);
      return (await createFile(path, text)) ? path : undefined;
    },
  };
}
