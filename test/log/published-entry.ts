/** What a client checks of an answer. */

import assert from 'node:assert/strict';
import { utf8 } from '../../src/encoding/bytes.js';
import type { PublishedEntry, Submission } from '../../src/log/log.js';
import { leafHash } from '../../src/merkle/hash.js';
import { verifyInclusion } from '../../src/merkle/verify.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import { entryTimestampMessage } from '../../src/signing/timestamp.js';
import { LOG_KEY, RECORD } from './log-fixture.js';

/** Returns the entry of a submission that must have been added. */
export function added(submission: Submission): PublishedEntry {
  assert.equal(submission.outcome, 'added');
  return (submission as Extract<Submission, { outcome: 'added' }>).entry;
}

/** Checks all that a client checks: note, root, proof, SET, entry ID, each against the others. */
export function assertPublished(entry: PublishedEntry, firstVirtualIndex = 0): void {
  const { checkpoint, hashes } = entry.proof;
  const note = parseSignedNote(checkpoint.note);
  assert.equal(note.signatures.length, 1);
  const [line] = note.signatures;
  assert.ok(verifyWithKey(LOG_KEY.publicKeyDer, utf8(note.text), line?.signature ?? utf8('')));
  const text = parseCheckpoint(note.text);
  assert.equal(text.origin, RECORD.origin);
  assert.equal(text.size, BigInt(checkpoint.size));
  assert.deepEqual(Buffer.from(text.root), Buffer.from(checkpoint.root));
  const hash = leafHash(entry.leaf);
  verifyInclusion({
    index: entry.logIndex,
    size: checkpoint.size,
    leafHash: hash,
    proof: hashes,
    root: checkpoint.root,
  });
  assert.equal(entry.entryID, `1122334455667788${Buffer.from(hash).toString('hex')}`);
  const message = entryTimestampMessage({
    body: Buffer.from(entry.leaf).toString('base64'),
    integratedTimeSeconds: entry.integratedTimeSeconds,
    logID: RECORD.logID,
    logIndex: firstVirtualIndex + entry.logIndex,
  });
  assert.ok(entry.signedEntryTimestamp);
  assert.ok(verifyWithKey(LOG_KEY.publicKeyDer, message, entry.signedEntryTimestamp));
}
