/**
 * The least that any server in Node must do for a read: find a prepared answer and send it.
 *
 * Arguments: URL of a log server, JSON file of ReadRequests. It asks that server each of them once, keeps head and body,
 * and answers the same requests with the same bytes from a Map, by node:http. What the log costs beyond that is the log.
 */

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Connection } from './harness/connection.js';
import { listenAsPeer } from './harness/peer-listener.js';
import { bytesOfRead, keyOfRead, type ReadRequest } from './harness/read-request.js';

interface Prepared {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** Headers that node:http writes of itself, or that belong to a connection. */
const NOT_COPIED = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'];

async function prepare(
  url: string,
  requests: readonly ReadRequest[],
): Promise<Map<string, Prepared>> {
  const prepared = new Map<string, Prepared>();
  const connection = await Connection.open(url);
  for (const request of requests) {
    const { status, headers, body } = await connection.send(bytesOfRead(request));
    const { path, known } = request;
    const key = keyOfRead(path, request.body ?? '', request.gzip ? 'gzip' : undefined, known);
    const copied = [...headers].filter(([name]) => !NOT_COPIED.includes(name)).flat();
    const length = status === 304 ? [] : ['content-length', String(body.length)];
    prepared.set(key, { status, headers: [...copied, ...length], body: Buffer.from(body) });
  }
  connection.close();
  return prepared;
}

const [url = '', file = ''] = process.argv.slice(2);
const answers = await prepare(url, JSON.parse(readFileSync(file, 'utf8')) as ReadRequest[]);

function answer(request: IncomingMessage, sent: string, response: ServerResponse): void {
  const { 'accept-encoding': encoding, 'if-none-match': known } = request.headers;
  const found = answers.get(keyOfRead(request.url ?? '', sent, encoding as string, known));
  if (found === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(found.status, found.headers as string[]);
  response.end(found.status === 304 ? undefined : found.body);
}

const server = createServer((request, response) => {
  if (request.method === 'GET') return answer(request, '', response);
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answer(request, Buffer.concat(chunks).toString(), response));
});
listenAsPeer(server);
