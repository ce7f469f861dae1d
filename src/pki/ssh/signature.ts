/**
 * SSHSIG (OpenSSH's PROTOCOL.sshsig), the armoured signatures over files that `ssh-keygen -Y sign` makes.
 *
 * In scope: version 1 in the name space `file`, the form that Rekor stores, verification. Out of scope: the key that
 * stands inside a signature: it is stored, but the key that came beside it is the one that must verify.
 *
 * Rekor writes a signature again before it verifies it, and then always with sha512 as the name of the hash. So
 * a signature over a sha256 hash is read here, and never verifies.
 */

import { createHash } from 'node:crypto';
import { concatBytes, utf8 } from '../../encoding/bytes.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { decodePem, encodePem } from '../../encoding/pem.js';
import { LogError } from '../../errors.js';
import { readSshPublicKey, type SshPublicKey } from './public-key.js';
import { type SignatureBlob, sshVerdict } from './verify.js';
import { WireReader, wireStrings, wireUint32 } from './wire.js';

/** A signature. */
export interface SshSignature {
  /** The form that Rekor stores: 64 columns, sha512, no reserved bytes. */
  readonly canonical: Uint8Array;
  readonly blob: SignatureBlob;
}

/** Returns the signature in `content`. Throws ENTRY_MALFORMED with Rekor's reason. */
export function readSshSignature(content: Uint8Array): SshSignature {
  const block = decodePem(content);
  if (block === undefined) throw malformed('unable to decode pem file');
  if (block.label !== LABEL) {
    throw malformed(`wrong pem block type: ${block.label}. Expected SSH-SIGNATURE`);
  }
  const { publicKey, signature } = readWrapping(block.der);
  const blob = readBlob(signature);
  const { encoding } = readSshPublicKey(publicKey, 'ENTRY_MALFORMED');
  const wrapped = concatBytes(
    MAGIC,
    wireUint32(VERSION),
    wireStrings(encoding, NAMESPACE, '', HASH, signature),
  );
  return { canonical: utf8(encodePem(LABEL, wrapped)), blob };
}

/** Returns why `signature` by `key` is not over `message`, in Rekor's words; undefined when it is. */
export function sshSignatureProblem(
  key: SshPublicKey,
  signature: SshSignature,
  message: Uint8Array,
): string | undefined {
  const digest = createHash(HASH).update(message).digest();
  const signed = concatBytes(MAGIC, wireStrings(NAMESPACE, '', HASH, digest));
  return sshVerdict(key.key, signed, signature.blob);
}

const LABEL = 'SSH SIGNATURE';
const MAGIC = utf8('SSHSIG');
const VERSION = 1;
const NAMESPACE = 'file';
const HASH = 'sha512';
const READ_HASHES: readonly string[] = ['sha256', HASH];
const OWNER = 'WrappedSig';

function readWrapping(der: Uint8Array): { publicKey: Uint8Array; signature: Uint8Array } {
  const reader = new WireReader(der, 'ENTRY_MALFORMED');
  reader.assertMore();
  const magic = fromGoUtf8(reader.octets(MAGIC.length));
  const version = reader.uint32();
  const publicKey = reader.field('PublicKey', OWNER);
  const namespace = fromGoUtf8(reader.field('Namespace', OWNER));
  reader.field('Reserved', OWNER);
  const hash = fromGoUtf8(reader.field('HashAlgorithm', OWNER));
  const signature = reader.field('Signature', OWNER);
  reader.assertEnd();
  if (version !== VERSION) throw malformed(`unsupported signature version: ${version}`);
  if (magic !== 'SSHSIG') throw malformed(`invalid magic header: ${magic}`);
  if (namespace !== NAMESPACE) throw malformed(`invalid signature namespace: ${namespace}`);
  if (!READ_HASHES.includes(hash)) throw malformed(`unsupported hash algorithm: ${hash}`);
  return { publicKey, signature };
}

function readBlob(signature: Uint8Array): SignatureBlob {
  const reader = new WireReader(signature, 'ENTRY_MALFORMED');
  reader.assertMore();
  const format = fromGoUtf8(reader.field('Format', 'Signature'));
  return { format, octets: reader.string(), rest: reader.rest() };
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
