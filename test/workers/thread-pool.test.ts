import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { afterEach, test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { type ThreadLimits, ThreadPool } from '../../src/workers/thread-pool.js';
import type { Order } from './scripted-thread.js';

const MODULE = new URL('./scripted-thread.js', import.meta.url);
const LIMITS: ThreadLimits = { threads: 1, timeLimitMs: 20_000, memoryLimitMb: 64, waiting: 10 };

let opened: ThreadPool<Order, string>[] = [];

function open(limits: Partial<ThreadLimits> = {}): ThreadPool<Order, string> {
  const pool = new ThreadPool<Order, string>(MODULE, { ...LIMITS, ...limits });
  opened.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(opened.map((pool) => pool.close()));
  opened = [];
});

test('tasks get their own answers, in the order in which they came', async () => {
  const pool = open();
  const answered: string[] = [];
  const words = ['a', 'b', 'c', 'd'];
  await Promise.all(
    words.map(async (say) => {
      answered.push(await pool.run({ say }));
    }),
  );
  assert.deepEqual(answered, words);
});

test('an error of ours keeps its code and words, any other stays a bug', async () => {
  const pool = open();
  await assert.rejects(pool.run({ do: 'refuse' }), (error) => {
    assert.ok(isLogError(error, 'ENTRY_MALFORMED'));
    assert.equal(error.message, 'no entry');
    return true;
  });
  await assert.rejects(pool.run({ do: 'fail' }), (error) => {
    assert.ok(!isLogError(error));
    assert.match((error as Error).stack ?? '', /a bug/);
    return true;
  });
  assert.equal(await pool.run({ say: 'still here' }), 'still here');
});

test('a task that takes too long is ended, and the next one gets a new thread', async () => {
  for (const endless of ['spin', 'hang'] as const) {
    const pool = open({ timeLimitMs: 1_500 });
    const first = pool.run({ do: endless });
    const second = pool.run({ say: 'next' });
    await assert.rejects(first, (error) => {
      assert.ok(isLogError(error, 'ENTRY_TOO_COSTLY'));
      assert.match(error.message, /more than 1500 ms/);
      return true;
    });
    assert.equal(await second, 'next');
  }
});

test('a task that takes too much memory is ended, and the next one gets a new thread', async () => {
  const pool = open();
  const first = pool.run({ do: 'hoard' });
  const second = pool.run({ say: 'next' });
  await assert.rejects(first, (error) => {
    assert.ok(isLogError(error, 'ENTRY_TOO_COSTLY'));
    assert.match(error.message, /more than 64 MiB of memory/);
    return true;
  });
  assert.equal(await second, 'next');
});

test('a thread that ends by itself fails its task alone', async () => {
  const pool = open();
  const first = pool.run({ do: 'exit' });
  const second = pool.run({ say: 'next' });
  await assert.rejects(first, /ended by itself/);
  assert.equal(await second, 'next');
});

test('what waits is bounded, and closing refuses it', async () => {
  const pool = open({ waiting: 1 });
  const running = pool.run({ do: 'hang' });
  const waiting = pool.run({ say: 'late' });
  await assert.rejects(pool.run({ say: 'too many' }), (error) => isLogError(error, 'OVERLOADED'));
  const refused = [running, waiting].map((each) =>
    assert.rejects(each, (error) => isLogError(error, 'SHUTTING_DOWN')),
  );
  await pool.close();
  await Promise.all(refused);
  await assert.rejects(pool.run({ say: 'x' }), (error) => isLogError(error, 'SHUTTING_DOWN'));
});

test('an idle pool does not keep the process alive', () => {
  const pool = new URL('../../src/workers/thread-pool.js', import.meta.url).href;
  const script = `import(${JSON.stringify(pool)}).then(async ({ ThreadPool }) => {
    const pool = new ThreadPool(new URL(${JSON.stringify(MODULE.href)}), ${JSON.stringify(LIMITS)});
    console.log(await pool.run({ say: 'done' }));
  })`;
  const options = { encoding: 'utf8', timeout: 20_000 } as const;
  const output = execFileSync(process.execPath, ['-e', script], options);
  assert.equal(output, 'done\n');
});

test('a task that cannot be sent fails alone, at once', async () => {
  const pool = open();
  const unsendable = { say: 'x', extra: () => {} } as Order;
  await assert.rejects(pool.run(unsendable), /could not be cloned/);
  assert.equal(await pool.run({ say: 'next' }), 'next');
});

test('a task waits for a thread no longer than it may run, and frees its place', async () => {
  const pool = open({ timeLimitMs: 1_000, waiting: 2 });
  const running = [pool.run({ do: 'hang' }), pool.run({ do: 'hang' })];
  const ended = running.map((each) => assert.rejects(each, (error) => isLogError(error)));
  const waiting = pool.run({ say: 'late' });
  await assert.rejects(pool.run({ say: 'too many' }), (error) => isLogError(error, 'OVERLOADED'));
  await assert.rejects(waiting, (error) => {
    assert.ok(isLogError(error, 'OVERLOADED'));
    assert.match(error.message, /no thread was free for 1000 ms/);
    return true;
  });
  await Promise.all(ended);
  assert.equal(await pool.run({ say: 'next' }), 'next');
});

test('a pool that stops refuses what waits and lets what runs come to its end', async () => {
  const pool = open({ timeLimitMs: 20_000 });
  const running = pool.run({ say: 'running' });
  const waiting = pool.run({ say: 'waiting' });
  pool.stop();
  await assert.rejects(waiting, (error) => isLogError(error, 'SHUTTING_DOWN'));
  await assert.rejects(pool.run({ say: 'x' }), (error) => isLogError(error, 'SHUTTING_DOWN'));
  assert.equal(await running, 'running');
});
