import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEMS } from '../../../src/api/problem.js';
import { V2_DIALECT } from '../../../src/api/v2/dialect.js';
import { GRPC_CODE, v2ProblemOf } from '../../../src/api/v2/problem.js';
import { ERROR_CODES, LogError } from '../../../src/errors.js';
import { RefusedRequest, type Reply } from '../../../src/http/reply.js';
import { startApp } from '../started-app.js';

const ENTRIES = '/api/v2/log/entries';
const REQUEST = '{"hashedRekordRequestV002":{"digest":"AA=="}}';
const PLAIN = new Set(['ENCODING_MALFORMED', 'ENTRY_KIND_DISABLED', 'ENTRY_TOO_LARGE']);

/** The gRPC code for an HTTP status, as the recording maps them. */
function grpcCodeOf(status: number): number {
  if (status === 503) return GRPC_CODE.unavailable;
  if (status === 507) return GRPC_CODE.resourceExhausted;
  return status >= 500 ? GRPC_CODE.internal : GRPC_CODE.invalidArgument;
}

for (const code of ERROR_CODES) {
  const { status, retryAfterSeconds } = PROBLEMS[code];
  test(`a v2 submission that ends with ${code} is answered ${status} in the form of v2`, async (t) => {
    const app = await startApp(t);
    app.log.failWith(new LogError(code, 'the true reason'));
    const answer = await app.post(ENTRIES, REQUEST);
    assert.equal(answer.status, status);
    assert.equal(answer.headers['content-type'], 'application/json');
    const body = JSON.parse(answer.body) as Record<string, unknown>;
    assert.deepEqual(Object.keys(body), ['code', 'message', 'details']);
    assert.equal(body['code'], grpcCodeOf(status));
    assert.deepEqual(body['details'], []);
    assert.equal(answer.headers['retry-after'], retryAfterSeconds?.toString());
    const reason = answer.headers['x-stele-reason'];
    if (status >= 500) {
      assert.equal(reason, undefined);
      assert.ok(!answer.body.includes('the true reason'));
      const told =
        code === 'OVERLOADED' ? /^reached max pushback; retry$/ : new RegExp(`^${code},`);
      assert.match(String(body['message']), told);
    } else if (PLAIN.has(code)) {
      assert.equal(body['message'], 'the true reason');
      assert.equal(reason, undefined);
    } else {
      assert.equal(body['message'], 'invalid hashedrekord request');
      assert.equal(reason, 'the true reason');
    }
  });
}

test('an error of v2 that nobody expected says nothing of the inside', async (t) => {
  const app = await startApp(t);
  app.log.failWith(new TypeError('cannot read properties of undefined'));
  const answer = await app.post(ENTRIES, REQUEST);
  assert.equal(answer.status, 500);
  const message = 'INTERNAL, request request-1';
  assert.deepEqual(JSON.parse(answer.body), { code: 13, message, details: [] });
  assert.ok(app.completed[0]?.error instanceof TypeError);
});

test('a reason is printable and bounded, whatever it quotes', async (t) => {
  const app = await startApp(t);
  for (const [reason, shown] of [
    ['a\r\nSet-Cookie: x=1', 'a??Set-Cookie: x=1'],
    ['tab\t, nul\0, delete\x7f', 'tab?, nul?, delete?'],
    ['é, 日, \u{1f600}, \ud800', '?, ?, ??, ?'],
    [' ~', ' ~'],
    ['x'.repeat(100_000), 'x'.repeat(512)],
    [`${'x'.repeat(511)}é`, `${'x'.repeat(511)}?`],
  ] as const) {
    app.log.failWith(new LogError('ENTRY_MALFORMED', reason));
    const answer = await app.post(ENTRIES, REQUEST);
    assert.equal(answer.status, 400);
    // HTTP takes the spaces around a value away.
    assert.equal(answer.headers['x-stele-reason'], shown.trim());
    assert.deepEqual(Object.keys(answer.headers).sort(), [
      ...['connection', 'content-length', 'content-type', 'date', 'vary', 'x-stele-reason'],
    ]);
  }
});

test('what a gate refuses has the code of its kind, and keeps its headers', () => {
  const told = (status: number): [number, number, string] => {
    const { status: shown, body } = V2_DIALECT.refusalOf(
      new RefusedRequest(status, 'why', { headers: [['Retry-After', '7']] }),
    ) as Reply;
    const { code, message } = JSON.parse(String(body)) as { code: number; message: string };
    return [shown, code, message];
  };
  assert.deepEqual(told(400), [400, 3, 'why']);
  assert.deepEqual(told(404), [404, 5, 'Not Found']);
  assert.deepEqual(told(405), [501, 12, 'Method Not Allowed']);
  assert.deepEqual(told(408), [408, 4, 'why']);
  assert.deepEqual(told(413), [413, 3, 'why']);
  assert.deepEqual(told(503), [503, 14, 'why']);
  const { headers } = V2_DIALECT.refusalOf(
    new RefusedRequest(503, 'why', { headers: [['Retry-After', '7']] }),
  );
  assert.deepEqual(headers, [['Retry-After', '7']]);
});

test('a problem tells its cause to nobody but the reason', () => {
  const error = new LogError('SIGNATURE_INVALID', 'no', { cause: new Error('inside') });
  assert.deepEqual(v2ProblemOf(error, 'r'), {
    code: 3,
    httpStatus: 400,
    message: 'invalid hashedrekord request',
    reason: 'no',
  });
});
