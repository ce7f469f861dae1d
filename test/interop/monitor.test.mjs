// `stele monitor` beside Sigstore's rekor_monitor on the same log, whose checkpoints a witness cosigns: both find the same
// entries, and both notice another history.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertCosigned, policyOf } from './cosigned.mjs';
import { REKOR_MONITOR, rekorMonitor, steleMonitor, trustOfMonitor } from './monitors.mjs';
import { freePort } from './peer-program.mjs';
import { SIGSTORE_PYTHON } from './sigstore-python.mjs';
import { postEntry, writeEntries, writerFingerprint } from './submissions.mjs';
import { servedFolder } from './tessera-log.mjs';
import { assertTools } from './tools.mjs';
import { TORCHWOOD_CHECK } from './witness-tools.mjs';
import { newLog, policyFlag } from './witnessed-log.mjs';
import { startSteleWitness } from './witnesses.mjs';

const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url));
const fixture = (name) => readFileSync(join(FIXTURES, name)).toString('base64');

/** An entry of the v1 API that another key signed. */
const rekord = (format, signature, key) => ({
  ...{ apiVersion: '0.0.1', kind: 'rekord' },
  spec: {
    data: { content: fixture('artifact.txt') },
    signature: { format, content: fixture(signature), publicKey: { content: fixture(key) } },
  },
});

const watched = {
  fingerprints: [writerFingerprint],
  subjects: ['Pgp.RSA@example.com'],
};

before(() => assertTools(REKOR_MONITOR, SIGSTORE_PYTHON, TORCHWOOD_CHECK));

for (const api of ['v1', 'v2']) {
  describe(`two monitors of the ${api} API of a cosigned log`, () => {
    let log;
    let witness;
    let policy;
    let server;
    let tuf;
    let theirs;
    let ours;
    /** Ours, of the log that is cosigned, wanting the cosignatures. */
    let strict;
    let flags;
    before(async () => {
      const port = await freePort();
      // rekor_monitor wants checkpoints of an origin that is the log's URL without its scheme.
      log = newLog('--hostname', `127.0.0.1:${port}`);
      witness = await startSteleWitness(log.folder, 'witness.example/w1', log);
      policy = policyOf([witness], 'all', log);
      flags = ['--port', String(port), '--witness-wait-ms=20000', policyFlag(log, policy)];
      server = await log.start(...flags);
      const folder = trustOfMonitor(join(log.folder, 'trust'), log, server.url, api);
      tuf = await servedFolder(folder);
      const way = api === 'v1' ? { api: 'rekor-v1' } : {};
      const key = join(log.folder, 'trust', 'exported', 'log.pub');
      theirs = rekorMonitor(
        join(log.folder, 'theirs'),
        server.url,
        { url: tuf.url, folder },
        watched,
      );
      ours = steleMonitor(join(log.folder, 'ours'), { url: server.url, key, ...way }, watched);
      const { url } = server;
      const policyFile = join(log.folder, 'policy');
      strict = steleMonitor(join(log.folder, 'strict'), { url, key, policy: policyFile }, watched);
      await writeEntries(url, api, 5);
    });
    after(async () => {
      await tuf?.close();
      await witness?.end();
      await log?.end();
    });

    /** What rekor_monitor found, but the entry before the new ones, with which it begins. */
    const newOnes = ({ found }, size) => found.filter((index) => index >= size);

    it('remember a first checkpoint and find nothing', async () => {
      const note = await (await fetch(`${server.url}/checkpoint`)).text();
      await assertCosigned(policy, note);
      const first = await theirs.poll();
      assert.deepEqual(first.found, [], first.output);
      assert.equal(first.isAlarmed, false, first.output);
      const own = await ours.poll();
      assert.deepEqual(own.found, [], own.output);
      assert.equal(own.isConsistent, true, own.output);
      const cosigned = await strict.poll();
      assert.equal(cosigned.isConsistent, true, cosigned.output);
    });

    it('find the same new entries, and not those of strangers', async () => {
      const size = api === 'v1' ? 5 : 6;
      await writeEntries(server.url, api, 30);
      const isFound = Array.from({ length: 30 }, (_, each) => size + each);
      if (api === 'v1') {
        const stranger = rekord('x509', 'sig.rsa2048.sha256', 'rsa2048.pub');
        const named = rekord('pgp', 'pgpsig.pgp-rsa.asc', 'pgp-rsa.asc');
        for (const entry of [stranger, named]) {
          const answer = await postEntry(server.url, api, entry);
          assert.equal(answer.status, 201, await answer.text());
        }
        isFound.push(size + 31);
      }
      const [their, own] = [await theirs.poll(), await ours.poll()];
      assert.deepEqual(newOnes(their, size), isFound, their.output);
      assert.deepEqual(own.found, isFound, own.output);
      assert.equal(their.isConsistent, true, their.output);
      assert.equal(own.isConsistent, true, own.output);
    });

    it('raise an alarm when the log shows another history, or one without its cosignatures', async () => {
      await log.stop();
      const saved = join(log.folder, 'saved');
      cpSync(log.dataDir, saved, { recursive: true });
      // Nothing holds a log to its history that has neither its guard nor its witnesses.
      const alone = ['--port', new URL(server.url).port];
      server = await log.start(...alone);
      await writeEntries(server.url, api, 3);
      for (const each of [ours, theirs]) {
        const { isConsistent, output } = await each.poll();
        assert.equal(isConsistent, true, output);
      }
      const uncosigned = await strict.poll();
      assert.equal(uncosigned.isAlarmed, true, uncosigned.output);
      assert.match(uncosigned.output, /"kind":"quorum"/);
      await log.stop();
      rmSync(log.dataDir, { recursive: true });
      cpSync(saved, log.dataDir, { recursive: true });
      server = await log.start(...alone);
      await writeEntries(server.url, api, 7);
      const [their, own] = [await theirs.poll(), await ours.poll()];
      assert.equal(their.isAlarmed, true, their.output);
      assert.equal(own.isAlarmed, true, own.output);
      assert.match(own.output, /"kind":"fork"/);
    });
  });
}
