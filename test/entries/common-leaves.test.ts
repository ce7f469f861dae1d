import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import { describeCommonLeaf } from '../../src/entries/common-leaves.js';
import { describeLeaf } from '../../src/entries/describe-leaf.js';
import type { DescribedLeaf } from '../../src/entries/described-leaf.js';
import { SIGNER_FIELDS } from '../../src/entries/stored-signer.js';
import { isLogError } from '../../src/errors.js';
import { Random } from '../random.js';
import { vectorLines } from '../vectors.js';
import { recordedEntries } from './recorded.js';

const REAL = vectorLines<{ leaf: string }>('rekor-v2/real-world-leaves.jsonl').map(
  ({ leaf }) => leaf,
);
const RECORDED = recordedEntries('hashedrekord').flatMap(({ expect }) =>
  'leaf' in expect && expect.leaf !== undefined ? [expect.leaf] : [],
);
const DSSE = vectorLines<{ leaf?: string }>('rekor-v2/dsse-0.0.2.jsonl').flatMap(
  ({ leaf }) => leaf ?? [],
);
const LEAVES = [...REAL, ...RECORDED, ...DSSE].map(utf8);
const COMMON = LEAVES.filter((leaf) => {
  try {
    return describeCommonLeaf(leaf) !== undefined;
  } catch {
    return false;
  }
});

/** With a space in front a leaf is of no common form any more, and says the same. */
const viaJson = (leaf: Uint8Array) => describeLeaf(concatBytes(utf8(' '), leaf));

function factsOf({ kind, apiVersion, terms, signers }: DescribedLeaf): unknown {
  const said = signers.map((signer) => [
    signer.names(),
    ...SIGNER_FIELDS.map((field) => signer.values(field)),
  ]);
  return { kind, apiVersion, terms, said };
}

async function outcomeOf(read: () => DescribedLeaf | Promise<DescribedLeaf>): Promise<unknown> {
  try {
    return factsOf(await read());
  } catch (error) {
    assert.ok(isLogError(error), String(error));
    return error.code;
  }
}

test('the common leaves of real logs say the same by their form as by their JSON', async () => {
  const kinds = new Set<string>();
  for (const leaf of COMMON) {
    const common = describeCommonLeaf(leaf) as DescribedLeaf;
    kinds.add(`${common.kind} ${common.apiVersion}`);
    assert.deepEqual(factsOf(common), factsOf(await viaJson(leaf)));
  }
  assert.deepEqual([...kinds].sort(), ['dsse 0.0.2', 'hashedrekord 0.0.1', 'hashedrekord 0.0.2']);
});

test('a damaged leaf is refused, or says the same, whichever way it is read', async () => {
  const random = new Random(23);
  const letters = '{}[]":,=+/AZaz09 \n\\é';
  let read = 0;
  for (let round = 0; round < 4_000; round++) {
    const text = Buffer.from(random.pick(COMMON)).toString();
    const at = random.below(text.length);
    const other = letters[random.below(letters.length)] as string;
    const cut = random.below(3);
    const damaged = utf8(text.slice(0, at) + other + text.slice(at + cut));
    const outcome = await outcomeOf(() => describeLeaf(damaged));
    assert.deepEqual(outcome, await outcomeOf(() => viaJson(damaged)), damaged.toString());
    if (typeof outcome !== 'string') read++;
  }
  assert.ok(read > 100, `${read}`);
});

test('a leaf that says something twice is refused', async () => {
  const [leaf = ''] = REAL;
  const twice = leaf.replace('"kind":', '"kind":"dsse","kind":');
  assert.equal(await outcomeOf(() => describeLeaf(utf8(twice))), 'ENTRY_MALFORMED');
  const inner = leaf.replace('"content":', '"content":"AAAA","content":');
  assert.equal(await outcomeOf(() => describeLeaf(utf8(inner))), 'ENTRY_MALFORMED');
});
