// A policy of two witnesses, ours and torchwood's, of which one is killed: what the log answers in each mode, while it is
// away and when it is back. Each is a process of its own.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertCosigned, assertNotCosigned, policyOf, readCheckpoint } from './cosigned.mjs';
import { eventually } from './peer-program.mjs';
import { newEntry, postEntry } from './submissions.mjs';
import { assertTools } from './tools.mjs';
import { LITEWITNESS, TORCHWOOD_CHECK } from './witness-tools.mjs';
import { newLog, policyFlag } from './witnessed-log.mjs';
import { startLitewitness, startSteleWitness } from './witnesses.mjs';

const WAIT = '--witness-wait-ms=600';
const envelopeOf = (entry) => entry.inclusionProof.checkpoint.envelope;

for (const killed of ['litewitness', 'stele witness']) {
  describe(`a log with two witnesses when its ${killed} is dead`, () => {
    let log;
    let dead;
    let alive;
    let any;
    let all;

    before(async () => {
      assertTools(LITEWITNESS, TORCHWOOD_CHECK);
      log = newLog();
      const lite = await startLitewitness(log.folder, 'lite.example/w', log);
      const ours = await startSteleWitness(log.folder, 'stele.example/w', log);
      [dead, alive] = killed === 'litewitness' ? [lite, ours] : [ours, lite];
      any = policyOf([lite, ours], 'any', log);
      all = policyOf([lite, ours], 'all', log);
    });
    after(async () => {
      await dead?.end();
      await alive?.end();
      await log?.end();
    });

    /** Starts the log with both witnesses alive, has one entry cosigned, kills one witness; ends as it began. */
    async function withOneDead(policy, mode, tried) {
      const { url } = await log.start(policyFlag(log, policy), `--witness-mode=${mode}`, WAIT);
      try {
        await cosignedBy(url, all);
        await dead.kill();
        await tried(url);
      } finally {
        await log.stop();
        await dead.kill();
        await dead.start();
      }
    }

    it('closed, with one of them enough: answers and publishes with the other', async () => {
      await withOneDead(any, 'closed', async (url) => {
        const answer = await postEntry(url, 'v2', newEntry('v2', Buffer.from('closed, any')));
        assert.equal(answer.status, 201);
        const envelope = envelopeOf(await answer.json());
        await assertCosigned(any, envelope);
        await assertNotCosigned(all, envelope);
        assert.equal(await textOf(`${url}/checkpoint`), envelope);
      });
    });

    it('closed, with both needed: says that the entry waits, and has it when the other is back', async () => {
      await withOneDead(all, 'closed', async (url) => {
        const before = await textOf(`${url}/checkpoint`);
        const entry = newEntry('v2', Buffer.from('closed, all'));
        const refused = await postEntry(url, 'v2', entry);
        assert.equal(refused.status, 503);
        assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
        assert.equal(await textOf(`${url}/checkpoint`), before);
        const again = await postEntry(url, 'v2', entry);
        assert.equal(again.status, 409);
        const index = Number(again.headers.get('x-log-index'));
        assert.equal(index, readCheckpoint(before).size);
        await dead.start();
        await cosignedBy(url, all, index + 1);
        const found = await fetch(`${url}/api/v2/log/entries?logIndex=${index}`);
        assert.equal(found.status, 200);
        const stored = await found.json();
        await assertCosigned(all, envelopeOf(stored));
        assert.equal(Number(stored.logIndex), index);
      });
    });

    it('open, with both needed: publishes without it after a time, with it when it is back', async () => {
      await withOneDead(all, 'open', async (url) => {
        const answer = await postEntry(url, 'v2', newEntry('v2', Buffer.from('open, all')));
        assert.equal(answer.status, 201);
        await assertNotCosigned(all, envelopeOf(await answer.json()));
        const published = await textOf(`${url}/checkpoint`);
        await assertNotCosigned(all, published);
        assert.match(await textOf(`${url}/readyz`), /without its quorum/);
        await dead.start();
        await cosignedBy(url, all, readCheckpoint(published).size);
        assert.equal(JSON.parse(await textOf(`${url}/readyz`)).witnesses, 'ok');
      });
    });

    it('async, with both needed: answers at once, and the cosigned checkpoint follows', async () => {
      await withOneDead(all, 'async', async (url) => {
        const answer = await postEntry(url, 'v2', newEntry('v2', Buffer.from('async, all')));
        assert.equal(answer.status, 201);
        const { size, names } = readCheckpoint(envelopeOf(await answer.json()));
        assert.deepEqual(
          names,
          log.vkeys.map(() => log.origin),
        );
        await dead.start();
        await cosignedBy(url, all, size);
      });
    });
  });
}

async function textOf(url) {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  return answer.text();
}

/** Returns when the log publishes a checkpoint of at least `size` leaves that meets the policy. */
async function cosignedBy(url, policy, size = 1) {
  const witnesses = policy.split('\n').filter((line) => line.startsWith('witness ')).length;
  const note = await eventually(`a checkpoint of ${size} with all cosignatures`, async () => {
    const answer = await fetch(`${url}/checkpoint`);
    if (answer.status !== 200) return undefined;
    const text = await answer.text();
    const seen = readCheckpoint(text);
    return seen.size >= size && seen.names.length === 2 + witnesses ? text : undefined;
  });
  await assertCosigned(policy, note);
}
