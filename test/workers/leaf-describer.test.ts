import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { describeLeaf } from '../../src/entries/describe-leaf.js';
import type { DescribedLeaf } from '../../src/entries/described-leaf.js';
import { ENTRY_KINDS, KNOWN_KINDS } from '../../src/entries/registry.js';
import { SIGNER_FIELDS } from '../../src/entries/stored-signer.js';
import { isLogError } from '../../src/errors.js';
import { LeafDescriber } from '../../src/workers/leaf-describer.js';
import { recordedEntries } from '../entries/recorded.js';

const LIMITS = { timeLimitMs: 60_000, memoryLimitMb: 256 };
const KEY_USAGE = '2.5.29.15';

function leavesOf(kind: string): Uint8Array[] {
  return recordedEntries(kind).flatMap(({ expect }) =>
    'leaf' in expect && expect.leaf !== undefined ? [utf8(expect.leaf)] : [],
  );
}

/** All that may be asked of a leaf. */
function told({ signers, ...facts }: DescribedLeaf): unknown {
  return {
    ...facts,
    signers: signers.map((signer) => [
      ...SIGNER_FIELDS.map((field) => signer.values(field)),
      signer.extension(KEY_USAGE),
    ]),
  };
}

test('a leaf says the same in a thread as in line, whatever its kind', async (t) => {
  const describer = new LeafDescriber(LIMITS);
  t.after(() => describer.close());
  for (const kind of KNOWN_KINDS) {
    const isIsolated = ENTRY_KINDS[kind]?.isolated === true;
    const leaves = leavesOf(kind).slice(0, 4);
    assert.ok(leaves.length > 0, kind);
    const described = leaves.map((leaf) => describer.describe(leaf, [KEY_USAGE]));
    for (const [at, leaf] of leaves.entries()) {
      const found = described[at] as ReturnType<LeafDescriber['describe']>;
      assert.equal(found instanceof Promise, isIsolated, kind);
      assert.deepEqual(told(await found), told(await describeLeaf(leaf)), kind);
    }
  }
});

test('a leaf that takes too long is refused, and the next one is read', async (t) => {
  const describer = new LeafDescriber({ timeLimitMs: 1, memoryLimitMb: 256 });
  t.after(() => describer.close());
  const [leaf] = leavesOf('rpm');
  const refused = async () => describer.describe(leaf as Uint8Array, []);
  // A thread takes longer than that to begin.
  await assert.rejects(refused, (error) => isLogError(error, 'ENTRY_TOO_COSTLY'));
  await assert.rejects(refused, (error) => isLogError(error, 'ENTRY_TOO_COSTLY'));
});

test('a damaged leaf is refused with its code', async (t) => {
  const describer = new LeafDescriber(LIMITS);
  t.after(() => describer.close());
  const damaged = utf8(
    '{"apiVersion":"0.0.1","kind":"rpm","spec":{"publicKey":{"content":"eA=="}}}',
  );
  await assert.rejects(
    async () => describer.describe(damaged, []),
    (error) => isLogError(error) && error.code !== 'ENTRY_TOO_COSTLY',
  );
});
