import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { readCosignature, subtreeMessage } from '../../src/note/cosignature.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { type Cosigner, ed25519Cosigner, mldsa44Cosigner } from '../../src/signing/cosigner.js';
import { mldsa44 } from '../../src/signing/mldsa44.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { parseLogFlag } from '../../src/witness/log-list.js';
import { SlowTree } from '../merkle/slow-tree.js';
import { type ServedWitness, serveWitness, WITNESS_NAME } from './served-witness.js';
import { submission, TestLog } from './test-log.js';

const log = new TestLog('log.example/main');
const unknown = new TestLog('log.example/unknown');
const tree = new SlowTree();
const SIZE = 14;

/** Starts a witness of both keys that has cosigned the tree of 14 leaves. */
async function start(t: TestContext) {
  const cosigners = [
    ed25519Cosigner(WITNESS_NAME, new Uint8Array(32).fill(0x11)),
    mldsa44Cosigner(WITNESS_NAME, new Uint8Array(32).fill(0x22)),
  ];
  const served = await serveWitness(t, { cosigners, logs: [parseLogFlag(log.vkey)] });
  const { status, body } = await served.post('/add-checkpoint', log.body(0, SIZE));
  assert.equal(status, 200);
  const [ed25519 = '', mldsa = ''] = body.trimEnd().split('\n');
  return {
    served,
    cosigners,
    notes: [ed25519, mldsa].map((line) => noteWith(line)) as [string, string],
  };
}

const noteWith = (line: string) => `${log.text(SIZE)}\n${line}\n`;

interface Asked {
  readonly start?: number;
  readonly end?: number;
  readonly first?: string;
}

function bodyOf(note: string, asked: Asked = {}, proof?: readonly Uint8Array[]): string {
  const { start = 8, end = 13, first = `subtree ${start} ${end}` } = asked;
  const hashes = proof ?? tree.subtreeProof(start, end, 0, SIZE, true);
  return submission(first, [tree.root(start, end), ...hashes], note);
}

const ask = async (served: ServedWitness, body: string) =>
  (await served.post('/sign-subtree', body)).status;

describe('a witness that is asked for a subtree', () => {
  it('signs it without a time when one of its keys has cosigned the checkpoint', async (t) => {
    const { served, cosigners, notes } = await start(t);
    const key = cosigners[1]?.key;
    assert.ok(key !== undefined);
    for (const note of notes) {
      for (const [first, end] of [
        [8, 13],
        [0, 14],
        [4, 8],
        [13, 14],
      ] as const) {
        const answer = await served.post('/sign-subtree', bodyOf(note, { start: first, end }));
        assert.equal(answer.status, 200, answer.body);
        const [line, ...more] = parseSignedNote(`x\n\n${answer.body}`).signatures;
        assert.ok(line !== undefined && more.length === 0);
        assert.equal(line.name, WITNESS_NAME);
        const { timeSeconds, signature } = readCosignature(line.signature) ?? {};
        assert.ok(signature !== undefined);
        assert.equal(timeSeconds, 0n);
        const message = subtreeMessage({
          ...{ cosigner: WITNESS_NAME, timeSeconds: 0n, origin: log.origin },
          ...{ start: BigInt(first), end: BigInt(end), hash: tree.root(first, end) },
        });
        assert.ok(mldsa44().verify(signature, message, key.publicKey));
      }
    }
    assert.match((await served.post('/add-checkpoint', log.body(0, 15))).body, /^14\n$/);
  });

  it('refuses in the order of the specification', async (t) => {
    const { served, notes } = await start(t);
    const [note] = notes;
    for (const first of [
      'subtree 8',
      'subtree 08 13',
      'subtree 8  13',
      'tree 8 13',
      'subtree a b',
    ]) {
      assert.equal(await ask(served, bodyOf(note, { first })), 400, first);
    }
    const lines = Array.from({ length: 64 }, () => new Uint8Array(32));
    assert.equal(await ask(served, bodyOf(note, {}, lines)), 400);
    assert.equal(await ask(served, bodyOf(note, {}, lines.slice(1))), 422);
    assert.equal(await ask(served, 'subtree 8 13\n\n'), 400);
    assert.equal(await ask(served, bodyOf(note, { first: 'subtree 7 13' })), 400);
    assert.equal(await ask(served, bodyOf(note, { first: 'subtree 8 8' })), 400);
    assert.equal(await ask(served, bodyOf(note, { first: 'subtree 8 15' })), 400);
    assert.equal(await ask(served, bodyOf(note, {}, [])), 422);
    assert.equal(await ask(served, bodyOf(unknown.note(SIZE), {}, [])), 422);
    assert.equal(await ask(served, bodyOf(unknown.note(SIZE))), 404);
    assert.equal(await ask(served, bodyOf(log.note(SIZE))), 403, 'the log alone does not count');
    const other = log.text(SIZE, { extensions: ['another text'] });
    const moved = `${other}\n${note.slice(note.indexOf('\n\n') + 2)}`;
    assert.equal(await ask(served, bodyOf(moved)), 403);
  });

  it('lets few wait for their signature', async (t) => {
    const held: (() => void)[] = [];
    const plain = ed25519Cosigner(WITNESS_NAME, new Uint8Array(32).fill(0x11));
    const slow: Cosigner = {
      ...plain,
      async signSubtree({ hash: signature }) {
        await new Promise<void>((resolve) => held.push(resolve));
        return { name: WITNESS_NAME, keyID: plain.key.keyID, signature };
      },
    };
    const served = await serveWitness(t, { cosigners: [slow], logs: [parseLogFlag(log.vkey)] });
    const { body } = await served.post('/add-checkpoint', log.body(0, SIZE));
    const asked = bodyOf(noteWith(body.trimEnd()));
    const waiting = Array.from({ length: 64 }, () => ask(served, asked));
    while (held.length < 64) await new Promise(setImmediate);
    assert.equal(await ask(served, asked), 503);
    for (const resolve of held) resolve();
    assert.ok((await Promise.all(waiting)).every((status) => status === 200));
    const again = ask(served, asked);
    while (held.length < 65) await new Promise(setImmediate);
    held[64]?.();
    assert.equal(await again, 200);
  });

  it('is not asked when it has no key for that', async (t) => {
    const served = await serveWitness(t, { logs: [parseLogFlag(log.vkey)] });
    const { body } = await served.post('/add-checkpoint', log.body(0, SIZE));
    assert.equal(await ask(served, bodyOf(noteWith(body.trimEnd()))), 404);
    assert.equal(await ask(served, 'whatever'), 404);
  });
});

describe('a witness of two keys', () => {
  it('signs with both, and keeps both', async (t) => {
    const { served, cosigners } = await start(t);
    const { body } = await served.post('/add-checkpoint', log.body(SIZE, SIZE));
    const own = cosigners.map(({ key }) => noteVerifier(key));
    assert.equal(openSignedNote(parseSignedNote(`${log.text(SIZE)}\n${body}`), own).length, 2);
  });
});
