/**
 * A log read through Rekor's v1 API: every shard of it, entries ten at a time.
 *
 * In scope: /api/v1/log, /api/v1/log/proof, /api/v1/log/entries/retrieve. Out of scope: believing the answers, SETs
 * included: a leaf is believed when the root needs it. The index that v1 calls logIndex counts over all shards, the
 * oldest first. No state.
 */

import {
  countAt,
  hexAt,
  items,
  optional,
  type Place,
  readJson,
  required,
  textAt,
} from '../client/json-reader.js';
import { readApiEntries } from '../client/log-entry.js';
import { fromUtf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import type { HttpReader } from './http-reader.js';
import { inOrder, type LogSource, type SourceTree } from './log-source.js';

/** Most entries that the API gives at once. */
const ENTRIES_A_REQUEST = 10;

/** Entries of one piece, for which as many requests are under way as it takes. */
const ENTRIES_A_PIECE = 100;

const REQUESTS_AT_ONCE = 10;

/** Ten entries as Rekor answers them; its own bodies are bounded at 32 MiB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_SMALL_ANSWER_BYTES = 1024 * 1024;

/** Most hashes of a proof, and most shards. */
const MAX_PROOF_HASHES = 64;
const MAX_SHARDS = 256;

/** Returns the log whose API is at a URL. */
export function rekorSource(url: string, read: HttpReader): LogSource {
  const api = `${url.replace(/\/+$/, '')}/api/v1/log`;
  return {
    async trees() {
      const answer = await readAnswer(read, { url: api, maxBytes: MAX_SMALL_ANSWER_BYTES });
      const shards = optional(answer, 'inactiveShards');
      const trees: SourceTree[] = [];
      let offset = 0;
      for (const shard of shards === undefined ? [] : items(shards, MAX_SHARDS)) {
        trees.push(treeAt(shard, api, read, offset, true));
        offset += countAt(required(shard, 'treeSize'));
      }
      return [...trees, treeAt(answer, api, read, offset, false)];
    },
  };
}

function treeAt(
  place: Place,
  api: string,
  read: HttpReader,
  offset: number,
  isFrozen: boolean,
): SourceTree {
  const treeID = textAt(required(place, 'treeID'));
  if (!/^\d{1,20}$/.test(treeID)) {
    throw new LogError('ENCODING_MALFORMED', `${place.path}.treeID is no number`);
  }
  return {
    note: textAt(required(place, 'signedTreeHead')),
    isFrozen,
    offset,
    treeID,
    async consistencyProof(first, last) {
      // Rekor has no proof from nothing, nor any need of one.
      if (first === 0 || first === last) return [];
      const query = `firstSize=${first}&lastSize=${last}&treeID=${treeID}`;
      const url = `${api}/proof?${query}`;
      const answer = await readAnswer(read, { url, maxBytes: MAX_SMALL_ANSWER_BYTES });
      return items(required(answer, 'hashes'), MAX_PROOF_HASHES).map(hexAt);
    },
    leaves: (from, to) => readLeaves(api, read, offset, from, to),
  };
}

async function* readLeaves(
  api: string,
  read: HttpReader,
  offset: number,
  from: number,
  to: number,
): AsyncGenerator<readonly Uint8Array[]> {
  const requests = Math.ceil((to - from) / ENTRIES_A_REQUEST);
  const answers = inOrder(requests, REQUESTS_AT_ONCE, (at) => {
    const first = from + at * ENTRIES_A_REQUEST;
    const last = Math.min(to, first + ENTRIES_A_REQUEST);
    return readEntries(api, read, offset + first, offset + last);
  });
  let piece: Uint8Array[] = [];
  for await (const leaves of answers) {
    piece.push(...leaves);
    if (piece.length < ENTRIES_A_PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

async function readEntries(
  api: string,
  read: HttpReader,
  from: number,
  to: number,
): Promise<Uint8Array[]> {
  const logIndexes = Array.from({ length: to - from }, (_, at) => from + at);
  const url = `${api}/entries/retrieve`;
  const answer = await readAnswer(read, { url, json: { logIndexes }, maxBytes: MAX_ANSWER_BYTES });
  const bodies = new Map(readApiEntries(answer).map(({ logIndex, body }) => [logIndex, body]));
  return logIndexes.map((index) => {
    const body = bodies.get(index);
    if (body !== undefined) return body;
    throw new LogError('ENCODING_MALFORMED', `${url} does not give the entry ${index}`);
  });
}

async function readAnswer(
  read: HttpReader,
  request: { readonly url: string; readonly json?: unknown; readonly maxBytes: number },
): Promise<Place> {
  return readJson(fromUtf8(await read(request)), request.url);
}
