/**
 * Who signed a stored entry, as far as the key or certificate in its leaf says so.
 *
 * In scope: keys and certificates as leaves hold them, to names that one can ask for. What is asked for is computed then
 * and only once: a monitor that looks for one name in a million certificates pays for nothing else. Out of scope:
 * whether a certificate is to be believed, letter case. State: what was computed.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { sha256, sha256Hex } from '#sha256';
import { toBase64 } from '../encoding/base64.js';
import { utf8 } from '../encoding/bytes.js';
import { DER_TAG } from '../encoding/der.js';
import { toHex } from '../encoding/hex.js';
import { decodePem, encodePem } from '../encoding/pem.js';
import { isLogError, LogError } from '../errors.js';
import { distinguishedNameText } from '../pki/certificate-names.js';
import { type CertificateOutline, outlineCertificate } from '../pki/certificate-outline.js';
import { DerCursor } from '../pki/der-cursor.js';
import { checkName } from '../pki/distinguished-name.js';
import { readMinisignKey } from '../pki/minisign.js';
import { readPublicKey } from '../pki/public-key.js';
import { sigstoreFacts } from '../pki/sigstore-extensions.js';
import { readAuthorizedKey } from '../pki/ssh/authorized-keys.js';
import { sshKeyInfo } from '../pki/ssh/verify.js';
import { readX509Key } from '../pki/x509.js';

/** What may be asked of a signer. */
export const SIGNER_FIELDS = [
  /**
   * Hex SHA-256 of the key as stored, of its SubjectPublicKeyInfo, of the certificate; OpenPGP fingerprints; `SHA256:` and
   * base64 for SSH keys.
   */
  'key',
  'email',
  'uri',
  'dns',
  'ip',
  'other-name',
  'directory-name',
  'registered-id',
  /** Distinguished names as RFC 4514 writes them. */
  'certificate-issuer',
  'certificate-subject',
  /** What Sigstore's certificate extensions say. */
  'issuer',
  'repository',
  'workflow',
  'ref',
  'commit',
  'run',
] as const;

/** One of them. */
export type SignerField = (typeof SIGNER_FIELDS)[number];

/** Somebody who signed an entry. */
export interface StoredSigner {
  /** Returns the values as they are written; none when the signer has no such thing. */
  values(field: SignerField): readonly string[];
  /** Returns all alternative names of a certificate, or the e-mail addresses of an OpenPGP key. */
  names(): readonly string[];
  /**
   * Returns the readings of the certificate's extension with this dotted OID: the string that it holds in DER, its bytes
   * as UTF-8, and `hex:` with its bytes.
   */
  extension(oid: string): readonly string[];
  /** Returns the DER of the signer's certificate and of those that came with it; none for a bare key. */
  certificates(): readonly Uint8Array[];
}

/** Returns the signer with the certificate in `der`. Throws KEY_MALFORMED. */
export function certificateSigner(der: Uint8Array): StoredSigner {
  return new CertificateSigner(outlineCertificate(der), () => utf8(encodePem('CERTIFICATE', der)));
}

/** Returns the signer with this SubjectPublicKeyInfo. Throws KEY_MALFORMED. */
export function publicKeySigner(der: Uint8Array): StoredSigner {
  const key = readPublicKey(der);
  return plainSigner([key.der, utf8(encodePem('PUBLIC KEY', key.der))].map(sha256Hex));
}

/** Returns the signer of a PEM key, certificate or chain, whose first certificate counts. Throws KEY_MALFORMED. */
export function pemSigner(pem: Uint8Array): StoredSigner {
  const block = decodePem(pem);
  if (block?.label === 'CERTIFICATE') {
    return new CertificateSigner(outlineCertificate(block.der), () => pem);
  }
  const { canonicalPem, publicKey } = readX509Key(pem);
  return plainSigner([canonicalPem, publicKey.der].map(sha256Hex));
}

/** Returns the signer of a minisign key. Throws KEY_MALFORMED. */
export function minisignSigner(content: Uint8Array): StoredSigner {
  const { canonical, publicKey } = readMinisignKey(content);
  return plainSigner([canonical, publicKey.der].map(sha256Hex));
}

/** Returns the signer of an SSH key. Throws KEY_MALFORMED. */
export function sshSigner(content: Uint8Array): StoredSigner {
  const { canonical, encoding, key } = readAuthorizedKey(content);
  const info = sshKeyInfo(key.material);
  const forms = [canonical, encoding, ...(info === undefined ? [] : [info])];
  const fingerprint = toBase64(sha256(encoding)).replace(/=+$/, '');
  return plainSigner([...forms.map(sha256Hex), `SHA256:${fingerprint}`]);
}

/** Returns a signer for each key of an OpenPGP ring, each with the names of all. Throws KEY_MALFORMED. */
export async function pgpSigner(content: Uint8Array): Promise<StoredSigner> {
  const { readPgpKeyRing } = await import('../pki/pgp/key-ring.js');
  const { canonical, emails, entities } = await readPgpKeyRing(content);
  const fingerprints = entities.flatMap(({ primaryKey, subkeys }) => [
    primaryKey.fingerprint,
    ...subkeys.map(({ key }) => key.fingerprint),
  ]);
  return plainSigner([sha256Hex(content), sha256Hex(canonical), ...fingerprints], emails);
}

/** Returns a signer who is nothing but hashes of keys and e-mail addresses. */
export function plainSigner(keys: readonly string[], emails: readonly string[] = []): StoredSigner {
  return {
    values: (field) => (field === 'key' ? keys : field === 'email' ? emails : NONE),
    names: () => emails,
    extension: () => NONE,
    certificates: () => [],
  };
}

const NONE: readonly string[] = [];

/** Most certificates that are looked at beside a signer's own. */
const MAX_CHAIN = 8;

class CertificateSigner implements StoredSigner {
  readonly #certificate: CertificateOutline;
  readonly #stored: () => Uint8Array;
  #names: readonly string[] | undefined;
  #facts: ReadonlyMap<SignerField, readonly string[]> | undefined;
  #keys: readonly string[] | undefined;

  constructor(certificate: CertificateOutline, stored: () => Uint8Array) {
    this.#certificate = certificate;
    this.#stored = stored;
  }

  values(field: SignerField): readonly string[] {
    switch (field) {
      case 'key':
        this.#keys ??= this.#hashes();
        return this.#keys;
      case 'certificate-issuer':
        return [nameText(this.#certificate.issuer)];
      case 'certificate-subject':
        return [nameText(this.#certificate.subject)];
      case 'issuer':
      case 'repository':
      case 'workflow':
      case 'ref':
      case 'commit':
      case 'run':
        this.#facts ??= factsOf(this.#certificate);
        return this.#facts.get(field) ?? NONE;
      default:
        return this.#certificate
          .names()
          .filter(([type]) => type === field)
          .map(([, name]) => name);
    }
  }

  names(): readonly string[] {
    this.#names ??= this.#certificate.names().map(([, name]) => name);
    return this.#names;
  }

  extension(oid: string): readonly string[] {
    return this.#certificate.extensions
      .filter((extension) => extension.oid === oid)
      .flatMap(({ value }) => readingsOf(value));
  }

  certificates(): readonly Uint8Array[] {
    const chain: Uint8Array[] = [this.#certificate.der];
    let block = decodePem(this.#stored());
    while (block !== undefined && chain.length <= MAX_CHAIN) {
      block = decodePem(block.rest);
      if (block?.label === 'CERTIFICATE') chain.push(block.der);
    }
    return chain;
  }

  #hashes(): readonly string[] {
    const { der, publicKey } = this.#certificate;
    const canonical = readPublicKey(publicKey, 'keep').der;
    return [...new Set([this.#stored(), publicKey, canonical, der].map(sha256Hex))];
  }
}

function factsOf({ extensions }: CertificateOutline): ReadonlyMap<SignerField, readonly string[]> {
  const facts = new Map<SignerField, string[]>();
  for (const [field, value] of sigstoreFacts(extensions)) {
    const values = facts.get(field);
    // People know a run of GitHub's by its page, which is that of every attempt.
    const more = field === 'run' ? [value, value.replace(/\/attempts\/\d+$/, '')] : [value];
    if (values === undefined) facts.set(field, more);
    else values.push(...more);
  }
  return facts;
}

function nameText(name: Uint8Array): string {
  checkName(name);
  return distinguishedNameText(name);
}

const STRING_TAGS: ReadonlySet<number> = new Set([
  DER_TAG.utf8String,
  DER_TAG.ia5String,
  DER_TAG.printableString,
]);

function readingsOf(value: Uint8Array): string[] {
  const readings = [`hex:${toHex(value)}`];
  if (isUtf8(value)) readings.push(textOf(value));
  try {
    const cursor = new DerCursor(value);
    const { tag, content } = cursor.takeAny('extension');
    if (cursor.atEnd && STRING_TAGS.has(tag) && isUtf8(content)) readings.push(textOf(content));
  } catch (error) {
    // Not every extension is DER: Fulcio's oldest ones are bare text.
    if (!isLogError(error)) throw error;
  }
  return readings;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** Returns what reads the keys of a format of rekord. Throws ENTRY_MALFORMED for a format that there is not. */
export function signerReader(
  format: string,
): (content: Uint8Array) => StoredSigner | Promise<StoredSigner> {
  const reader = Object.hasOwn(READERS, format) ? READERS[format] : undefined;
  if (reader !== undefined) return reader;
  throw new LogError('ENTRY_MALFORMED', 'the signature is of a format that nobody knows');
}

const READERS: Readonly<
  Record<string, (content: Uint8Array) => StoredSigner | Promise<StoredSigner>>
> = { x509: pemSigner, pgp: pgpSigner, ssh: sshSigner, minisign: minisignSigner };
