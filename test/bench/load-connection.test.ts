import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { LoadConnection } from '../../bench/harness/load-connection.js';

/** Returns the URL of a server that answers each request with the next of `answers`, in the pieces given. */
async function serverOf(t: TestContext, answers: readonly (readonly string[])[]): Promise<string> {
  let at = 0;
  const server = createServer((socket) => {
    socket.setNoDelay();
    socket.on('data', () => void sendPieces(socket, answers[at++] ?? []));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function sendPieces(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (piece === 'end') socket.end();
    // One piece a turn of both event loops, which are the same one: so each arrives by itself.
    else await new Promise((resolve) => socket.write(piece, () => setImmediate(resolve)));
  }
}

interface Seen {
  readonly answers: [status: number, bytes: number][];
  readonly lost: boolean[];
}

/** Sends `count` requests one after the other and returns what came back until the connection ended. */
async function seenOver(url: string, count: number): Promise<Seen> {
  const seen: Seen = { answers: [], lost: [] };
  let left = count;
  await new Promise<void>((resolve) => {
    const sendOrEnd = (): void => {
      if (left-- > 0) connection.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      else connection.close();
    };
    const connection = new LoadConnection(url, {
      opened: sendOrEnd,
      answered: (status, bytes) => {
        seen.answers.push([status, bytes]);
        if (connection.usable) sendOrEnd();
      },
      lost: (unanswered) => {
        seen.lost.push(unanswered);
        resolve();
      },
    });
  });
  return seen;
}

test('answers are counted whole, in whatever pieces they arrive', async (t) => {
  const url = await serverOf(t, [
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['HTTP/1.1 2', '01 Created\r\nContent-', 'Length: 5\r\n\r', '\nhe', 'llo'],
    ['HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel', 'lo\r\n0\r\n', '\r\n'],
  ]);
  const { answers, lost } = await seenOver(url, 4);
  assert.deepEqual(answers, [
    [200, 43],
    [201, 48],
    [404, 38],
    [200, 62],
  ]);
  assert.deepEqual(lost, [false]);
});

test('a connection that the server ends after an answer is lost, the answer is not', async (t) => {
  const url = await serverOf(t, [
    ['HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno', 'end'],
  ]);
  const { answers, lost } = await seenOver(url, 2);
  assert.deepEqual(
    answers.map(([status]) => status),
    [503],
  );
  assert.deepEqual(lost, [false]);
});

test('a connection that ends before its answer says so', async (t) => {
  const url = await serverOf(t, [['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', 'end']]);
  const { answers, lost } = await seenOver(url, 1);
  assert.deepEqual(answers, []);
  assert.deepEqual(lost, [true]);
});
