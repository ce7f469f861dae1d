import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { createLogger, LogStream } from '../../src/server/logger.js';

/** A sink that keeps what was written, one item a write. */
function keepingSink() {
  const writes: string[] = [];
  let closed = (): void => {};
  const sink = {
    write: (lines: string) => writes.push(lines),
    once(_: 'close', listener: () => void) {
      closed = listener;
      return sink;
    },
    end: () => closed(),
  };
  return { sink, writes };
}

function messagesOf(lines: string): string[] {
  const each = lines.split('\n').slice(0, -1);
  return each.map((line) => (JSON.parse(line) as { message: string }).message);
}

test('lines of requests are written together, in their order, soon', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { sink, writes } = keepingSink();
  const logger = createLogger('info', new LogStream(sink));
  for (const message of ['a', 'b', 'c']) logger.info(message);
  assert.deepEqual(writes, []);
  t.mock.timers.tick(20);
  assert.deepEqual(writes.map(messagesOf), [['a', 'b', 'c']]);
  logger.info('d');
  t.mock.timers.tick(20);
  assert.deepEqual(writes.slice(1).map(messagesOf), [['d']]);
});

test('a warning or an error is written at once, behind what waits', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { sink, writes } = keepingSink();
  const logger = createLogger('info', new LogStream(sink));
  logger.info('a');
  logger.warn('b');
  logger.error('c');
  assert.deepEqual(writes.map(messagesOf), [['a', 'b'], ['c']]);
  t.mock.timers.tick(100);
  assert.equal(writes.length, 2);
});

test('many lines do not wait for the time', () => {
  const { sink, writes } = keepingSink();
  const logger = createLogger('info', new LogStream(sink));
  for (let i = 0; i < 20; i++) logger.info('x'.repeat(1_000));
  assert.equal(writes.length, 1);
});

test('the end writes what waits, and nothing comes after it', async () => {
  const { sink, writes } = keepingSink();
  const stream = new LogStream(sink);
  const logger = createLogger('info', stream);
  logger.info('a');
  await stream.end();
  logger.error('b');
  assert.deepEqual(writes.map(messagesOf), [['a']]);
});

for (const [how, ending, code] of [
  ['is told to exit', 'process.exit(7)', 7],
  ['meets an error that nobody catches', 'throw new Error("a bug")', 1],
  ['has nothing left to do', '', 0],
] as const) {
  test(`lines that wait are written when the process ${how}`, () => {
    const logger = new URL('../../src/server/logger.js', import.meta.url).href;
    const program = `import { createLogger, stderrStream } from ${JSON.stringify(logger)};
      const logger = createLogger('info', stderrStream());
      for (const message of ['a', 'b']) logger.info(message);
      ${ending}`;
    const flags = process.execArgv.filter((flag) => !flag.startsWith('--test'));
    const args = [...flags, '--input-type=module', '-e', program];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, code);
    const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
    assert.deepEqual(messagesOf(`${lines.join('\n')}\n`), ['a', 'b']);
  });
}

test('nothing is left behind at the process once the lines are written', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const before = process.listeners('exit');
  const logger = createLogger('info', new LogStream(keepingSink().sink));
  for (let round = 0; round < 3; round++) {
    logger.info('a');
    logger.info('b');
    assert.equal(process.listenerCount('exit'), before.length + 1);
    t.mock.timers.tick(20);
    assert.deepEqual(process.listeners('exit'), before);
  }
});
