import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLogError } from '../../src/errors.js';
import { EMPTY_ROOT } from '../../src/merkle/hash.js';
import {
  type CheckpointText,
  parseCheckpoint,
  printCheckpoint,
} from '../../src/note/checkpoint.js';

const malformed = (error: unknown) => isLogError(error, 'NOTE_MALFORMED');
const ROOT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const checkpoint: CheckpointText = {
  origin: 'rekor.example - 3904496407287907110',
  size: 4n,
  root: EMPTY_ROOT,
  extensions: ['extra', 'more'],
};

test('a checkpoint prints and reads, origin with spaces and extension lines included', () => {
  const text = `rekor.example - 3904496407287907110\n4\n${ROOT}\nextra\nmore\n`;
  assert.equal(printCheckpoint(checkpoint), text);
  const read = parseCheckpoint(text);
  assert.deepEqual({ ...read, root: [...read.root] }, { ...checkpoint, root: [...EMPTY_ROOT] });
});

test('sizes are read to 2^63 - 1, and no further', () => {
  const largest = 2n ** 63n - 1n;
  assert.equal(parseCheckpoint(`o\n${largest}\n${ROOT}\n`).size, largest);
  assert.equal(parseCheckpoint(`o\n0\n${ROOT}\n`).size, 0n);
  for (const size of [`${largest + 1n}`, `${2n ** 64n}`, '1'.repeat(100_000), '']) {
    assert.throws(() => parseCheckpoint(`o\n${size}\n${ROOT}\n`), malformed);
  }
  for (const size of ['00', '01', '+1', '-1', '1e3', '0x1', '1_0', ' 1', '1 ', '١', '1.0']) {
    assert.throws(() => parseCheckpoint(`o\n${size}\n${ROOT}\n`), malformed);
  }
});

test('texts that are no checkpoint are refused', () => {
  for (const text of [
    '',
    '\n',
    'o\n',
    'o\n1\n',
    `o\n1\n${ROOT}`,
    `\n1\n${ROOT}\n`,
    `o\n1\n${ROOT}\n\n`,
    `o\n1\n${ROOT}\na\n\nb\n`,
    `o\n1\n${ROOT.slice(0, -1)}\n`,
    `o\n1\n${ROOT.replace('U=', 'V=')}\n`,
    'o\n1\nAAAA\n',
    `o\r\n1\n${ROOT}\n`,
  ]) {
    assert.throws(() => parseCheckpoint(text), malformed, JSON.stringify(text));
  }
});

test('what would not read back is not printed', () => {
  for (const bad of [
    { origin: '' },
    { origin: 'a\nb' },
    { origin: 'a\tb' },
    { size: -1n },
    { size: 2n ** 63n },
    { root: new Uint8Array(31) },
    { extensions: [''] },
    { extensions: ['a\n'] },
    { extensions: ['\ud800'] },
  ]) {
    assert.throws(() => printCheckpoint({ ...checkpoint, ...bad }), malformed);
  }
});

test('any text is a checkpoint that prints back, or is refused', () => {
  const lines = fc.constantFrom(
    'o',
    '',
    '0',
    '7',
    '07',
    ROOT,
    'AAAA',
    'x y',
    '\t',
    '\u2014 k AQIDBAU=',
  );
  const texts = fc.array(lines, { maxLength: 5 }).map((all) => `${all.join('\n')}\n`);
  const good = texts.map((text) => `o\n12\n${ROOT}\n${text}`);
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(fc.string(), texts, good), (text) => {
      let read: CheckpointText;
      try {
        read = parseCheckpoint(text);
      } catch (error) {
        assert.ok(malformed(error));
        return;
      }
      accepted++;
      assert.equal(printCheckpoint(read), text);
    }),
    { seed: 28, numRuns: 2000 },
  );
  assert.ok(accepted > 100, `only ${accepted} checkpoints were accepted`);
});
