/**
 * Second names for LevelDB's files, so that it deletes a name and not a file.
 *
 * LevelDB deletes the files that a merge has replaced while it holds its lock, and whoever reads or writes waits: 10 ms
 * for a table of 36 MB, often ten tables and more. Removing one of two names costs nothing; the file goes with the
 * second name, here, one at a time and beside the lock. Nothing depends on it: where names cannot be given, LevelDB
 * deletes files as ever, and what a crash leaves behind is removed at the next start.
 *
 * In scope: a folder beside LevelDB's, with a hard link to each of its tables and logs. Out of scope: what is in them.
 * The instance owns that folder.
 */

import { type FSWatcher, watch } from 'node:fs';
import { link, mkdir, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const LARGE_FILE = /^\d+\.(ldb|log)$/;

/** The second names of one LevelDB folder. */
export class SecondNames {
  readonly #directory: string;
  readonly #folder: string;
  #watcher: FSWatcher | undefined;
  #following: Promise<void>;
  #hasChanged = true;

  /** Gives second names to the files in `directory`, and to those to come, in `<directory>.unlinking`. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#folder = `${directory}.unlinking`;
    this.#following = this.#start();
  }

  /** Removes all second names; the files that LevelDB has deleted are gone when it returns. Never rejects. */
  async close(): Promise<void> {
    // First what has begun: before its end there may be no watcher to close yet.
    await this.#following;
    this.#giveUp();
    await this.#following;
    await this.#removeFolder();
  }

  async #start(): Promise<void> {
    try {
      await this.#removeFolder();
      await mkdir(this.#folder);
      this.#watcher = watch(this.#directory, { persistent: false }, (event) => {
        // Files come and go seldom; a file changes with every commit.
        if (event === 'rename') this.#changed();
      });
      this.#watcher.on('error', () => this.#giveUp());
    } catch {
      this.#giveUp();
    }
    await this.#follow();
  }

  #changed(): void {
    if (this.#hasChanged) return;
    this.#hasChanged = true;
    this.#following = this.#following.then(() => this.#follow());
  }

  async #follow(): Promise<void> {
    if (this.#watcher === undefined) return;
    this.#hasChanged = false;
    try {
      const [files, names] = await Promise.all([
        readdir(this.#directory),
        readdir(this.#folder).then((found) => new Set(found)),
      ]);
      const large = new Set(files.filter((name) => LARGE_FILE.test(name)));
      for (const name of large) if (!names.has(name)) await this.#link(name);
      for (const name of names) if (!large.has(name)) await unlink(join(this.#folder, name));
    } catch {
      // A file system without hard links, no room for a name, somebody else's hand in the folder.
      this.#giveUp();
      await this.#removeFolder();
    }
  }

  async #link(name: string): Promise<void> {
    try {
      await link(join(this.#directory, name), join(this.#folder, name));
    } catch (error) {
      // Deleted since the folder was read.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #giveUp(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async #removeFolder(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
