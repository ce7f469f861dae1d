import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fromUtf8 } from '../../src/encoding/bytes.js';
import { acceptEntry } from '../../src/entries/accept.js';
import { readSign1 } from '../../src/entries/cose/sign1.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { readProvenance } from '../../src/entries/helm/provenance.js';
import { verifyJar } from '../../src/entries/jar/verify-jar.js';
import { readZipDirectory } from '../../src/entries/jar/zip-directory.js';
import { isDirectory, readMember } from '../../src/entries/jar/zip-member.js';
import { DEFAULT_ENTRY_LIMITS } from '../../src/entries/limits.js';
import { readPgpKeyRing } from '../../src/pki/pgp/key-ring.js';

import { readMessageImprint, readTimestampResponse } from '../../src/pki/pkcs7/timestamp.js';
import { verifySignedData } from '../../src/pki/pkcs7/verify-signed-data.js';
import { openPolicy, testContext } from '../entries/policy.js';
import { proposedEntry, recordedEntries } from '../entries/recorded.js';

/**
 * The readers of foreign formats are this project's own. Here libraries that have nothing to do with them read the
 * same recorded submissions, those that were accepted, and must see the same.
 */
const accepted = new Map<string, readonly (readonly [string, ProposedEntry])[]>();

function acceptedOf(kind: string): readonly (readonly [string, ProposedEntry])[] {
  const known = accepted.get(kind);
  if (known !== undefined) return known;
  const found = recordedEntries(kind)
    // Rekor takes armour whose last line is cut off, as this project does; the library does not.
    .filter(({ name, expect }) => 'leafHash' in expect && !name.startsWith('truncated.'))
    .map(({ name, body }) => [`${kind} ${name}`, proposedEntry(body)] as const);
  accepted.set(kind, found);
  return found;
}

test('openpgp reads the same keys, fingerprints and user IDs', async () => {
  const openpgp = await import('openpgp');
  const seen = new Set<string>();
  for (const [name, ring] of keyRings()) {
    const content = Buffer.from(ring);
    if (seen.has(content.toString('base64'))) continue;
    seen.add(content.toString('base64'));
    const { entities } = await readPgpKeyRing(content);
    const keys = await readKeys(openpgp, content);
    const ours = entities.map(({ primaryKey, subkeys, identities }) => ({
      primary: primaryKey.fingerprint,
      subkeys: subkeys.map(({ key }) => key.fingerprint),
      userIDs: identities.map(({ id }) => fromUtf8(id)),
    }));
    const theirs = keys.map((key) => ({
      primary: key.getFingerprint(),
      subkeys: key.subkeys.map((subkey) => subkey.getFingerprint()),
      userIDs: key.getUserIDs(),
    }));
    assert.deepEqual(ours, theirs, name);
  }
  assert.ok(seen.size >= 5, `${seen.size} key rings`);
});

test('openpgp verifies the same detached signatures', async () => {
  const openpgp = await import('openpgp');
  let count = 0;
  for (const [name, { spec }] of acceptedOf('rekord')) {
    if (textAt(spec, 'signature', 'format') !== 'pgp') continue;
    const data = bytesAt(spec, 'data', 'content');
    if (data === undefined) continue;
    const signature = requiredBytes(spec, 'signature', 'content');
    const ring = requiredBytes(spec, 'signature', 'publicKey', 'content');
    const isArmored = signature.includes('BEGIN PGP');
    const { signatures } = await openpgp.verify({
      message: await openpgp.createMessage({ binary: data }),
      signature: isArmored
        ? await openpgp.readSignature({ armoredSignature: signature.toString() })
        : await openpgp.readSignature({ binarySignature: signature }),
      verificationKeys: await readKeys(openpgp, ring),
      ...lenient,
    });
    const verdicts = await Promise.all(signatures.map(({ verified }) => verified.catch(String)));
    assert.ok(verdicts.includes(true), `${name}: ${verdicts}`);
    count++;
  }
  assert.ok(count >= 5, `${count} signatures`);
});

test('openpgp reads the same signed text in provenance files, and verifies it', async () => {
  const openpgp = await import('openpgp');
  let count = 0;
  for (const [name, { spec }] of acceptedOf('helm')) {
    const content = bytesAt(spec, 'chart', 'provenance', 'content');
    if (content === undefined) continue;
    const message = await openpgp.readCleartextMessage({ cleartextMessage: content.toString() });
    const { signedBytes } = await readProvenance(content);
    assert.equal(
      fromUtf8(signedBytes).replaceAll('\r\n', '\n'),
      message.getText().replaceAll('\r\n', '\n'),
      name,
    );
    const { signatures } = await openpgp.verify({
      message,
      verificationKeys: await readKeys(openpgp, requiredBytes(spec, 'publicKey', 'content')),
      ...lenient,
    });
    const verdicts = await Promise.all(signatures.map(({ verified }) => verified.catch(String)));
    assert.ok(verdicts.includes(true), `${name}: ${verdicts}`);
    count++;
  }
  assert.ok(count >= 3, `${count} provenance files`);
});

test('pkijs verifies the same signatures of archives', async () => {
  const pkijs = await import('pkijs');
  let count = 0;
  for (const [name, { spec }] of acceptedOf('jar')) {
    const archive = bytesAt(spec, 'archive', 'content');
    if (archive === undefined) continue;
    const { block, signer } = await verifyJar(archive, DEFAULT_ENTRY_LIMITS);
    const message = new pkijs.SignedData({ schema: contentOf(pkijs, block) });
    assert.equal(await isSignatureOver(message, signer.content), true, name);
    assert.equal(await isSignatureOver(message, Buffer.from('something else')), false, name);
    count++;
  }
  assert.ok(count >= 3, `${count} archives`);
});

test('pkijs verifies the same timestamps, over the same file', async () => {
  const pkijs = await import('pkijs');
  const files = stampedFiles();
  let count = 0;
  for (const [name, { spec }] of acceptedOf('rfc3161')) {
    const response = requiredBytes(spec, 'tsr', 'content');
    const { token } = readTimestampResponse(response);
    const { content } = verifySignedData(token?.signedData, undefined);
    const imprint = readMessageImprint(content);
    const info = pkijs.TSTInfo.fromBER(arrayBufferOf(content));
    assert.equal(info.messageImprint.hashAlgorithm.algorithmId, imprint.hashOid, name);
    const theirs = Buffer.from(info.messageImprint.hashedMessage.valueBlock.valueHexView);
    assert.deepEqual(theirs, Buffer.from(imprint.digest), name);
    // What follows the response is passed over here, and refused there.
    const length = 4 + response.readUInt16BE(2);
    const whole = pkijs.TimeStampResp.fromBER(arrayBufferOf(response.subarray(0, length)));
    const message = new pkijs.SignedData({ schema: whole.timeStampToken?.content });
    const file = files.find(
      (one) =>
        imprint.hash !== undefined &&
        createHash(imprint.hash).update(one).digest().equals(imprint.digest),
    );
    assert.ok(file !== undefined, `${name}: the stamped file is among the recorded ones`);
    assert.equal(await isSignatureOver(message, file), true, name);
    assert.equal(await isSignatureOver(message, Buffer.from('something else')), false, name);
    count++;
  }
  assert.ok(count >= 3, `${count} timestamps`);
});

test('cborg reads the same parts of messages', async () => {
  const { decode } = await import('cborg');
  let count = 0;
  for (const [name, { spec }] of acceptedOf('cose')) {
    const bytes = bytesAt(spec, 'message');
    if (bytes === undefined) continue;
    const { headers, payload, signature } = readSign1(bytes);
    const [protectedBytes, unprotected, theirPayload, theirSignature] = decode(bytes, {
      useMaps: true,
      tags: { 18: (content) => content() },
    }) as readonly [Uint8Array, ReadonlyMap<unknown, unknown>, Uint8Array, Uint8Array];
    const ours = [headers.protectedBytes, payload, signature].map((part) => hexOf(part));
    const theirs = [protectedBytes, theirPayload, theirSignature].map((part) => hexOf(part));
    assert.deepEqual(ours, theirs, name);
    const theirHeader = decode(protectedBytes, { useMaps: true }) as ReadonlyMap<unknown, unknown>;
    assert.equal(headers.protected.size, theirHeader.size, name);
    assert.equal(headers.unprotected.size, unprotected.size, name);
    count++;
  }
  assert.ok(count >= 5, `${count} messages`);
});

test('yauzl finds the same members in archives, with the same content', async () => {
  const yauzl = await import('yauzl');
  let count = 0;
  for (const [name, { spec }] of acceptedOf('jar')) {
    const archive = bytesAt(spec, 'archive', 'content');
    if (archive === undefined) continue;
    const ours: string[] = [];
    for (const member of readZipDirectory(archive)) {
      const digest = createHash('sha256');
      if (!isDirectory(member)) {
        await readMember(archive, member, (piece) => digest.update(piece));
      }
      ours.push(`${member.name} ${member.size} ${digest.digest('hex')}`);
    }
    const zip = await yauzl.fromBufferPromise(archive);
    const theirs: string[] = [];
    for await (const entry of zip.eachEntry()) {
      const digest = createHash('sha256');
      if (!entry.fileName.endsWith('/')) {
        for await (const piece of await zip.openReadStreamPromise(entry)) digest.update(piece);
      }
      theirs.push(`${entry.fileName} ${entry.uncompressedSize} ${digest.digest('hex')}`);
    }
    assert.deepEqual(ours, theirs, name);
    assert.ok(ours.length >= 3, name);
    count++;
  }
  assert.ok(count >= 3, `${count} archives`);
});

/** A root that names no version of the specification, and metadata with two signatures of one key. */
const REFUSED_THERE: ReadonlySet<string> = new Set(['tuf nospec', 'tuf dupsigs']);

test('@tufjs/models verifies the same metadata by the same roots', async () => {
  const { Metadata, MetadataKind } = await import('@tufjs/models');
  const read = (document: Document) => {
    switch (document.signed['_type']) {
      case 'root':
        return Metadata.fromJSON(MetadataKind.Root, document);
      case 'targets':
        return Metadata.fromJSON(MetadataKind.Targets, document);
      case 'snapshot':
        return Metadata.fromJSON(MetadataKind.Snapshot, document);
      default:
        return Metadata.fromJSON(MetadataKind.Timestamp, document);
    }
  };
  let count = 0;
  for (const [name, entry] of acceptedOf('tuf')) {
    const [root, metadata] = [documentAt(entry.spec, 'root'), documentAt(entry.spec, 'metadata')];
    if (root === undefined || metadata === undefined) continue;
    await acceptEntry(entry, openPolicy, testContext);
    if (REFUSED_THERE.has(name)) {
      assert.throws(() => [root, metadata].map(read), name);
      continue;
    }
    const theirRoot = read(root);
    theirRoot.verifyDelegate('root', theirRoot);
    theirRoot.verifyDelegate(String(metadata.signed['_type']), read(metadata));
    const other = structuredClone(metadata);
    other.signed['version'] = 77;
    assert.throws(() => theirRoot.verifyDelegate(String(other.signed['_type']), read(other)), name);
    count++;
  }
  assert.ok(count >= 5, `${count} documents`);
});

/** Nothing is too old for a log: old hashes, short keys and the like are for its readers to judge. */
const lenient = {
  date: new Date(Date.UTC(2026, 11, 31)),
  config: {
    rejectHashAlgorithms: new Set<never>(),
    rejectMessageHashAlgorithms: new Set<never>(),
    rejectPublicKeyAlgorithms: new Set<never>(),
    rejectCurves: new Set<never>(),
    minRSABits: 1024,
  },
} as const;

/** The library reads the first of several armoured blocks only. */
async function readKeys(openpgp: typeof import('openpgp'), ring: Buffer) {
  if (!ring.includes('-----BEGIN PGP')) return openpgp.readKeys({ binaryKeys: ring });
  const blocks = ring.toString().split(/^(?=-----BEGIN PGP)/m);
  const armored = blocks.filter((block) => block.startsWith('-----BEGIN PGP'));
  const keys = await Promise.all(armored.map((block) => openpgp.readKeys({ armoredKeys: block })));
  return keys.flat();
}

function keyRings(): readonly (readonly [string, Buffer])[] {
  const rings: (readonly [string, Buffer])[] = [];
  for (const [name, { spec }] of acceptedOf('rekord')) {
    if (textAt(spec, 'signature', 'format') !== 'pgp') continue;
    rings.push([name, requiredBytes(spec, 'signature', 'publicKey', 'content')]);
  }
  for (const [name, { spec }] of [...acceptedOf('rpm'), ...acceptedOf('helm')]) {
    rings.push([name, requiredBytes(spec, 'publicKey', 'content')]);
  }
  return rings;
}

/** Files that were signed in one recorded submission and stamped in another. */
function stampedFiles(): readonly Buffer[] {
  return acceptedOf('rekord').flatMap(([, { spec }]) => bytesAt(spec, 'data', 'content') ?? []);
}

/** The library throws for most of what does not verify. */
async function isSignatureOver(
  message: import('pkijs').SignedData,
  content: Uint8Array,
): Promise<boolean> {
  const verdict = message.verify({
    signer: 0,
    data: arrayBufferOf(content),
    checkChain: false,
  });
  return verdict.catch(() => false);
}

function contentOf(pkijs: typeof import('pkijs'), der: Uint8Array) {
  return pkijs.ContentInfo.fromBER(arrayBufferOf(der)).content;
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Document = { signed: { [name: string]: Json }; signatures: Json };

function documentAt(spec: unknown, part: string): Document | undefined {
  const content = at(spec, part, 'content');
  const value =
    typeof content === 'string' ? JSON.parse(Buffer.from(content, 'base64').toString()) : content;
  return value as Document | undefined;
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, name) => (found as Readonly<Record<string, unknown>> | undefined)?.[name],
    value,
  );
}

function textAt(spec: unknown, ...path: readonly string[]): string | undefined {
  const value = at(spec, ...path);
  return typeof value === 'string' ? value : undefined;
}

function bytesAt(spec: unknown, ...path: readonly string[]): Buffer | undefined {
  const text = textAt(spec, ...path);
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

function requiredBytes(spec: unknown, ...path: readonly string[]): Buffer {
  const bytes = bytesAt(spec, ...path);
  assert.ok(bytes !== undefined, path.join('.'));
  return bytes;
}

function arrayBufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
