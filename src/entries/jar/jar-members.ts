/**
 * The members of a JAR that its verification reads, under a bound on the work: no two of them share bytes of the
 * archive, and all of them together inflate to no more than a jar of this length reasonably does.
 *
 * In scope: which members belong to the signature, and the bounds. Out of scope: what they say (verify-jar.ts).
 * Complaints are ENTRY_MALFORMED.
 */

import { Buffer } from 'node:buffer';
import { concatBytes } from '../../encoding/bytes.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { LogError } from '../../errors.js';
import { readZipDirectory, type ZipMember } from './zip-directory.js';
import { extentOf, isDirectory, readMember } from './zip-member.js';

/** A member directly below META-INF whose name has an extension: relic reads all of them. */
export interface MetadataMember {
  readonly member: ZipMember;
  /** `X` of `META-INF/X.SF`, in upper case. */
  readonly base: string;
  readonly role: 'manifest' | 'signature file' | 'signature block' | 'other';
  /** True for what Rekor would take for the signature block that it stores. */
  readonly looksLikeBlock: boolean;
}

/** Largest META-INF file whatever the operator says, in bytes. */
export const MAX_METADATA_LENGTH = 16 * 1_048_576;

/** Most bytes that the members that are read may inflate to, in all. */
export const MAX_INFLATED_LENGTH = 512 * 1_048_576;

/** What a jar of any length may inflate to, in bytes, and how many times its own length beyond that. */
const FREE_INFLATED_LENGTH = 64 * 1_048_576;
const MAX_RATIO = 16;

/** The members of one jar. Owns the account of what has been read so far. */
export class JarMembers {
  readonly #archive: Uint8Array;
  readonly #byName: ReadonlyMap<string, ZipMember>;
  readonly #reserved = new Set<ZipMember>();
  #left: number;
  readonly #limit: number;

  /** Members that belong to the signature, in the order of the directory. */
  readonly metadata: readonly MetadataMember[];

  /** Throws ENTRY_MALFORMED for what is no archive, and for metadata longer than `metadataBytes` (0: no such bound). */
  constructor(archive: Uint8Array, metadataBytes: number) {
    this.#archive = archive;
    const members = readZipDirectory(archive);
    this.#byName = new Map(members.map((member) => [member.name, member]));
    this.metadata = members.flatMap(metadataMember);
    assertMetadataLength(this.metadata, metadataBytes);
    this.#limit = Math.min(MAX_INFLATED_LENGTH, FREE_INFLATED_LENGTH + MAX_RATIO * archive.length);
    this.#left = this.#limit;
    this.reserve(this.metadata.map(({ member }) => member));
  }

  /** Returns the member of this name: the last of several equal ones, as in Go. */
  find(name: string): ZipMember | undefined {
    return this.#byName.get(name);
  }

  /** Returns the names of all members. */
  names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** Puts `members` on the account before any of them is read. Throws ENTRY_MALFORMED when that is too much. */
  reserve(members: Iterable<ZipMember>): void {
    for (const member of members) {
      if (this.#reserved.has(member)) continue;
      this.#reserved.add(member);
      this.#left -= isDirectory(member) ? 0 : Number(member.size);
      if (this.#left < 0) {
        throw malformed(
          `jar of ${this.#archive.length} bytes inflates to more than ${this.#limit} bytes`,
        );
      }
    }
    this.#assertDisjoint();
  }

  /** Hands the content of `member`, which has been reserved, to `take`; see readMember. */
  read(member: ZipMember, take: (piece: Uint8Array) => void): Promise<void> {
    return readMember(this.#archive, member, take);
  }

  /** Returns the content of `member`, a member of the metadata. */
  async contentOf(member: ZipMember): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    await this.read(member, (piece) => {
      pieces.push(piece);
    });
    return concatBytes(...pieces);
  }

  /** Many members in one place of the archive are the cheapest bomb there is. */
  #assertDisjoint(): void {
    const extents = [...this.#reserved]
      .flatMap((member) => {
        const extent = extentIfAny(this.#archive, member);
        return extent === undefined ? [] : [extent];
      })
      .sort((a, b) => a.start - b.start);
    let end = 0;
    for (const extent of extents) {
      if (extent.start < end) throw malformed('zip: overlapping members');
      end = extent.end;
    }
  }
}

/** A member that is nowhere is refused when it is read, in Go's words. */
function extentIfAny(archive: Uint8Array, member: ZipMember) {
  try {
    return extentOf(archive, member);
  } catch (error) {
    if (error instanceof LogError) return undefined;
    throw error;
  }
}

function metadataMember(member: ZipMember): MetadataMember[] {
  const path = goUpperCase(member.name);
  const slash = path.lastIndexOf('/') + 1;
  const name = path.slice(slash);
  const dot = name.lastIndexOf('.');
  if (path.slice(0, slash) !== 'META-INF/' || dot < 0) return [];
  const extension = name.slice(dot);
  const isBlock = BLOCK_EXTENSIONS.has(extension) || name.startsWith('SIG-');
  const role =
    name === 'MANIFEST.MF'
      ? 'manifest'
      : extension === '.SF'
        ? 'signature file'
        : isBlock
          ? 'signature block'
          : 'other';
  return [{ member, base: name.slice(0, dot), role, looksLikeBlock: isBlock }];
}

const BLOCK_EXTENSIONS: ReadonlySet<string> = new Set(['.RSA', '.DSA', '.EC']);

/** Letter by letter, as Go does it: `ß` stays, and `ſ` becomes `S`. */
function goUpperCase(octets: string): string {
  if (!/[^\x20-\x7e]/.test(octets)) return octets.toUpperCase();
  const text = fromGoUtf8(Buffer.from(octets, 'latin1'));
  return Array.from(text, (letter) => {
    const upper = letter.toUpperCase();
    return Array.from(upper).length === 1 ? upper : letter;
  }).join('');
}

function assertMetadataLength(metadata: readonly MetadataMember[], metadataBytes: number): void {
  const most =
    metadataBytes === 0 ? MAX_METADATA_LENGTH : Math.min(metadataBytes, MAX_METADATA_LENGTH);
  for (const { member } of metadata) {
    if (member.size <= BigInt(most)) continue;
    throw malformed(
      `uncompressed jar metadata of size ${member.size} exceeds max allowed size ${most}`,
    );
  }
}

function malformed(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', problem);
}
