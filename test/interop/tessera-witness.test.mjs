// Our witness cosigns a log of Tessera's, whose unmodified client asks for it, alone and beside torchwood's witness. This
// client reads Ed25519 cosignatures alone.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertCosigned, assertNotCosigned, policyOf, readCheckpoint } from './cosigned.mjs';
import { newTesseraLog } from './tessera-log.mjs';
import { ONESHOT } from './tessera-tools.mjs';
import { assertTools } from './tools.mjs';
import { LITEWITNESS, TORCHWOOD_CHECK } from './witness-tools.mjs';
import { startLitewitness, startSteleWitness } from './witnesses.mjs';

describe('a log of Tessera', () => {
  let folder;
  let log;
  let ours;
  /** Ours as Tessera can name it in a policy. */
  let known;
  let theirs;
  before(async () => {
    assertTools(ONESHOT, LITEWITNESS, TORCHWOOD_CHECK);
    folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
    log = newTesseraLog(folder, 'tessera.example/log');
    ours = await startSteleWitness(folder, 'stele.example/w', log);
    known = { ...ours, vkeys: ours.vkeys.slice(0, 1) };
    theirs = await startLitewitness(folder, 'lite.example/w', log);
  });
  after(async () => {
    await ours?.end();
    await theirs?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const witnessed = (policy) => {
    const path = join(folder, 'policy');
    writeFileSync(path, policy);
    return [`--witness_policy_file=${path}`, '--witness_timeout=3s'];
  };
  const witnessUrl = (path) => {
    const id = createHash('sha256').update(log.origin).digest('hex');
    return `${ours.url}/${id}/${path}`;
  };
  async function assertAdded(target, count, policy) {
    const { exit, output } = await target.add(count, ...witnessed(policy));
    assert.equal(exit, 0, output);
    await assertCosigned(policy, target.checkpoint());
  }

  it('publishes with our cosignature, and without the ML-DSA-44 line that it does not know', async () => {
    await assertAdded(log, 3, policyOf([known], 'all', log));
    const { size, names } = readCheckpoint(log.checkpoint());
    assert.equal(size, 3);
    assert.deepEqual(names, [log.origin, 'stele.example/w']);
  });

  it('grows with it, each time from a client that has forgotten what we know', async () => {
    const policy = policyOf([known], 'all', log);
    for (const size of [4, 300, 301]) {
      await assertAdded(log, size - readCheckpoint(log.checkpoint()).size, policy);
      assert.equal(readCheckpoint(log.checkpoint()).size, size);
    }
  });

  it('publishes what our witness and litewitness agree on', async () => {
    await assertAdded(log, 2, policyOf([known, theirs], 'all', log));
  });

  it('goes on with either when the other was killed, and with both when it is back', async () => {
    const any = policyOf([known, theirs], 'any', log);
    for (const killed of [ours, theirs]) {
      await killed.kill();
      await assertAdded(log, 1, any);
      await killed.start();
    }
    await assertAdded(log, 1, policyOf([known, theirs], 'all', log));
  });

  it('is on our witness with both cosignatures', async () => {
    const answer = await fetch(witnessUrl('checkpoint'));
    assert.equal(answer.status, 200);
    const note = await answer.text();
    await assertCosigned(policyOf([ours], 'all', log), note);
    assert.equal(readCheckpoint(note).size, readCheckpoint(log.checkpoint()).size);
  });

  it('gets nothing for another history, and the witness keeps the evidence', async () => {
    const before = readCheckpoint(log.checkpoint());
    const fork = log.forked();
    const policy = policyOf([known], 'all', log);
    const { exit } = await fork.add(before.size + 5, '--witness_fail_open', ...witnessed(policy));
    assert.equal(exit, 0);
    assert.equal(readCheckpoint(fork.checkpoint()).size, before.size + 5);
    await assertNotCosigned(policy, fork.checkpoint());
    const evidence = await (await fetch(witnessUrl('evidence'))).text();
    assert.ok(evidence.includes(readCheckpoint(fork.checkpoint()).root), evidence);
    await assertAdded(log, 1, policy);
  });
});
