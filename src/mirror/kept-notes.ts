/**
 * A few signed notes of one log in a file: JSON, replaced as a whole, synced before anybody is told. What a mirror must not
 * forget lies so: the checkpoints that are pending, and the one that it has stated last.
 */

import { LogError } from '../errors.js';
import { readIfThere, replaceFile } from '../files/durable-file.js';

/** Where some notes of one log lie. */
export interface KeptNotes {
  /** Returns the notes that were written last; none at first. */
  read(): Promise<readonly string[]>;
  /** Replaces them, all or nothing; they are on disk when it returns. */
  write(notes: readonly string[]): Promise<void>;
}

/**
 * Returns the notes in a file, which need not exist yet. Reading throws STORE_CORRUPT for another file, and both throw
 * STORE_UNAVAILABLE.
 */
export function notesInFile(path: string): KeptNotes {
  return {
    async read() {
      const text = await textIn(path);
      return text === undefined ? [] : notesIn(text, path);
    },
    async write(notes) {
      try {
        await replaceFile(path, `${JSON.stringify({ notes })}\n`);
      } catch (cause) {
        const reason = `${path} cannot be written: ${(cause as Error).message}`;
        throw new LogError('STORE_UNAVAILABLE', reason, { cause });
      }
    },
  };
}

async function textIn(path: string): Promise<string | undefined> {
  try {
    return await readIfThere(path);
  } catch (cause) {
    const reason = `${path} cannot be read: ${(cause as Error).message}`;
    throw new LogError('STORE_UNAVAILABLE', reason, { cause });
  }
}

function notesIn(text: string, path: string): readonly string[] {
  try {
    const { notes } = JSON.parse(text) as { readonly notes?: unknown };
    if (Array.isArray(notes) && notes.every((note) => typeof note === 'string')) return notes;
  } catch {
    // The same verdict as for JSON of another form.
  }
  throw new LogError('STORE_CORRUPT', `${path} does not hold the notes of a log`);
}
