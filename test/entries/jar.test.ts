import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry } from '../../src/entries/accept.js';
import type { AcceptedEntry, EntryPolicy } from '../../src/entries/entry-kind.js';
import { isLogError } from '../../src/errors.js';
import {
  attribute,
  messageSigner,
  OID,
  octetString,
  signedMessage,
  signerInfo,
} from '../pki/pkcs7-builder.js';
import { vectorLines } from '../vectors.js';
import {
  base64Digest,
  type JarParts,
  jarOf,
  type Member,
  manifestOf,
  zipOf,
} from './jar-builder.js';
import { openPolicy, testContext } from './policy.js';

const rsa = messageSigner('rsa');
const ec = messageSigner('ec');
const files: readonly Member[] = [
  { name: 'A.txt', content: 'aaa' },
  { name: 'b/B.txt', content: 'b'.repeat(5_000) },
];

function submit(archive: Uint8Array, policy: EntryPolicy = openPolicy): Promise<AcceptedEntry> {
  const spec = { archive: { content: Buffer.from(archive).toString('base64') } };
  return acceptEntry({ kind: 'jar', apiVersion: '0.0.1', spec }, policy, testContext);
}

const submitJar = (parts: Partial<JarParts>) => submit(jarOf(rsa, { files, ...parts }));
const arranged = (arrange: NonNullable<JarParts['arrange']>) => submitJar({ arrange });
const refusal = (reason: RegExp) => (error: unknown) =>
  isLogError(error) && reason.test(error.message);
const head = 'Manifest-Version: 1.0\r\n\r\n';
const section = (name: string, content: string) =>
  `Name: ${name}\r\nSHA-256-Digest: ${base64Digest(content)}\r\n\r\n`;
const replaced = (at: number, change: Partial<Member>) => (members: readonly Member[]) =>
  members.map((member, index) => (index === at ? { ...member, ...change } : member));

interface Vector {
  readonly name: string;
  readonly content: string;
  readonly leafHash?: string;
  readonly error?: string;
}

const vectors = vectorLines<Vector>('entries/jar/jarsigner.jsonl');

for (const { name, content, leafHash, error } of vectors) {
  test(`the jar ${name} of jarsigner is judged as Rekor does`, async () => {
    const outcome = submit(Buffer.from(content, 'base64'));
    if (leafHash !== undefined) assert.equal(toHex((await outcome).leafHash), leafHash);
    // The jar whose signature file looks like a block: Rekor takes the one for the other.
    else await assert.rejects(outcome, { name: 'LogError', message: error as string });
  });
}

test('a jar is found by its package, its names and its signer', async () => {
  const content = vectors.find(({ name }) => name === 'rsa')?.content ?? '';
  const { searchTerms } = await submit(Buffer.from(content, 'base64'));
  const found = new Set(searchTerms.map(({ field, value }) => `${field} ${value}`));
  for (const term of [
    'package pkg:maven/org.ex/lib@1.2.3',
    'package pkg:maven/org.ex/lib',
    'subject-name org.ex:lib',
    'subject-name the lib',
    'subject-name org.ex.lib',
    'email a@ex.org',
    'dns ex.org',
  ]) {
    assert.ok(found.has(term), term);
  }
});

const MANIFESTS_ACCEPTED: Readonly<Record<string, string>> = {
  'with bare line feeds': manifestOf(files).replaceAll('\r\n', '\n'),
  'that names some files only': head + section('A.txt', 'aaa'),
  'with names over several lines': `${head}Name: A.\r\n txt\r\nSHA-256-Digest: ${base64Digest('aaa')}\r\n\r\n`,
  'in other letter case': `${head}NAME: A.txt\r\nsha256-DIGEST: ${base64Digest('aaa')}\r\n\r\n`,
  'with MD5 digests': `${head}Name: A.txt\r\nMD5-Digest: ${base64Digest('aaa', 'md5')}\r\n\r\n`,
  'whose last section of a name is right': `${head}Name: A.txt\r\nSHA-256-Digest: x\r\n\r\n${section('A.txt', 'aaa')}`,
  'whose other line ending makes all of it its head':
    'Manifest-Version: 1.0\n\nName: A.txt\nSHA-256-Digest: x\r\n\r\n',
  'with magic in place of a digest': `${head}Name: nowhere\r\nMagic: x\r\n\r\n`,
};

for (const [name, manifest] of Object.entries(MANIFESTS_ACCEPTED)) {
  test(`a manifest ${name} is accepted`, async () => {
    await submitJar({ manifest });
  });
}

const MANIFESTS_REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
  'without an empty line at the end': [manifestOf(files).slice(0, -2), /line ending/],
  'with two empty lines': [`${manifestOf(files)}\r\n`, /line ending/],
  'that names what is not there': [head + section('Z', ''), /^file Z is in manifest but not JAR$/],
  'that names __proto__': [head + section('__proto__', ''), /is in manifest but not JAR$/],
  'with an unknown digest': [
    `${head}Name: A.txt\r\nSHA3-256-Digest: x\r\n\r\n`,
    /unknown digest key in manifest: SHA3-256$/,
  ],
  'without a digest': [`${head}Name: A.txt\r\n\r\n`, /no recognized digests found$/],
  'with one good and one bad digest': [
    `${head}Name: A.txt\r\nSHA1-Digest: x\r\nSHA-256-Digest: ${base64Digest('aaa')}\r\n\r\n`,
    /Sha1-Digest mismatch/,
  ],
  'with a line that is no attribute': [
    `${head}Name: A.txt\r\nfoo\r\n\r\n`,
    /jar manifest is malformed/,
  ],
  'of nothing': ['', /manifest has no sections/],
  'of more sections than there can be files': [
    `M: 1\n\n${'Name: A\n\n'.repeat(65_536)}`,
    /more than 65535 sections/,
  ],
};

for (const [name, [manifest, reason]] of Object.entries(MANIFESTS_REFUSED)) {
  test(`a manifest ${name} is refused`, async () => {
    await assert.rejects(submitJar({ manifest }), refusal(reason));
  });
}

test('digests of sections count where there is none of the manifest', async () => {
  const sections = (digest: string) => () =>
    `V: 1\r\nSHA-256-Digest-Manifest-Main-Attributes: ${base64Digest(head)}\r\n\r\n` +
    `Name: A.txt\r\nSHA-256-Digest: ${digest}\r\n\r\n`;
  await submitJar({ signatureFile: sections(base64Digest(section('A.txt', 'aaa'))) });
  await assert.rejects(
    submitJar({ signatureFile: sections('x') }),
    refusal(/^manifest signature over section "A\.txt": Sha-256-Digest mismatch/),
  );
  await assert.rejects(
    submitJar({ signatureFile: () => 'V: 1\r\nSHA-256-Digest-Manifest: x\r\n\r\n' }),
    refusal(/^manifest signature: Sha-256-Digest-Manifest mismatch/),
  );
});

test('damage to a member that is read is refused, in any other it is passed over', async () => {
  const extra: Member = { name: 'extra', content: 'x', crc: 5 };
  await arranged((members) => [...members, extra]);
  for (const at of [0, 1, 2, 3, 4]) {
    await assert.rejects(arranged(replaced(at, { crc: 5 })), refusal(/zip: checksum error$/));
    await assert.rejects(arranged(replaced(at, { method: 9 })), refusal(/unsupported compression/));
    await assert.rejects(arranged(replaced(at, { size: 1 })), refusal(/not a valid zip file$/));
    await assert.rejects(arranged(replaced(at, { size: 6_000 })), refusal(/unexpected EOF$/));
    await assert.rejects(
      arranged(replaced(at, { data: Buffer.alloc(0) })),
      refusal(/unexpected EOF$/),
    );
    await assert.rejects(
      arranged(replaced(at, { data: Buffer.of(7, 7, 7) })),
      refusal(/flate|EOF/),
    );
  }
});

test('I21: of two members with one name the last counts, and a block that is not the verified one never', async () => {
  await arranged((members) => [{ name: 'A.txt', content: 'other' }, ...members]);
  await assert.rejects(
    arranged((members) => [...members, { name: 'A.txt', content: 'other' }]),
    refusal(/mismatch/),
  );
  const another = signedMessage(ec, { content: Buffer.from('x') });
  for (const name of ['META-INF/K.RSA', 'META-INF/K.EC', 'META-INF/L.RSA', 'META-INF/SIG-L.X']) {
    await assert.rejects(
      arranged((members) => [{ name, content: another }, ...members]),
      refusal(/signature block that is not the one of its signature file$/),
    );
  }
  await arranged((members) => [...members, members[2] as Member]);
});

test('PEM text inside a block is refused: what is stored must be what was verified', async () => {
  const hidden = octetString(Buffer.from('\n-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n'));
  await assert.rejects(
    submitJar({ message: { unsigned: () => [attribute(OID.data, hidden)] } }),
    refusal(/PEM text inside$/),
  );
});

test('a second signature file, or one without a block, is refused before anything is verified', async () => {
  const more: Member = { name: 'META-INF/L.SF', content: 'x' };
  await assert.rejects(
    arranged((members) => [...members, more]),
    refusal(/^JAR contains sigfile META-INF\/L\.SF with no matching signature$/),
  );
  await assert.rejects(
    arranged((members) => [...members, more, { name: 'META-INF/L.EC', content: 'x' }]),
    refusal(/^multiple signatures detected in JAR; unable to process$/),
  );
});

test('metadata may have the length that the operator allows, and not a byte more', async () => {
  const limits = { ...openPolicy.limits, jarMetadataBytes: 2_000 };
  const withExtra = (length: number) =>
    jarOf(rsa, {
      files,
      arrange: (members) => [...members, { name: 'META-INF/X.TXT', content: 'x'.repeat(length) }],
    });
  await submit(withExtra(2_000), { ...openPolicy, limits });
  await assert.rejects(
    submit(withExtra(2_001), { ...openPolicy, limits }),
    refusal(/^uncompressed jar metadata of size 2001 exceeds max allowed size 2000$/),
  );
  await assert.rejects(
    submit(withExtra(16 * 1_048_576 + 1), {
      ...openPolicy,
      limits: { ...limits, jarMetadataBytes: 0 },
    }),
    refusal(/exceeds max allowed size 16777216$/),
  );
});

test('a block may have as many signers as the operator allows, and not one more', async () => {
  const jar = jarOf(rsa, {
    files,
    block: (content) => {
      const parts = { content, attributes: null, detached: true };
      return signedMessage(rsa, { ...parts, moreSigners: [signerInfo(rsa, parts)] });
    },
  });
  const signatures = (most: number) => ({
    ...openPolicy,
    limits: { ...openPolicy.limits, signatures: most },
  });
  await submit(jar, signatures(2));
  await assert.rejects(
    submit(jar, signatures(1)),
    refusal(/^JAR signature of 2 signers exceeds 1$/),
  );
});

test('something in front of an archive and a comment behind it change nothing else', async () => {
  const jar = jarOf(rsa, { files });
  await submit(Buffer.concat([Buffer.from('#!/bin/sh\n'), jar]));
  const commented = Buffer.concat([jar, Buffer.from('hello')]);
  await assert.rejects(
    submit(Buffer.concat([jar, Buffer.alloc(70_000)])),
    refusal(/not a valid zip/),
  );
  commented.writeUInt16LE(5, jar.length - 2);
  await submit(commented);
  commented.writeUInt16LE(6, jar.length - 2);
  await assert.rejects(submit(commented), refusal(/not a valid zip file/));
});

/** A thousand bytes for each of the archive. */
const zeros = (length: number): Buffer => deflateRawSync(Buffer.alloc(length));
const named = (name: string, data: Uint8Array, size: number): Member => ({
  name,
  content: '',
  data,
  size,
  crc: 0,
});

test('I1, I2: bombs are refused by what they say, or one piece after it', async () => {
  const data = zeros(80_000_000);
  const manifest = head + section('bomb', '');
  const before = process.memoryUsage().rss;
  const bombs: Readonly<Record<string, readonly [Partial<JarParts>, RegExp]>> = {
    honest: [{ files: [named('bomb', data, 80_000_000)], manifest }, /inflates to more than/],
    lying: [{ files: [named('bomb', data, 10)], manifest }, /not a valid zip file/],
    'lying a little': [
      { files: [named('bomb', data, 1_000_000)], manifest },
      /not a valid zip file/,
    ],
    huge: [{ files: [named('bomb', data, 0xffffffff)], manifest }, /inflates to more than/],
    'in the metadata': [
      { arrange: (members) => [...members, named('META-INF/X.Y', data, 80_000_000)] },
      /uncompressed jar metadata/,
    ],
    'of many members': [
      {
        files: Array.from({ length: 80 }, (_, i) => named(`f${i}`, zeros(1_000_000), 1_000_000)),
        manifest: head + Array.from({ length: 80 }, (_, i) => section(`f${i}`, '')).join(''),
      },
      /inflates to more than|mismatch/,
    ],
    'of many members in one place': [
      {
        files: Array.from(
          { length: 500 },
          (_, i): Member => ({
            ...named(`f${i}`, data, 1_000),
            ...(i === 0 ? {} : { placeOf: 0 }),
          }),
        ),
        manifest: head + Array.from({ length: 500 }, (_, i) => section(`f${i}`, '')).join(''),
        arrange: (members) => [...members.slice(3), ...members.slice(0, 3)],
      },
      /^zip: overlapping members$/,
    ],
  };
  for (const [name, [parts, reason]] of Object.entries(bombs)) {
    await assert.rejects(submitJar(parts), refusal(reason), name);
    assert.ok(process.memoryUsage().rss - before < 64 * 1_048_576, `memory after ${name}`);
  }
});

test('an archive has at most 65,535 members', async () => {
  const members = (count: number): Member[] =>
    Array.from({ length: count }, (_, i) => ({ name: `f${i}`, content: '', stored: true }));
  await assert.rejects(submit(zipOf(members(65_535))), refusal(/no META-INF\/MANIFEST\.MF/));
  await assert.rejects(submit(zipOf(members(65_536))), refusal(/more than 65535 members/));
});

test('any byte of the directory and of the headers may be damaged without a crash', async () => {
  const jar = jarOf(rsa, { files: [{ name: 'A', content: 'a' }] });
  for (let at = 0; at < jar.length; at += at < jar.length - 400 ? 11 : 1) {
    for (const value of [0, 0xff]) {
      const damaged = Buffer.from(jar);
      damaged[at] = value;
      await submit(damaged).catch((error: unknown) => assert.ok(isLogError(error), `byte ${at}`));
    }
  }
});
