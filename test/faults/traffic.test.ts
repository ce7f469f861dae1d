/** Many clients, good and bad, at once: nobody gets a wrong proof, and nobody starves the others. */

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Connection, requestBytes } from '../../bench/harness/connection.js';
import { memoryBytes } from '../../bench/harness/process-figures.js';
import { pause, type ServerProcess } from '../../bench/harness/server-process.js';
import {
  type CheckpointFacts,
  currentCheckpoint,
  LogVerifier,
  readEntryAnswers,
} from '../crash/entry-answer.js';
import { Ledger } from '../crash/ledger.js';
import { appendEntries, serverFor, temporaryFolder, until, writersFor } from './scene.js';

const READ_SECONDS = Number(process.env['STELE_FAULT_SECONDS'] ?? '20');
const MEBIBYTE = 2 ** 20;

test(`50 writers and 50 verifiers for ${READ_SECONDS} s: every proof verifies`, async (t) => {
  const server = await serverFor(t, { dataDir: join(temporaryFolder(t), 'data') });
  const ledger = new Ledger();
  await appendEntries(server, ledger, 20);
  const writers = writersFor(t, server, 50, ledger);
  const end = performance.now() + READ_SECONDS * 1000;
  const counts = await Promise.all(
    Array.from({ length: 50 }, (_, n) => verifyUntil(server, n, end)),
  );
  const { statuses, unanswered } = await writers.stop();
  assert.equal(unanswered, 0);
  assert.deepEqual([...statuses.keys()], [201]);
  await ledger.audit(server);
  await server.stop();
  t.diagnostic(
    `${counts.reduce((sum, each) => sum + each, 0)} proofs beside ${ledger.acknowledged} entries`,
  );
});

/** Reads like a suspicious client until `end`; returns how many proofs it checked. */
async function verifyUntil(server: ServerProcess, seed: number, end: number): Promise<number> {
  const connection = await Connection.open(server.url);
  const verifier = await LogVerifier.of(connection, server.origin);
  let head: CheckpointFacts = await currentCheckpoint(connection, verifier);
  let checked = 0;
  for (let n = seed; performance.now() < end; n++) {
    const index = (n * 7919) % head.size;
    const path = `/api/v1/log/entries?logIndex=${index}`;
    const { status, body } = await connection.send(requestBytes('GET', path));
    assert.equal(status, 200, `${path} ${body.toString()}`);
    const [answer] = readEntryAnswers(body);
    assert.ok(answer !== undefined && answer.logIndex === index);
    const seen = verifier.entry(answer);
    assert.ok(seen.size >= head.size, 'a later answer speaks of a smaller tree');
    if (seen.size > head.size) await verifier.consistency(connection, head, seen);
    head = seen;
    checked++;
  }
  connection.close();
  return checked;
}

test('bodies at one byte a second are cut off, and others are served meanwhile', async (t) => {
  const server = await serverFor(t, {
    dataDir: join(temporaryFolder(t), 'data'),
    flags: ['--request-timeout-seconds', '10'],
  });
  const start = requestBytes('POST', '/api/v1/log/entries', undefined, {
    'Content-Type': 'application/json',
    'Content-Length': '100000',
  });
  const sockets = await openSockets(t, server, 200);
  let open = sockets.length;
  for (const socket of sockets) {
    socket.write(start);
    socket.once('close', () => open--);
  }
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x');
  }, 1000);
  t.after(() => clearInterval(drip));
  const ledger = new Ledger();
  const writers = writersFor(t, server, 4, ledger);
  await until(() => open === 0, 60_000, 'all slow bodies are cut off');
  const { longestMs, statuses } = await writers.stop();
  assert.deepEqual([...statuses.keys()], [201]);
  assert.ok(longestMs < 2000, `a submission beside them took ${longestMs} ms`);
  await ledger.audit(server);
  await server.stop();
});

test('10,000 idle connections are held cheaply or refused, and others are served', async (t) => {
  const server = await serverFor(t, { dataDir: join(temporaryFolder(t), 'data') });
  const ledger = new Ledger();
  await appendEntries(server, ledger, 20);
  const before = memoryBytes(server.pid).now;
  const held = await Connection.open(server.url);
  const sockets = await openSockets(t, server, 10_000);
  const { status } = await held.send(requestBytes('GET', '/api/v1/log'));
  assert.equal(status, 200, 'a connection from before is served');
  const grown = (memoryBytes(server.pid).now - before) / MEBIBYTE;
  assert.ok(grown < 200, `memory grew by ${grown.toFixed(0)} MiB`);
  const open = sockets.filter((socket) => !socket.destroyed).length;
  for (const socket of sockets) socket.destroy();
  await until(
    async () => {
      const connection = await Connection.open(server.url).catch(() => undefined);
      const answer = await connection?.send(requestBytes('GET', '/ping')).catch(() => undefined);
      connection?.close();
      return answer?.status === 200;
    },
    10_000,
    'new connections are served afterwards',
  );
  held.close();
  await appendEntries(server, ledger, 20);
  await server.stop();
  t.diagnostic(`${open} of 10,000 held, ${grown.toFixed(0)} MiB`);
});

test('bodies above the limit answer 413 and are not collected', async (t) => {
  const limit = 4 * MEBIBYTE;
  const parallel = 8;
  const server = await serverFor(t, {
    dataDir: join(temporaryFolder(t), 'data'),
    flags: ['--max-request-body-size', String(limit)],
  });
  const ledger = new Ledger();
  await appendEntries(server, ledger, 20);
  const before = memoryBytes(server.pid).peak;
  const announced = requestBytes('POST', '/api/v1/log/entries', undefined, {
    'Content-Type': 'application/json',
    'Content-Length': String(2 ** 40),
  });
  const chunked = requestBytes('POST', '/api/v1/log/entries', undefined, {
    'Content-Type': 'application/json',
    'Transfer-Encoding': 'chunked',
  });
  for (const head of [announced, chunked]) {
    const answers = await Promise.all(
      Array.from({ length: parallel }, () => pour(server, head, head === chunked, 100 * MEBIBYTE)),
    );
    for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 413 /);
  }
  const grown = memoryBytes(server.pid).peak - before;
  // 800 MiB were sent each time; the limit admits 32 MiB at once, and the collector is not in a hurry.
  const bound = 256 * MEBIBYTE;
  assert.ok(grown < bound, `peak memory grew by ${(grown / MEBIBYTE).toFixed(0)} MiB`);
  await appendEntries(server, ledger, 20);
  await ledger.audit(server);
  await server.stop();
  t.diagnostic(`peak memory grew by ${(grown / MEBIBYTE).toFixed(0)} MiB`);
});

/** Sends up to `bytes` of a JSON string and returns the first bytes of the answer. */
function pour(
  server: ServerProcess,
  head: Buffer,
  chunked: boolean,
  bytes: number,
): Promise<string> {
  const text = Buffer.alloc(64 * 1024, 'a');
  const size = Buffer.from(`${text.length.toString(16)}\r\n`);
  const piece = chunked ? Buffer.concat([size, text, Buffer.from('\r\n')]) : text;
  const socket = connectTo(server);
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answer = '';
    const push = (): void => {
      while (sent < bytes && socket.writable) {
        sent += text.length;
        if (!socket.write(piece)) return;
      }
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error('no answer to an oversized body within 30 s'));
    }, 30_000);
    socket.on('drain', push);
    socket.on('data', (data) => {
      answer += data.toString('latin1');
    });
    // A reset after the answer is how a server stops a client that goes on sending.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.on('connect', () => {
      socket.write(head);
      if (chunked) socket.write('1\r\n"\r\n');
      else socket.write('"');
      push();
    });
  });
}

async function openSockets(
  t: TestContext,
  server: ServerProcess,
  count: number,
): Promise<Socket[]> {
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  // A few at a time: the queue of connections not yet accepted is short.
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () =>
      connectTo(server),
    );
    sockets.push(...some);
    await Promise.all(some.map(settled));
    await pause(0);
  }
  return sockets;
}

function connectTo(server: ServerProcess): Socket {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  return socket;
}

function settled(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve());
    socket.once('close', () => resolve());
  });
}
