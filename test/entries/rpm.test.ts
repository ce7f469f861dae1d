import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { concatBytes, fromUtf8 } from '../../src/encoding/bytes.js';
import { acceptEntry } from '../../src/entries/accept.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { cutHeader, firstNumber, firstString, readTags } from '../../src/entries/rpm/header.js';
import { isLogError, LogError } from '../../src/errors.js';
import { Random } from '../random.js';
import { vectorLines, vectorPath } from '../vectors.js';
import { openPolicy, testContext } from './policy.js';

interface PackageVector {
  readonly name: string;
  readonly key: string;
  /** Base64 of the gzipped package. */
  readonly package: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly refused?: string;
}

function readVector(name: string): string {
  return readFileSync(vectorPath(`entries/rpm/${name}`), 'utf8');
}

const keys = JSON.parse(readVector('keys.json')) as Readonly<Record<string, string>>;
const packages = vectorLines<PackageVector>('entries/rpm/packages.jsonl');

function contentOf(name: string): Uint8Array {
  const found = packages.find((vector) => vector.name === name);
  assert.ok(found, name);
  return gunzipSync(Buffer.from(found.package, 'base64'));
}

function proposal(content: Uint8Array, key = 'ed25519'): ProposedEntry {
  return {
    kind: 'rpm',
    apiVersion: '0.0.1',
    spec: {
      package: { content: Buffer.from(content).toString('base64') },
      publicKey: { content: Buffer.from(keys[key] ?? '').toString('base64') },
    },
  };
}

const accept = (content: Uint8Array, key?: string) =>
  acceptEntry(proposal(content, key), openPolicy, testContext);

async function refusal(content: Uint8Array): Promise<string | undefined> {
  try {
    await accept(content);
    return undefined;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    return error.message;
  }
}

for (const { name, key, refused, headers } of packages) {
  test(`${name}: ${refused === undefined ? 'accepted, with the headers' : 'refused, for the reason'} of the recording`, async () => {
    const content = contentOf(name);
    if (refused !== undefined) {
      await assert.rejects(accept(content, key), (error) => {
        assert.ok(isLogError(error), `${error}`);
        assert.equal(error.message, refused);
        return true;
      });
      return;
    }
    const { leaf } = await accept(content, key);
    const stored = JSON.parse(fromUtf8(leaf)) as {
      readonly spec: { readonly package: { readonly headers: unknown } };
    };
    assert.deepEqual(stored.spec.package.headers, headers);
  });
}

test('packages as distributions sign them today, the header alone, with RSA, EdDSA and DSA, are among the recordings', () => {
  const modern = packages.filter(
    ({ name, headers }) =>
      /^rpmsign .*a header signature alone$/.test(name) && headers !== undefined,
  );
  assert.deepEqual(modern.map(({ key }) => key).sort(), ['dsa2048', 'ed25519', 'rsa2048']);
  for (const { headers } of modern) assert.equal(headers?.['RPMSIGTAG_MD5'], undefined);
});

test('a package that is cut anywhere is refused, for the reason of the part that is cut', async () => {
  const content = contentOf('plain');
  for (let length = 1; length < content.length; length += 3) {
    assert.notEqual(await refusal(content.subarray(0, length)), undefined, `${length}`);
  }
  assert.equal(await refusal(content.subarray(0, 95)), 'error reading RPM lead: unexpected EOF');
  assert.equal(await refusal(content.subarray(0, 96)), 'error reading RPM header: EOF');
  assert.equal(await refusal(content.subarray(0, 97)), 'error reading RPM header: unexpected EOF');
  assert.equal(await refusal(content.subarray(0, 112)), 'error reading RPM header table: EOF');
  assert.equal(
    await refusal(content.subarray(0, 113)),
    'error reading RPM header table: unexpected EOF',
  );
  assert.equal(await refusal(content.subarray(0, 128)), 'error reading RPM header data: EOF');
});

type IndexEntry = readonly [tag: number, type: number, offset: number, count: number];

/** Returns a header structure of `entries` over `data`. */
function header(entries: readonly IndexEntry[], data: Uint8Array): Uint8Array {
  const index = Buffer.alloc(16 * entries.length);
  for (const [at, entry] of entries.entries()) {
    for (const [field, value] of entry.entries()) index.writeInt32BE(value, 16 * at + 4 * field);
  }
  const intro = Buffer.alloc(16);
  intro.writeUInt32BE(0x8eade801, 0);
  intro.writeUInt32BE(entries.length, 8);
  intro.writeUInt32BE(data.length, 12);
  return concatBytes(intro, index, data);
}

const lead = contentOf('plain').subarray(0, 96);
const noSignatures = header([], new Uint8Array(0));

const STRING_ARRAY = 8;
const MIB = 2 ** 20;

/** Packages that are made to take time or memory. */
const BOMBS: Readonly<Record<string, () => Uint8Array>> = {
  'a hundred thousand tags over the same text': () => {
    const data = new Uint8Array(MIB);
    const entries = Array.from({ length: 100_000 }, () => [1, STRING_ARRAY, 0, MIB] as const);
    return concatBytes(lead, noSignatures, header(entries, data));
  },
  'a hundred thousand tags that run past the end': () => {
    const data = new Uint8Array(MIB).fill(1);
    const entries = Array.from({ length: 100_000 }, () => [1, STRING_ARRAY, 0, 1] as const);
    return concatBytes(lead, noSignatures, header(entries, data));
  },
  'eight MiB of empty strings': () =>
    concatBytes(
      lead,
      noSignatures,
      header([[1000, STRING_ARRAY, 0, 8 * MIB]], new Uint8Array(8 * MIB)),
    ),
  'half a million tags of nothing': () =>
    concatBytes(
      lead,
      noSignatures,
      header(
        Array.from({ length: 500_000 }, (_, tag) => [tag, 0, 0, 0x7fffffff] as const),
        new Uint8Array(0),
      ),
    ),
  'an index that claims 2^32 - 1 tags': () => {
    const claimed = Buffer.from(noSignatures);
    claimed.writeUInt32BE(0xffffffff, 8);
    return concatBytes(lead, claimed, new Uint8Array(MIB));
  },
  'an index whose length is zero when it is cut to 32 bits': () => {
    const claimed = Buffer.from(noSignatures);
    claimed.writeUInt32BE(0x10000000, 8);
    return concatBytes(lead, claimed, new Uint8Array(MIB));
  },
  'data that claims 4 GiB': () => {
    const claimed = Buffer.from(noSignatures);
    claimed.writeUInt32BE(0xffffffff, 12);
    return concatBytes(lead, claimed, new Uint8Array(MIB));
  },
  'a payload of which nothing is unpacked': () =>
    concatBytes(contentOf('plain'), new Uint8Array(8 * MIB)),
};

for (const [name, make] of Object.entries(BOMBS)) {
  test(`${name}: refused within a second and 64 MiB`, async () => {
    const entry = proposal(make());
    const before = process.resourceUsage().maxRSS;
    const start = process.cpuUsage();
    await assert.rejects(acceptEntry(entry, openPolicy, testContext), (error) => {
      assert.ok(isLogError(error, 'ENTRY_MALFORMED'), `${error}`);
      return true;
    });
    // Time of the processor, threads included: other work on the machine does not count.
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`);
    const grownKiB = process.resourceUsage().maxRSS - before;
    assert.ok(grownKiB < 64 * 1024, `${grownKiB} KiB`);
  });
}

test('the text of all tags together may have twice the length of the data, and no byte more', () => {
  const text = Buffer.from('aaa\0bbb\0');
  const read = (...entries: IndexEntry[]) =>
    readTags(cutHeader(header(entries, text), false), new Set([1]));
  const whole: IndexEntry = [1, STRING_ARRAY, 0, 2];
  assert.equal(firstString(read(whole, whole), 1), 'aaa');
  assert.throws(() => read(whole, whole, [1, STRING_ARRAY, 7, 1]), {
    message: 'tag 1 overlaps others',
  });
});

test('a value may end with the data, and may not reach a byte over it', () => {
  const data = Buffer.alloc(8, 1);
  const read = (entry: IndexEntry) =>
    readTags(cutHeader(header([entry], data), false), new Set([1]));
  assert.equal(firstNumber(read([1, 4, 4, 1]), 1), 0x01010101n);
  for (const entry of [
    [1, 4, 5, 1],
    [1, 4, 8, 1],
    [1, 4, 9, 0],
    [1, 4, 0, 3],
    [1, 7, 0, 9],
    [1, 4, 4, -1],
    [1, 6, 0, 1],
  ] as const) {
    assert.throws(() => read(entry), { code: 'ENTRY_MALFORMED' }, entry.join());
  }
  assert.equal(firstNumber(read([1, 4, 8, 0]), 1), undefined);
});

test('a damaged package is refused or read, never a crash', async () => {
  const content = contentOf('plain');
  const random = new Random(7);
  for (let round = 0; round < 500; round++) {
    const damaged = random.damaged(content);
    await accept(damaged).catch((error) => assert.ok(isLogError(error), `${error}`));
  }
});

test('a package is found by its digests, its signatures, its key, its name and its package URL', async () => {
  const { searchTerms } = await accept(contentOf('rpmsign ed25519 with --rpmv3'));
  const of = (field: string) =>
    searchTerms.filter((term) => term.field === field).map(({ value }) => value);
  assert.deepEqual(of('package'), [
    'pkg:rpm/stele-sample',
    'pkg:rpm/stele-sample@1.2.3-4',
    'pkg:rpm/stele-sample@1.2.3-4?arch=noarch&epoch=2',
  ]);
  assert.deepEqual(of('subject-name'), ['stele-sample']);
  assert.deepEqual(of('email'), ['ed25519@example.com']);
  assert.equal(of('digest').length, 3);
  assert.equal(of('signature').length, 2);
});
