/** A log of golden entries behind a fetch without a network: signed, of any size, and damaged where a test says so. */

import { generateKeyPairSync } from 'node:crypto';
import type { BoundedFetch } from '../../src/client/bounded-fetch.js';
import { verifyLogSignature } from '../../src/client/log-signature.js';
import { utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import { parseTilePath } from '../../src/merkle/tile.js';
import { type NoteVerifier, printSignedNote } from '../../src/note/signed-note.js';
import {
  parseVerifierKey,
  printVerifierKey,
  SIGNATURE_TYPE,
  type VerifierKey,
} from '../../src/note/verifier-key.js';
import { signerFromKey } from '../../src/signing/signer.js';
import { goldenSource } from '../http/tile-source.js';

export interface ServedTree {
  readonly url: string;
  readonly origin: string;
  readonly key: VerifierKey;
  /** Serves the tree of this size from now on. */
  grow(size: number): Promise<void>;
  /** Asked for each answer; what it returns is served instead. */
  damage: (path: string, body: Uint8Array) => Uint8Array | undefined;
  /** Signs a checkpoint text, true or not. */
  sign(text: string): string;
  readonly fetch: BoundedFetch;
  /** Paths that were asked for. */
  readonly asked: string[];
}

export async function servedTree(size: number, origin = 'golden.example/log'): Promise<ServedTree> {
  const signer = signerFromKey(generateKeyPairSync('ed25519').privateKey);
  const publicKey = signer.publicKeyDer.subarray(12);
  const key = parseVerifierKey(
    printVerifierKey({ name: origin, type: SIGNATURE_TYPE.ed25519, publicKey }),
  );
  let source = goldenSource(origin, size);
  const sign = (text: string): string => {
    const signature = signer.sign(utf8(text));
    return printSignedNote({ text, signatures: [{ name: origin, keyID: key.keyID, signature }] });
  };
  const bodyOf = async (path: string): Promise<Uint8Array | undefined> => {
    if (path === 'checkpoint') return utf8(sign(await source.checkpoint()));
    try {
      return await source.tile(parseTilePath(path));
    } catch (error) {
      if (isLogError(error, 'TILE_MALFORMED')) return undefined;
      throw error;
    }
  };
  const url = `http://${origin}/`;
  const tree: ServedTree = {
    url,
    origin,
    key,
    grow: async (larger) => {
      source = goldenSource(origin, larger);
    },
    damage: () => undefined,
    sign,
    asked: [],
    fetch: async ({ url: address, maxBytes }) => {
      const path = address.slice(url.length);
      tree.asked.push(path);
      const honest = await bodyOf(path);
      const body = honest && (tree.damage(path, honest) ?? honest);
      const status = body === undefined ? 404 : 200;
      if ((body?.length ?? 0) > maxBytes) throw new Error(`${path} is longer than ${maxBytes}`);
      const found = body ?? new Uint8Array(0);
      return { status, mediaType: '', body: found, retryAfterSeconds: undefined };
    },
  };
  return tree;
}

/** Returns what verifies signatures of logs, of types 1 and 2. */
export function logVerifier({ name, keyID, type, publicKey }: VerifierKey): NoteVerifier {
  const der = type === SIGNATURE_TYPE.ed25519 ? ed25519Der(publicKey) : publicKey;
  const verify = (text: Uint8Array, signature: Uint8Array) =>
    verifyLogSignature(der, text, signature);
  return { name, keyID, verify };
}

function ed25519Der(key: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]);
}
