import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchOptions, UsageError } from '../../bench/options.js';

test('no arguments ask for everything', () => {
  const { question, operands, flags, quick, connections } = parseBenchOptions([]);
  assert.deepEqual(
    [question, operands, flags, quick, connections],
    [undefined, [], [], false, undefined],
  );
});

test('a question, its operands, its options and the flags of the server are told apart', () => {
  const options = parseBenchOptions(
    'ingest a.json --connections 1,64 --seconds 0.5 --kinds v1,v2 -- --log-level warn --port 1'.split(
      ' ',
    ),
  );
  assert.equal(options.question, 'ingest');
  assert.deepEqual(options.operands, ['a.json']);
  assert.deepEqual(options.connections, [1, 64]);
  assert.equal(options.seconds, 0.5);
  assert.deepEqual(options.kinds, ['v1', 'v2']);
  assert.deepEqual(options.flags, ['--log-level', 'warn', '--port', '1']);
});

test('what is no option or no number is refused', () => {
  for (const text of ['--entires 5', '--entries', '--entries 0', '--rounds 1.5', '--seconds -1']) {
    assert.throws(() => parseBenchOptions(text.split(' ')), UsageError, text);
  }
  assert.throws(() => parseBenchOptions(['--connections', '1,,2']), UsageError);
});
