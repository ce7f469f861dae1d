/**
 * The place of a webhook in a log, on disk: all before it was delivered.
 *
 * A file that cannot be read is refused, never begun anew: what was not delivered would be forgotten. State: the place,
 * owned here, in memory as on disk.
 */

import { join } from 'node:path';
import { sha256Hex } from '#sha256';
import { utf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { readIfThere, replaceFile } from '../files/durable-file.js';

/** Whose place in what. */
export interface CursorName {
  readonly url: string;
  readonly treeID: string;
}

/** A place on disk. */
export class CursorFile {
  readonly path: string;
  readonly #name: CursorName;
  #next: number;

  private constructor(path: string, name: CursorName, next: number) {
    this.path = path;
    this.#name = name;
    this.#next = next;
  }

  /**
   * Resolves to the place that a folder holds; where it holds none, to `first`, which is on disk then. Rejects with
   * STORE_CORRUPT for a file that is damaged or of another place.
   */
  static async open(folder: string, name: CursorName, first: number): Promise<CursorFile> {
    const { url, treeID } = name;
    const hash = sha256Hex(utf8(`${url}\n${treeID}`)).slice(0, 16);
    const path = join(folder, `webhook-${hash}.json`);
    const text = await readIfThere(path);
    if (text !== undefined) return new CursorFile(path, name, placeIn(text, path, name));
    const file = new CursorFile(path, name, -1);
    await file.save(first);
    return file;
  }

  /** Index of the first entry of which not all was delivered. */
  get next(): number {
    return this.#next;
  }

  /** Resolves when the place is on disk; at once when it is there already. Rejects as the system does. */
  async save(next: number): Promise<void> {
    if (next === this.#next) return;
    await replaceFile(this.path, `${JSON.stringify({ ...this.#name, next })}\n`);
    this.#next = next;
  }
}

function placeIn(text: string, path: string, { url, treeID }: CursorName): number {
  let found: Partial<CursorName & { readonly next: unknown }> | null;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, cause);
  }
  const next = found?.next;
  const isOurs = found?.url === url && found.treeID === treeID;
  if (isOurs && typeof next === 'number' && Number.isSafeInteger(next) && next >= 0) return next;
  throw damaged(path, undefined);
}

function damaged(path: string, cause: unknown): LogError {
  const reason = `${path} is damaged; without it a webhook begins where its configuration says`;
  return new LogError('STORE_CORRUPT', reason, { cause });
}
