import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { vectorPath } from '../vectors.js';

/** One test with the group that it belongs to. */
export interface WycheproofCase {
  readonly id: number;
  readonly comment: string;
  readonly publicKeyDer: Uint8Array;
  /** `SHA-256` and the like. */
  readonly sha: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

interface VectorFile {
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly sha: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: WycheproofCase['result'];
    }[];
  }[];
}

/** Returns the tests of one vector file, in order. */
export function wycheproofCases(name: string): WycheproofCase[] {
  const packed = readFileSync(vectorPath(`wycheproof/${name}.json.gz`));
  const file = JSON.parse(gunzipSync(packed).toString('utf8')) as VectorFile;
  return file.testGroups.flatMap((group) =>
    group.tests.map((test) => ({
      id: test.tcId,
      comment: test.comment,
      publicKeyDer: Buffer.from(group.publicKeyDer, 'hex'),
      sha: group.sha,
      message: Buffer.from(test.msg, 'hex'),
      signature: Buffer.from(test.sig, 'hex'),
      result: test.result,
    })),
  );
}
