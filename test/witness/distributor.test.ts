import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { originID } from '../../src/note/origin-id.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { printVerifierKey } from '../../src/note/verifier-key.js';
import { type Cosigner, ed25519Cosigner } from '../../src/signing/cosigner.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { parseLogFlag } from '../../src/witness/log-list.js';
import { type ServedWitness, serveWitness, WITNESS_NAME } from './served-witness.js';
import { type NoteChanges, TestLog } from './test-log.js';

const log = new TestLog('log.example/main');
const fork = new TestLog('log.example/main', 3);
const logs = [parseLogFlag(log.vkey)];
const base = `/distributor/v0/logs/${originID(log.origin)}`;
const other = ed25519Cosigner('other.example/w2', new Uint8Array(32).fill(0x22));
const third = ed25519Cosigner('third.example', new Uint8Array(32).fill(0x33));
const witnesses = [other.key, third.key];

async function cosigned(
  of: TestLog,
  size: number,
  by: Cosigner,
  changes: NoteChanges = {},
  timeSeconds = 1_700_000_000n,
) {
  const line = await by.cosign(of.text(size, changes), timeSeconds);
  return of.note(size, { ...changes, lines: [line] });
}

const put = (served: ServedWitness, name: string, note: string, log = base) =>
  served.post(`${log}/byWitness/${name}/checkpoint`, note, 'PUT');

/** Names of the witnesses whose cosignatures verify on the checkpoint of N. */
async function signersOf(served: ServedWitness, count: number): Promise<string[]> {
  const { status, body } = await served.get(`${base}/checkpoint.${count}`);
  if (status !== 200) return [String(status)];
  const note = parseSignedNote(body);
  assert.equal(openSignedNote(note, [log.verifier]).length, 1);
  const known = [served.cosigner, other, third].map(({ key }) => noteVerifier(key));
  const names = openSignedNote(note, known).map(({ name }) => name);
  return [note.text.split('\n')[1] as string, ...names.sort()];
}

describe('the distributor beside a witness', () => {
  it('lists its logs and witnesses', async (t) => {
    const served = await serveWitness(t, { logs, witnesses });
    const listed = async (path: string) =>
      JSON.parse((await served.get(`/distributor/v0/${path}`)).body) as string[];
    assert.deepEqual(await listed('logs'), [originID(log.origin)]);
    const keys = [served.cosigner.key, ...witnesses].map(printVerifierKey);
    assert.deepEqual(await listed('witnesses'), keys.sort());
  });

  it('merges the cosignatures of one tree, and keeps the largest of each number', async (t) => {
    const served = await serveWitness(t, { logs, witnesses });
    assert.deepEqual(await signersOf(served, 1), ['404']);
    const own = await served.post('/add-checkpoint', log.body(0, 5));
    assert.equal(own.status, 200);
    assert.equal((await put(served, other.key.name, await cosigned(log, 5, other))).status, 200);
    assert.deepEqual(await signersOf(served, 2), ['5', other.key.name, WITNESS_NAME]);
    assert.equal((await put(served, third.key.name, await cosigned(log, 7, third))).status, 200);
    assert.deepEqual(await signersOf(served, 1), ['7', third.key.name]);
    assert.deepEqual(await signersOf(served, 2), ['5', other.key.name, WITNESS_NAME]);
    assert.deepEqual(await signersOf(served, 3), ['404']);
    for (const cosigner of [other, third]) {
      const note = await cosigned(log, 5, cosigner);
      const { status } = await put(served, encodeURIComponent(cosigner.key.name), note);
      assert.equal(status, cosigner === third ? 409 : 200, 'never back to a smaller tree');
    }
    const { body } = await served.get(`${base}/byWitness/${WITNESS_NAME}/checkpoint`);
    assert.equal(body, `${log.note(5)}${own.body}`);
    assert.match((await served.get(`${base}/byWitness/third.example/checkpoint`)).body, /\n7\n/);
  });

  it('does not let an old cosignature take the place of a newer one', async (t) => {
    let writes = 0;
    const writeFault = () => void writes++;
    const served = await serveWitness(t, { logs, witnesses, writeFault });
    const { name } = other.key;
    const at = (seconds: bigint) => cosigned(log, 5, other, {}, 1_700_000_000n + seconds);
    const [old, newer, newest] = [await at(0n), await at(60n), await at(61n)];
    const kept = async () => (await served.get(`${base}/byWitness/${name}/checkpoint`)).body;
    assert.equal((await put(served, name, newer)).status, 200);
    const before = writes;
    for (const note of [old, newer]) assert.equal((await put(served, name, note)).status, 200);
    assert.equal(writes, before);
    assert.equal(await kept(), newer);
    assert.equal((await put(served, name, newest)).status, 200);
    assert.equal(await kept(), newest);
    assert.equal((await served.get(`${base}/checkpoint.1`)).body, newest);
  });

  it('takes nothing that log and witness have not signed', async (t) => {
    const served = await serveWitness(t, { logs, witnesses });
    const { name } = other.key;
    const note = await cosigned(log, 5, other);
    const statusOf = async (body: string, witness = name, at = base) =>
      (await put(served, witness, body, at)).status;
    assert.equal(await statusOf('nonsense'), 400);
    assert.equal(await statusOf(log.note(5)), 400);
    assert.equal(await statusOf(await cosigned(log, 5, third)), 400);
    const stranger = new TestLog(log.origin, undefined, 1);
    assert.equal(await statusOf(await cosigned(stranger, 5, other)), 400);
    assert.equal(await statusOf(note, 'unknown.example'), 404);
    assert.equal(await statusOf(note, name, `/distributor/v0/logs/${'0'.repeat(64)}`), 404);
    assert.equal(await statusOf(note), 200);
    assert.equal(await statusOf(await cosigned(fork, 5, other)), 409);
    assert.equal(await statusOf('x'.repeat(70_000)), 413);
    assert.deepEqual(await signersOf(served, 1), ['5', name]);
    assert.deepEqual(await signersOf(served, 0), ['400']);
    assert.deepEqual(await signersOf(served, 101), ['400']);
    assert.equal((await served.get(`${base}/checkpoint.x`)).status, 404);
  });

  it('serves the own checkpoints alone where no other witness is named', async (t) => {
    const served = await serveWitness(t, { logs });
    const own = await served.post('/add-checkpoint', log.body(0, 5));
    assert.deepEqual(await signersOf(served, 1), ['5', WITNESS_NAME]);
    assert.deepEqual(await signersOf(served, 2), ['404']);
    const { body } = await served.get(`${base}/byWitness/${WITNESS_NAME}/checkpoint`);
    assert.equal(body, `${log.note(5)}${own.body}`);
  });
});
