import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../bench/harness/cpu-profile.js';
import { drawFlames, layOut } from '../../bench/harness/flame-graph.js';

function call(name: string, self: number, calls: readonly Call[] = [], room = 'log'): Call {
  return { name, room, self, total: calls.reduce((sum, { total }) => sum + total, self), calls };
}

test('each call stands above its caller, beside those that it came after', () => {
  const root = call('thread', 0, [call('a', 25, [call('b', 25)]), call('c', 50, [], 'api')]);
  assert.deepEqual(layOut(root), [
    { name: 'a', room: 'log', left: 0, width: 0.5, level: 0 },
    { name: 'b', room: 'log', left: 0, width: 0.25, level: 1 },
    { name: 'c', room: 'api', left: 0.5, width: 0.5, level: 0 },
  ]);
});

test('what takes less than three thousandths is not drawn, nor what it calls', () => {
  const root = call('thread', 0, [call('long', 998), call('short', 1, [call('shorter', 1)])]);
  assert.deepEqual(
    layOut(root).map(({ name }) => name),
    ['long'],
  );
});

test('a picture has every thread and room, and names cannot break it', () => {
  const threads = ['Event loop', 'Signatures'].map((title) => ({
    title,
    root: call('thread', 0, [call('<anonymous> & more', 1, [], 'entries')]),
  }));
  const picture = drawFlames(threads);
  assert.match(picture, /^<svg [^>]*viewBox="0 0 1200 \d+"/);
  assert.match(picture, /Event loop.*Signatures.*>entries</s);
  assert.match(picture, /&lt;anonymous&gt; &amp; more \(entries\) 100\.0 %/);
  assert.doesNotMatch(picture, /<anonymous/);
});

test('a picture of a deep and wide profile stays below 150 KB', () => {
  const deep = (depth: number): Call =>
    call('aFunctionWithALongName', 1, depth === 0 ? [] : [deep(depth - 1), deep(depth - 1)]);
  assert.ok(drawFlames([{ title: 'x', root: deep(11) }]).length < 150_000);
});
