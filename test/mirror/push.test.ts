/** Copies that are brought to another mirror: what there is, what is missing, and mirrors that lie. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedFetch } from '../../src/cli/system-fetch.js';
import { type BoundedFetch, RequestFailed } from '../../src/client/bounded-fetch.js';
import { utf8 } from '../../src/encoding/bytes.js';
import type { MirroredLog } from '../../src/mirror/mirrored-log.js';
import { CopyPush, PushRefused } from '../../src/mirror/upload-client.js';
import type { NoteVerifier } from '../../src/note/signed-note.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { emptyCopy, lookAt } from './copied-log.js';
import {
  addCheckpoint,
  addEntries,
  mirrorNotes,
  startMirror,
  testCosigner,
  tilesOf,
  UploadedLog,
} from './uploaded-log.js';

const { signal } = new AbortController();

test('a copy is pushed whole, in several requests, and as it grows', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  const copy = await copyOf(log, 9_000);
  const asked: string[] = [];
  const push = pushTo(mirror.url, copy, {
    verifiers: [noteVerifier(mirror.cosigner.key)],
    fetch: (request) => {
      asked.push(request.url.slice(mirror.url.length + 1));
      return boundedFetch(request);
    },
  });
  assert.deepEqual(await push.push(signal), { outcome: 'pushed', size: 9_000 });
  assert.equal(mirror.copies[0]?.checkpoint?.size, 9_000);
  // One that learns what is missing, and 36 packages, 32 at most in a request.
  assert.deepEqual(asked, ['add-checkpoint', 'add-entries', 'add-entries', 'add-entries']);
  assert.deepEqual(await push.push(signal), { outcome: 'unchanged', size: 9_000 });
  await grow(copy, log, 9_300);
  assert.deepEqual(await push.push(signal), { outcome: 'pushed', size: 9_300 });
  assert.equal(mirror.copies[0]?.checkpoint?.size, 9_300);
  // Another one that knows nothing.
  assert.equal((await pushTo(mirror.url, copy).push(signal)).outcome, 'pushed');
});

test('what another has uploaded, or announced, is not in the way', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  const copy = await copyOf(log, 2_000);
  await addCheckpoint(mirror.url, log.submission(0, 700));
  await addEntries(mirror.url, log.upload(0, 700, { packages: 2 }));
  const pushes = [1, 2, 3].map(() => pushTo(mirror.url, copy).push(signal));
  for (const push of pushes) assert.equal((await push).outcome, 'pushed');
  assert.equal(mirror.copies[0]?.checkpoint?.size, 2_000);
  await addCheckpoint(mirror.url, log.submission(2_000, 2_500));
  assert.equal((await pushTo(mirror.url, copy).push(signal)).outcome, 'behind');
  assert.equal((await pushTo(mirror.url, await copyOf(log, 0)).push(signal)).outcome, 'behind');
});

test('a copy without a checkpoint is not pushed, and one that is refused says why', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  const empty = await emptyCopy(log);
  assert.equal((await pushTo(mirror.url, empty).push(signal)).outcome, 'nothing');
  const stranger = await copyOf(new UploadedLog('log.example/b'), 5);
  await assert.rejects(pushTo(mirror.url, stranger).push(signal), (error) => {
    assert.ok(error instanceof PushRefused);
    assert.equal(error.status, 404);
    return true;
  });
});

for (const [what, answers] of [
  ['always asks for the same', ['200', '409 info 5 0', '202 info 5 0', '202 info 5 0']],
  ['has another pending size each time', ['409 size 1', '409 size 2', '409 size 3', '409 size 4']],
  ['is busy', ['200', '503']],
] as const) {
  test(`a mirror that ${what} is given up on`, async () => {
    const push = pushTo('http://m.example', await copyOf(new UploadedLog('log.example/a'), 5), {
      fetch: scripted(answers),
    });
    await assert.rejects(push.push(signal), RequestFailed);
  });
}

for (const [what, answers] of [
  ['says nothing in its 409', ['409 text hello']],
  ['says nothing in its 202', ['200', '202 text hello']],
] as const) {
  test(`a mirror that ${what} is told of`, async () => {
    const push = pushTo('http://m.example', await copyOf(new UploadedLog('log.example/a'), 5), {
      fetch: scripted(answers),
    });
    await assert.rejects(push.push(signal), { code: 'ENCODING_MALFORMED' });
  });
}

test('a mirror whose key is known must have cosigned', async () => {
  const copy = await copyOf(new UploadedLog('log.example/a'), 5);
  const fetch = scripted(['200', '200 text — mirror.example/m1 AAAAAAAA\n']);
  const verifiers = [noteVerifier(testCosigner().key)];
  const push = pushTo('http://m.example', copy, { fetch, verifiers });
  await assert.rejects(push.push(signal), { code: 'NOTE_UNVERIFIED' });
});

interface PushParts {
  readonly fetch?: BoundedFetch;
  readonly verifiers?: readonly NoteVerifier[];
}

function pushTo(
  url: string,
  copy: MirroredLog,
  { fetch = boundedFetch, verifiers = [] }: PushParts = {},
): CopyPush {
  return new CopyPush({ copy, url, verifiers, fetch, timeoutMs: 60_000 });
}

async function copyOf(log: UploadedLog, size: number): Promise<MirroredLog> {
  const copy = await emptyCopy(log);
  await grow(copy, log, size);
  return copy;
}

async function grow(copy: MirroredLog, log: UploadedLog, size: number): Promise<void> {
  const url = 'http://log.example/';
  const fetch: BoundedFetch = async (request) => {
    const path = request.url.slice(url.length);
    const body = path === 'checkpoint' ? utf8(log.checkpoint(size)) : tilesOf(log, path);
    const found = body ?? new Uint8Array(0);
    return { status: 200, mediaType: '', body: found, retryAfterSeconds: undefined };
  };
  await lookAt(log, copy, { url, fetch });
}

/** Answers one after the other, the last one for ever: status, kind, body. */
function scripted(answers: readonly string[]): BoundedFetch {
  let next = 0;
  return async () => {
    const line = answers[Math.min(next++, answers.length - 1)] ?? '';
    const [, status, kind = '', rest = ''] = /^(\d+) ?(\w*) ?(.*)$/s.exec(line) ?? [];
    const [mediaType, body] = {
      '': ['', ''],
      text: ['text/plain', rest],
      size: ['text/x.tlog.size', `${rest}\n`],
      info: ['text/x.tlog.mirror-info', `${rest.replaceAll(' ', '\n')}\n\n`],
    }[kind] as [string, string];
    return { status: Number(status), mediaType, body: utf8(body), retryAfterSeconds: undefined };
  };
}
