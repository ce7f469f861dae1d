import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import { EMPTY_ROOT } from '../../src/merkle/hash.js';
import type { NoteVerifier } from '../../src/note/signed-note.js';
import { MAX_PROOF_HASHES, parseCheckpointSubmission } from '../../src/note/submission.js';
import { admit, decide, isSplitView, type KnownCheckpoint } from '../../src/witness/decide.js';
import { submission, TestLog, unknownLine } from './test-log.js';

const log = new TestLog('log.example/main');
const fork = new TestLog('log.example/main', 2);
const knownAt = (size: number): KnownCheckpoint => ({ size: BigInt(size), root: log.root(size) });
const followed = new Map<string, readonly NoteVerifier[]>([[log.origin, [log.verifier]]]);

/** The status of the answer; 409 with the size. */
function judge(body: string | Uint8Array, known?: KnownCheckpoint, logs = followed): string {
  const bytes = typeof body === 'string' ? utf8(body) : body;
  let parsed: ReturnType<typeof parseCheckpointSubmission>;
  try {
    parsed = parseCheckpointSubmission(bytes);
  } catch (error) {
    assert.ok(isLogError(error, 'NOTE_MALFORMED'), String(error));
    return '400';
  }
  const admitted = admit(parsed, (origin) => logs.get(origin));
  if (admitted.kind === 'refused') return String(admitted.status);
  const verdict = decide(known, admitted);
  if (verdict.kind === 'conflict') return `409 ${verdict.knownSize}`;
  return verdict.kind === 'refused' ? String(verdict.status) : 'cosign';
}

describe('the decision of a witness', () => {
  it('cosigns a first checkpoint, growth and a refresh', () => {
    assert.equal(judge(log.body(0, 5)), 'cosign');
    for (let old = 1; old < 20; old++) {
      for (let size = old; size < 20; size++) {
        assert.equal(judge(log.body(old, size), knownAt(old)), 'cosign', `${old} to ${size}`);
      }
    }
    assert.equal(judge(log.body(0, 0)), 'cosign');
    assert.equal(judge(log.body(0, 0), knownAt(0)), 'cosign');
    assert.equal(judge(log.body(0, 5), knownAt(0)), 'cosign');
  });

  it('refuses a body that is not one with 400 (row 2)', () => {
    const note = log.note(8);
    for (const first of [
      ...['', 'old', 'old ', 'old 03', 'old +3', 'old -3', 'old -0', 'Old 3', 'old  3', 'old\t3'],
      ...['old 3 ', 'old 3.0', 'old 3e0', 'old 3 x', ' old 3', 'old 3\r', 'old 0x3', 'new 3'],
      ...['old 9223372036854775808', 'old 18446744073709551616', `old ${'9'.repeat(400)}`],
    ]) {
      assert.equal(judge(submission(first, log.proof(3, 8), note), knownAt(3)), '400', first);
    }
    const proofs = ['AAAA', `${'A'.repeat(43)}`, `${'A'.repeat(43)}B`, `${'-'.repeat(43)}=`];
    for (const line of [...proofs, `${'A'.repeat(43)}= `, 'x']) {
      assert.equal(judge(`old 3\n${line}\n\n${note}`, knownAt(3)), '400', line);
    }
    assert.equal(judge(`old 3\n${note.replace('\n\n', '\n')}`, knownAt(3)), '400');
    assert.equal(judge('', knownAt(3)), '400');
  });

  it('reads up to 63 proof lines', () => {
    const lines = (count: number) => Array.from({ length: count }, () => new Uint8Array(32));
    const body = (count: number) => submission('old 3', lines(count), log.note(8));
    assert.equal(judge(body(MAX_PROOF_HASHES), knownAt(3)), '422');
    assert.equal(judge(body(MAX_PROOF_HASHES + 1), knownAt(3)), '400');
  });

  it('refuses a note that is not one with 400 (row 3), whoever its log is', () => {
    const note = log.note(5);
    for (const damaged of [
      note.replace('\n\n', '\n'),
      note.trimEnd(),
      `${note}\n`,
      `${note}rest\n`,
      note.replace('\u2014', '-'),
      note.replace('\u2014 ', '\u2014  '),
      `${log.text(5)}\n`,
      note.replace('log.example/main\n', 'log.exa\tmple/main\n'),
    ]) {
      assert.equal(judge(`old 0\n\n${damaged}`), '400', JSON.stringify(damaged));
    }
    const bytes = utf8(`old 0\n\n${note}`);
    bytes[bytes.indexOf(0x6c, 8)] = 0xff;
    assert.equal(judge(bytes), '400');
  });

  it('does not know other origins (row 4), though a known key has signed', () => {
    assert.equal(judge(`old 0\n\n${log.sign(log.text(5).replace('main', 'other'))}`), '404');
    assert.equal(judge(`old 0\n\n${log.sign('\n5\n')}`), '404');
  });

  it('refuses what no key of the log has signed with 403 (row 5)', () => {
    const other = new TestLog(log.origin, undefined, 1);
    assert.equal(judge(other.body(0, 5)), '403');
    const good = log.line(log.text(5));
    const bad = { ...good, signature: good.signature.map((byte) => byte ^ 1) };
    assert.equal(judge(log.body(0, 5, { lines: [bad] })), '403', 'one of two lines is wrong');
    const renamed = new TestLog('log.example/renamed').line(log.text(5));
    assert.equal(judge(log.body(0, 5, { lines: [renamed] })), 'cosign', 'others are ignored');
    const many = Array.from({ length: 15 }, (_, i) => unknownLine(`w${i}.example`, 2428));
    assert.equal(judge(log.body(0, 5, { lines: many })), 'cosign', '15 of post-quantum size');
  });

  it('takes each of several keys of a log', () => {
    const second = new TestLog(log.origin, undefined, 1);
    const logs = new Map([[log.origin, [log.verifier, second.verifier]]]);
    assert.equal(judge(log.body(0, 5), undefined, logs), 'cosign');
    assert.equal(judge(second.body(5, 9), knownAt(5), logs), 'cosign');
  });

  it('refuses a signed text that is no checkpoint with 400 (row 6)', () => {
    for (const sizeText of ['05', '', '+5', '5 ', '9223372036854775808', '-5', 'x']) {
      assert.equal(judge(log.body(0, 5, { sizeText })), '400', sizeText);
    }
    assert.equal(judge(log.body(0, 5, { root: new Uint8Array(31) })), '400');
    assert.equal(judge(log.body(0, 5, { extensions: [''] })), '400');
    assert.equal(judge(log.body(0, 5, { extensions: ['of any kind'] })), 'cosign');
    assert.equal(judge(`old 0\n\n${log.sign(`${log.origin}\n5\n`)}`), '400');
  });

  it('refuses an old size above the checkpoint with 400 before it looks at its state (row 7)', () => {
    assert.equal(judge(submission('old 6', [], log.note(5)), knownAt(3)), '400');
    assert.equal(judge(submission('old 6', [], log.note(5)), knownAt(6)), '400');
  });

  it('answers another old size than the known one with 409 and the known one (row 8)', () => {
    assert.equal(judge(log.body(3, 8), knownAt(5)), '409 5');
    assert.equal(judge(log.body(6, 8), knownAt(5)), '409 5');
    assert.equal(judge(log.body(3, 8)), '409 0');
    assert.equal(judge(log.body(0, 8), knownAt(5)), '409 5');
    assert.equal(judge(log.body(0, 0), knownAt(5)), '409 5');
    const odd = submission('old 3', [new Uint8Array(32)], log.note(8));
    assert.equal(judge(odd, knownAt(5)), '409 5', 'the proof is not looked at');
  });

  it('refuses an empty tree with a root of another (row 9)', () => {
    assert.equal(judge(log.body(0, 0, { root: log.root(1) })), '422');
    assert.equal(judge(log.body(0, 0, { root: log.root(1) }), knownAt(0)), '422');
    assert.deepEqual(log.root(0), EMPTY_ROOT);
  });

  it('refuses a proof from nothing (row 10)', () => {
    assert.equal(judge(submission('old 0', log.proof(3, 5), log.note(5))), '422');
    assert.equal(judge(submission('old 0', log.proof(3, 5), log.note(0))), '422');
  });

  it('refuses another root at the same size, and a proof for it (row 11)', () => {
    assert.equal(judge(fork.body(5, 5), knownAt(5)), '422');
    assert.equal(judge(submission('old 5', log.proof(3, 5), log.note(5)), knownAt(5)), '422');
  });

  it('refuses a proof that does not verify (row 12)', () => {
    assert.equal(judge(fork.body(5, 9), knownAt(5)), '422');
    assert.equal(judge(submission('old 5', [], log.note(9)), knownAt(5)), '422');
    assert.equal(judge(submission('old 5', log.proof(5, 8), log.note(9)), knownAt(5)), '422');
    const proof = log.proof(5, 9);
    assert.equal(judge(submission('old 5', proof.slice(1), log.note(9)), knownAt(5)), '422');
    assert.equal(
      judge(submission('old 5', [...proof, log.root(1)], log.note(9)), knownAt(5)),
      '422',
    );
  });

  it('decides on trees beyond what a double can count', () => {
    const size = 2n ** 63n - 1n;
    const known = { size, root: log.root(5) };
    const note = log.note(5, { sizeText: String(size) });
    assert.equal(judge(submission(`old ${size}`, [], note), known), 'cosign');
    assert.equal(judge(submission(`old ${size - 1n}`, [], note), known), `409 ${size}`);
  });

  it('knows a split view when it sees one', () => {
    const checkpointOf = (of: TestLog, size: number) => ({
      ...{ origin: of.origin, size: BigInt(size), root: of.root(size), extensions: [] },
    });
    assert.equal(isSplitView(knownAt(5), checkpointOf(fork, 5)), true);
    assert.equal(isSplitView(knownAt(5), checkpointOf(log, 5)), false);
    assert.equal(isSplitView(knownAt(5), checkpointOf(fork, 6)), false);
    assert.equal(isSplitView(undefined, checkpointOf(fork, 5)), false);
  });
});
