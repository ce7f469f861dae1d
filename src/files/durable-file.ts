/**
 * Files that are whole after a crash: made at once, replaced at once, or grown by whole lines; on disk when they are said to
 * be. Every function rejects with the error of the system. No state.
 */

import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const OWNER_ONLY = 0o600;

/** Returns the text of a file, undefined when it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Resolves when the file has this text; before that it has its old one. Its folder is made when it is missing. */
export async function replaceFile(path: string, text: string, mode = OWNER_ONLY): Promise<void> {
  await makeFolder(dirname(path));
  const draft = `${path}.new`;
  await writeSynced(draft, 'w', text, mode);
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/**
 * Makes a file that only its owner may read, and its folder when that is missing. Returns false, and changes nothing, when
 * there is a file of that name, even one that another process made meanwhile.
 */
export async function createFile(path: string, text: string): Promise<boolean> {
  const folder = dirname(path);
  await makeFolder(folder);
  // Under a name of its own until it is synced, then linked: a crash leaves no half file under the real name, and
  // link, unlike rename, refuses to replace what another process put there.
  const draft = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  await writeSynced(draft, 'wx', text, OWNER_ONLY);
  try {
    await link(draft, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  } finally {
    await unlink(draft);
  }
  await syncFolder(folder);
  return true;
}

/** Resolves when the lines stand behind what the file had. Its folder is made when it is missing. */
export async function appendLines(path: string, lines: readonly string[]): Promise<void> {
  await makeFolder(dirname(path));
  await writeSynced(path, 'a', lines.map((line) => `${line}\n`).join(''), OWNER_ONLY);
}

/** Makes a folder that only its owner may look into, and those above it, when they are missing. */
export async function makeFolder(path: string): Promise<void> {
  const topmost = await mkdir(path, { recursive: true, mode: 0o700 });
  if (topmost !== undefined) await syncFolder(dirname(topmost));
}

/** Makes what was done to the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeSynced(path: string, flags: string, text: string, mode: number): Promise<void> {
  const file = await open(path, flags, mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
