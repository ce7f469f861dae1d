/**
 * A log that is read through the API of Rekor v1: `/api/v1/log`, `/api/v1/log/proof`, `/api/v1/log/entries/retrieve`.
 *
 * A server has one active tree and may have older ones; the origin says which one is meant. In scope: fetching. Out of scope:
 * verifying. State: where the tree begins in the server's numbering of entries, once it is known.
 */

import { fromUtf8, utf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { MAX_TLOG_PROOF_HASHES } from '../note/tlog-proof.js';
import { okBody } from './bounded-fetch.js';
import {
  base64At,
  countAt,
  hexAt,
  items,
  members,
  optional,
  type Place,
  readJson,
  required,
  textAt,
} from './json-reader.js';
import { addressBelow, type RemoteLog, type RemoteLogOptions } from './remote-log.js';

const MAX_LOG_INFO_BYTES = 1024 * 1024;
const MAX_PROOF_BYTES = 64 * 1024;
/** Entries of a request: what Rekor allows. */
const ENTRIES_A_REQUEST = 10;
/** Entries come with what lies beside them, in base64. */
const MAX_ENTRIES_BYTES = 64 * 1024 * 1024;
const MAX_SHARDS = 1_024;

/** Returns the tree of a server whose checkpoints have the origin; one without a tree ID means the active tree. */
export function rekorV1Log(origin: string, options: RemoteLogOptions): RemoteLog {
  const log = new RekorV1Log(origin, options);
  return {
    checkpoint: () => log.checkpoint(),
    consistency: (first, last) => log.consistency(first, last),
    leavesAtOnce: ENTRIES_A_REQUEST,
    leaves: (from, to) => log.leaves(from, to),
    hashTile: undefined,
  };
}

class RekorV1Log {
  readonly #treeID: string | undefined;
  readonly #options: RemoteLogOptions;
  #firstIndex: number | undefined;

  constructor(origin: string, options: RemoteLogOptions) {
    this.#treeID = / - (\d{1,20})$/.exec(origin)?.[1];
    this.#options = options;
  }

  async checkpoint(): Promise<Uint8Array> {
    const { tree } = await this.#tree();
    return utf8(textAt(required(tree, 'signedTreeHead')));
  }

  async consistency(first: number, last: number): Promise<readonly Uint8Array[]> {
    const tree = this.#treeID === undefined ? '' : `&treeID=${this.#treeID}`;
    const path = `api/v1/log/proof?firstSize=${first}&lastSize=${last}${tree}`;
    const proof = await this.#json(path, MAX_PROOF_BYTES);
    const hashes = optional(proof, 'hashes');
    return hashes === undefined ? [] : items(hashes, MAX_TLOG_PROOF_HASHES).map(hexAt);
  }

  async leaves(from: number, to: number): Promise<readonly Uint8Array[]> {
    this.#firstIndex ??= (await this.#tree()).firstIndex;
    const first = this.#firstIndex + from;
    const logIndexes = Array.from({ length: to - from }, (_, i) => first + i);
    const path = 'api/v1/log/entries/retrieve';
    const answer = await this.#json(path, MAX_ENTRIES_BYTES, JSON.stringify({ logIndexes }));
    const leaves = new Map<number, Uint8Array>();
    for (const each of items(answer, ENTRIES_A_REQUEST)) {
      for (const [, entry] of members(each)) {
        leaves.set(countAt(required(entry, 'logIndex')), base64At(required(entry, 'body')));
      }
    }
    return logIndexes.map((index) => {
      const leaf = leaves.get(index);
      if (leaf !== undefined) return leaf;
      throw new LogError('ENCODING_MALFORMED', `${path} does not answer entry ${index}`);
    });
  }

  /** Returns what the server says of the tree, and the number of its first entry. */
  async #tree(): Promise<{ readonly tree: Place; readonly firstIndex: number }> {
    const info = await this.#json('api/v1/log', MAX_LOG_INFO_BYTES);
    const shards = optional(info, 'inactiveShards');
    let firstIndex = 0;
    for (const shard of shards === undefined ? [] : items(shards, MAX_SHARDS)) {
      if (this.#treeID === textAt(required(shard, 'treeID'))) return { tree: shard, firstIndex };
      firstIndex += countAt(required(shard, 'treeSize'));
    }
    const active = textAt(required(info, 'treeID'));
    if (this.#treeID === undefined || this.#treeID === active) return { tree: info, firstIndex };
    throw new LogError('TREE_UNKNOWN', `the server has no tree ${this.#treeID}`);
  }

  async #json(path: string, maxBytes: number, body?: string): Promise<Place> {
    const { url, fetch: send, timeoutMs, signal } = this.#options;
    const answer = await send({
      url: addressBelow(url, path),
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      maxBytes,
      timeoutMs,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    return readJson(fromUtf8(okBody(path, answer)), path);
  }
}
