// Witnesses cosign the checkpoints of a log: torchwood's litewitness, the omniwitness of transparency-dev, unmodified both,
// and ours, each in a process of its own. What the log publishes is read by torchwood too.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { assertCosigned, assertProven, policyOf, readCheckpoint } from './cosigned.mjs';
import { eventually } from './peer-program.mjs';
import { newEntry, postEntry, writeEntries } from './submissions.mjs';
import { assertTools } from './tools.mjs';
import { LITEWITNESS, OMNIWITNESS, TORCHWOOD_CHECK } from './witness-tools.mjs';
import { newLog, policyFlag } from './witnessed-log.mjs';
import { startLitewitness, startOmniwitness, startSteleWitness } from './witnesses.mjs';

before(() => assertTools(LITEWITNESS, OMNIWITNESS, TORCHWOOD_CHECK));

async function textOf(url) {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  return answer.text();
}

/** Submits a new artifact through v2; returns the answer's entry. */
async function added(url, artifact) {
  const answer = await postEntry(url, 'v2', newEntry('v2', Buffer.from(artifact)));
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  return JSON.parse(text);
}

const envelopeOf = (entry) => entry.inclusionProof.checkpoint.envelope;

for (const [name, startWitness] of [
  ['litewitness', startLitewitness],
  ['omniwitness', startOmniwitness],
  ['stele witness', startSteleWitness],
]) {
  describe(`a log whose witness is ${name}`, () => {
    let log;
    let witness;
    let policy;
    let server;
    before(async () => {
      log = newLog();
      witness = await startWitness(log.folder, 'witness.example/w1', log);
      policy = policyOf([witness], 'all', log);
      server = await log.start(policyFlag(log, policy));
    });
    after(async () => {
      await witness?.end();
      await log?.end();
    });

    it('has its lines behind its own, in v2 answers and in the checkpoint', async () => {
      const envelope = envelopeOf(await added(server.url, 'first'));
      await assertCosigned(policy, envelope);
      assert.equal(await textOf(`${server.url}/checkpoint`), envelope);
      const own = log.vkeys.map(() => log.origin);
      const theirs = witness.vkeys.map((vkey) => vkey.split('+')[0]);
      assert.deepEqual(readCheckpoint(envelope).names, [...own, ...theirs]);
    });

    it('gives proofs that torchwood verifies by the policy', async () => {
      const { logIndex, canonicalizedBody } = await added(server.url, 'proven');
      const leaf = Buffer.concat([Buffer.of(0), Buffer.from(canonicalizedBody, 'base64')]);
      const proof = await textOf(`${server.url}/api/v2/log/entries/${logIndex}/proof`);
      await assertProven(policy, proof, createHash('sha256').update(leaf).digest('hex'));
    });

    it('is cosigned while many write, and the last checkpoint holds them all', async () => {
      const { size } = readCheckpoint(await textOf(`${server.url}/checkpoint`));
      await writeEntries(server.url, 'v2', 300);
      const note = await textOf(`${server.url}/checkpoint`);
      assert.equal(readCheckpoint(note).size, size + 300);
      await assertCosigned(policy, note);
    });

    it('has its checkpoint again when both were killed, and goes on from there', async () => {
      const note = await textOf(`${server.url}/checkpoint`);
      await Promise.all([witness.kill(), server.kill()]);
      await witness.start();
      server = await log.start(policyFlag(log, policy));
      assert.equal(await textOf(`${server.url}/checkpoint`), note);
      const envelope = envelopeOf(await added(server.url, 'after the kill'));
      assert.equal(readCheckpoint(envelope).size, readCheckpoint(note).size + 1);
      await assertCosigned(policy, envelope);
    });
  });
}

describe('a log whose litewitness remembers something else', () => {
  let log;
  let witness;
  let policy;
  after(async () => {
    await witness?.end();
    await log?.end();
  });
  before(async () => {
    log = newLog();
    witness = await startLitewitness(log.folder, 'witness.example/w1', log);
    policy = policyOf([witness], 'all', log);
  });

  it('takes up a tree that the witness knows and the log never asked about', async () => {
    const alone = await log.start();
    await writeEntries(alone.url, 'v2', 20);
    const { size, root } = readCheckpoint(await textOf(`${alone.url}/checkpoint`));
    witness.remember(size, root);
    await log.stop();
    const { url } = await log.start(policyFlag(log, policy));
    const envelope = envelopeOf(await added(url, 'after it'));
    assert.equal(readCheckpoint(envelope).size, size + 1);
    await assertCosigned(policy, envelope);
    await log.stop();
  });

  it('proves its growth from an older tree when the witness has forgotten a newer one', async () => {
    const { url } = await log.start(policyFlag(log, policy));
    const older = readCheckpoint(await textOf(`${url}/checkpoint`));
    await writeEntries(url, 'v2', 20);
    await assertCosigned(policy, await textOf(`${url}/checkpoint`));
    witness.remember(older.size, older.root);
    const envelope = envelopeOf(await added(url, 'from an older tree'));
    assert.equal(readCheckpoint(envelope).size, older.size + 21);
    await assertCosigned(policy, envelope);
    await log.stop();
  });

  it('raises an alarm when the witness knows a larger tree, and publishes nothing new', async () => {
    const { url, metricsUrl } = await log.start(policyFlag(log, policy), '--witness-wait-ms=500');
    const note = await textOf(`${url}/checkpoint`);
    const { size, root } = readCheckpoint(note);
    witness.remember(1_000_000, root);
    const entry = newEntry('v2', Buffer.from('too early'));
    const refused = await postEntry(url, 'v2', entry);
    assert.equal(refused.status, 503);
    assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.match(await textOf(metricsUrl), /\nstele_witness_alarm\{[^}]*\} 1\n/);
    assert.equal(await textOf(`${url}/checkpoint`), note);
    witness.remember(size, root);
    const found = await eventually('the quorum', async () => {
      // A head that was refused is not asked about again so soon: the next entry makes a new one.
      const next = await postEntry(url, 'v2', newEntry('v2', Buffer.from('another')));
      return next.status === 201 ? next : undefined;
    });
    await assertCosigned(policy, envelopeOf(await found.json()));
    const again = await postEntry(url, 'v2', entry);
    assert.equal(again.status, 409);
    assert.equal(again.headers.get('x-log-index'), String(size));
    await log.stop();
  });
});
