/**
 * What a log has that can be asked for: found out over its own API, so that any server of Rekor's API can be read.
 *
 * In scope: some entries of the v1 log with their IDs and digests, sizes and ETags of tiles. Out of scope: asking often.
 */

import { type Answer, Connection, requestBytes } from './connection.js';
import { bytesOfRead, type ReadRequest } from './read-request.js';

/** A log of the v1 API. */
export interface LogSample {
  readonly size: number;
  readonly treeID: string;
  /** Some entries, anywhere in the log. */
  readonly entries: readonly { readonly id: string; readonly digest: string }[];
}

/** Asks a server for its v1 log and `count` entries of it. */
export async function sampleLog(url: string, count: number): Promise<LogSample> {
  const connection = await Connection.open(url);
  const get = async (path: string): Promise<Answer> => {
    const answer = await connection.send(requestBytes('GET', path));
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return answer;
  };
  const info = JSON.parse((await get('/api/v1/log')).body.toString()) as {
    treeSize: number;
    treeID: string;
  };
  const entries: { id: string; digest: string }[] = [];
  for (let n = 0; n < count; n++) {
    const index = Math.floor(Math.random() * info.treeSize);
    const { body } = await get(`/api/v1/log/entries?logIndex=${index}`);
    const [[id, entry] = ['', { body: '' }]] = Object.entries(
      JSON.parse(body.toString()) as Record<string, { body: string }>,
    );
    const digest = /[0-9a-f]{64}/.exec(Buffer.from(entry.body, 'base64').toString('latin1'));
    entries.push({ id, digest: digest?.[0] ?? '' });
  }
  connection.close();
  return { size: info.treeSize, treeID: info.treeID, entries };
}

/** Returns the ETag of an answer; empty where it has none. */
export async function etagOf(url: string, request: ReadRequest): Promise<string> {
  const connection = await Connection.open(url);
  const { headers } = await connection.send(bytesOfRead(request));
  connection.close();
  return headers.get('etag') ?? '';
}
