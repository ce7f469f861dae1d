import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { readCosignature } from '../../src/note/cosignature.js';
import { originID } from '../../src/note/origin-id.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { MAX_SUBMISSION_BYTES } from '../../src/note/submission.js';
import { printVerifierKey } from '../../src/note/verifier-key.js';
import { ed25519Cosigner } from '../../src/signing/cosigner.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { parseLogFlag } from '../../src/witness/log-list.js';
import { type ServedWitness, serveWitness, witnessFolder } from './served-witness.js';
import { TestLog, unknownLine } from './test-log.js';

const log = new TestLog('log.example/main');
const fork = new TestLog('log.example/main', 3);
const logs = [parseLogFlag(log.vkey)];
const id = originID(log.origin);
const checkpointPath = `/${id}/checkpoint`;

const add = (served: ServedWitness, body: string | Uint8Array) =>
  served.post('/add-checkpoint', body);

/** The times of the lines of an answer; throws unless the witness has signed `text`. */
function timesOf(served: ServedWitness, text: string, lines: string): bigint[] {
  const note = parseSignedNote(`${text}\n${lines}`);
  const own = [noteVerifier(served.cosigner.key)];
  return openSignedNote(note, own).map(
    ({ signature }) => readCosignature(signature)?.timeSeconds ?? 0n,
  );
}

describe('a served witness', () => {
  it('cosigns a log as it grows, with times that never run back', async (t) => {
    const served = await serveWitness(t, { logs });
    assert.equal((await served.get(checkpointPath)).status, 404);
    const steps = [
      [0, 3, 1_700_000_000n, 1_700_000_000n],
      [3, 3, 1_700_000_009n, 1_700_000_009n],
      [3, 7, 1_600_000_000n, 1_700_000_009n],
      [7, 8, 0n, 1_700_000_009n],
      [8, 8, 1_700_000_010n, 1_700_000_010n],
    ] as const;
    for (const [old, size, now, expected] of steps) {
      served.nowSeconds = now;
      const answer = await add(served, log.body(old, size));
      assert.equal(answer.status, 200, `${old} to ${size}: ${answer.body}`);
      assert.deepEqual(timesOf(served, log.text(size), answer.body), [expected]);
      const kept = await served.get(checkpointPath);
      assert.equal(kept.body, `${log.note(size)}${answer.body}`);
    }
    await served.close();
    const again = await serveWitness(t, { logs, folder: served.folder });
    again.nowSeconds = 5n;
    const answer = await add(again, log.body(8, 9));
    assert.deepEqual(timesOf(again, log.text(9), answer.body), [1_700_000_010n]);
  });

  it('signs and writes nothing for what it has cosigned this very second', async (t) => {
    let writes = 0;
    const served = await serveWitness(t, {
      logs,
      writeFault(step) {
        if (step === 'before-write') writes++;
      },
    });
    const first = await add(served, log.body(0, 5));
    const before = writes;
    for (let i = 0; i < 3; i++) assert.deepEqual(await add(served, log.body(5, 5)), first);
    served.nowSeconds -= 10n;
    assert.deepEqual(await add(served, log.body(5, 5)), first, 'nor when the clock was set back');
    assert.equal(writes, before);
    served.nowSeconds += 11n;
    const later = await add(served, log.body(5, 5));
    assert.deepEqual(timesOf(served, log.text(5), later.body), [1_700_000_001n]);
    assert.equal((await served.get(checkpointPath)).body, `${log.note(5)}${later.body}`);
  });

  it('cosigns nothing while its clock cannot be believed', async (t) => {
    let trouble: string | undefined = 'it jumped';
    const served = await serveWitness(t, { logs, clockTrouble: () => trouble });
    const refused = await add(served, log.body(0, 5));
    assert.equal(refused.status, 503);
    assert.match(refused.body, /^CLOCK_UNTRUSTED, request [^\n]*\n$/);
    const { status, body } = await served.get('/readyz');
    assert.deepEqual([status, body], [503, 'CLOCK_UNTRUSTED\n']);
    assert.equal((await add(served, log.body(3, 5))).status, 409, 'what needs no time is told');
    trouble = undefined;
    assert.equal((await add(served, log.body(0, 5))).status, 200);
    assert.equal((await served.get('/readyz')).status, 200);
  });

  it('tells a client that knows nothing where it stands', async (t) => {
    const served = await serveWitness(t, { logs });
    assert.equal((await add(served, log.body(0, 5))).status, 200);
    const answer = await add(served, log.body(0, 9));
    assert.deepEqual(answer, { status: 409, contentType: 'text/x.tlog.size', body: '5\n' });
  });

  it('lets one of many submissions of a split view win', async (t) => {
    for (let round = 0; round < 8; round++) {
      const served = await serveWitness(t, { logs });
      assert.equal((await add(served, log.body(0, 3))).status, 200);
      const bodies = Array.from({ length: 12 }, (_, i) => {
        const side = (i + round) % 2 === 0 ? log : fork;
        return { side, size: 4 + (i % 3), answer: add(served, side.body(3, 4 + (i % 3))) };
      });
      const done = await Promise.all(bodies.map(async (one) => [one, await one.answer] as const));
      const won = done.filter(([, { status }]) => status === 200);
      assert.equal(won.length, 1);
      const [winner] = won[0] as (typeof won)[0];
      for (const [, { status, body }] of done) {
        if (status !== 200) assert.deepEqual([status, body], [409, `${winner.size}\n`]);
      }
      const kept = parseSignedNote((await served.get(checkpointPath)).body);
      assert.equal(kept.text, winner.side.text(winner.size));
      await served.close();
    }
  });

  it('answers each of a thousand that come at once', async (t) => {
    const served = await serveWitness(t, { logs });
    assert.equal((await add(served, log.body(0, 3))).status, 200);
    const unknown = new TestLog('log.example/unknown').body(0, 5);
    const bodies = Array.from({ length: 1_000 }, (_, i) =>
      i % 2 === 0 ? log.body(3, 4) : unknown,
    );
    const statuses = await Promise.all(
      bodies.map(async (body) => (await add(served, body)).status),
    );
    const count = (status: number) => statuses.filter((each) => each === status).length;
    assert.deepEqual([count(200), count(409), count(404)], [1, 499, 500]);
  });

  it('decides and writes in one step, also when something waits in between', async (t) => {
    const waiting: (() => void)[] = [];
    let holds = false;
    const served = await serveWitness(t, {
      logs,
      pause(step) {
        if (!holds || step !== 'decided') return;
        return new Promise<void>((resolve) => waiting.push(resolve));
      },
    });
    assert.equal((await add(served, log.body(0, 3))).status, 200);
    holds = true;
    const first = add(served, log.body(3, 6));
    while (waiting.length === 0) await new Promise(setImmediate);
    const second = add(served, fork.body(3, 6));
    holds = false;
    for (const resolve of waiting) resolve();
    assert.equal((await first).status, 200);
    assert.deepEqual(await second, { status: 409, contentType: 'text/x.tlog.size', body: '6\n' });
    assert.deepEqual(
      served.conflicts.map(({ kind }) => kind),
      ['split-view'],
    );
  });

  it('gives no signature when the disk is full, and goes on from what is stored', async (t) => {
    let isFull = false;
    const served = await serveWitness(t, {
      logs,
      writeFault() {
        if (isFull) throw Object.assign(new Error('No space left on device'), { code: 'ENOSPC' });
      },
    });
    assert.equal((await add(served, log.body(0, 3))).status, 200);
    isFull = true;
    for (let i = 0; i < 2; i++) {
      const refused = await add(served, log.body(3, 6));
      assert.equal(refused.status, 500);
      assert.match(refused.body, /^DISK_FULL, request [^\n]*\n$/);
      assert.equal((await served.get(checkpointPath)).body.split('\n')[1], '3');
    }
    isFull = false;
    assert.equal((await add(served, log.body(0, 9))).body, '3\n');
    assert.equal((await add(served, log.body(3, 6))).status, 200);
    assert.equal((await served.get('/readyz')).status, 200);
    assert.ok(served.errors.every((error) => isLogError(error, 'DISK_FULL')));
  });

  it('believes the disk after a write of which nobody knows', async (t) => {
    let fails = false;
    const served = await serveWitness(t, {
      logs,
      writeFault(step) {
        if (fails && step === 'after-write') throw new Error('EIO');
      },
    });
    assert.equal((await add(served, log.body(0, 3))).status, 200);
    fails = true;
    const unknown = await add(served, log.body(3, 6));
    assert.equal(unknown.status, 500);
    assert.doesNotMatch(unknown.body, /\u2014/);
    fails = false;
    assert.equal((await add(served, fork.body(3, 6))).body, '6\n');
    assert.equal((await add(served, log.body(6, 6))).status, 200);
  });

  it('reads 1 MiB and no more', async (t) => {
    const served = await serveWitness(t, { logs });
    const long = (length: number) => Buffer.alloc(length, 'x');
    assert.equal((await add(served, long(MAX_SUBMISSION_BYTES))).status, 400);
    assert.equal((await add(served, long(MAX_SUBMISSION_BYTES + 1))).status, 413);
    assert.equal((await add(served, '')).status, 400);
    const many = Array.from({ length: 15 }, (_, i) => unknownLine(`w${i}.example`, 2428));
    const answer = await add(served, log.body(0, 5, { lines: many }));
    assert.equal(answer.status, 200, answer.body);
    assert.doesNotMatch((await served.get(checkpointPath)).body, /w3\.example/);
  });

  it('keeps both notes of a conflict, for everybody to read', async (t) => {
    const served = await serveWitness(t, { logs });
    await add(served, log.body(0, 5));
    assert.equal((await add(served, fork.body(5, 5))).status, 422);
    assert.equal((await add(served, fork.body(0, 5))).status, 409);
    assert.equal(served.conflicts.length, 1, 'told once');
    assert.equal((await add(served, fork.body(5, 9))).status, 422);
    assert.equal((await add(served, log.body(0, 9))).status, 409, 'late, which is no conflict');
    const { evidence } = JSON.parse((await served.get(`/${id}/evidence`)).body) as {
      evidence: { kind: string; cosigned: string; refused: string }[];
    };
    assert.deepEqual(
      evidence.map(({ kind, refused }) => [kind, refused]),
      [
        ['split-view', fork.note(5)],
        ['unproven', fork.note(9)],
      ],
    );
    for (const { cosigned } of evidence) assert.ok(cosigned.startsWith(log.note(5)));
    const page = await served.get('/');
    assert.match(page.body, /log\.example\/main/);
    assert.match(page.body, new RegExp(`/${id}/evidence">2<`));
  });

  it('disables a log that is not named any more, and goes on where it was', async (t) => {
    const folder = witnessFolder(t);
    const first = await serveWitness(t, { logs, folder });
    assert.equal((await add(first, log.body(0, 5))).status, 200);
    await first.close();
    const without = await serveWitness(t, { folder });
    assert.equal((await add(without, log.body(5, 6))).status, 404);
    assert.match((await without.get(checkpointPath)).body, /^log\.example\/main\n5\n/);
    await without.close();
    const off = await serveWitness(t, { logs, folder, disabled: [log.origin] });
    assert.equal((await add(off, log.body(5, 6))).status, 404);
    await off.close();
    const again = await serveWitness(t, { logs, folder });
    assert.equal((await add(again, fork.body(0, 6))).body, '5\n');
    assert.equal((await add(again, log.body(5, 6))).status, 200);
  });

  it('takes a new key of a log from the operator', async (t) => {
    const folder = witnessFolder(t);
    const first = await serveWitness(t, { logs, folder });
    assert.equal((await add(first, log.body(0, 5))).status, 200);
    await first.close();
    const rotated = new TestLog(log.origin, undefined, 1);
    const second = await serveWitness(t, { logs: [parseLogFlag(rotated.vkey)], folder });
    assert.equal((await add(second, log.body(5, 6))).status, 403);
    assert.equal((await add(second, rotated.body(5, 6))).status, 200);
  });

  it('refuses to use a key under a second name', async (t) => {
    const folder = witnessFolder(t);
    await (await serveWitness(t, { folder })).close();
    const cosigner = ed25519Cosigner('witness.example/w2', new Uint8Array(32).fill(0x11));
    await assert.rejects(serveWitness(t, { folder, cosigners: [cosigner] }), (error) =>
      isLogError(error, 'STORE_IDENTITY'),
    );
  });

  it('says how it is, in pages and figures', async (t) => {
    const served = await serveWitness(t, { logs });
    await add(served, log.body(0, 5));
    await add(served, fork.body(5, 5));
    assert.equal((await served.get('/healthz')).status, 200);
    assert.equal((await served.get('/readyz')).status, 200);
    assert.equal((await served.get('/add-checkpoint')).status, 405);
    assert.equal((await served.get('/nonsense')).status, 404);
    assert.equal((await served.get(`/${'0'.repeat(64)}/checkpoint`)).status, 404);
    assert.ok((await served.get('/')).body.includes(printVerifierKey(served.cosigner.key)));
    const figures = await served.registry.metrics();
    assert.match(figures, /stele_witness_outcomes_total\{outcome="cosigned"\} 1/);
    assert.match(figures, /stele_witness_outcomes_total\{outcome="422"\} 1/);
    assert.match(figures, /stele_witness_conflicts_total\{kind="split-view"\} 1/);
    assert.match(
      figures,
      /stele_witness_cosigned_timestamp_seconds\{origin="log\.example\/main"\} 1700000000/,
    );
    assert.match(figures, /stele_witness_tree_size\{origin="log\.example\/main"\} 5/);
  });
});
