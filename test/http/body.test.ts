import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createBodyReader } from '../../src/http/body.js';
import { type BodyLimits, ClientGone } from '../../src/http/body-rate.js';
import { RefusedRequest } from '../../src/http/reply.js';
import { manualClock } from './manual-clock.js';

const LIMITS: BodyLimits = {
  maxBytes: 1_000,
  maxHeldBytes: 20_000,
  graceMs: 5_000,
  minBytesPerSecond: 100,
  totalMs: 60_000,
};

/** A request whose body the test writes. */
function requestWith(headers: Record<string, string>): IncomingMessage & PassThrough {
  return Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage & PassThrough;
}

const chunked = () => requestWith({ 'transfer-encoding': 'chunked' });

function isRefusal(status: number) {
  return (error: unknown) => error instanceof RefusedRequest && error.status === status;
}

test('a body of the limit is whole, one byte more is cut', async () => {
  for (const [length, truncated] of [
    [1_000, false],
    [1_001, true],
  ] as const) {
    const reader = createBodyReader(LIMITS, manualClock());
    const request = chunked();
    const body = reader.read(request);
    request.end(Buffer.alloc(length, 0x61));
    assert.equal((await body)?.truncated, truncated);
    assert.equal((await body)?.bytes.length, 1_000);
  }
});

test('a request without length and encoding has no body', async () => {
  const reader = createBodyReader(LIMITS, manualClock());
  assert.equal(await reader.read(requestWith({})), undefined);
  assert.equal(await reader.read(requestWith({ 'content-length': '0' })), undefined);
});

test('a stream is read whole without an announced length, within the same bounds', async () => {
  const reader = createBodyReader(LIMITS, manualClock());
  for (const [length, truncated] of [
    [0, false],
    [999, false],
    [1_000, true],
  ] as const) {
    const stream = new PassThrough();
    const reading = reader.readAll(stream, 999);
    stream.end(Buffer.alloc(length));
    const body = await reading;
    assert.deepEqual([body.bytes.length, body.truncated], [Math.min(length, 999), truncated]);
    reader.release(body);
  }
  assert.equal(reader.heldBytes, 0);
});

test('the chunks of a body come back in order', async () => {
  const reader = createBodyReader({ ...LIMITS, maxBytes: 100_000 }, manualClock());
  const request = chunked();
  const body = reader.read(request);
  const text = Array.from({ length: 3_000 }, (_, i) => String(i)).join(',');
  for (const chunk of text.match(/.{1,7}/gs) ?? []) request.write(chunk);
  request.end();
  assert.equal(Buffer.from((await body)?.bytes ?? []).toString(), text);
});

test('a body at one byte a second is given up after the grace', async () => {
  const clock = manualClock();
  const reader = createBodyReader(LIMITS, clock);
  const request = requestWith({ 'content-length': '500' });
  const body = assert.rejects(reader.read(request), isRefusal(408));
  for (let second = 0; second < 7; second++) {
    request.write('x');
    await new Promise(setImmediate);
    clock.advance(1_000);
  }
  await body;
  assert.equal(reader.heldBytes, 0);
  assert.equal(clock.armed, 0);
});

test('a body that keeps up the rate is read for as long as the total time, and no longer', async () => {
  const clock = manualClock();
  const reader = createBodyReader({ ...LIMITS, maxBytes: 100_000 }, clock);
  const request = chunked();
  let settled: unknown;
  const body = reader.read(request).then(
    () => assert.fail('the body was not given up'),
    (error: unknown) => {
      settled = error;
    },
  );
  for (let second = 0; second < 59; second++) {
    request.write(Buffer.alloc(200));
    await new Promise(setImmediate);
    clock.advance(1_000);
  }
  assert.equal(settled, undefined);
  clock.advance(2_000);
  await body;
  assert.ok(isRefusal(408)(settled));
});

test('a client that goes away within its body is nobody to answer', async () => {
  const reader = createBodyReader(LIMITS, manualClock());
  const request = requestWith({ 'content-length': '500' });
  const body = assert.rejects(reader.read(request), ClientGone);
  request.write('half');
  request.destroy();
  await body;
  assert.equal(reader.heldBytes, 0);
});

test('bodies that together exceed the budget are refused, and it is given back', async () => {
  const reader = createBodyReader({ ...LIMITS, maxBytes: 100_000 }, manualClock());
  const first = chunked();
  const held = reader.read(first);
  first.end(Buffer.alloc(12_000));
  const body = await held;
  const second = chunked();
  const refused = assert.rejects(reader.read(second), isRefusal(503));
  second.end(Buffer.alloc(12_000));
  await refused;
  reader.release(body);
  assert.equal(reader.heldBytes, 0);
  const third = chunked();
  const again = reader.read(third);
  third.end(Buffer.alloc(12_000));
  assert.equal((await again)?.bytes.length, 12_000);
});

test('a large announced length costs nothing before its bytes come', () => {
  const reader = createBodyReader({ ...LIMITS, maxBytes: 32e6, maxHeldBytes: 64e6 }, manualClock());
  reader.read(requestWith({ 'content-length': '32000000' })).catch(() => {});
  assert.ok(reader.heldBytes <= 8_192);
});

test('a chunked request has a body when a byte comes before its end', async () => {
  for (const sent of ['', '{}']) {
    const reader = createBodyReader(LIMITS, manualClock());
    const request = chunked();
    const begins = reader.begins(request);
    request.end(sent);
    assert.equal(await begins, sent !== '');
    if (sent === '') continue;
    const body = await reader.read(request);
    assert.equal(Buffer.from(body?.bytes ?? []).toString(), sent);
  }
  const reader = createBodyReader(LIMITS, manualClock());
  assert.equal(await reader.begins(requestWith({ 'content-length': '7' })), true);
  assert.equal(await reader.begins(requestWith({ 'content-length': '0' })), false);
  assert.equal(await reader.begins(requestWith({})), false);
});

test('the first chunk is waited for no longer than the grace, and not when the client is gone', async () => {
  const clock = manualClock();
  const reader = createBodyReader(LIMITS, clock);
  const late = assert.rejects(async () => reader.begins(chunked()), isRefusal(408));
  clock.advance(5_000);
  await late;
  const request = chunked();
  const gone = assert.rejects(async () => reader.begins(request), ClientGone);
  request.destroy();
  await gone;
  assert.equal(clock.armed, 0);
});

test('chunks are handed on as they come, and a body that is too slow ends where it is', async () => {
  const clock = manualClock();
  const reader = createBodyReader(LIMITS, clock);
  const request = chunked();
  const chunks = reader.chunks(request)[Symbol.asyncIterator]();
  const first = chunks.next();
  request.write('ab');
  assert.equal(String((await first).value), 'ab');
  const second = chunks.next();
  clock.advance(LIMITS.graceMs + 2_000);
  assert.equal((await second).done, true);
  assert.equal(reader.heldBytes, 0);
  assert.equal(request.listenerCount('data'), 0);
});

test('chunks that somebody has had enough of stay in the request, and a client that goes away is told', async () => {
  const reader = createBodyReader(LIMITS, manualClock());
  const request = chunked();
  request.write('ab');
  for await (const chunk of reader.chunks(request)) {
    assert.equal(String(chunk), 'ab');
    request.write('rest');
    break;
  }
  assert.equal(String(request.read()), 'rest');
  const gone = chunked();
  const next = reader.chunks(gone)[Symbol.asyncIterator]().next();
  gone.destroy();
  await assert.rejects(next, ClientGone);
});
