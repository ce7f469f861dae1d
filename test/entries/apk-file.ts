import { generateKeyPairSync, sign } from 'node:crypto';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import { sha256 } from '#sha256';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import { toHex } from '../../src/encoding/hex.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';

const signer = generateKeyPairSync('rsa', { modulusLength: 1024 });

/** The PEM of the key that packages made here are signed with. */
export const signerPem = utf8(signer.publicKey.export({ type: 'spki', format: 'pem' }) as string);

/** Returns a tar header; `fields` are written over it before the checksum is made. */
export function tarHeader(
  name: string,
  size: number,
  fields: readonly (readonly [at: number, text: string])[] = [],
): Uint8Array {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, 'latin1');
  for (const at of [100, 108, 116, 329, 337]) block.write('0000000\0', at);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  for (const [at, text] of fields) block.write(text, at, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, octet) => total + octet, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Returns a file as it stands in a tar archive. */
export function tarFile(name: string, content: Uint8Array): Uint8Array {
  const padding = new Uint8Array((512 - (content.length % 512)) % 512);
  return concatBytes(tarHeader(name, content.length), content, padding);
}

/** The parts of a package; what is left out is made to fit the rest. */
export interface ApkParts {
  readonly pkginfo?: string;
  /** The second archive as a whole. */
  readonly control?: Uint8Array;
  /** The first archive as a whole, by the signature that belongs into it. */
  readonly signatures?: (signature: Uint8Array) => Uint8Array;
  readonly data?: Uint8Array;
}

const FAST = { level: 1 };

/** Returns a package, signed. */
export function apkFile(parts: ApkParts = {}): Uint8Array {
  const data = parts.data ?? utf8('data');
  const pkginfo = `${parts.pkginfo ?? 'pkgname = sample\npkgver = 1.2-r3\narch = x86_64\n'}\ndatahash = ${toHex(sha256(data))}\n`;
  const control = gzipSync(parts.control ?? tarFile('.PKGINFO', utf8(pkginfo)), FAST);
  const signature = sign('sha1', control, signer.privateKey);
  const wrap = parts.signatures ?? ((bytes) => tarFile('.SIGN.RSA.sample.rsa.pub', bytes));
  return concatBytes(gzipSync(wrap(signature), FAST), control, data);
}

/** Returns the submission of a package. */
export function apkProposal(content: Uint8Array): ProposedEntry {
  return {
    kind: 'alpine',
    apiVersion: '0.0.1',
    spec: {
      package: { content: Buffer.from(content).toString('base64') },
      publicKey: { content: Buffer.from(signerPem).toString('base64') },
    },
  };
}

/** Returns a gzip member with `mebibytes` MiB of zeros in it, about a thousandth of that in size. */
export function gzipBomb(mebibytes: number): Uint8Array {
  const one = zeroBlocks();
  const header = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const trailer = new Uint8Array(8);
  return concatBytes(
    header,
    ...Array.from({ length: mebibytes }, () => one),
    Uint8Array.from([3, 0]),
    trailer,
  );
}

/** A MiB of zeros in blocks that end on a whole byte, and refer to nothing before them. */
function zeroBlocks(): Uint8Array {
  return deflateRawSync(new Uint8Array(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
}
