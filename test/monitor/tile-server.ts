/** A log of tiles over HTTP, made in memory by the slow definition: what tests damage to see it found. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { encodeEntryBundle } from '../../src/merkle/entry-bundle.js';
import {
  appendToFrontier,
  EMPTY_FRONTIER,
  frontierRoot,
  perfectSubtreeRoot,
} from '../../src/merkle/frontier.js';
import { leafHash } from '../../src/merkle/hash.js';
import { parseTilePath, TILE_WIDTH } from '../../src/merkle/tile.js';
import { printCheckpoint } from '../../src/note/checkpoint.js';
import { printSignedNote, type SignatureLine } from '../../src/note/signed-note.js';
import { noteKeyID, printVerifierKey, SIGNATURE_TYPE } from '../../src/note/verifier-key.js';

export const ORIGIN = 'tiles.example/log';

/** A key that signs notes. */
export interface NoteKey {
  readonly privateKey: KeyObject;
  readonly publicKey: Uint8Array;
  readonly vkey: string;
}

export function newNoteKey(name: string, type: 1 | 4 = SIGNATURE_TYPE.ed25519): NoteKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return { privateKey, publicKey: raw, vkey: printVerifierKey({ name, type, publicKey: raw }) };
}

export class TileServer {
  readonly leaves: Uint8Array[] = [];
  readonly key = newNoteKey(ORIGIN);
  /** Signs instead of the log's own. */
  forger: NoteKey | undefined;
  origin = ORIGIN;
  /** Lines below the log's, made from the text. */
  cosign: ((text: string) => SignatureLine[]) | undefined;
  /** The size of the checkpoint; else all leaves. */
  size: number | undefined;
  /** The leaves that bundles have, where they are not those of the tree. */
  readonly shown = new Map<number, Uint8Array>();
  /** Served instead of the checkpoint. */
  answer: string | undefined;
  /** Paths that are answered with 503. */
  isAway: (path: string) => boolean = () => false;
  /** Paths that are answered with 404. */
  isGone: (path: string) => boolean = () => false;
  /** What is answered instead; undefined: the truth. */
  instead: (path: string) => Uint8Array | undefined = () => undefined;
  readonly asked: string[] = [];
  url = '';

  async start(t: TestContext): Promise<this> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').slice(1);
      this.asked.push(path);
      const status = this.isAway(path) ? 503 : this.isGone(path) ? 404 : 200;
      response.writeHead(status).end(status === 200 ? this.resource(path) : undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  checkpoint(): string {
    if (this.answer !== undefined) return this.answer;
    const size = this.size ?? this.leaves.length;
    const hashes = this.leaves.slice(0, size).map(leafHash);
    const root = frontierRoot(appendToFrontier(EMPTY_FRONTIER, hashes));
    return this.#signed(
      printCheckpoint({ origin: this.origin, size: BigInt(size), root, extensions: [] }),
    );
  }

  /** A checkpoint of any size, with a root of nothing. */
  checkpointOf(size: bigint): string {
    const root = Buffer.alloc(32).toString('base64');
    return this.#signed(`${this.origin}\n${size}\n${root}\n`);
  }

  #signed(text: string): string {
    const { privateKey, publicKey } = this.forger ?? this.key;
    const own: SignatureLine = {
      name: this.origin,
      keyID: noteKeyID(this.origin, SIGNATURE_TYPE.ed25519, publicKey),
      signature: sign(null, Buffer.from(text), privateKey),
    };
    return printSignedNote({ text, signatures: [own, ...(this.cosign?.(text) ?? [])] });
  }

  /** What is served under a path. */
  resource(path: string): Uint8Array | string {
    const instead = this.instead(path);
    if (instead !== undefined) return instead;
    if (path === 'checkpoint') return this.checkpoint();
    const { level, index, width } = parseTilePath(path);
    if (level === 'entries') {
      const start = index * TILE_WIDTH;
      const bundle = this.leaves.slice(start, start + width);
      return encodeEntryBundle(bundle.map((leaf, at) => this.shown.get(start + at) ?? leaf));
    }
    let row = Buffer.concat(this.leaves.map(leafHash));
    const bytes = TILE_WIDTH * 32;
    for (let below = 0; below < level; below++) {
      const tiles = Array.from({ length: Math.floor(row.length / bytes) }, (_, at) =>
        perfectSubtreeRoot(row.subarray(at * bytes, (at + 1) * bytes)),
      );
      row = Buffer.concat(tiles);
    }
    return row.subarray(index * bytes, index * bytes + width * 32);
  }
}
