/**
 * Alpine packages: https://wiki.alpinelinux.org/wiki/Apk_spec
 *
 * A package is three gzip members, one behind the other: a tar with the signature, a tar with .PKGINFO, the data.
 * .PKGINFO has the SHA-256 of the data; the signature is over the second member as it stands in the file.
 *
 * In scope: the three parts, the digest of the data, bounds on what is unpacked (the data never is). Out of
 * scope: the signature (signature.ts). No state.
 */

import { sha256 } from '#sha256';
import { equalBytes, utf8 } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { decodePem } from '../../encoding/pem.js';
import { isLogError, LogError } from '../../errors.js';
import { endOfGzipHeader, type GzipMember, readGzipMember } from '../shared/gzip-member.js';
import { readHex } from '../shared/hex-digest.js';
import { type TarEntry, tarEntries } from '../shared/tar-entries.js';
import { readIni } from './ini.js';

/** What the log needs of a package. */
export interface AlpinePackage {
  /** The bytes of the signature, not checked. */
  readonly signature: Uint8Array;
  /** The gzip member that the signature is over. */
  readonly control: Uint8Array;
  /** The pairs of .PKGINFO. */
  readonly pkginfo: ReadonlyMap<string, string>;
}

/** Largest part with the signature where the operator sets no bound, uncompressed bytes: Rekor's. */
const UNBOUNDED_SIGNATURE_LENGTH = 20 * 1_048_576;

/** Largest part with .PKGINFO, uncompressed bytes. Rekor has no bound here; scripts are all else that is in it. */
const MAX_CONTROL_LENGTH = 8 * 1_048_576;

/**
 * Returns the parts of the package `content`, its data checked against .PKGINFO. Files that count are at most
 * `metadataBytes` long; 0 leaves the built-in bounds. Throws ENTRY_MALFORMED with Rekor's reason.
 */
export async function readAlpinePackage(
  content: Uint8Array,
  metadataBytes: number,
  pieceLength?: number,
): Promise<AlpinePackage> {
  const pieces = pieceLength === undefined ? {} : { pieceLength };
  const first = await readPart(content, 0, {
    name: 'signature.tar.gz',
    maxLength: metadataBytes || UNBOUNDED_SIGNATURE_LENGTH,
    ...pieces,
  });
  const second = await readPart(content, first.end, {
    name: 'control.tar.gz',
    // A file that is allowed has to fit in with its header.
    maxLength: Math.max(MAX_CONTROL_LENGTH, 2 * metadataBytes),
    ...pieces,
  });
  const signature = findSignature(first.content, metadataBytes);
  const pkginfo = findPkginfo(second.content, metadataBytes);
  assertDataHash(content.subarray(second.end), pkginfo.dataHash);
  return {
    signature,
    control: content.subarray(first.end, second.end),
    pkginfo: pkginfo.pairs,
  };
}

interface PartBounds {
  readonly name: string;
  readonly maxLength: number;
  readonly pieceLength?: number;
}

async function readPart(
  content: Uint8Array,
  start: number,
  { name, ...bounds }: PartBounds,
): Promise<GzipMember> {
  const isFirst = start === 0;
  // Where nothing follows the signature, Rekor looks for .PKGINFO in an empty archive.
  if (!isFirst && start === content.length) return { content: new Uint8Array(0), end: start };
  const opening = isFirst ? 'create gzip reader' : `resetting to ${name}`;
  const body = explainedNow(opening, () => endOfGzipHeader(content, start));
  const member = await explained(`reading ${name}`, () => readGzipMember(content, body, bounds));
  if (member !== undefined) return member;
  const { maxLength } = bounds;
  throw malformed(
    `decompressed size (${maxLength + 1}) for ${name} exceeds max allowed size ${maxLength}`,
  );
}

function findSignature(archive: Uint8Array, metadataBytes: number): Uint8Array {
  let found: Uint8Array | undefined;
  for (const entry of entriesOf(archive)) {
    if (found !== undefined || !entry.name.startsWith('.SIGN')) continue;
    const content = contentOf(entry, '.SIGN', metadataBytes, 'reading signature');
    found = decodePem(content)?.der ?? content;
  }
  if (found === undefined) throw malformed('no signature detected in alpine package');
  return found;
}

interface Pkginfo {
  readonly pairs: ReadonlyMap<string, string>;
  readonly dataHash: Uint8Array;
}

function findPkginfo(archive: Uint8Array, metadataBytes: number): Pkginfo {
  let found: Pkginfo | undefined;
  for (const entry of entriesOf(archive)) {
    if (entry.name !== '.PKGINFO') continue;
    const content = contentOf(entry, '.PKGINFO', metadataBytes, 'reading .PKGINFO');
    const pairs = explainedNow('parsing .PKGINFO', () => readIni(content));
    found = { pairs, dataHash: readDataHash(pairs.get('datahash') ?? '') };
  }
  if (found === undefined) throw malformed('.PKGINFO file was not located');
  return found;
}

function* entriesOf(archive: Uint8Array): Generator<TarEntry, void> {
  const entries = tarEntries(archive);
  for (;;) {
    const next = explainedNow('getting next entry in tar archive', () => entries.next());
    if (next.done) return;
    yield next.value;
  }
}

function contentOf(
  { size, content }: TarEntry,
  name: string,
  metadataBytes: number,
  step: string,
): Uint8Array {
  if (size < 0) throw malformed(`negative header size for ${name} file`);
  if (metadataBytes > 0 && size > metadataBytes) {
    throw malformed(
      `uncompressed ${name} file size ${size} exceeds max allowed size ${metadataBytes}`,
    );
  }
  if (content.length < size) throw malformed(`${step}: unexpected EOF`);
  return content;
}

function readDataHash(text: string): Uint8Array {
  try {
    return readHex(utf8(text));
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw malformed(`parsing datahash: ${cause.message}`, cause);
  }
}

function assertDataHash(data: Uint8Array, stated: Uint8Array): void {
  const computed = sha256(data);
  if (equalBytes(computed, stated)) return;
  throw malformed(
    `checksum for data.tar.gz (${toHex(computed)}) does not match value from .PKGINFO (${toHex(stated)})`,
  );
}

async function explained<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw withStep(step, cause);
  }
}

function explainedNow<T>(step: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw withStep(step, cause);
  }
}

function withStep(step: string, cause: unknown): unknown {
  if (!isLogError(cause, 'ENTRY_MALFORMED')) return cause;
  return new LogError('ENTRY_MALFORMED', `${step}: ${cause.message}`, { cause });
}

function malformed(reason: string, cause?: unknown): LogError {
  return new LogError('ENTRY_MALFORMED', reason, { cause });
}
