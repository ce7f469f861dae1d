/** The pending checkpoints of one log in a file: JSON, replaced as a whole, synced before anybody is told. */

import { readFile } from 'node:fs/promises';
import { LogError } from '../errors.js';
import { replaceFile } from '../files/durable-file.js';
import type { PendingNotes } from './pending-checkpoints.js';

/** Returns the notes in a file, which need not exist yet. Reading throws STORE_CORRUPT for another file. */
export function pendingFile(path: string): PendingNotes {
  return {
    async read() {
      const text = await readIfThere(path);
      return text === undefined ? [] : notesIn(text, path);
    },
    async write(notes) {
      try {
        await replaceFile(path, `${JSON.stringify({ pending: notes })}\n`);
      } catch (cause) {
        const reason = `${path} cannot be written: ${(cause as Error).message}`;
        throw new LogError('STORE_UNAVAILABLE', reason, { cause });
      }
    },
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const reason = `${path} cannot be read: ${(cause as Error).message}`;
    throw new LogError('STORE_UNAVAILABLE', reason, { cause });
  }
}

function notesIn(text: string, path: string): readonly string[] {
  try {
    const { pending } = JSON.parse(text) as { readonly pending?: unknown };
    if (Array.isArray(pending) && pending.every((note) => typeof note === 'string')) return pending;
  } catch {
    // The same verdict as for JSON of another form.
  }
  throw new LogError('STORE_CORRUPT', `${path} does not hold pending checkpoints`);
}
