/**
 * The file in which a monitor remembers one log: all its trees.
 *
 * State: the trees, owned here, in memory as on disk; one process a folder (folder-lock.ts). A file that cannot be read is
 * refused, never begun anew: that would forget the checkpoint that a fork is known by.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { sha256Hex } from '#sha256';
import { readJson } from '../client/json-reader.js';
import { utf8 } from '../encoding/bytes.js';
import { readIfThere, replaceFile } from '../files/durable-file.js';
import { printState, readState, type TreeState } from './tree-state.js';

/** The remembered trees of a log. */
export class StateFile {
  readonly path: string;
  readonly #log: string;
  readonly #trees: Map<string, TreeState>;
  #isBegun: boolean;

  private constructor(
    path: string,
    log: string,
    isBegun: boolean,
    trees: ReadonlyMap<string, TreeState>,
  ) {
    this.path = path;
    this.#log = log;
    this.#isBegun = isBegun;
    this.#trees = new Map(trees);
  }

  /**
   * Resolves to what a folder holds of the log of this name. Rejects with ENCODING_MALFORMED for a file that is damaged, or
   * of another log.
   */
  static async open(folder: string, log: string): Promise<StateFile> {
    const path = join(folder, fileNameOf(log));
    const text = await readIfThere(path);
    if (text === undefined) return new StateFile(path, log, false, new Map());
    const { isBegun, trees } = readState(readJson(text, path), log);
    return new StateFile(path, log, isBegun, new Map(trees.map((tree) => [tree.origin, tree])));
  }

  /** True when some poll has met all the trees that there were. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** Returns a tree by its origin; for undefined the only one, if there is only one. */
  tree(origin: string | undefined): TreeState | undefined {
    if (origin !== undefined) return this.#trees.get(origin);
    return this.#trees.size === 1 ? [...this.#trees.values()][0] : undefined;
  }

  /** Returns the origins of all trees. */
  get origins(): readonly string[] {
    return [...this.#trees.keys()];
  }

  /** Resolves when the tree is on disk; at once when it is there already. */
  async save(tree: TreeState): Promise<void> {
    if (isDeepStrictEqual(this.#trees.get(tree.origin), tree)) return;
    await this.#write(new Map(this.#trees).set(tree.origin, tree), this.#isBegun);
    this.#trees.set(tree.origin, tree);
  }

  /** Resolves when it is on disk that all trees were met. */
  async begin(): Promise<void> {
    if (this.#isBegun) return;
    await this.#write(this.#trees, true);
    this.#isBegun = true;
  }

  #write(trees: ReadonlyMap<string, TreeState>, isBegun: boolean): Promise<void> {
    return replaceFile(
      this.path,
      printState({ log: this.#log, isBegun, trees: [...trees.values()] }),
    );
  }
}

/** Resolves to the state files in a folder that are of none of these logs. */
export async function forgottenStates(folder: string, logs: readonly string[]): Promise<string[]> {
  const known = new Set(logs.map(fileNameOf));
  let names: string[] = [];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return names.filter((name) => /^log-[0-9a-f]{16}\.json$/.test(name) && !known.has(name));
}

function fileNameOf(log: string): string {
  return `log-${sha256Hex(utf8(log)).slice(0, 16)}.json`;
}
