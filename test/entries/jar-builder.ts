/** Signed JARs made to measure, and ZIP archives that say what they like about themselves. */

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import { type MessageParts, type MessageSigner, signedMessage } from '../pki/pkcs7-builder.js';

/** One member of an archive; what is left out is true. */
export interface Member {
  readonly name: string | Uint8Array;
  readonly content: Uint8Array | string;
  readonly stored?: boolean;
  /** What is written in place of the compressed content. */
  readonly data?: Uint8Array;
  /** What the directory says of the content. */
  readonly size?: number;
  readonly crc?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly extra?: Uint8Array;
  /** What stands behind the data. */
  readonly descriptor?: Uint8Array;
  /** The member that this one has the place of. */
  readonly placeOf?: number;
}

/** Returns the archive of `members`. */
export function zipOf(members: readonly Member[], prefix: Uint8Array = new Uint8Array(0)): Buffer {
  const parts: Uint8Array[] = [prefix];
  const directory: Buffer[] = [];
  const offsets: number[] = [];
  let at = prefix.length;
  for (const member of members) {
    const { name, data, size, crc, flags, method } = describe(member);
    const extra = member.extra ?? new Uint8Array(0);
    const offset = member.placeOf === undefined ? at : (offsets[member.placeOf] as number);
    offsets.push(offset);
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt16LE(flags, 8);
    header.writeUInt16LE(method, 10);
    header.writeUInt32LE(crc, 16);
    header.writeUInt32LE(data.length, 20);
    header.writeUInt32LE(size, 24);
    header.writeUInt16LE(name.length, 28);
    header.writeUInt16LE(extra.length, 30);
    header.writeUInt32LE(offset, 42);
    directory.push(Buffer.concat([header, name, extra]));
    if (member.placeOf !== undefined) continue;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(crc, 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(size, 22);
    local.writeUInt16LE(name.length, 26);
    const written = [local, name, data, member.descriptor ?? new Uint8Array(0)];
    parts.push(...written);
    at += written.reduce((sum, { length }) => sum + length, 0);
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length & 0xffff, 8);
  end.writeUInt16LE(members.length & 0xffff, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(at - prefix.length, 16);
  return Buffer.concat([...parts, entries, end]);
}

function describe(member: Member) {
  const content = Buffer.from(member.content as Uint8Array);
  return {
    name: Buffer.from(member.name as Uint8Array),
    data: member.data ?? (member.stored === true ? content : deflateRawSync(content)),
    size: member.size ?? content.length,
    crc: member.crc ?? crc32(content),
    flags: member.flags ?? 0,
    method: member.method ?? (member.stored === true ? 0 : 8),
  };
}

/** What a signed JAR is made of; what is left out follows from the rest. */
export interface JarParts {
  readonly files: readonly Member[];
  /** Sections of the manifest behind its head, in place of one for each file. */
  readonly manifest?: string;
  readonly signatureFile?: (manifest: string) => string;
  readonly block?: (signatureFile: Uint8Array) => Uint8Array;
  readonly message?: Omit<MessageParts, 'content'>;
  /** Rearranges the members in the end. */
  readonly arrange?: (members: readonly Member[]) => readonly Member[];
}

/** Returns the digest that manifests state. */
export function base64Digest(content: Uint8Array | string, hash = 'sha256'): string {
  return createHash(hash).update(content).digest('base64');
}

/** Returns the manifest with a section for each of `files`. */
export function manifestOf(files: readonly Member[]): string {
  const sections = files.map(
    ({ name, content }) =>
      `Name: ${Buffer.from(name as Uint8Array).toString()}\r\nSHA-256-Digest: ${base64Digest(content)}\r\n\r\n`,
  );
  return `Manifest-Version: 1.0\r\n\r\n${sections.join('')}`;
}

/** Returns a JAR that `signer` has signed. */
export function jarOf(signer: MessageSigner, parts: JarParts): Buffer {
  const manifest = parts.manifest ?? manifestOf(parts.files);
  const signatureFile =
    parts.signatureFile?.(manifest) ??
    `Signature-Version: 1.0\r\nSHA-256-Digest-Manifest: ${base64Digest(manifest)}\r\n\r\n`;
  const content = Buffer.from(signatureFile);
  const block =
    parts.block?.(content) ??
    signedMessage(signer, { content, detached: true, attributes: null, ...parts.message });
  const members: readonly Member[] = [
    { name: 'META-INF/MANIFEST.MF', content: manifest },
    { name: 'META-INF/K.SF', content: signatureFile },
    { name: 'META-INF/K.RSA', content: block },
    ...parts.files,
  ];
  return zipOf(parts.arrange?.(members) ?? members);
}
