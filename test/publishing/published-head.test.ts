import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from '../../src/note/policy.js';
import { printVerifierKey, SIGNATURE_TYPE } from '../../src/note/verifier-key.js';
import { LateRowWriter } from '../../src/publishing/late-rows.js';
import { PublishedHead } from '../../src/publishing/published-head.js';
import { type PublishedNote, publishedNote } from '../../src/publishing/published-note.js';
import type { LateRows } from '../../src/storage/log-store.js';

const POLICY = parsePolicy(
  `${['a', 'b'].map((name, i) => `witness ${name} ${vkeyOf(name, i)}\n`).join('')}quorum a\n`,
);

function vkeyOf(name: string, fill: number): string {
  const type = SIGNATURE_TYPE.ed25519Cosignature;
  return printVerifierKey({ name, type, publicKey: new Uint8Array(32).fill(fill) });
}

function noteOf(size: number, witnesses = ''): PublishedNote {
  const own = { size, root: new Uint8Array(32), note: `log\n${size}\nroot\n\nown line\n` };
  const cosignatures = [...witnesses].map((witness) => ({
    witness,
    line: { name: witness, keyID: new Uint8Array(4), signature: new Uint8Array(72) },
  }));
  return publishedNote(own, cosignatures, POLICY);
}

/** What is written and served, in that order; writes end when the test says so. */
function scene(stored?: PublishedNote) {
  const written: LateRows[] = [];
  const served: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const waiting: (() => void)[] = [];
  const head = new PublishedHead({
    late: new LateRowWriter({
      late: (rows) =>
        new Promise((resolve, reject) => {
          written.push(rows);
          ends.push((error) => (error === undefined ? resolve() : reject(error)));
          for (const told of waiting.splice(0)) told();
        }),
    }),
    policy: POLICY,
    stored,
    served: ({ size, cosignatures }) => {
      served.push(`${size}${cosignatures.map(({ witness }) => witness).join('')}`);
    },
  });
  const nextWrite = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return { head, written, served, ends, nextWrite };
}

test('a note is served when it is on disk, synced, and not before', async () => {
  const { head, written, served, ends, nextWrite } = scene();
  const writing = nextWrite();
  const offered = head.offer(noteOf(1, 'a'));
  await writing;
  assert.deepEqual(served, []);
  assert.equal(written[0]?.sync, true);
  ends[0]?.();
  assert.equal(await offered, true);
  assert.deepEqual(served, ['1a']);
  assert.equal(head.current?.size, 1);
});

test('of what is offered during a write only the best is written', async () => {
  const { head, written, served, ends, nextWrite } = scene();
  let writing = nextWrite();
  const offers = [head.offer(noteOf(1, 'a'))];
  await writing;
  for (const size of [2, 5, 3, 4]) offers.push(head.offer(noteOf(size, 'a')));
  writing = nextWrite();
  ends[0]?.();
  await writing;
  ends[1]?.();
  assert.deepEqual(await Promise.all(offers), [true, true, true, true, true]);
  assert.deepEqual(served, ['1a', '5a']);
  assert.equal(written.length, 2);
});

test('a smaller tree, and a cosignature that is there, change nothing', async () => {
  const { head, written } = scene(noteOf(5, 'a'));
  const { current } = head;
  assert.equal(await head.offer(noteOf(4, 'ab')), true);
  assert.equal(await head.offer(noteOf(5, 'a')), true);
  assert.equal(await head.offer(noteOf(5)), true);
  assert.equal(head.current, current);
  assert.equal(written.length, 0);
});

test('a further cosignature is put below those that are served', async () => {
  const { head, served, ends, nextWrite } = scene(noteOf(5, 'b'));
  const before = head.current?.note ?? '';
  const writing = nextWrite();
  const offered = head.offer(noteOf(5, 'a'));
  await writing;
  ends[0]?.();
  await offered;
  assert.deepEqual(served, ['5ba']);
  assert.ok(head.current?.note.startsWith(before));
});

test('what could not be written is not served, and written with the next offer', async () => {
  const { head, served, ends, nextWrite } = scene();
  let writing = nextWrite();
  const lost = head.offer(noteOf(2, 'a'));
  await writing;
  ends[0]?.(new Error('the disk is full'));
  assert.equal(await lost, false);
  assert.deepEqual(served, []);
  writing = nextWrite();
  const again = head.offer(noteOf(1, 'a'));
  await writing;
  ends[1]?.();
  assert.equal(await again, true);
  assert.deepEqual(served, ['2a']);
});
