import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import { canonicalPublicKeyHash } from '../../src/pki/canonical-key.js';
import { vectorLines } from '../vectors.js';

interface Search {
  readonly name: string;
  readonly request: { readonly body?: string };
  readonly expect: { readonly status: number; readonly body: readonly string[] };
}

interface Stored {
  readonly expect: { readonly leafHash?: string; readonly indexKeys?: readonly string[] };
}

const read = <T>(name: string) => vectorLines<T>(`rekor-v1/cases/${name}.jsonl`);

/** Recorded searches by key alone. */
const searches = read<Search>('index').filter(({ name }) => /^index\/key-/.test(name));
const indexKeys = new Map<string, readonly string[]>();
for (const kind of ['hashedrekord', 'rekord', 'tuf']) {
  for (const { expect } of read<Stored>(kind)) {
    if (expect.leafHash !== undefined && expect.indexKeys !== undefined) {
      indexKeys.set(expect.leafHash, expect.indexKeys);
    }
  }
}

for (const { name, request, expect } of searches) {
  const { publicKey } = JSON.parse(request.body ?? '{}') as {
    publicKey?: { format?: string; content?: string };
  };
  const { format, content } = publicKey ?? {};
  if (format === undefined || content === undefined) continue;
  const key = Buffer.from(content, 'base64');

  if (expect.status === 200 && expect.body.length > 0) {
    test(`${name}: the hash of a ${format} key is the one that its entries have`, async () => {
      const hash = await canonicalPublicKeyHash(format, key);
      const known = expect.body.flatMap((id) => indexKeys.get(id.slice(-64)) ?? []);
      assert.ok(known.includes(hash));
    });
  } else if (expect.status === 400 && !name.endsWith('notb64')) {
    test(`${name}: what is no ${format} key is refused in the API’s words`, async () => {
      await assert.rejects(canonicalPublicKeyHash(format, key), isUnparsable);
    });
  }
}

function isUnparsable(error: unknown): boolean {
  return (
    isLogError(error, 'KEY_MALFORMED') &&
    error.message === 'public key provided could not be parsed'
  );
}

test('nothing, garbage and formats that nobody knows are refused in the API’s words', async () => {
  for (const format of ['x509', 'pgp', 'ssh', 'minisign', 'tuf', 'pkcs7', '__proto__', '']) {
    for (const content of [new Uint8Array(0), utf8('garbage'), new Uint8Array(70_000).fill(0xff)]) {
      await assert.rejects(canonicalPublicKeyHash(format, content), isUnparsable, format);
    }
  }
});
