import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLogError } from '../../src/errors.js';
import { verifyInclusion } from '../../src/merkle/verify.js';
import { parsePolicy } from '../../src/note/policy.js';
import {
  isTlogProof,
  MAX_TLOG_PROOF_HASHES,
  MAX_TLOG_PROOF_LENGTH,
  parseTlogProof,
  printTlogProof,
} from '../../src/note/tlog-proof.js';
import { vectorPath } from '../vectors.js';
import { openByPolicy } from './policy-opener.js';

const malformed = (error: unknown) => isLogError(error, 'NOTE_MALFORMED');

interface ProofCase {
  case: string;
  leaf_hash: string;
  proof: string;
  valid: boolean;
}
const recorded = JSON.parse(readFileSync(vectorPath('note/tlog-proof.json'), 'utf8')) as {
  policy: string;
  cases: ProofCase[];
};

const policy = parsePolicy(recorded.policy);

/** Returns whether the proof of a case holds for who trusts what the policy does. */
function holds({ proof, leaf_hash }: ProofCase): boolean {
  try {
    const { index, hashes, checkpoint } = parseTlogProof(proof);
    const { size, root } = openByPolicy(checkpoint, policy);
    const leafHash = Buffer.from(leaf_hash, 'base64');
    verifyInclusion({ index: Number(index), size: Number(size), leafHash, proof: hashes, root });
    return true;
  } catch (error) {
    assert.ok(isLogError(error), String(error));
    return false;
  }
}

test('the recorded proofs hold or not, as recorded', () => {
  assert.ok(recorded.cases.length >= 10);
  for (const each of recorded.cases) assert.equal(holds(each), each.valid, each.case);
});

const proofOf = (name: string) =>
  recorded.cases.find((each) => each.case === name)?.proof ?? assert.fail(name);
const PLAIN = proofOf('plain');

test('what is read prints back, extra data and an empty one included', () => {
  for (const name of ['plain', 'extra', 'extra-empty', 'index-0', 'quorum-missing', 'hash-extra']) {
    const text = proofOf(name);
    assert.equal(printTlogProof(parseTlogProof(text)), text, name);
    assert.ok(isTlogProof(text));
  }
  assert.deepEqual(parseTlogProof(proofOf('extra')).extra, new TextEncoder().encode('age-v1.2.1'));
  assert.deepEqual(parseTlogProof(proofOf('extra-empty')).extra, new Uint8Array());
  assert.equal('extra' in parseTlogProof(PLAIN), false);
});

test('a tree of one leaf has a proof without hashes', () => {
  const none = PLAIN.replace(/(index 5\n)(\S+\n)*\n/, '$1\n').replace('index 5', 'index 0');
  const { index, hashes } = parseTlogProof(none);
  assert.deepEqual([index, hashes], [0n, []]);
  assert.equal(printTlogProof({ ...parseTlogProof(none) }), none);
});

test('indexes are read to 2^63 - 1, and no further', () => {
  const at = (index: string) => PLAIN.replace('index 5', `index ${index}`);
  const largest = 2n ** 63n - 1n;
  assert.equal(parseTlogProof(at(`${largest}`)).index, largest);
  for (const index of [`${largest + 1n}`, '1'.repeat(50_000), '', '05', '00', '+5', '-5', '5 ']) {
    assert.throws(() => parseTlogProof(at(index)), malformed, index.slice(0, 30));
  }
  for (const index of ['٥', '5e0', '0x5', '5.0', ' 5', '5\t', '5\u00a0']) {
    assert.throws(() => parseTlogProof(at(index)), malformed, index);
  }
});

const HASH = `${'A'.repeat(43)}=`;

test('texts that are no proof are refused', () => {
  const damages: Readonly<Record<string, string>> = {
    nothing: '',
    'the header alone': 'c2sp.org/tlog-proof@v1\n',
    'no empty line': PLAIN.slice(0, PLAIN.indexOf('\n\n')),
    'no checkpoint': PLAIN.slice(0, PLAIN.indexOf('\n\n') + 2),
    'an unsigned checkpoint': PLAIN.slice(0, PLAIN.lastIndexOf('\n\n') + 1),
    'a note that is no checkpoint': PLAIN.replace('\n13\n', '\nthirteen\n'),
    'a byte order mark': `\ufeff${PLAIN}`,
    'a line before the header': `\n${PLAIN}`,
    'a space after the header': PLAIN.replace('@v1', '@v1 '),
    'another version': PLAIN.replace('@v1', '@v2'),
    'no index': PLAIN.replace('index 5\n', ''),
    'two indexes': PLAIN.replace('index 5\n', 'index 5\nindex 5\n'),
    'the index after the hashes': PLAIN.replace('index 5\n', '').replace('\n\n', '\nindex 5\n\n'),
    'extra data after the index': PLAIN.replace('index 5\n', 'index 5\nextra YQ==\n'),
    'extra data twice': PLAIN.replace('index 5\n', 'extra YQ==\nextra YQ==\nindex 5\n'),
    'extra data without its space': PLAIN.replace('index 5\n', 'extra\nindex 5\n'),
    'extra data without padding': PLAIN.replace('index 5\n', 'extra YQ\nindex 5\n'),
    'extra data with unused bits': PLAIN.replace('index 5\n', 'extra YR==\nindex 5\n'),
    'an unknown line': PLAIN.replace('index 5\n', 'other x\nindex 5\n'),
    'a hash of 31 bytes': PLAIN.replace('index 5\n', `index 5\n${'A'.repeat(40)}AA==\n`),
    'a hash of 33 bytes': PLAIN.replace('index 5\n', `index 5\n${'A'.repeat(44)}\n`),
    'a hash in hex': PLAIN.replace('index 5\n', `index 5\n${'00'.repeat(32)}\n`),
    'a hash with a space': PLAIN.replace('index 5\n', `index 5\n ${HASH}\n`),
    'two empty lines': PLAIN.replace('\n\n', '\n\n\n'),
    'something after the checkpoint': `${PLAIN}x`,
    'no newline at the end': PLAIN.slice(0, -1),
  };
  for (const [name, text] of Object.entries(damages)) {
    assert.notEqual(text, PLAIN, name);
    assert.throws(() => parseTlogProof(text), malformed, name);
  }
});

test('a proof has 63 hashes and a bounded length, and one more is refused', () => {
  const { checkpoint } = parseTlogProof(PLAIN);
  const hashes = Array.from({ length: MAX_TLOG_PROOF_HASHES }, () => new Uint8Array(32));
  const longest = printTlogProof({ index: 0n, hashes, checkpoint });
  assert.equal(parseTlogProof(longest).hashes.length, MAX_TLOG_PROOF_HASHES);
  const tooMany = { index: 0n, hashes: [...hashes, new Uint8Array(32)], checkpoint };
  assert.throws(() => printTlogProof(tooMany), malformed);
  assert.throws(
    () => parseTlogProof(longest.replace('index 0\n', `index 0\n${HASH}\n`)),
    malformed,
  );
  const empty = printTlogProof({ index: 0n, hashes: [], checkpoint, extra: new Uint8Array() });
  const room = Math.floor((MAX_TLOG_PROOF_LENGTH - empty.length) / 4) * 3;
  const proof = { index: 0n, hashes: [], checkpoint };
  const full = printTlogProof({ ...proof, extra: new Uint8Array(room) });
  assert.equal(parseTlogProof(full).extra?.length, room);
  assert.throws(() => printTlogProof({ ...proof, extra: new Uint8Array(room + 3) }), malformed);
  assert.throws(() => parseTlogProof(full.replace('extra ', 'extra AAAA')), malformed);
});

test('what would not read back is not printed', () => {
  const good = parseTlogProof(PLAIN);
  for (const bad of [
    { index: -1n },
    { index: 2n ** 63n },
    { hashes: [new Uint8Array(31)] },
    { checkpoint: '' },
    { checkpoint: good.checkpoint.slice(0, -1) },
    { checkpoint: `\n${good.checkpoint}` },
  ]) {
    assert.throws(() => printTlogProof({ ...good, ...bad }), malformed);
  }
});

test('any text is a proof that prints back, or is refused', () => {
  const head = fc.constantFrom('extra ', 'extra YQ==', 'index 0', 'index 05', HASH, 'AAAA', '');
  const texts = fc
    .array(head, { maxLength: 4 })
    .map((lines) => `c2sp.org/tlog-proof@v1\n${lines.join('\n')}`);
  const { checkpoint } = parseTlogProof(PLAIN);
  const whole = texts.map((text) => `${text}\n\n${checkpoint}`);
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(fc.string(), texts, whole), (text) => {
      try {
        assert.equal(printTlogProof(parseTlogProof(text)), text);
        accepted++;
      } catch (error) {
        if (!malformed(error)) throw error;
      }
    }),
    { seed: 19, numRuns: 6000 },
  );
  assert.ok(accepted > 50, `only ${accepted} proofs were accepted`);
});
