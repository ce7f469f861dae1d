import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printCosignature } from '../../src/note/cosignature.js';
import { printSignatureLine, type SignatureLine } from '../../src/note/signed-note.js';
import { cosignaturesIn, uncountedReason } from '../../src/publishing/witness-answer.js';

const TEXT = 'log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n';
const NOW = 1_700_000_000n;
const KEY_ID = Uint8Array.of(1, 2, 3, 4);

/** A line that verifies when its signature is of ones. */
function line(signature: number, seconds = NOW, name = 'w.example/1'): string {
  const printed = printCosignature(seconds, new Uint8Array(64).fill(signature));
  return printSignatureLine({ name, keyID: KEY_ID, signature: printed });
}

function read(answer: string): { lines: readonly SignatureLine[]; asked: number; why: string } {
  let asked = 0;
  const verifier = {
    name: 'w.example/1',
    keyID: KEY_ID,
    verify(_: Uint8Array, signature: Uint8Array): boolean {
      asked += 1;
      return signature.at(-1) === 1;
    },
  };
  const keys = [{ witness: 'w', verifier }];
  const nowMs = Number(NOW) * 1000;
  const lines = cosignaturesIn(answer, TEXT, keys, nowMs).map((each) => each.line);
  return { lines, asked, why: uncountedReason(answer, TEXT, keys, nowMs) };
}

test('a cosignature counts when its time is at most five minutes from now, either way', () => {
  for (const seconds of [NOW - 300n, NOW, NOW + 300n]) {
    assert.equal(read(line(1, seconds)).lines.length, 1, String(seconds));
  }
  for (const seconds of [0n, NOW - 301n, NOW + 301n, 2n ** 63n - 1n]) {
    const { lines, why } = read(line(1, seconds));
    assert.equal(lines.length, 0, String(seconds));
    assert.match(why, new RegExp(`the time ${seconds}, and the clock of the log says ${NOW}`));
  }
});

test('of two lines of a key the one that verifies counts', () => {
  assert.equal(read(line(0) + line(1)).lines.length, 1);
  assert.equal(read(line(1) + line(1, NOW - 1n)).lines.length, 1);
});

test('an answer of many lines of one key costs two verifications', () => {
  const { lines, asked } = read(line(0).repeat(90) + line(1));
  assert.equal(lines.length, 0);
  assert.equal(asked, 2);
});

test('what is no list of signature lines has nothing that counts', () => {
  for (const answer of [
    '',
    '\n',
    `\n${line(1)}`,
    `text\n\n${line(1)}`,
    ` ${line(1)}`,
    line(1).slice(0, -1),
  ]) {
    const { lines, why } = read(answer);
    assert.equal(lines.length, 0, JSON.stringify(answer));
    assert.match(why, /no cosignature that verifies/);
  }
});
