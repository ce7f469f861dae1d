/**
 * The signature of a JAR, verified as relic does it, the library of Rekor: the block in META-INF signs the signature
 * file, that one holds the digest of the manifest or of each of its sections, and the manifest holds the digest of
 * each file. Files that the manifest does not name are not looked at.
 *
 * In scope: that walk, and which block the log stores. Out of scope: trust in the signer. Complaints are
 * ENTRY_MALFORMED or SIGNATURE_INVALID, in Rekor's words.
 */

import { Buffer } from 'node:buffer';
import { equalBytes } from '../../encoding/bytes.js';
import { isLogError, LogError } from '../../errors.js';
import { encodeDetached, readSignedMessage } from '../../pki/pkcs7/signed-data.js';
import { verifyCounterSignature } from '../../pki/pkcs7/timestamp.js';
import { type VerifiedSigner, verifySignedData } from '../../pki/pkcs7/verify-signed-data.js';
import type { EntryLimits } from '../entry-kind.js';
import { JarMembers, type MetadataMember } from './jar-members.js';
import {
  type Attributes,
  digestProblem,
  type Manifest,
  octetsToText,
  readAttributes,
  readManifest,
  statedDigests,
} from './manifest.js';

/** What the signature of a JAR shows. */
export interface VerifiedJar {
  /** DER of the block without what it signs: what the log stores. */
  readonly block: Uint8Array;
  /** DER of the first certificate in the block. */
  readonly firstCertificate: Uint8Array;
  readonly signer: VerifiedSigner;
  readonly manifest: Manifest;
  readonly members: JarMembers;
}

/** Returns what the one signature of the JAR in `archive` shows. */
export async function verifyJar(archive: Uint8Array, limits: EntryLimits): Promise<VerifiedJar> {
  const members = new JarMembers(archive, limits.jarMetadataBytes);
  const { manifest, signatureFile, block } = await readMetadata(members);
  const blockBytes = await members.contentOf(block.member);
  const message = readSignedMessage(blockBytes);
  assertSignerCount(message.signedData?.signers.length ?? 0, limits.signatures);
  const signatureText = await members.contentOf(signatureFile.member);
  const signer = verifySignedData(message.signedData, signatureText);
  verifyCounterSignature(signer);
  verifySignatureFile(octets(signatureText), manifest);
  const read = readManifest(manifest);
  await verifyFiles(members, read);
  await assertStoredBlock(members, block, blockBytes);
  return {
    block: encodeDetached(message),
    firstCertificate: firstCertificate(signer),
    signer,
    manifest: read,
    members,
  };
}

/**
 * Returns the parts of the one signature. Every file of the metadata is read once, for its checksum; of several with
 * one name the last counts.
 */
async function readMetadata(members: JarMembers): Promise<{
  readonly manifest: string;
  readonly signatureFile: MetadataMember;
  readonly block: MetadataMember;
}> {
  let manifest: MetadataMember | undefined;
  const signatureFiles = new Map<string, MetadataMember>();
  const blocks = new Map<string, MetadataMember>();
  for (const found of members.metadata) {
    await members.read(found.member, () => {});
    if (found.role === 'manifest') manifest = found;
    else if (found.role === 'signature file') signatureFiles.set(found.base, found);
    else if (found.role === 'signature block') blocks.set(found.base, found);
  }
  if (manifest === undefined) throw malformed('JAR contains no META-INF/MANIFEST.MF');
  const [signatureFile, ...more] = signatureFiles.values();
  if (signatureFile === undefined) throw malformed('JAR contains no signatures');
  for (const { base } of signatureFiles.values()) {
    if (blocks.has(base)) continue;
    throw malformed(`JAR contains sigfile META-INF/${base}.SF with no matching signature`);
  }
  if (more.length > 0) {
    throw malformed('multiple signatures detected in JAR; unable to process');
  }
  return {
    manifest: octets(await members.contentOf(manifest.member)),
    signatureFile,
    block: blocks.get(signatureFile.base) as MetadataMember,
  };
}

function assertSignerCount(count: number, most: number): void {
  if (count <= most) return;
  throw malformed(`JAR signature of ${count} signers exceeds ${most}`);
}

function verifySignatureFile(signatureFile: string, manifest: string): void {
  const { main, sections } = readManifest(signatureFile);
  if (inContext('manifest signature', () => isSigned(main, manifest, '-Manifest'))) return;
  const signed = readManifest(manifest);
  inContext('manifest main attributes signature', () =>
    verifySection(main, signed.mainText, '-Manifest-Main-Attributes'),
  );
  for (const [name, text] of sections) {
    const section = signed.sections.get(name);
    const shown = octetsToText(name);
    if (section === undefined) throw invalid(`manifest is missing signed section "${shown}"`);
    inContext(`manifest signature over section "${shown}"`, () =>
      verifySection(readAttributes(text), section, ''),
    );
  }
}

function verifySection(attributes: Attributes, section: string, suffix: string): void {
  if (!isSigned(attributes, section, suffix)) throw malformed(NO_DIGESTS);
}

/** Returns false when `attributes` state no digest of `text`. Throws when they state another one. */
function isSigned(attributes: Attributes, text: string, suffix: string): boolean {
  const digests = statedDigests(attributes, suffix);
  for (const { hash } of digests) hash.update(text, 'latin1');
  const problem = digestProblem(digests);
  if (problem !== undefined) throw invalid(problem);
  return digests.length > 0;
}

const NO_DIGESTS = 'no recognized digests found';

async function verifyFiles(members: JarMembers, manifest: Manifest): Promise<void> {
  const files = [...manifest.sections].flatMap(([name, text]) => {
    const attributes = readAttributes(text);
    // Another digester is said to take care of it.
    if ((attributes.get('Magic') ?? '') !== '') return [];
    const member = members.find(name);
    if (member === undefined) {
      throw malformed(`file ${octetsToText(name)} is in manifest but not JAR`);
    }
    return [{ name, attributes, member }];
  });
  members.reserve(files.map(({ member }) => member));
  for (const { name, attributes, member } of files) {
    try {
      const digests = statedDigests(attributes, '');
      if (digests.length === 0) throw malformed(NO_DIGESTS);
      await members.read(member, (piece) => {
        for (const { hash } of digests) hash.update(piece);
      });
      const problem = digestProblem(digests);
      if (problem !== undefined) throw invalid(problem);
    } catch (error) {
      throw withContext(`file "${octetsToText(name)}" in MANIFEST.MF`, error);
    }
  }
}

/**
 * The log must store the block that has just been verified. Rekor stores the first that looks like one, and takes a
 * PEM text inside it for the block itself: a jar that plays on that is refused.
 */
async function assertStoredBlock(
  members: JarMembers,
  verified: MetadataMember,
  bytes: Uint8Array,
): Promise<void> {
  const first = members.metadata.find(({ looksLikeBlock }) => looksLikeBlock);
  if (first !== undefined && first !== verified) {
    const other = await members.contentOf(first.member);
    readSignedMessage(other);
    if (!equalBytes(other, bytes)) {
      throw malformed('JAR contains a signature block that is not the one of its signature file');
    }
  }
  if (octets(bytes).includes('-----BEGIN ')) {
    throw malformed('JAR contains a signature block with PEM text inside');
  }
}

function firstCertificate({ bag }: VerifiedSigner): Uint8Array {
  const [first] = bag.certificates;
  if (bag.problem !== undefined) throw bag.problem;
  if (first === undefined) {
    throw malformed('unable to extract public key from certificate inside PKCS7 bundle');
  }
  return first.der;
}

function octets(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function inContext<T>(context: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw withContext(context, error);
  }
}

function withContext(context: string, error: unknown): unknown {
  if (!isLogError(error)) return error;
  return new LogError(error.code, `${context}: ${error.message}`, { cause: error });
}

function malformed(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', problem);
}

function invalid(problem: string): LogError {
  return new LogError('SIGNATURE_INVALID', problem);
}
