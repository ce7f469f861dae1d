import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { PackedThread } from '../../src/threads/packed-thread.js';
import { answeringWith, FAILING, moduleOf, SILENT } from '../workers/thread-code.js';

const LENGTH = answeringWith('message.byteLength');

function open(t: TestContext, module: URL) {
  const losses: unknown[] = [];
  const thread = new PackedThread<number>({ module, lost: (error) => losses.push(error) });
  t.after(() => thread.close());
  return { thread, losses };
}

test('every block gets its own answer, in the order in which they came', async (t) => {
  const { thread, losses } = open(t, LENGTH);
  const answers = [5, 0, 700].map((length) => thread.ask(new ArrayBuffer(length)));
  assert.equal(thread.isFree, false);
  assert.deepEqual(await Promise.all(answers), [5, 0, 700]);
  assert.equal(thread.isFree, true);
  assert.deepEqual(losses, []);
});

for (const [how, module] of [
  ['ends', moduleOf('process.exit(0)')],
  ['cannot be read', moduleOf('this is no program')],
  ['cannot be started', new URL('https://log.example/thread.js')],
  ['fails at work', FAILING],
] as const) {
  test(`a thread that ${how} refuses what it was at, and all that comes later`, async (t) => {
    const { thread, losses } = open(t, module);
    const asked = [thread.ask(new ArrayBuffer(1)), thread.ask(new ArrayBuffer(1))];
    for (const each of asked) await assert.rejects(each, /has ended/);
    await assert.rejects(thread.ask(new ArrayBuffer(1)), /has ended/);
    assert.equal(losses.length, 1);
  });
}

test('closing refuses what is under way, and is no loss', async (t) => {
  const { thread, losses } = open(t, SILENT);
  const refused = assert.rejects(thread.ask(new ArrayBuffer(1)), /has ended/);
  await thread.close();
  await refused;
  assert.deepEqual(losses, []);
});

test('a thread keeps the process alive while it works, and no longer', () => {
  const packedThread = new URL('../../src/threads/packed-thread.js', import.meta.url).href;
  const script = `import(${JSON.stringify(packedThread)}).then(async ({ PackedThread }) => {
    const module = new URL(${JSON.stringify(LENGTH.href)});
    const thread = new PackedThread({ module, lost: console.log });
    for (const length of [3, 4]) console.log(await thread.ask(new ArrayBuffer(length)));
  })`;
  const options = { encoding: 'utf8', timeout: 20_000 } as const;
  const output = execFileSync(process.execPath, ['-e', script], options);
  assert.equal(output, '3\n4\n');
});
