/** Real entries of the public log, by the side of its own proofs (test/vectors/realworld). */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromBase64 } from '../../src/encoding/base64.js';
import { fromUtf8 } from '../../src/encoding/bytes.js';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import { verifyInclusion } from '../../src/merkle/verify.js';
import { vectorPath } from '../vectors.js';
import { openPolicy, testContext } from './policy.js';
import { proposedEntry } from './recorded.js';

interface Bundle {
  readonly verificationMaterial: {
    readonly tlogEntries: readonly {
      readonly canonicalizedBody: string;
      readonly inclusionProof: {
        readonly logIndex: string;
        readonly treeSize: string;
        readonly rootHash: string;
        readonly hashes: readonly string[];
      };
    }[];
  };
}

interface Manifest {
  readonly bundles: readonly { readonly file: string; readonly uuid: string }[];
}

const readText = (name: string) => readFileSync(vectorPath(`realworld/${name}`), 'utf8');

const { bundles } = JSON.parse(readText('manifest.json')) as Manifest;

test('I33: the corpus of real entries is there', () => {
  assert.equal(bundles.length, 4);
});

for (const { file, uuid } of bundles) {
  const { verificationMaterial } = JSON.parse(readText(file)) as Bundle;
  for (const { canonicalizedBody, inclusionProof } of verificationMaterial.tlogEntries) {
    const body = fromUtf8(fromBase64(canonicalizedBody));

    test(`I33: ${file}: the public log's leaf comes out again byte for byte, under its ID and proof`, async () => {
      const { leaf, leafHash } = await identifyEntry(proposedEntry(body), testContext);
      assert.equal(fromUtf8(leaf), body);
      assert.equal(toHex(leafHash), uuid);
      verifyInclusion({
        index: Number(inclusionProof.logIndex),
        size: Number(inclusionProof.treeSize),
        leafHash,
        root: fromBase64(inclusionProof.rootHash),
        proof: inclusionProof.hashes.map((hash) => fromBase64(hash)),
      });
    });

    test(`I33: ${file}: submitted again as its client did, it is accepted with the same leaf`, async () => {
      const { leaf, indexKeys } = await acceptEntry(proposedEntry(body), openPolicy, testContext);
      assert.equal(fromUtf8(leaf), body);
      assert.ok(indexKeys.length > 1);
    });
  }
}
