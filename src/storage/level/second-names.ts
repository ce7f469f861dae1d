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
import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const LARGE_FILE = /^\d+\.(ldb|log)$/;
/** Files followed one by one before the whole folder is looked through again, should an event have been lost. */
const FILES_BETWEEN_LOOKS = 500;

/** The second names of one LevelDB folder. */
export class SecondNames {
  readonly #directory: string;
  readonly #folder: string;
  #watcher: FSWatcher | undefined;
  #following: Promise<void>;
  #followed = 0;

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
      this.#watcher = watch(this.#directory, { persistent: false }, (event, name) => {
        // Files come and go seldom; a file changes with every commit.
        if (event === 'rename') this.#changed(name);
      });
      this.#watcher.on('error', () => this.#giveUp());
    } catch {
      this.#giveUp();
    }
    await this.#lookThrough();
  }

  #changed(name: string | null): void {
    if (name !== null && !LARGE_FILE.test(name)) return;
    this.#followed += 1;
    const isLookDue = name === null || this.#followed % FILES_BETWEEN_LOOKS === 0;
    this.#following = this.#following.then(() =>
      isLookDue ? this.#lookThrough() : this.#follow(name),
    );
  }

  async #lookThrough(): Promise<void> {
    await this.#unlessGivenUp(async () => {
      const [files, names] = await Promise.all([
        readdir(this.#directory),
        readdir(this.#folder).then((found) => new Set(found)),
      ]);
      const large = new Set(files.filter((name) => LARGE_FILE.test(name)));
      for (const name of large) if (!names.has(name)) await this.#giveOrTake(name);
      for (const name of names) if (!large.has(name)) await this.#giveOrTake(name);
    });
  }

  /** A log of millions of entries has thousands of tables: one that comes or goes is not looked for among them. */
  async #follow(name: string): Promise<void> {
    await this.#unlessGivenUp(() => this.#giveOrTake(name));
  }

  async #unlessGivenUp(work: () => Promise<void>): Promise<void> {
    if (this.#watcher === undefined) return;
    try {
      await work();
    } catch {
      // A file system without hard links, no room for a name, somebody else's hand in the folder.
      this.#giveUp();
      await this.#removeFolder();
    }
  }

  /** Gives a file its second name, or takes that away when the first one is gone. */
  async #giveOrTake(name: string): Promise<void> {
    const secondName = join(this.#folder, name);
    try {
      await link(join(this.#directory, name), secondName);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') await rm(secondName, { force: true });
      else if (code !== 'EEXIST') throw error;
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
