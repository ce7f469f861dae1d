/** Trees that Tessera wrote, in test/vectors/merkle: their entries by recipe, their files by name. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { leafHash } from '../../src/merkle/hash.js';
import { vectorPath } from '../vectors.js';

interface Recipe {
  readonly seed: string;
  readonly first_entries: readonly {
    readonly index: string;
    readonly data_base64: string;
    readonly leaf_hash_base64: string;
  }[];
  readonly roots_base64: Readonly<Record<string, string>>;
}

/** The size of the largest tree. */
export const LARGEST_TREE = 65_537;

/** What the trees are made from, and what is known of them. */
export const recipe: Recipe = JSON.parse(readFileSync(vectorPath('merkle/vectors.json'), 'utf8'));

/** The entries of the largest tree; a smaller one has the first of them. Some are empty. */
export const entries: readonly Uint8Array[] = Array.from({ length: LARGEST_TREE }, (_, i) =>
  entry(i),
);

/** Their leaf hashes. */
export const leafHashes: readonly Uint8Array[] = entries.map(leafHash);

/** A recorded tree: all of it, or some of its tiles. */
export interface RecordedTree {
  readonly folder: string;
  readonly size: number;
  /** Paths of tiles and bundles. */
  readonly paths: readonly string[];
  /** Returns the bytes of a file. */
  read(path: string): Buffer;
}

/** The recorded trees. */
export const recordedTrees: readonly RecordedTree[] = readdirSync(vectorPath('merkle'))
  .filter((name) => name.startsWith('tree-'))
  .map(recordedTree);

function recordedTree(folder: string): RecordedTree {
  const root = vectorPath(`merkle/${folder}/`);
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name !== 'checkpoint')
    .map((file) => `${file.parentPath}/${file.name}`.replace('//', '/').slice(root.length));
  return {
    folder,
    size: Number(folder.split('-')[1]),
    paths,
    read: (path) => readFileSync(root + path),
  };
}

function entry(i: number): Uint8Array {
  const block = (k: number) => createHash('sha256').update(`${recipe.seed}:${i}:${k}`).digest();
  const length = ((block(0)[0] as number) % 97) * 3;
  const blocks: Buffer[] = [];
  for (let k = 1; (k - 1) * 32 < length; k++) blocks.push(block(k));
  return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
}
