import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswerHead } from '../../bench/harness/answer-head.js';

function head(text: string): ReturnType<typeof readAnswerHead> {
  const bytes = Buffer.from(text.replaceAll('\n', '\r\n'));
  return readAnswerHead(bytes, bytes.length);
}

test('status, length and beginning of the body are found whatever the case of the names', () => {
  assert.deepEqual(head('HTTP/1.1 201 Created\nDate: x\ncOnTeNt-LeNgTh:  1234\n\n'), {
    status: 201,
    bodyStart: 56,
    bodyLength: 1234,
    chunked: false,
    closes: false,
  });
});

test('a head is not there before its last byte is', () => {
  const whole = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
  for (let length = 0; length < whole.length; length++) {
    assert.equal(readAnswerHead(whole, length), undefined);
  }
  assert.notEqual(readAnswerHead(whole, whole.length), undefined);
});

test('names that only begin or end like the ones that count are passed over', () => {
  const found = head(
    'HTTP/1.1 200 OK\nContent-Lengthy: 7\nX-Content-Length: 8\nConnection: keep-alive\n\n',
  );
  assert.equal(found?.bodyLength, 0);
  assert.equal(found?.closes, false);
});

test('chunked bodies and ending connections are told', () => {
  const found = head('HTTP/1.1 503 Busy\nTransfer-Encoding: chunked\nConnection: close\n\n');
  assert.equal(found?.chunked, true);
  assert.equal(found?.closes, true);
});

test('an answer that can have no body has none, whatever its length says', () => {
  assert.equal(head('HTTP/1.1 304 Not Modified\nContent-Length: 99\n\n')?.bodyLength, 0);
});
