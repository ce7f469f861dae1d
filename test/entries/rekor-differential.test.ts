import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry } from '../../src/entries/accept.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { isLogError } from '../../src/errors.js';
import { vectorLines } from '../vectors.js';
import { openPolicy, testContext } from './policy.js';
import { submittedEntry } from './recorded.js';

/** A submission and what a Rekor server answered; the README beside the files says how they came about. */
interface Answered {
  readonly name: string;
  readonly request: string;
  readonly status: 201 | 400 | 409 | 500;
  readonly leafHash?: string;
  readonly message?: string;
}

/** Fewer in any file would mean that it is cut short. */
const LEAST_CASES = 25;

for (const kind of KNOWN_KINDS) {
  test(`submissions of kind ${kind} beside the recording become the leaf, or the words, of a Rekor server`, async () => {
    const answered = readAnswers(kind);
    assert.ok(answered.length >= LEAST_CASES);
    assert.ok(answered.some(({ leafHash }) => leafHash !== undefined));
    for (const answer of answered) {
      const { leafHash, refused } = await outcomeOf(answer.request);
      assert.equal(leafHash, answer.leafHash, answer.name);
      // A server error has no words that a client's mistake should have.
      if (answer.status === 500) continue;
      assert.equal(refused, answer.message?.replace('error processing entry: ', ''), answer.name);
    }
  });
}

function readAnswers(kind: string): readonly Answered[] {
  return vectorLines<Answered>(`entries/differential/${kind}.jsonl`);
}

async function outcomeOf(request: string): Promise<{ leafHash?: string; refused?: string }> {
  try {
    const { leafHash } = await acceptEntry(submittedEntry(request), openPolicy, testContext);
    return { leafHash: toHex(leafHash) };
  } catch (error) {
    assert.ok(isLogError(error), String(error));
    return { refused: error.message };
  }
}
