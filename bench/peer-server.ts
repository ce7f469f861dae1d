/**
 * The least that any server in Node must do for a submission: read the body, parse it, import the key, verify the
 * signature with the plain native call, answer. Nothing is stored. The same machine in the same minute runs this
 * and the log, and their ratio is the figure that survives a change of machine or of neighbours.
 *
 * It verifies the signed message, which the prepared submissions carry along in a member that logs ignore; a log
 * has the digest alone.
 */

import { createPublicKey, verify } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SignedMessage {
  readonly message: string;
  readonly spec: { readonly signature: { content: string; publicKey: { content: string } } };
}

function answer(body: Buffer, response: ServerResponse): void {
  const { message, spec } = JSON.parse(body.toString()) as SignedMessage;
  const key = createPublicKey(Buffer.from(spec.signature.publicKey.content, 'base64'));
  const signature = Buffer.from(spec.signature.content, 'base64');
  const good = verify('sha256', Buffer.from(message, 'base64'), key, signature);
  const text = JSON.stringify({ verified: good });
  response.writeHead(good ? 201 : 400, {
    'Content-Type': 'application/json',
    'Content-Length': text.length,
  });
  response.end(text);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answer(Buffer.concat(chunks), response));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` }));
});
process.once('SIGTERM', () => process.exit(0));
