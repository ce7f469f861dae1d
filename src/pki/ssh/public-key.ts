/**
 * Public keys and certificates in the form that SSH sends them (RFC 4253 section 6.6, OpenSSH's
 * PROTOCOL.certkeys), and that form again as Rekor's library writes it: integers in their shortest form,
 * options without needless lengths.
 *
 * In scope: bytes to a key, its one canonical encoding. Out of scope: whether a certificate is signed, valid or
 * meant for this use: a log records what was signed, its readers decide whom they believe. No state.
 */

import { Buffer } from 'node:buffer';
import { concatBytes } from '../../encoding/bytes.js';
import { goQuote } from '../../encoding/go-quote.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import type { ErrorCode } from '../../errors.js';
import { isPlainAlgorithm, type PlainSshKey, readPlainKey } from './plain-key.js';
import { WireReader, wireStrings } from './wire.js';

/** A key or a certificate. */
export interface SshPublicKey {
  /** The name at its head. */
  readonly algorithm: string;
  /** The canonical encoding, with the name. */
  readonly encoding: Uint8Array;
  /** The key itself; that of the holder for a certificate. */
  readonly key: PlainSshKey;
}

/** Returns the key in `bytes`. Throws `code`, with the reasons of Rekor's library. */
export function readSshPublicKey(bytes: Uint8Array, code: ErrorCode): SshPublicKey {
  return readKey(new WireReader(bytes, code), 'signer');
}

/** The algorithm of the key in each kind of certificate. */
const CERTIFIED_ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['ssh-rsa-cert-v01@openssh.com', 'ssh-rsa'],
  ['ssh-dss-cert-v01@openssh.com', 'ssh-dss'],
  ['ecdsa-sha2-nistp256-cert-v01@openssh.com', 'ecdsa-sha2-nistp256'],
  ['ecdsa-sha2-nistp384-cert-v01@openssh.com', 'ecdsa-sha2-nistp384'],
  ['ecdsa-sha2-nistp521-cert-v01@openssh.com', 'ecdsa-sha2-nistp521'],
  ['ssh-ed25519-cert-v01@openssh.com', 'ssh-ed25519'],
  ['sk-ecdsa-sha2-nistp256-cert-v01@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'],
  ['sk-ssh-ed25519-cert-v01@openssh.com', 'sk-ssh-ed25519@openssh.com'],
]);

/** Names of signature algorithms that are no formats of keys, with the format that they belong to. */
const SIGNATURE_ONLY: ReadonlyMap<string, string> = new Map([
  ['rsa-sha2-256', 'ssh-rsa'],
  ['rsa-sha2-512', 'ssh-rsa'],
  ['rsa-sha2-256-cert-v01@openssh.com', 'ssh-rsa-cert-v01@openssh.com'],
  ['rsa-sha2-512-cert-v01@openssh.com', 'ssh-rsa-cert-v01@openssh.com'],
]);

/** Formats of signatures after which further bytes belong to the signature. */
const WITH_REST: ReadonlySet<string> = new Set([
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com',
  'sk-ssh-ed25519@openssh.com',
  'sk-ssh-ed25519-cert-v01@openssh.com',
]);

/** The authority's key is a plain one: certificates signed by certificates would nest without end. */
function readKey(reader: WireReader, role: 'signer' | 'authority'): SshPublicKey {
  const algorithm = fromGoUtf8(reader.string());
  const certified = CERTIFIED_ALGORITHMS.get(algorithm);
  if (role === 'authority' && (certified ?? SIGNATURE_ONLY.get(algorithm)?.includes('-cert-'))) {
    throw reader.failure(
      `ssh: the signature key type ${goQuote(algorithm)} is invalid for certificates`,
    );
  }
  if (certified !== undefined) return readCertificate(reader, algorithm, certified);
  if (!isPlainAlgorithm(algorithm)) throw reader.failure(unknownAlgorithm(algorithm));
  const key = readPlainKey(reader, algorithm);
  reader.assertEnd('ssh: trailing junk in public key');
  return { algorithm, encoding: concatBytes(wireStrings(algorithm), key.members), key };
}

function unknownAlgorithm(algorithm: string): string {
  const format = SIGNATURE_ONLY.get(algorithm);
  return format === undefined
    ? `ssh: unknown key algorithm: ${algorithm}`
    : `ssh: signature algorithm ${goQuote(algorithm)} isn't a key format; key is malformed and ` +
        `should be re-encoded with type ${goQuote(format)}`;
}

function readCertificate(reader: WireReader, algorithm: string, certified: string): SshPublicKey {
  const nonce = reader.string();
  const key = readPlainKey(reader, certified);
  reader.assertMore();
  const serialAndType = reader.octets(8 + 4);
  const keyId = reader.field('KeyId', 'genericCertData');
  const principals = reader.string();
  const validity = reader.octets(8 + 8);
  const criticalOptions = reader.string();
  const extensions = reader.string();
  const reserved = reader.string();
  const signatureKey = reader.string();
  const signature = reader.string();
  reader.assertEnd();
  assertStrings(reader.nested(principals));
  const encoding = concatBytes(
    wireStrings(algorithm, nonce),
    key.members,
    serialAndType,
    wireStrings(keyId, principals),
    validity,
    wireStrings(
      canonicalOptions(reader.nested(criticalOptions)),
      canonicalOptions(reader.nested(extensions)),
      reserved,
      readKey(reader.nested(signatureKey), 'authority').encoding,
      signature,
    ),
  );
  assertSignature(reader.nested(signature));
  return { algorithm, encoding, key };
}

function assertStrings(reader: WireReader): void {
  while (!reader.atEnd) reader.string();
}

/** Names in ascending order, each with a string in a string, or with nothing. */
function canonicalOptions(reader: WireReader): Uint8Array {
  const tuples: Uint8Array[] = [];
  let last: string | undefined;
  while (!reader.atEnd) {
    const name = reader.string();
    // One character a byte: the order of the names is that of their bytes.
    const order = Buffer.from(name).toString('latin1');
    if (last !== undefined && order <= last) {
      throw reader.failure('ssh: certificate options are not in lexical order');
    }
    last = order;
    const value = optionValue(reader);
    tuples.push(wireStrings(name, value.length === 0 ? value : wireStrings(value)));
  }
  return concatBytes(...tuples);
}

function optionValue(reader: WireReader): Uint8Array {
  const data = reader.string();
  if (data.length === 0) return data;
  const inner = reader.nested(data);
  const value = inner.string();
  inner.assertEnd('ssh: unexpected trailing data after certificate option value');
  return value;
}

function assertSignature(reader: WireReader): void {
  const complaint = 'ssh: signature parse error';
  const format = fromGoUtf8(reader.string(complaint));
  reader.string(complaint);
  if (!WITH_REST.has(format)) reader.assertEnd(complaint);
}
