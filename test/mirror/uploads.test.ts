/** The tlog-mirror protocol over HTTP: recorded bodies, prefixes, several uploaders, restarts, lies. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fromBase64 } from '../../src/encoding/base64.js';
import { concatBytes, equalBytes, fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { LogError } from '../../src/errors.js';
import type { KeptNotes } from '../../src/mirror/kept-notes.js';
import { readCosignature, subtreeMessage } from '../../src/note/cosignature.js';
import { originID } from '../../src/note/origin-id.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { mldsa44 } from '../../src/signing/mldsa44.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import type { FaultPoint } from '../../src/storage/fault-point.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { vectorPath } from '../vectors.js';
import {
  type Answer,
  addCheckpoint,
  addEntries,
  mirrorNotes,
  startMirror,
  UploadedLog,
} from './uploaded-log.js';

interface VectorFile {
  readonly logs: readonly { readonly origin: string }[];
  readonly cases: readonly {
    readonly case: string;
    readonly expected: readonly number[];
    readonly mirror_info: readonly [number, number] | null;
    readonly body: { readonly base64: string } | string;
    readonly gzip: boolean;
  }[];
}
const vectors: VectorFile = JSON.parse(
  readFileSync(vectorPath('witness/mirror-add-entries.json'), 'utf8'),
);

test('every recorded upload is answered as it should be', async (t) => {
  const logs = vectors.logs.map(({ origin }) => new UploadedLog(origin));
  const [main] = logs as [UploadedLog];
  const mirror = await startMirror(
    t,
    openMemoryStore(),
    logs.map((log) => [log, mirrorNotes()] as const),
  );
  assert.equal((await addCheckpoint(mirror.url, main.submission(0, 300))).status, 200);
  for (const each of vectors.cases) {
    if (each.gzip) await addCheckpoint(mirror.url, main.submission(300, 1_000));
    const body = typeof each.body === 'string' ? utf8(each.body) : fromBase64(each.body.base64);
    const answer = await addEntries(mirror.url, body, {
      ...(each.gzip && { 'Content-Encoding': 'gzip' }),
      ...(each.case === 'other-content-type' && { 'Content-Type': 'text/plain' }),
    });
    assert.ok(each.expected.includes(answer.status), `${each.case}: ${JSON.stringify(answer)}`);
    if (each.mirror_info !== null) {
      const { pendingSize, nextEntry } = infoOf(answer);
      assert.deepEqual([pendingSize, nextEntry], each.mirror_info, each.case);
    }
  }
  assert.equal(mirror.copies[0]?.checkpoint?.size, 1_000);
});

test('nothing is cosigned before the entries are there, and then what is served carries it', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  const pending = await addCheckpoint(mirror.url, log.submission(0, 700));
  assert.deepEqual([pending.status, pending.text], [200, '']);
  const served = `${mirror.url}/${originID(log.origin)}`;
  assert.equal((await fetch(`${served}/checkpoint`)).status, 404);
  assert.equal((await fetch(`${mirror.url}/readyz`)).status, 503);
  const part = await addEntries(mirror.url, log.upload(0, 700, { packages: 2 }));
  assert.equal(part.status, 202);
  assert.equal((await fetch(`${served}/checkpoint`)).status, 404);
  const rest = await addEntries(mirror.url, log.upload(512, 700));
  assert.equal(rest.status, 200);
  const note = await (await fetch(`${served}/checkpoint`)).text();
  const verifiers = [noteVerifier(log.key), noteVerifier(mirror.cosigner.key)];
  const lines = openSignedNote(parseSignedNote(note), verifiers);
  assert.deepEqual(
    lines.map(({ name }) => name),
    [log.origin, 'mirror.example/m1'],
  );
  assert.ok(note.endsWith(rest.text));
  assert.equal((await fetch(`${mirror.url}/readyz`)).status, 200);
  const bundle = new Uint8Array(
    await (await fetch(`${served}/tile/entries/002.p/188`)).arrayBuffer(),
  );
  assert.equal(fromUtf8(bundle.subarray(2, 10)), 'leaf-512');
  // Asked again, it gives the line that it gave: one signature for a size.
  assert.equal((await addEntries(mirror.url, log.upload(700, 700))).text, rest.text);
});

test('add-checkpoint answers by the table of witnesses', async (t) => {
  const log = new UploadedLog('log.example/a');
  const other = new UploadedLog('log.example/other');
  const impostor = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  const status = async (body: string) => (await addCheckpoint(mirror.url, body)).status;
  const emptyLie = log.checkpoint(0, new Uint8Array(32));
  assert.equal(await status(log.submission(0, 0, emptyLie)), 422);
  assert.equal(await status(log.submission(0, 10)), 200);
  const conflict = await addCheckpoint(mirror.url, log.submission(0, 20));
  assert.deepEqual(conflict, { status: 409, type: 'text/x.tlog.size', text: '10\n' });
  assert.equal(await status(''), 400);
  assert.equal(await status('x'.repeat(1_048_577)), 413);
  assert.equal(await status(log.submission(10, 20).replace('old 10', 'old 010')), 400);
  assert.equal(await status(log.submission(10, 20).replace('old 10', 'old 21')), 400);
  assert.equal(await status(`old 10\n${'x'.repeat(44)}\n\n${log.checkpoint(20)}`), 400);
  assert.equal(
    await status(`old 10\n${`${'A'.repeat(43)}=\n`.repeat(64)}\n${log.checkpoint(20)}`),
    400,
  );
  assert.equal(await status(`old 10\n${'A'.repeat(43)}=\n\n${log.checkpoint(20)}`), 422);
  assert.equal(await status(log.submission(10, 10, log.checkpoint(10, new Uint8Array(32)))), 422);
  assert.equal(await status(other.submission(0, 20)), 404);
  assert.equal(await status(impostor.submission(10, 20)), 403);
  const extended = log.checkpoint(20, log.hash(0, 20), ['extension']);
  assert.equal(await status(log.submission(10, 20, extended)), 400);
  assert.equal(await status(log.submission(10, 10)), 200);
  assert.equal(await status(log.submission(10, 20)), 200);
});

test('two uploaders at once leave one copy, and both are answered', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 2_000));
  const uploads = [
    log.upload(0, 2_000),
    log.upload(0, 2_000),
    log.upload(0, 2_000, { packages: 3 }),
  ];
  const answers = await Promise.all(uploads.map((body) => addEntries(mirror.url, body)));
  assert.deepEqual([answers[0]?.status, answers[1]?.status], [200, 200]);
  assert.equal(answers[0]?.text, answers[1]?.text);
  assert.ok([200, 202].includes(answers[2]?.status ?? 0));
  const [copy] = mirror.copies;
  assert.equal(copy?.size, 2_000);
  assert.ok(equalBytes(copy.root, log.hash(0, 2_000)));
});

test('an upload to an older pending checkpoint counts, by memory or by its ticket', async (t) => {
  const log = new UploadedLog('log.example/a');
  const notes = mirrorNotes();
  const store = openMemoryStore();
  const mirror = await startMirror(t, store, [[log, notes]]);
  await addCheckpoint(mirror.url, log.submission(0, 300));
  const { ticket } = infoOf(await addEntries(mirror.url, log.upload(0, 300, { packages: 1 })));
  // More than are remembered.
  for (let size = 301; size < 320; size++) {
    await addCheckpoint(mirror.url, log.submission(size - 1, size));
  }
  const forgotten = await addEntries(mirror.url, log.upload(256, 300));
  assert.equal(forgotten.status, 409);
  assert.deepEqual(infoOf(forgotten).pendingSize, 319);
  const forged = ticket.slice();
  forged[40] = (forged[40] ?? 0) ^ 1;
  assert.equal(
    (await addEntries(mirror.url, log.upload(256, 300, { ticket: forged }))).status,
    409,
  );
  assert.equal((await addEntries(mirror.url, log.upload(256, 300, { ticket }))).status, 200);
  assert.equal((await addEntries(mirror.url, log.upload(300, 319))).status, 200);
  // The copy never goes back.
  const back = await addEntries(mirror.url, log.upload(300, 300, { ticket }));
  assert.equal(back.status, 409);
});

test('after a restart the uploader goes on where it was', async (t) => {
  const log = new UploadedLog('log.example/a');
  const notes = mirrorNotes();
  const store = openMemoryStore();
  const first = await startMirror(t, store, [[log, notes]]);
  await addCheckpoint(first.url, log.submission(0, 1_000));
  await addEntries(first.url, log.upload(0, 1_000, { packages: 2 }));
  const second = await startMirror(t, store, [[log, notes]]);
  const lost = await addEntries(second.url, log.upload(600, 1_000));
  assert.equal(lost.status, 409);
  const { pendingSize, nextEntry } = infoOf(lost);
  assert.deepEqual([pendingSize, nextEntry], [1_000, 512]);
  assert.equal((await addEntries(second.url, log.upload(nextEntry, pendingSize))).status, 200);
});

test('entries of another history are never stored beside those of the first', async (t) => {
  const log = new UploadedLog('log.example/a');
  const forked = new UploadedLog('log.example/a', 'other-');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 600));
  assert.equal((await addEntries(mirror.url, forked.upload(0, 600))).status, 422);
  const [copy] = mirror.copies;
  assert.equal(copy?.size, 0);
  // The log signs the fork, too: the pending checkpoint stays what it was.
  const lie = log.checkpoint(700, forked.hash(0, 700));
  assert.equal((await addCheckpoint(mirror.url, log.submission(600, 700, lie))).status, 422);
  assert.equal((await addEntries(mirror.url, log.upload(0, 600))).status, 200);
});

for (const what of ['commit', 'stated', 'pending'] as const) {
  test(`a disk that is full (${what}) gives 500 and no cosignature, and the upload can be sent again`, async (t) => {
    let step = 0;
    const fault: FaultPoint = (at) => (at === what && step++ === 0 ? 'before' : undefined);
    const log = new UploadedLog('log.example/a');
    const notes = mirrorNotes();
    const full = (name: 'stated' | 'pending'): KeptNotes => ({
      read: () => notes[name].read(),
      async write(given) {
        if (name === what && step++ === 0) throw new LogError('STORE_UNAVAILABLE', 'no space');
        await notes[name].write(given);
      },
    });
    const places = { pending: full('pending'), stated: full('stated') };
    const mirror = await startMirror(t, openMemoryStore({ fault }), [[log, places]]);
    const pending = await addCheckpoint(mirror.url, log.submission(0, 300));
    assert.equal(pending.status, what === 'pending' ? 500 : 200);
    if (what === 'pending') {
      assert.equal((await addEntries(mirror.url, log.upload(0, 300))).status, 422);
      await addCheckpoint(mirror.url, log.submission(0, 300));
    } else {
      const failed = await addEntries(mirror.url, log.upload(0, 300));
      assert.equal(failed.status, 500);
      assert.doesNotMatch(failed.text, /—/);
      assert.equal(mirror.copies[0]?.checkpoint, undefined);
    }
    assert.equal((await addEntries(mirror.url, log.upload(0, 300))).status, 200);
  });
}

test('a packed body is looked at up to a bound, and a damaged one up to the damage', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 3_000));
  const packed = gzipSync(log.upload(0, 3_000));
  const gzip = { 'Content-Encoding': 'gzip' };
  const cut = await addEntries(mirror.url, packed.subarray(0, packed.length - 2_000), gzip);
  assert.equal(cut.status, 202);
  assert.ok(infoOf(cut).nextEntry > 0);
  assert.equal((await addEntries(mirror.url, utf8('no gzip'), gzip)).status, 400);
  const brotli = { 'Content-Encoding': 'br' };
  assert.equal((await addEntries(mirror.url, packed, brotli)).status, 415);
  assert.equal((await addEntries(mirror.url, packed, gzip)).status, 200);
});

test("bodies that are cut anywhere, or end in anything, are the client's mistake", async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 5));
  const whole = log.upload(0, 5);
  for (let length = 0; length < whole.length; length++) {
    const { status } = await addEntries(mirror.url, whole.subarray(0, length));
    assert.ok([400, 404].includes(status), `${length}: ${status}`);
  }
  const behind = concatBytes(whole, utf8('something else'));
  assert.equal((await addEntries(mirror.url, behind)).status, 200);
});

test('an upload is answered as soon as the answer is known, and what has come of it counts', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 700));
  const stranger = new UploadedLog('nobody.example');
  assert.equal((await neverEnding(mirror.url, stranger.upload(0, 5, { packages: 0 }))).status, 404);
  const ahead = await neverEnding(mirror.url, log.upload(256, 700, { packages: 0 }));
  assert.equal(ahead.status, 409);
  assert.deepEqual(infoOf(ahead).nextEntry, 0);
  const whole = await neverEnding(mirror.url, log.upload(0, 700));
  assert.equal(whole.status, 200);
});

test('a client that goes away leaves what it has sent', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 700));
  const request = openUpload(mirror.url);
  request.on('error', () => {});
  request.write(log.upload(0, 700, { packages: 2 }));
  while (mirror.copies[0]?.size !== 512) await new Promise(setImmediate);
  request.destroy();
  assert.equal((await addEntries(mirror.url, log.upload(512, 700))).status, 200);
});

test('uploads longer than any buffer are taken in', async (t) => {
  const log = new UploadedLog('log.example/a', 'x'.repeat(4_000));
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 9_000));
  const body = log.upload(0, 9_000);
  assert.ok(body.length > 34 * 1024 * 1024);
  assert.equal((await addEntries(mirror.url, body)).status, 200);
});

test('a checkpoint of a size that cannot be held is pending all the same', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  const size = 2n ** 62n;
  const huge = log.checkpoint(size, new Uint8Array(32).fill(1));
  assert.equal((await addCheckpoint(mirror.url, `old 0\n\n${huge}`)).status, 200);
  const conflict = await addCheckpoint(mirror.url, log.submission(0, 5));
  assert.equal(conflict.text, `${size}\n`);
  const header = log.upload(0, 5, { packages: 0 });
  new DataView(header.buffer, header.byteOffset).setBigUint64(2 + log.origin.length + 8, size);
  const nothing = await addEntries(mirror.url, header);
  assert.equal(nothing.status, 400);
  new DataView(header.buffer, header.byteOffset).setBigUint64(2 + log.origin.length, size);
  const info = await addEntries(mirror.url, header);
  assert.equal(info.status, 409);
  assert.equal(info.text.split('\n')[0], String(size));
});

test('a mirror that has lost its store and its pending checkpoints signs no other history', async (t) => {
  const log = new UploadedLog('log.example/a');
  const forked = new UploadedLog('log.example/a', 'other-');
  const notes = mirrorNotes();
  const first = await startMirror(t, openMemoryStore(), [[log, notes]]);
  await addCheckpoint(first.url, log.submission(0, 600));
  await addEntries(first.url, log.upload(0, 600));
  const second = await startMirror(t, openMemoryStore(), [
    [log, { ...mirrorNotes(), stated: notes.stated }],
  ]);
  const lie = log.checkpoint(700, forked.hash(0, 700));
  const refused = await addCheckpoint(second.url, forked.submission(0, 700, lie));
  assert.deepEqual([refused.status, refused.text], [409, '600\n']);
  assert.equal((await fetch(`${second.url}/checkpoint`)).status, 404);
  assert.equal((await addEntries(second.url, forked.upload(0, 600))).status, 422);
  const small = await addCheckpoint(second.url, log.submission(0, 300));
  assert.equal(small.status, 409);
  assert.equal((await addEntries(second.url, log.upload(0, 300))).status, 409);
  assert.equal((await addEntries(second.url, log.upload(0, 600))).status, 200);
});

test('notes of a log that cannot both be true are told of', async (t) => {
  const log = new UploadedLog('log.example/a');
  const told: (readonly string[])[] = [];
  const contradicted = async (_: string, notes: readonly string[]) => {
    told.push(notes);
  };
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]], { contradicted });
  await addCheckpoint(mirror.url, log.submission(0, 600));
  const lies = [600, 500].map((size) => log.checkpoint(size, new Uint8Array(32)));
  const [same = '', less = ''] = lies;
  assert.equal((await addCheckpoint(mirror.url, log.submission(600, 600, same))).status, 422);
  // Of a smaller size nothing is known before its leaves are there.
  assert.equal((await addCheckpoint(mirror.url, log.submission(500, 500, less))).status, 409);
  await addEntries(mirror.url, log.upload(0, 600));
  assert.equal((await addCheckpoint(mirror.url, log.submission(500, 500, less))).status, 409);
  assert.equal((await addCheckpoint(mirror.url, log.submission(500, 500))).status, 409);
  const honest = log.checkpoint(600);
  assert.deepEqual(told, [
    [honest, same],
    [honest, less],
  ]);
});

test('who asks again after a while is given a cosignature of a later time', async (t) => {
  const log = new UploadedLog('log.example/a');
  let seconds = 1_800_000_000;
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]], {
    nowSeconds: () => seconds,
  });
  await addCheckpoint(mirror.url, log.submission(0, 5));
  const first = await addEntries(mirror.url, log.upload(0, 5));
  seconds += 60;
  const later = await addEntries(mirror.url, log.upload(5, 5));
  assert.deepEqual([first.status, later.status], [200, 200]);
  const [before, after] = [first, later].map(({ text }) => {
    const [line] = parseSignedNote(`x\n\n${text}`).signatures;
    return readCosignature(line?.signature ?? new Uint8Array(0))?.timeSeconds;
  });
  assert.deepEqual([before, after], [1_800_000_000n, 1_800_000_060n]);
  assert.ok((await (await fetch(`${mirror.url}/checkpoint`)).text()).endsWith(later.text));
});

test('a subtree is signed of a checkpoint that this mirror has cosigned, and of no other', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 14));
  const { text: line } = await addEntries(mirror.url, log.upload(0, 14));
  const ask = async (body: string) => {
    const response = await fetch(`${mirror.url}/sign-subtree`, { method: 'POST', body });
    return { status: response.status, text: await response.text() };
  };
  const note = `${log.checkpoint(14).split('\n\n')[0]}\n\n${line}`;
  const signed = await ask(log.subtree(8, 13, 14, note));
  assert.equal(signed.status, 200, signed.text);
  const [found] = parseSignedNote(`x\n\n${signed.text}`).signatures;
  const { timeSeconds, signature } = readCosignature(found?.signature ?? new Uint8Array(0)) ?? {};
  assert.equal(timeSeconds, 0n);
  const { name, publicKey } = mirror.cosigner.key;
  const message = subtreeMessage({
    ...{ cosigner: name, timeSeconds: 0n, origin: log.origin },
    ...{ start: 8n, end: 13n, hash: log.hash(8, 13) },
  });
  assert.ok(mldsa44().verify(signature ?? new Uint8Array(0), message, publicKey));
  assert.equal((await ask(log.subtree(8, 13, 14, log.checkpoint(14)))).status, 403);
  assert.equal((await ask(log.subtree(8, 13, 14, note).replace('subtree 8 13', 'x'))).status, 400);
  assert.equal((await ask(log.subtree(8, 13, 14, note).replace('8 13', '8 12'))).status, 422);
  assert.equal((await ask('x'.repeat(1_048_577))).status, 413);
});

test('an empty log is cosigned, and from anywhere entries go on', async (t) => {
  const log = new UploadedLog('log.example/a');
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  const status = async (...of: Parameters<UploadedLog['upload']>) =>
    (await addEntries(mirror.url, log.upload(...of))).status;
  assert.equal((await addCheckpoint(mirror.url, log.submission(0, 0))).status, 200);
  assert.equal(await status(0, 0), 200);
  assert.equal(mirror.copies[0]?.checkpoint?.size, 0);
  assert.equal((await addCheckpoint(mirror.url, log.submission(0, 20_000))).status, 200);
  assert.equal(await status(0, 20_000, { packages: 40 }), 202);
  // From within a bundle that is there, at its end, and from the last entry that is.
  assert.equal(await status(10_100, 20_000, { packages: 1 }), 202);
  assert.equal(await status(10_239, 20_000, { packages: 2 }), 202);
  // Too much that is there: at the limit, and one entry more.
  assert.equal(mirror.copies[0]?.size, 10_496);
  assert.equal(await status(10_496 - 8_192, 20_000, { packages: 1 }), 202);
  assert.equal(await status(10_496 - 8_193, 20_000, { packages: 1 }), 409);
  assert.equal(await status(10_497, 20_000, { packages: 1 }), 409);
  assert.equal(await status(10_496, 20_001, { packages: 0 }), 409);
  assert.equal(await status(10_496, 20_000, { packages: 0 }), 400);
  assert.equal(await status(10_496, 20_000, { ticket: new Uint8Array(65_535) }), 200);
  assert.equal(await status(20_000, 20_000, { ticket: new Uint8Array(1) }), 200);
  assert.equal(await status(0, 0), 409);
  const [copy] = mirror.copies;
  assert.ok(copy !== undefined && equalBytes(copy.root, log.hash(0, 20_000)));
});

test('entries of no byte and of the most bytes are taken in', async (t) => {
  const log = new UploadedLog('log.example/a');
  log.leaf = (index) => new Uint8Array(index % 2 === 0 ? 0 : 65_535);
  const mirror = await startMirror(t, openMemoryStore(), [[log, mirrorNotes()]]);
  await addCheckpoint(mirror.url, log.submission(0, 9));
  assert.equal((await addEntries(mirror.url, log.upload(0, 9))).status, 200);
  const bundle = await fetch(`${mirror.url}/tile/entries/000.p/9`);
  assert.equal((await bundle.arrayBuffer()).byteLength, 9 * 2 + 4 * 65_535);
});

/** An upload whose end does not come. */
async function neverEnding(url: string, start: Uint8Array): Promise<Answer> {
  const request = openUpload(url);
  request.write(start);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  request.destroy();
  const type = response.headers['content-type'] ?? null;
  return { status: response.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() };
}

function openUpload(url: string) {
  return httpRequest(`${url}/add-entries`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream' },
  });
}

function infoOf({ type, text }: Answer) {
  assert.equal(type, 'text/x.tlog.mirror-info');
  const [, size, next, ticket] = /^(\d+)\n(\d+)\n(.*)\n$/.exec(text) ?? [];
  return {
    pendingSize: Number(size),
    nextEntry: Number(next),
    ticket: fromBase64(ticket ?? ''),
  };
}
