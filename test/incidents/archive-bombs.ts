/** Submissions that are small to send and want to be large, or slow, to read. */

import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { apkFile, apkProposal, gzipBomb, tarFile, tarHeader } from '../entries/apk-file.js';
import { base64Digest, jarOf, type Member, zipOf } from '../entries/jar-builder.js';
import { clearSign, forgeKey, forgeRing } from '../pki/pgp-forge.js';
import { messageSigner } from '../pki/pkcs7-builder.js';
import { vectorLines } from '../vectors.js';

/** Makers by what they make. */
export type Bombs = Readonly<Record<string, () => ProposedEntry>>;

const MIB = 2 ** 20;

function repeat(bytes: Uint8Array, times: number): Uint8Array {
  return Buffer.alloc(bytes.length * times, bytes);
}

function proposal(kind: string, spec: unknown): ProposedEntry {
  return { kind, apiVersion: '0.0.1', spec };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const apkBombs: Readonly<Record<string, () => Uint8Array>> = {
  'a GiB in the place of the signature': () => gzipBomb(1024),
  'a GiB in the place of the control part': () =>
    concatBytes(gzipSync(tarFile('.SIGN.RSA.x', utf8('s'))), gzipBomb(1024)),
  'two GiB in .PKGINFO, honestly announced': () =>
    apkFile({ control: concatBytes(tarHeader('.PKGINFO', 2 ** 31), gzipBomb(1)) }),
  'a bomb in a bomb': () => apkFile({ control: gzipBomb(2000) }),
  'twice packed zeros': () => concatBytes(gzipSync(gzipBomb(2000)), gzipBomb(1000)),
  'a hundred thousand members': () => repeat(gzipSync(new Uint8Array(0)), 100_000),
  'as many tar headers as fit': () => apkFile({ control: repeat(tarHeader('x', 0), 16_000) }),
  'a tar header that claims eight gigabytes': () =>
    apkFile({ control: tarHeader('.PKGINFO', 0o77777777777) }),
  'a tar header that claims 2^63 bytes and more': () =>
    apkFile({ control: tarHeader('.PKGINFO', 0, [[124, `\x80${'\xff'.repeat(11)}`]]) }),
  'a tar header that claims less than nothing': () =>
    apkFile({ control: tarHeader('.PKGINFO', 0, [[124, '\xff'.repeat(12)]]) }),
  'a million lines in .PKGINFO': () =>
    apkFile({ control: tarFile('.PKGINFO', utf8('a=\n'.repeat(349_000))) }),
};

const head = 'Manifest-Version: 1.0\r\n\r\n';
const section = (name: string): string =>
  `Name: ${name}\r\nSHA-256-Digest: ${base64Digest('')}\r\n\r\n`;
const deflated = new Map<number, Buffer>();

/** Returns zeros, deflated to a thousandth of their length. */
function zeros(length: number): Buffer {
  const known = deflated.get(length) ?? deflateRawSync(Buffer.alloc(length));
  deflated.set(length, known);
  return known;
}

const packed = (name: string, data: Uint8Array, size: number): Member => ({
  name,
  content: '',
  data,
  size,
  crc: 0,
});

/** A jar of files that inflate to what they like, each named in the manifest. */
function jarWith(files: readonly Member[], metadata: readonly Member[] = []): Buffer {
  return jarOf(messageSigner('ec'), {
    files,
    manifest: head + files.map(({ name }) => section(String(name))).join(''),
    arrange: (members) => [...members, ...metadata],
  });
}

const jarBombs: Readonly<Record<string, () => Uint8Array>> = {
  'a member of 200 MB': () => jarWith([packed('bomb', zeros(200e6), 200e6)]),
  'a member that says it has ten bytes': () => jarWith([packed('bomb', zeros(200e6), 10)]),
  'a member that says it has 4 GiB': () => jarWith([packed('bomb', zeros(200e6), 0xffffffff)]),
  'metadata of 200 MB': () => jarWith([], [packed('META-INF/X.Y', zeros(200e6), 200e6)]),
  'metadata that says it has ten bytes': () =>
    jarWith([], [packed('META-INF/X.SF', zeros(200e6), 10)]),
  'metadata that says it has 4 GiB': () =>
    jarWith([], [packed('META-INF/X.SF', zeros(200e6), 0xffffffff)]),
  'two hundred members of a MB': () => {
    const data = zeros(1e6);
    return jarWith(Array.from({ length: 200 }, (_, i) => packed(`f${i}`, data, 1e6)));
  },
  'a thousand members in one place': () => {
    const data = zeros(80e6);
    const files = Array.from(
      { length: 1000 },
      (_, i): Member => ({
        ...packed(`f${i}`, data, 1000),
        ...(i === 0 ? {} : { placeOf: 0 }),
      }),
    );
    // The first in the archive is the one that the others stand in the place of.
    return jarOf(messageSigner('ec'), {
      files,
      manifest: head + files.map(({ name }) => section(String(name))).join(''),
      arrange: (members) => [...members.slice(3), ...members.slice(0, 3)],
    });
  },
  '65,535 members': () =>
    zipOf(Array.from({ length: 65_535 }, (_, i) => ({ name: `${i}`, content: '', stored: true }))),
  '65,536 members': () =>
    zipOf(Array.from({ length: 65_536 }, (_, i) => ({ name: `${i}`, content: '', stored: true }))),
  'a manifest of 65,536 sections': () =>
    jarOf(messageSigner('ec'), { files: [], manifest: `M: 1\n\n${'Name: A\n\n'.repeat(65_536)}` }),
  'a jar in a jar in a jar, a bomb in the last': () => {
    const inner = zipOf([packed('META-INF/MANIFEST.MF', zeros(200e6), 200e6)]);
    const outer = zipOf([{ name: 'META-INF/MANIFEST.MF', content: inner }]);
    return zipOf([{ name: 'META-INF/MANIFEST.MF', content: outer }]);
  },
};

type IndexEntry = readonly [tag: number, type: number, offset: number, count: number];

/** Returns an rpm header of `entries` over `data`, which may claim other lengths than it has. */
export function rpmHeader(
  entries: readonly IndexEntry[],
  data: Uint8Array,
  claims: { readonly tags?: number; readonly bytes?: number } = {},
): Uint8Array {
  const index = Buffer.alloc(16 * entries.length);
  for (const [at, entry] of entries.entries()) {
    for (const [field, value] of entry.entries()) index.writeInt32BE(value, 16 * at + 4 * field);
  }
  const intro = Buffer.alloc(16);
  intro.writeUInt32BE(0x8eade801, 0);
  intro.writeUInt32BE(claims.tags ?? entries.length, 8);
  intro.writeUInt32BE(claims.bytes ?? data.length, 12);
  return concatBytes(intro, index, data);
}

interface PackageVector {
  readonly name: string;
  readonly package: string;
}

/** Returns a recorded package. */
export function rpmPackage(name: string): Uint8Array {
  const packages = vectorLines<PackageVector>('entries/rpm/packages.jsonl');
  const found = packages.find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no recorded package named ${name}`);
  return gunzipSync(Buffer.from(found.package, 'base64'));
}

const STRING_ARRAY = 8;
const empty = new Uint8Array(0);
const rpmOf = (...headers: readonly Uint8Array[]): Uint8Array =>
  concatBytes(rpmPackage('plain').subarray(0, 96), ...headers);
const tags = (count: number, entry: IndexEntry): IndexEntry[] => Array(count).fill(entry);

const rpmBombs: Readonly<Record<string, () => Uint8Array>> = {
  'a header that claims 2^32 - 1 tags': () =>
    rpmOf(rpmHeader([], empty, { tags: 0xffffffff }), new Uint8Array(MIB)),
  'a header whose index has no length in 32 bits': () =>
    rpmOf(rpmHeader([], empty, { tags: 0x10000000 }), new Uint8Array(MIB)),
  'a header that claims 4 GiB of data': () =>
    rpmOf(rpmHeader([], empty, { bytes: 0xffffffff }), new Uint8Array(MIB)),
  'a second header that claims 4 GiB of data': () =>
    rpmOf(rpmHeader([], empty), rpmHeader([], empty, { bytes: 0xffffffff }), new Uint8Array(MIB)),
  'a hundred thousand tags over the same MiB': () =>
    rpmOf(
      rpmHeader([], empty),
      rpmHeader(tags(100_000, [1, STRING_ARRAY, 0, MIB]), new Uint8Array(MIB)),
    ),
  'a hundred thousand tags that run past the end': () =>
    rpmOf(
      rpmHeader([], empty),
      rpmHeader(tags(100_000, [1, STRING_ARRAY, 0, 1]), new Uint8Array(MIB).fill(1)),
    ),
  'a count of 2^31 - 1 values': () =>
    rpmOf(rpmHeader([], empty), rpmHeader(tags(1000, [1000, 4, 0, 0x7fffffff]), empty)),
  'offsets below zero': () =>
    rpmOf(rpmHeader([], empty), rpmHeader(tags(1000, [1000, 6, -8, 1]), new Uint8Array(64))),
  'a payload of 2 MB that unpacks to 2 GiB': () => concatBytes(rpmPackage('plain'), gzipBomb(2000)),
  'a payload of 3 MiB': () => concatBytes(rpmPackage('plain'), new Uint8Array(3 * MIB)),
};

const key = forgeKey(1);
const chart = 'apiVersion: v2\nname: c\nversion: 0.1.0\n\n...\n';

function aliasBomb(): string {
  const names = [...'abcdefghi'];
  const lines = names.map((name, at) => {
    const item = at === 0 ? 'x' : `*${names[at - 1]} `;
    return `${name}: &${name} [${Array(10).fill(item).join(',')}]`;
  });
  return lines.join('\n');
}

const helmBombs: Readonly<Record<string, string>> = {
  'aliases of aliases, ten to the ninth': `${aliasBomb()}\nfiles: *i\n`,
  'an alias of itself': 'files: &a {x: *a}\n',
  'a MiB of [': '['.repeat(MIB),
  'a million of [': '['.repeat(1_000_000),
  'thirty KiB of [': '['.repeat(30_000),
  'thirty KiB of {': '{a: '.repeat(8_000),
  'a hundred thousand levels of block sequences': `files: ${'- '.repeat(100_000)}`,
  'a level to each line, 240 in all': Array.from(
    { length: 240 },
    (_, at) => `${' '.repeat(at)}a:`,
  ).join('\n'),
  'thirty KiB of quotes': `files: "${'\\"'.repeat(15_000)}`,
  'thirty KiB of anchors': '&a '.repeat(10_000),
  'thirty KiB of documents': '---\n'.repeat(8_000),
  'thirty KiB of tags': '!!a '.repeat(8_000),
  'thirty KiB of merges': `<<: ${'[{}'.repeat(5_000)}`,
  'thirty KiB of complex keys': '? '.repeat(15_000),
  'thirty KiB of keys that repeat': `files:\n${' a: b\n'.repeat(5_000)}`,
};

/** Every bomb, by kind and name. */
export const BOMBS: Readonly<Record<'alpine' | 'jar' | 'rpm' | 'helm', Bombs>> = {
  alpine: mapped(apkBombs, (make) => () => apkProposal(make())),
  jar: mapped(jarBombs, (make) => () => proposal('jar', { archive: { content: base64(make()) } })),
  rpm: mapped(
    rpmBombs,
    (make) => () =>
      proposal('rpm', {
        package: { content: base64(make()) },
        publicKey: { content: base64(forgeRing(key)) },
      }),
  ),
  helm: mapped(
    helmBombs,
    (yaml) => () =>
      proposal('helm', {
        publicKey: { content: base64(forgeRing(key)) },
        chart: { provenance: { content: base64(clearSign(key, chart + yaml)) } },
      }),
  ),
};

function mapped<From>(
  record: Readonly<Record<string, From>>,
  change: (from: From) => () => ProposedEntry,
): Bombs {
  const entries = Object.entries(record);
  return Object.fromEntries(entries.map(([name, from]) => [name, change(from)]));
}
