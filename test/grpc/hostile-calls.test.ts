import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { LogError } from '../../src/errors.js';
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
} from '../../src/grpc/generated/grpc/health/v1/health_pb.js';
import { CreateEntryRequestSchema } from '../../src/grpc/generated/rekor/v2/entry_pb.js';
import { TransparencyLogEntrySchema } from '../../src/grpc/generated/sigstore_rekor_pb.js';
import { DEFAULT_GRPC_LIMITS } from '../../src/grpc/grpc-server.js';
import { DEFAULT_BODY_LIMITS } from '../../src/http/body.js';
import { added, call, talk } from './grpc-client.js';

const CREATE = '/dev.sigstore.rekor.v2.Rekor/CreateEntry';
const CHECK = '/grpc.health.v1.Health/Check';
const NEVER = new Promise<never>(() => {});

/** A request whose message has exactly `length` bytes. */
function requestOf(length: number): Uint8Array {
  const around = (digest: number) =>
    toBinary(
      CreateEntryRequestSchema,
      create(CreateEntryRequestSchema, {
        spec: { case: 'hashedRekordRequestV002', value: { digest: new Uint8Array(digest) } },
      }),
    );
  const request = around(length - (around(length).length - length));
  assert.equal(request.length, length);
  return request;
}

test('a message is read to the limit and refused beyond', async (t) => {
  const { client, asked } = await talk(t);
  const limit = DEFAULT_GRPC_LIMITS.maxMessageBytes;
  const atLimit = await call(client, CREATE, requestOf(limit), TransparencyLogEntrySchema);
  assert.equal(atLimit.code, status.OK);
  const beyond = await call(client, CREATE, requestOf(limit + 1), TransparencyLogEntrySchema);
  assert.equal(beyond.code, status.RESOURCE_EXHAUSTED);
  assert.equal(asked.length, 1);
  const again = await call(client, CREATE, requestOf(100), TransparencyLogEntrySchema);
  assert.equal(again.code, status.OK);
});

test('what a body held is free again when its call is over', async (t) => {
  const maxHeldBytes = 3 * DEFAULT_GRPC_LIMITS.maxMessageBytes;
  const { client } = await talk(
    t,
    {},
    { limits: { bodies: { ...DEFAULT_BODY_LIMITS, maxHeldBytes } } },
  );
  for (const length of [4_000_000, 5_000_000, 4_000_000, 5_000_000, 4_000_000]) {
    const { code } = await call(client, CREATE, requestOf(length), TransparencyLogEntrySchema);
    assert.equal(code, length > 4_500_000 ? status.RESOURCE_EXHAUSTED : status.OK);
  }
});

test('a question of the describing services is read to a lower limit', async (t) => {
  const { client } = await talk(t);
  const question = (length: number) =>
    toBinary(
      HealthCheckRequestSchema,
      create(HealthCheckRequestSchema, { service: 'a'.repeat(length) }),
    );
  const small = await call(client, CHECK, question(4_000), HealthCheckResponseSchema);
  assert.equal(small.code, status.OK);
  const large = await call(client, CHECK, question(5_000), HealthCheckResponseSchema);
  assert.equal(large.code, status.RESOURCE_EXHAUSTED);
});

test('bytes that are no message are refused, however they are nested', async (t) => {
  const { client, asked } = await talk(t);
  const groups = new Uint8Array(1_000_000).fill(0x0b);
  for (const bytes of [Uint8Array.of(0xff), Uint8Array.of(0x0a, 0x7f), groups]) {
    const { code } = await call(client, CREATE, bytes, TransparencyLogEntrySchema);
    assert.ok(code === status.INTERNAL || code === status.INVALID_ARGUMENT, String(code));
  }
  assert.equal(asked.length, 0);
});

test('a method that there is not is unimplemented', async (t) => {
  const { client } = await talk(t);
  const unknown = await call(
    client,
    '/no.Such/Method',
    new Uint8Array(),
    HealthCheckResponseSchema,
  );
  assert.deepEqual(
    [unknown.code, unknown.details],
    [status.UNIMPLEMENTED, 'unknown method /no.Such/Method'],
  );
});

test('a deadline that passes ends the call, and the entry is added all the same', async (t) => {
  let addedLate: (() => void) | undefined;
  const { client, completed } = await talk(t, {
    submit: () =>
      new Promise((resolve) => {
        addedLate = () => resolve(added(0));
      }),
  });
  const { code } = await call(client, CREATE, new Uint8Array(), TransparencyLogEntrySchema, {
    deadline: Date.now() + 50,
  });
  assert.equal(code, status.DEADLINE_EXCEEDED);
  addedLate?.();
  const { code: next } = await call(client, CHECK, new Uint8Array(), HealthCheckResponseSchema);
  assert.equal(next, status.OK);
  assert.equal(completed.length, 2);
});

test('a call is cut when it has lasted too long, whatever its client allows', async (t) => {
  const { client } = await talk(t, { submit: () => NEVER }, { limits: { callTimeoutMs: 50 } });
  const { code } = await call(client, CREATE, new Uint8Array(), TransparencyLogEntrySchema);
  assert.equal(code, status.CANCELLED);
});

test('a client that goes away is noticed, and its failure later harms nobody', async (t) => {
  let fail: ((error: Error) => void) | undefined;
  const { client, completed, port } = await talk(t, {
    submit: () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const stream = session.request(grpcHeaders(CREATE)).end(Buffer.alloc(5));
  stream.on('error', () => {});
  while (fail === undefined) await new Promise(setImmediate);
  session.destroy();
  while (completed.length === 0) await new Promise(setImmediate);
  fail(new LogError('STORE_UNAVAILABLE', 'late'));
  assert.equal(completed[0]?.error, undefined);
  const { code } = await call(client, CHECK, new Uint8Array(), HealthCheckResponseSchema);
  assert.equal(code, status.OK);
});

function grpcHeaders(path: string): http2.OutgoingHttpHeaders {
  return { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
}

test('calls beyond the number allowed are turned away, and later ones served', async (t) => {
  const waiting: (() => void)[] = [];
  const { port } = await talk(
    t,
    { submit: () => new Promise((resolve) => waiting.push(() => resolve(added(0)))) },
    { limits: { maxCalls: 2 } },
  );
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const begin = () => session.request(grpcHeaders(CREATE)).end(Buffer.alloc(5));
  const [first, second] = [begin(), begin()];
  while (waiting.length < 2) await new Promise(setImmediate);
  const third = begin();
  third.on('error', () => {});
  await new Promise((resolve) => third.once('close', resolve));
  assert.equal(third.rstCode, http2.constants.NGHTTP2_REFUSED_STREAM);
  for (const go of waiting.splice(0)) go();
  await Promise.all([first, second].map((stream) => once(stream.resume(), 'close')));
  const fourth = begin().resume();
  while (waiting.length === 0) await new Promise(setImmediate);
  waiting[0]?.();
  const [trailers] = await once(fourth, 'trailers');
  assert.equal(trailers['grpc-status'], '0');
});

test('a body that arrives too slowly is given up', async (t) => {
  const { port } = await talk(
    t,
    {},
    { limits: { bodies: { ...DEFAULT_BODY_LIMITS, graceMs: 20, totalMs: 20 } } },
  );
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const stream = session.request(grpcHeaders(CREATE)).resume();
  stream.on('error', () => {});
  stream.write(Buffer.from([0, 0, 0]));
  const [trailers] = await once(stream, 'trailers');
  assert.equal(trailers['grpc-status'], String(status.DEADLINE_EXCEEDED));
});

test('a message in thirty thousand pieces is put together', async (t) => {
  const { port, asked } = await talk(t);
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const stream = session.request(grpcHeaders(CREATE)).resume();
  const message = requestOf(30_000);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  for (const byte of Buffer.concat([head, message])) {
    if (!stream.write(Buffer.of(byte))) await once(stream, 'drain');
  }
  stream.end();
  const [trailers] = await once(stream, 'trailers');
  assert.equal(trailers['grpc-status'], '0');
  assert.equal(asked.length, 1);
});

test('what is no call of gRPC is refused, and the server goes on', async (t) => {
  const { port, client } = await talk(t);
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const statusOf = (headers: http2.OutgoingHttpHeaders): Promise<unknown> => {
    const stream = session.request(headers).resume();
    if (headers[':method'] !== 'GET') stream.end(Buffer.alloc(5));
    return new Promise((resolve) => {
      stream.once('response', (answer) => resolve(answer[':status']));
      stream.once('error', () => resolve('reset'));
    });
  };
  const headers = grpcHeaders(CHECK);
  assert.equal(await statusOf({ ...headers, 'content-type': 'application/grpc+json' }), 415);
  assert.equal(await statusOf({ ...headers, 'content-type': 'application/json' }), 415);
  assert.equal(await statusOf({ ':method': 'GET', ':path': CHECK }), 415);
  assert.equal(await statusOf({ ...headers, ':method': 'GET' }), 405);
  assert.equal(await statusOf({ ...headers, ':authority': '[]:x' }), 200);
  assert.equal(await statusOf({ ...headers, 'grpc-timeout': 'é' }), 200);
  assert.equal(await statusOf({ ...headers, ':path': '/\u00e9%' }), 200);
  const { code } = await call(client, CHECK, new Uint8Array(), HealthCheckResponseSchema);
  assert.equal(code, status.OK);
});

test('whoever speaks no HTTP/2 is cut off, and the server goes on', async (t) => {
  const { port, client } = await talk(t);
  for (const greeting of [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    '\x16\x03\x01\x02\x00',
    '\0'.repeat(100),
  ]) {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume().end(greeting);
    await once(socket, 'close');
  }
  const { code } = await call(client, CHECK, new Uint8Array(), HealthCheckResponseSchema);
  assert.equal(code, status.OK);
});

test('a connection without calls is closed after a time', async (t) => {
  const { port } = await talk(t, {}, { limits: { idleTimeoutMs: 30 } });
  const socket = net.connect(port, '127.0.0.1');
  await once(socket.resume(), 'close');
});

test('closing lets calls finish, and cuts what takes longer than the grace', async (t) => {
  let finish: (() => void) | undefined;
  const { client, close } = await talk(t, {
    submit: () =>
      new Promise((resolve) => {
        finish = () => resolve(added(0));
      }),
  });
  const pending = call(client, CREATE, new Uint8Array(), TransparencyLogEntrySchema);
  while (finish === undefined) await new Promise(setImmediate);
  const closed = close(60_000);
  finish();
  assert.equal((await pending).code, status.OK);
  await closed;

  const stuck = await talk(t, { submit: () => NEVER });
  const cut = call(stuck.client, CREATE, new Uint8Array(), TransparencyLogEntrySchema);
  while (stuck.asked.length === 0) await new Promise(setImmediate);
  await stuck.close(10);
  assert.notEqual((await cut).code, status.OK);
});

test('a port that is in use is told by the system’s error', async (t) => {
  const { port } = await talk(t);
  await assert.rejects(talk(t, {}, { port }), { code: 'EADDRINUSE' });
});
