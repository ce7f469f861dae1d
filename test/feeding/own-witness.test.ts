/** Feeding into this project's witness: what it cosigns of logs that do not know it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedFetch } from '../../src/cli/system-fetch.js';
import { logKeyOf } from '../../src/client/followed-log.js';
import type { FedLog } from '../../src/feeding/feed-config.js';
import { FedLogState, WitnessRefused } from '../../src/feeding/feed-one.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { start, submit, temporaryFolder } from '../server/scene.js';
import { serveWitness } from '../witness/served-witness.js';

test('the witness cosigns a Rekor v1 log, by its P-256 key, as it grows', async (t) => {
  const server = await start(t, temporaryFolder(t));
  const { origin, url, identity } = server;
  const key = logKeyOf(identity.publicKeyPem, origin);
  const witness = await serveWitness(t, { logs: [{ origin, keys: [key] }] });
  const log: FedLog = { kind: 'rekor-v1', url, origin, key, intervalMs: 60_000 };
  const reach = { witnessUrl: witness.url, fetch: boundedFetch, timeoutMs: 10_000 };
  const state = new FedLogState(log, noteVerifier(key), reach);
  for (const artifact of ['first', 'second', 'third']) {
    assert.equal((await submit(url, artifact)).status, 201);
    assert.equal((await state.look(0, 60_000)).outcome, 'cosigned');
  }
  const sha256 = Buffer.from(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(origin)),
  ).toString('hex');
  const { body } = await witness.get(`/${sha256}/checkpoint`);
  const verifiers = [noteVerifier(key), noteVerifier(witness.cosigner.key)];
  assert.equal(openSignedNote(parseSignedNote(body), verifiers).length, 2);
});

test('a log that the witness does not know is told as its refusal', async (t) => {
  const server = await start(t, temporaryFolder(t));
  const { origin, url, identity } = server;
  const key = logKeyOf(identity.publicKeyPem, origin);
  const witness = await serveWitness(t);
  const log: FedLog = { kind: 'rekor-v1', url, origin, key, intervalMs: 60_000 };
  const reach = { witnessUrl: witness.url, fetch: boundedFetch, timeoutMs: 10_000 };
  const looking = new FedLogState(log, noteVerifier(key), reach).look(0, 60_000);
  await assert.rejects(looking, (error) => error instanceof WitnessRefused && error.status === 404);
});
