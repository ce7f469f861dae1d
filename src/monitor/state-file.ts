/**
 * The file in which a monitor remembers one log: all its trees.
 *
 * State: the trees, owned here, in memory as on disk; one process a folder. A file that cannot be read is refused, never
 * begun anew: that would forget the checkpoint that a fork is known by.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readJson } from '../client/json-reader.js';
import { replaceFile } from '../files/durable-file.js';
import { printStates, readStates, type TreeState } from './tree-state.js';

/** The remembered trees of a log. */
export class StateFile {
  readonly path: string;
  readonly #trees: Map<string, TreeState>;

  private constructor(path: string, trees: readonly TreeState[]) {
    this.path = path;
    this.#trees = new Map(trees.map((tree) => [tree.origin, tree]));
  }

  /** Resolves to what a folder holds of the log at a URL. Rejects with ENCODING_MALFORMED for a damaged file. */
  static async open(folder: string, url: string): Promise<StateFile> {
    const name = createHash('sha256').update(url).digest('hex').slice(0, 16);
    const path = join(folder, `log-${name}.json`);
    const text = await readIfThere(path);
    return new StateFile(path, text === undefined ? [] : readStates(readJson(text, path)));
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
    const trees = new Map(this.#trees).set(tree.origin, tree);
    await replaceFile(this.path, printStates(trees.values()));
    this.#trees.set(tree.origin, tree);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
