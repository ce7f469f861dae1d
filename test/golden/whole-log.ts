/**
 * A whole log read from its tiles and recomputed: every bundle, every hash tile, the root, and the root at each size.
 *
 * The hashing is RFC 6962 written out and shares nothing with src/merkle.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

const WIDTH = 256;

/** Returns the leaves of the tree of `size`, and checks that all its tiles are those of the leaves. */
export async function readWholeLog(prefix: string, size: number): Promise<readonly Buffer[]> {
  const leaves: Buffer[] = [];
  for (const path of pathsOf('entries', size)) leaves.push(...entriesOf(await read(prefix + path)));
  assert.equal(leaves.length, size);
  let hashes = leaves.map(leafHashOf);
  for (let level = 0; hashes.length > 0; level++) {
    const paths = pathsOf(String(level), hashes.length);
    for (const [i, path] of paths.entries()) {
      const wanted = Buffer.concat(hashes.slice(i * WIDTH, (i + 1) * WIDTH));
      assert.ok((await read(prefix + path)).equals(wanted), path);
    }
    const full = Math.floor(hashes.length / WIDTH);
    const below = hashes;
    hashes = Array.from({ length: full }, (_, i) =>
      rootOf(below.slice(i * WIDTH, (i + 1) * WIDTH)),
    );
  }
  return leaves;
}

/** Returns the root of the tree of these leaves. */
export function rootOfLeaves(leaves: readonly Uint8Array[]): Buffer {
  return rootOf(leaves.map(leafHashOf));
}

/** Returns the paths of a level that has `count` hashes, or of the bundles of that many entries. */
function pathsOf(level: string, count: number): string[] {
  return Array.from({ length: Math.ceil(count / WIDTH) }, (_, i) => {
    const width = Math.min(WIDTH, count - i * WIDTH);
    const digits = String(i).padStart(3, '0');
    assert.equal(digits.length, 3, 'a log of a test has fewer than 256,000 entries');
    return `/tile/${level}/${digits}${width === WIDTH ? '' : `.p/${width}`}`;
  });
}

async function read(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
  assert.match(answer.headers.get('cache-control') ?? '', /\bimmutable\b/);
  return Buffer.from(await answer.arrayBuffer());
}

function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bundle.length) {
    const end = at + 2 + bundle.readUInt16BE(at);
    assert.ok(end <= bundle.length, 'an entry is cut');
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

function rootOf(hashes: readonly Buffer[]): Buffer {
  const [first] = hashes;
  if (first === undefined) return sha256();
  if (hashes.length === 1) return first;
  let left = 1;
  while (left * 2 < hashes.length) left *= 2;
  return sha256(Buffer.of(1), rootOf(hashes.slice(0, left)), rootOf(hashes.slice(left)));
}

function leafHashOf(leaf: Uint8Array): Buffer {
  return sha256(Buffer.of(0), leaf);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
