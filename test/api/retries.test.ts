/** Retries do no harm: what a client is told of an entry that the log has, in each mode, through both adapters. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DuplicateAnswer } from '../../src/api/v1/submission-rules.js';
import { LogError } from '../../src/errors.js';
import { type Answer, ENTRIES, startApp } from './started-app.js';

const MODES: readonly DuplicateAnswer[] = ['conflict', 'conflict-with-entry', 'return-existing'];
const entry = (n: number) =>
  JSON.stringify({ kind: 'hashedrekord', apiVersion: '0.0.1', spec: { n } });

/** What Rekor answers, byte for byte. */
function assertConflict(answer: Answer, entryID: string, target = `${ENTRIES}/${entryID}`): void {
  assert.equal(answer.status, 409);
  assert.equal(
    answer.body,
    `{"code":409,"message":"an equivalent entry already exists in the transparency log with UUID ${entryID}"}\n`,
  );
  assert.equal(answer.headers.location, target);
  assert.equal(answer.headers.etag, undefined);
  assert.equal(answer.headers['content-type'], 'application/json');
}

/** Nothing was added, and a client that comes again gets what it wants. */
function assertPassing(answer: Answer): void {
  assert.equal(answer.status, 503);
  assert.match(answer.body, /^{"code":503,"message":"SIGNER_UNAVAILABLE, request /);
  assert.equal(answer.headers['retry-after'], '5');
  assert.equal(answer.headers.location, undefined);
}

interface LogEntry {
  readonly verification: {
    readonly inclusionProof: { readonly treeSize: number };
    readonly signedEntryTimestamp: string;
  };
}

const entryOf = (answer: Answer) => Object.values(JSON.parse(answer.body))[0] as LogEntry;
const idOf = (answer: Answer) => Object.keys(JSON.parse(answer.body))[0] as string;

for (const adapter of ['fast', 'express'] as const) {
  test(`by default a retry is a conflict as recorded, and Location has the entry (${adapter})`, async (t) => {
    const { post, send } = await startApp(t, { adapter });
    const first = await post(ENTRIES, entry(1));
    const entryID = idOf(first);
    assertConflict(await post(ENTRIES, entry(1)), entryID);
    const again = await post(`${ENTRIES}?apiKey=secret&x=y`, entry(1));
    assertConflict(again, entryID, `${ENTRIES}/${entryID}?x=y`);
    const read = await send('GET', String(again.headers.location));
    assert.equal(read.status, 200);
    assert.deepEqual(JSON.parse(read.body)[entryID].body, JSON.parse(first.body)[entryID].body);
  });

  test(`conflict-with-entry adds the stored entry to the conflict (${adapter})`, async (t) => {
    const { post } = await startApp(t, { adapter, rules: { duplicates: 'conflict-with-entry' } });
    const first = await post(ENTRIES, entry(1));
    const entryID = idOf(first);
    const again = await post(ENTRIES, entry(1));
    assert.equal(again.status, 409);
    assert.equal(again.headers.location, `${ENTRIES}/${entryID}`);
    const { entry: stored, ...rest } = JSON.parse(again.body);
    assert.deepEqual(stored, JSON.parse(first.body));
    const message = `an equivalent entry already exists in the transparency log with UUID ${entryID}`;
    assert.deepEqual(rest, { code: 409, message });
    assert.ok(again.body.startsWith('{"code":409,"message":"') && again.body.endsWith('\n'));
  });

  test(`return-existing answers a retry as the first submission, with a fresh proof (${adapter})`, async (t) => {
    const { post, registry } = await startApp(t, {
      adapter,
      rules: { duplicates: 'return-existing' },
    });
    const first = await post(ENTRIES, entry(1));
    const again = await post(ENTRIES, entry(1));
    assert.equal(again.body, first.body);
    for (const name of ['etag', 'location', 'content-type', 'cache-control'] as const) {
      assert.equal(again.headers[name], first.headers[name], name);
    }
    assert.equal(again.status, 201);
    await post(ENTRIES, entry(2));
    const { verification: then, ...was } = entryOf(first);
    const { verification: now, ...is } = entryOf(await post(ENTRIES, entry(1)));
    assert.deepEqual(is, was);
    assert.equal(then.inclusionProof.treeSize, 1);
    assert.equal(now.inclusionProof.treeSize, 2);
    assert.equal(now.signedEntryTimestamp, then.signedEntryTimestamp);
    assert.match(await registry.metrics(), /^rekor_new_entries 2$/m);
  });

  test(`an attestation does not come with a retry, as it does not with a first answer (${adapter})`, async (t) => {
    const { post } = await startApp(t, { adapter, rules: { duplicates: 'return-existing' } });
    const body = '{"kind":"dsse","apiVersion":"0.0.1","spec":{"attested":1}}';
    const answers = [await post(ENTRIES, body), await post(ENTRIES, body)];
    for (const answer of answers) assert.ok(!answer.body.includes('"attestation"'));
  });

  for (const duplicates of MODES) {
    test(`an entry that was added and cannot be answered is no 5xx: ${duplicates}, ${adapter}`, async (t) => {
      const { post, send, log, registry } = await startApp(t, { adapter, rules: { duplicates } });
      await post(ENTRIES, entry(0));
      log.loseSigner();
      const first = await post(ENTRIES, entry(1));
      const entryID = /[0-9a-f]{80}/.exec(first.body)?.[0] ?? '';
      assertConflict(first, entryID);
      // The retry that follows an answer which got lost is harmless: it is asked to come again, or gets the same.
      const retry = await post(ENTRIES, entry(1));
      if (duplicates === 'return-existing') assertPassing(retry);
      else assertConflict(retry, entryID);
      assert.match(await registry.metrics(), /^rekor_new_entries 2$/m);
      log.findSigner();
      const read = await send('GET', `${ENTRIES}/${entryID}`);
      assert.equal(read.status, 200);
      const later = await post(ENTRIES, entry(1));
      assert.equal(later.status, duplicates === 'return-existing' ? 201 : 409);
    });
  }
}

test('what keeps a stored entry from being answered is told to the operator', async (t) => {
  const faults: unknown[] = [];
  const { post, log } = await startApp(t, {
    rules: { duplicates: 'conflict-with-entry' },
    logger: { completed: () => {}, faulted: (error) => faults.push(error) },
  });
  await post(ENTRIES, entry(1));
  log.loseSigner();
  await post(ENTRIES, entry(1));
  assert.equal(faults.length, 1);
});

test('an entry whose row is damaged is a conflict in every mode: no retry would read it', async (t) => {
  for (const duplicates of MODES) {
    const { post, log } = await startApp(t, { rules: { duplicates } });
    const first = await post(ENTRIES, entry(1));
    log.entriesByIndex = async () => {
      throw new LogError('STORE_CORRUPT', 'leaf row does not match its checksum');
    };
    assertConflict(await post(ENTRIES, entry(1)), idOf(first));
  }
});

test('a client that goes away has its entry in the log, and its retry finds it', async (t) => {
  const { post, log, connect, completed } = await startApp(t);
  const letGo = log.hold();
  const socket = await connect();
  const body = entry(1);
  socket.write(
    `POST ${ENTRIES} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  while (log.waiting() === 0) await new Promise(setImmediate);
  socket.destroy();
  letGo();
  while (completed.length === 0) await new Promise(setImmediate);
  const retry = await post(ENTRIES, body);
  assertConflict(retry, /[0-9a-f]{80}/.exec(retry.body)?.[0] ?? '');
});
