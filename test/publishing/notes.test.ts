import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '#sha256';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { EMPTY_ROOT } from '../../src/merkle/hash.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { LateRowWriter } from '../../src/publishing/late-rows.js';
import {
  type Notes,
  type NotesOptions,
  openNotes,
  rekorNoteSigner,
  tileNoteSigner,
} from '../../src/publishing/notes.js';
import { type Signer, verifyWithKey } from '../../src/signing/signer.js';
import type { Head, LogStore } from '../../src/storage/log-store.js';
import { LOG_KEY, RECORD, TILE_KEY, TREE_ID } from '../log/log-fixture.js';
import { newGrowingLog } from '../reading/committed-log.js';

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isLogError(error, expected);
}

function headOf(size: number): Head {
  const root = size === 0 ? EMPTY_ROOT : sha256(utf8(`root at ${size}`));
  return { size, root, frontier: [], integratedTimeSeconds: 0, batch: size };
}

interface Setting {
  readonly log: LogStore;
  readonly late: LateRowWriter;
  readonly signed: () => number;
  open(head: Head, options?: Partial<NotesOptions>): Promise<Notes>;
}

async function newSetting(): Promise<Setting> {
  const growing = await newGrowingLog();
  await growing.growTo(20);
  const { log } = growing;
  const late = new LateRowWriter(log);
  let signatures = 0;
  const signer: Signer = {
    ...LOG_KEY,
    sign(message) {
      signatures += 1;
      return LOG_KEY.sign(message);
    },
  };
  return {
    log,
    late,
    signed: () => signatures,
    async open(head, options = {}) {
      return openNotes({
        log,
        late,
        kind: 'v1',
        origin: RECORD.origin,
        signers: [rekorNoteSigner(RECORD.hostname, signer)],
        head,
        rootAtSize: async (size) => headOf(size).root,
        ...options,
      });
    },
  };
}

test('a v1 note is origin, size and root under the line of the log key alone', async () => {
  const { open } = await newSetting();
  const notes = await open(headOf(5));
  const { size, root, note } = notes.at(headOf(5));
  assert.equal(size, 5);
  const parsed = parseSignedNote(note);
  const rootText = Buffer.from(root).toString('base64');
  assert.equal(parsed.text, `log.example - ${TREE_ID}\n5\n${rootText}\n`);
  assert.equal(parsed.signatures.length, 1);
  const line = parsed.signatures[0];
  assert.equal(line?.name, 'log.example');
  // The key hint is the start of the log ID.
  assert.equal(Buffer.from(line?.keyID ?? []).toString('hex'), RECORD.logID.slice(0, 8));
  assert.ok(verifyWithKey(LOG_KEY.publicKeyDer, utf8(parsed.text), line?.signature ?? utf8('')));
});

test('a note of the tile side has the log key first and the tile key second', async () => {
  const { open } = await newSetting();
  const signers = [
    rekorNoteSigner('log.example', LOG_KEY),
    tileNoteSigner('log.example', TILE_KEY),
  ];
  const notes = await open(headOf(5), { kind: 'tiles', signers });
  const parsed = parseSignedNote(notes.at(headOf(5)).note);
  const verified = openSignedNote(
    parsed,
    signers.map(({ name, keyID, signer }) => ({
      name,
      keyID,
      verify: (text, signature) => verifyWithKey(signer.publicKeyDer, text, signature),
    })),
  );
  assert.deepEqual(
    verified.map((line) => line.signature.length === 64),
    [false, true],
  );
  const preimage = Buffer.concat([
    utf8('log.example\n'),
    Uint8Array.of(1),
    TILE_KEY.publicKeyDer.slice(-32),
  ]);
  assert.deepEqual(
    Buffer.from(parsed.signatures[1]?.keyID ?? []),
    Buffer.from(sha256(preimage)).subarray(0, 4),
  );
});

test('a note is signed once for a size and served unchanged', async () => {
  const { open, signed } = await newSetting();
  const notes = await open(headOf(5));
  const first = notes.at(headOf(5)).note;
  assert.equal(notes.at(headOf(5)).note, first);
  assert.equal(signed(), 1);
  assert.notEqual(notes.at(headOf(6)).note, first);
  assert.equal(signed(), 2);
});

test('notes never go back: an older head gets the newest note, whole', async () => {
  const { open } = await newSetting();
  const notes = await open(headOf(5));
  const newest = notes.at(headOf(9));
  assert.deepEqual(notes.at(headOf(7)), newest);
  assert.equal(newest.size, 9);
  assert.deepEqual(newest.root, headOf(9).root);
});

test('after a restart the stored note is served again, byte for byte', async () => {
  const { open, signed, late } = await newSetting();
  const before = (await open(headOf(5))).at(headOf(5));
  await late.idle();
  const after = (await open(headOf(5))).at(headOf(5));
  assert.equal(after.note, before.note);
  assert.equal(signed(), 1);
});

test('after a restart at a larger size a new note is signed', async () => {
  const { open, signed, late } = await newSetting();
  (await open(headOf(5))).at(headOf(5));
  await late.idle();
  assert.equal((await open(headOf(6))).at(headOf(6)).size, 6);
  assert.equal(signed(), 2);
});

test('a lost note is signed again', async () => {
  const { open, signed } = await newSetting();
  (await open(headOf(5), { late: new LateRowWriter({ late: async () => {} }) })).at(headOf(5));
  (await open(headOf(5))).at(headOf(5));
  assert.equal(signed(), 2);
});

test('a store that contradicts a note the log signed is corrupt', async () => {
  const { open, late } = await newSetting();
  (await open(headOf(5))).at(headOf(5));
  await late.idle();
  await assert.rejects(
    open(headOf(5), { rootAtSize: async () => headOf(4).root }),
    code('STORE_CORRUPT'),
  );
  await assert.rejects(
    open(headOf(8), { rootAtSize: async () => headOf(4).root }),
    code('STORE_CORRUPT'),
  );
  await assert.rejects(open(headOf(4)), code('STORE_CORRUPT'));
});

test('a stored note that is not ours, or no note at all, is made again', async () => {
  const strange = [
    'no note',
    fromUtf8(utf8(`${RECORD.origin}\n5\nAAAA\n\n— log.example AAAAAAAA\n`)),
  ];
  for (const text of strange) {
    const { open, log, signed } = await newSetting();
    await log.late({ notes: [{ kind: 'v1', size: 9, bytes: utf8(text) }] });
    assert.equal((await open(headOf(5))).at(headOf(5)).size, 5);
    assert.equal(signed(), 1);
  }
});

test('a key that does not sign is SIGNER_UNAVAILABLE, and the next call tries again', async () => {
  const { open } = await newSetting();
  let broken = true;
  const signer: Signer = {
    ...LOG_KEY,
    sign(message) {
      if (broken) throw new Error('no');
      return LOG_KEY.sign(message);
    },
  };
  const notes = await open(headOf(5), { signers: [rekorNoteSigner('log.example', signer)] });
  assert.throws(() => notes.at(headOf(5)), code('SIGNER_UNAVAILABLE'));
  broken = false;
  assert.equal(notes.at(headOf(5)).size, 5);
});
