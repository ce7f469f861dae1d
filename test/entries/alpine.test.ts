import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { concatBytes, fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { readIni } from '../../src/entries/alpine/ini.js';
import { readAlpinePackage } from '../../src/entries/alpine/package.js';
import type { EntryLimits } from '../../src/entries/entry-kind.js';
import { endOfGzipHeader, readGzipMember } from '../../src/entries/shared/gzip-member.js';
import { tarEntries } from '../../src/entries/shared/tar-entries.js';
import { isLogError, LogError } from '../../src/errors.js';
import { Random } from '../random.js';
import { vectorLines } from '../vectors.js';
import { accept } from './acceptance.js';
import { apkFile, apkProposal, gzipBomb, signerPem, tarFile, tarHeader } from './apk-file.js';
import { proposedEntry, recordedEntries } from './recorded.js';

/** Returns why the package is refused; undefined when it is accepted. */
async function refusal(content: Uint8Array, limits?: Partial<EntryLimits>) {
  try {
    await accept(apkProposal(content), limits);
    return undefined;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    return error.message;
  }
}

interface IniVector {
  readonly name: string;
  readonly pkginfo: string;
  readonly pairs?: Readonly<Record<string, string>>;
  readonly error?: string;
}

test('.PKGINFO gives the pairs, and the refusals, that the Go package gives', () => {
  const all = vectorLines<IniVector>('entries/alpine/ini.jsonl');
  assert.ok(all.length > 150);
  for (const { name, pkginfo, pairs, error } of all) {
    const content = Buffer.from(pkginfo, 'base64');
    if (error !== undefined) {
      assert.throws(() => readIni(content), { code: 'ENTRY_MALFORMED', message: error }, name);
      continue;
    }
    const sorted = (entries: Iterable<[string, string]>) => [...entries].sort();
    assert.deepEqual(sorted(readIni(content)), sorted(Object.entries(pairs ?? {})), name);
  }
});

test('names that differ in damaged bytes alone are refused: the leaf could not tell them apart', () => {
  const twice = (first: number, second: number) =>
    readIni(Uint8Array.from([first, 0x3d, 0x61, 0x0a, second, 0x3d, 0x62]));
  assert.throws(() => twice(0xff, 0xfe), { code: 'ENTRY_MALFORMED' });
  assert.equal(twice(0x61, 0x61).get('a'), 'b');
  const replacement = utf8('\ufffd=a\n\ufffd=b');
  assert.equal(readIni(replacement).get('\ufffd'), 'b');
});

interface TarVector {
  readonly name: string;
  readonly archive: string;
  readonly entries: readonly { readonly name: string; readonly size: number }[];
  readonly error?: string;
}

test('tar archives give the entries, and the refusals, that the Go package gives', () => {
  const all = vectorLines<TarVector>('entries/alpine/tar.jsonl');
  assert.ok(all.length > 100);
  for (const { name, archive, entries, error } of all) {
    const found: { name: string; size: number }[] = [];
    const read = () => {
      const content = gunzipSync(Buffer.from(archive, 'base64'));
      for (const entry of tarEntries(content)) found.push({ name: entry.name, size: entry.size });
    };
    if (error === undefined) read();
    else assert.throws(read, { code: 'ENTRY_MALFORMED', message: error }, name);
    // The vectors leave out a file that could not be read to its end.
    const isCut = error === 'unexpected EOF' && found.length > entries.length;
    assert.deepEqual(isCut ? found.slice(0, -1) : found, entries, name);
  }
});

test('names in .PKGINFO are data: __proto__ and constructor go into the leaf like any other', async () => {
  const entry = apkProposal(apkFile({ pkginfo: '__proto__ = a\nconstructor = b\n' }));
  const { leaf } = await accept(entry);
  assert.match(fromUtf8(leaf), /"pkginfo":\{"__proto__":"a","constructor":"b","datahash"/);
});

test('an archive that comes in pieces of one byte gives the same as in one piece', async () => {
  let read = 0;
  for (const { name, body } of recordedEntries('alpine')) {
    const spec = proposedEntry(body).spec as { package?: { content?: unknown } } | null;
    const text = spec?.package?.content;
    if (typeof text !== 'string' || name === 'hugepkginfo') continue;
    const content = Buffer.from(text, 'base64');
    const outcome = (pieceLength?: number) =>
      readAlpinePackage(content, 0, pieceLength).catch((error: LogError) => error.message);
    const whole = await outcome();
    for (const pieceLength of [1, 7]) {
      assert.deepEqual(await outcome(pieceLength), whole, `${name} by ${pieceLength}`);
    }
    read++;
  }
  assert.ok(read > 20);
});

test('every cut of a package, in pieces of one byte too, is refused', async () => {
  const content = apkFile();
  for (let length = 1; length < content.length; length += 13) {
    const cut = content.subarray(0, length);
    for (const pieceLength of [1, 65_536]) {
      await assert.rejects(readAlpinePackage(cut, 0, pieceLength), { code: 'ENTRY_MALFORMED' });
    }
  }
});

test('the operator bounds the archive with the signature: at the bound it passes, a byte more is refused', async () => {
  const content = apkFile();
  assert.equal(await refusal(content, { apkMetadataBytes: 1024 }), undefined);
  assert.equal(
    await refusal(content, { apkMetadataBytes: 1023 }),
    'decompressed size (1024) for signature.tar.gz exceeds max allowed size 1023',
  );
});

test('the operator bounds .PKGINFO: at the bound it passes, a byte more is refused', async () => {
  const filler = (length: number) => `pkgdesc = ${'x'.repeat(length)}\n`;
  const [short, long] = [filler(3000), filler(3001)];
  const apkMetadataBytes = short.length + '\ndatahash = \n'.length + 64;
  assert.equal(await refusal(apkFile({ pkginfo: short }), { apkMetadataBytes }), undefined);
  assert.equal(
    await refusal(apkFile({ pkginfo: long }), { apkMetadataBytes }),
    `uncompressed .PKGINFO file size ${apkMetadataBytes + 1} exceeds max allowed size ${apkMetadataBytes}`,
  );
});

test('without a bound of the operator there is one of 20 MiB for the signature and 8 MiB for .PKGINFO', async () => {
  const none = { apkMetadataBytes: 0 };
  const rest = (length: number) => new Uint8Array(length);
  const signatures = (length: number) =>
    apkFile({
      signatures: (signature) => {
        const file = tarFile('.SIGN.RSA.x', signature);
        return concatBytes(file, rest(length - file.length));
      },
    });
  assert.equal(await refusal(signatures(20 * 2 ** 20), none), undefined);
  assert.match(
    (await refusal(signatures(20 * 2 ** 20 + 1), none)) ?? '',
    /^decompressed size \(20971521\) for signature.tar.gz exceeds max allowed size 20971520$/,
  );
  const control = (length: number) =>
    concatBytes(tarFile('script', rest(length - 1024)), rest(512));
  assert.equal(
    await refusal(apkFile({ control: control(8 * 2 ** 20) }), none),
    '.PKGINFO file was not located',
  );
  assert.match(
    (await refusal(apkFile({ control: control(8 * 2 ** 20 + 512) }), none)) ?? '',
    /for control.tar.gz exceeds max allowed size 8388608$/,
  );
});

const KIB = 1024;

function repeat(bytes: Uint8Array, times: number): Uint8Array {
  return Buffer.alloc(bytes.length * times, bytes);
}

/** Packages that are small to send and want to be large, or slow, to read. */
const BOMBS: Readonly<Record<string, () => Uint8Array>> = {
  'a thousand MiB in the place of the signature': () => gzipBomb(1000),
  'a thousand MiB in the place of .PKGINFO': () =>
    concatBytes(gzipSync(tarFile('.SIGN.RSA.x', utf8('s'))), gzipBomb(1000)),
  'a bomb in a bomb': () => apkFile({ control: gzipBomb(7000) }),
  'a hundred thousand members': () => repeat(gzipSync(new Uint8Array(0)), 100_000),
  'as many tar headers as fit': () => apkFile({ control: repeat(tarHeader('x', 0), 16_000) }),
  'as many extended headers as fit': () => {
    const record = utf8('10 a=bbbb\n');
    const one = concatBytes(
      tarHeader('x', 500, [[156, 'x']]),
      repeat(record, 50),
      new Uint8Array(12),
    );
    return apkFile({ control: repeat(one, 8000) });
  },
  'a header that claims eight gigabytes': () =>
    apkFile({ control: tarHeader('.PKGINFO', 0o77777777777) }),
  'a header that claims more than 2^63 bytes': () =>
    apkFile({ control: tarHeader('.PKGINFO', 0, [[124, `\x80${'\xff'.repeat(11)}`]]) }),
  'a header that claims less than nothing': () =>
    apkFile({ control: tarHeader('.PKGINFO', 0, [[124, '\xff'.repeat(12)]]) }),
  'a .PKGINFO of a million lines without a value': () =>
    apkFile({ control: tarFile('.PKGINFO', utf8('a=\n'.repeat(349_000))) }),
  'a .PKGINFO of one value that goes on for ever': () =>
    apkFile({ control: tarFile('.PKGINFO', utf8(`a = \\\n${'b\\\n'.repeat(349_000)}`)) }),
  'a .PKGINFO of quotes that never close': () =>
    apkFile({ control: tarFile('.PKGINFO', utf8(`a = """\n${'"" \\\n'.repeat(200_000)}`)) }),
  'a .PKGINFO that is one line of quotes': () =>
    apkFile({ control: tarFile('.PKGINFO', utf8(`a = ${'"'.repeat(1000 * KIB)}`)) }),
  'a signature that begins to be PEM again and again': () =>
    apkFile({
      signatures: () =>
        tarFile('.SIGN.RSA.x', utf8('-----BEGIN X-----\n-----END Y-----\n'.repeat(30_000))),
    }),
};

for (const [name, make] of Object.entries(BOMBS)) {
  test(`${name}: refused within a second and 64 MiB`, async () => {
    const entry = apkProposal(make());
    const before = process.resourceUsage().maxRSS;
    const start = process.cpuUsage();
    await assert.rejects(accept(entry), (error) => {
      assert.ok(isLogError(error), `${error}`);
      assert.ok(['ENTRY_MALFORMED', 'SIGNATURE_INVALID'].includes(error.code));
      return true;
    });
    // Time of the processor, threads included: other work on the machine does not count.
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`);
    const grownKiB = process.resourceUsage().maxRSS - before;
    assert.ok(grownKiB < 64 * KIB, `${grownKiB} KiB`);
  });
}

test('a bomb in the place of the data is not unpacked', async () => {
  assert.equal(await refusal(apkFile({ data: gzipBomb(1000) })), undefined);
});

test('a damaged package is refused, never a crash', async () => {
  const content = apkFile();
  const random = new Random(1);
  for (let round = 0; round < 500; round++) {
    const damaged = random.damaged(content);
    await accept(apkProposal(damaged)).catch((error) => assert.ok(isLogError(error), `${error}`));
  }
});

test('the parts of a package in another order are refused', async () => {
  const content = apkFile();
  const first = (await readGzipMember(content, endOfGzipHeader(content, 0), { maxLength: 4096 }))
    ?.end;
  const second = (
    await readGzipMember(content, endOfGzipHeader(content, first ?? 0), { maxLength: 4096 })
  )?.end;
  const [signature, control, data] = [
    content.subarray(0, first),
    content.subarray(first, second),
    content.subarray(second),
  ];
  for (const order of [
    [control, signature, data],
    [signature, signature, control, data],
    [signature, control, control, data],
    [control, data],
    [signature, data, control],
  ]) {
    assert.notEqual(await refusal(concatBytes(...order)), undefined);
  }
});

test('a gzip header with all that it may have is skipped to the byte', () => {
  const body = [0x1f, 0x8b, 8, 0x1c, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9, 0x6e, 0, 0x63, 0];
  assert.equal(endOfGzipHeader(Uint8Array.from(body), 0), body.length);
  const longName = (length: number) =>
    Uint8Array.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, ...Array(length).fill(65), 0]);
  assert.equal(endOfGzipHeader(longName(511), 0), 522);
  assert.throws(() => endOfGzipHeader(longName(512), 0), { message: 'gzip: invalid header' });
});

test('a package is found by its digests, its signature, its key, its name and its package URL', async () => {
  const { searchTerms } = await accept(apkProposal(apkFile()));
  const of = (field: string) =>
    searchTerms.filter((term) => term.field === field).map(({ value }) => value);
  assert.deepEqual(of('package'), [
    'pkg:apk/alpine/sample',
    'pkg:apk/alpine/sample@1.2-r3',
    'pkg:apk/alpine/sample@1.2-r3?arch=x86_64',
  ]);
  assert.deepEqual(of('subject-name'), ['sample']);
  assert.equal(of('digest').length, 3);
  assert.equal(of('signature').length, 1);
  assert.equal(of('key').length, 2);
  assert.ok(signerPem.length > 0);
});
