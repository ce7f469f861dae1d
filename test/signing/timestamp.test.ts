import assert from 'node:assert/strict';
import { it } from 'node:test';
import { entryTimestampMessage } from '../../src/signing/timestamp.js';

it('a SET signs the four members in canonical order without spaces', () => {
  const message = entryTimestampMessage({
    logIndex: 7,
    logID: '936f4f62',
    integratedTimeSeconds: 1_795_335_793,
    body: 'eyJhIjoxfQ==',
  });
  assert.equal(
    Buffer.from(message).toString('utf8'),
    '{"body":"eyJhIjoxfQ==","integratedTime":1795335793,"logID":"936f4f62","logIndex":7}',
  );
});
