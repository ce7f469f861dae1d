/** Signed messages made to measure: any part of one can be replaced, and the signature still holds. */

import { Buffer } from 'node:buffer';
import {
  createHash,
  createPrivateKey,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
  X509Certificate,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encodeElement } from '../../src/encoding/der.js';
import { readCertificate } from '../../src/pki/certificate.js';
import { vectorPath } from '../vectors.js';

/** A key with its certificate. */
export interface MessageSigner {
  readonly key: KeyObject;
  readonly certificate: Uint8Array;
}

/** Returns the signer in test/vectors/pki/pkcs7. */
export function messageSigner(name: 'rsa' | 'ec'): MessageSigner {
  const read = (part: string) => readFileSync(vectorPath(`pki/pkcs7/${name}.${part}.pem`), 'utf8');
  return {
    key: createPrivateKey(read('key')),
    certificate: new X509Certificate(read('cert')).raw,
  };
}

/** DER from hex, for pieces that are easier to read as such. */
export function fromHexText(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

/** Contents of the identifiers that messages need. */
export const OID = {
  data: fromHexText('2a864886f70d010701'),
  signedData: fromHexText('2a864886f70d010702'),
  tokenInfo: fromHexText('2a864886f70d0109100104'),
  contentType: fromHexText('2a864886f70d010903'),
  messageDigest: fromHexText('2a864886f70d010904'),
  signingTime: fromHexText('2a864886f70d010905'),
  counterSignature: fromHexText('2a864886f70d010906'),
  timestampToken: fromHexText('2a864886f70d010910020e'),
  md5: fromHexText('2a864886f70d0205'),
  sha1: fromHexText('2b0e03021a'),
  sha224: fromHexText('608648016503040204'),
  sha256: fromHexText('608648016503040201'),
  sha384: fromHexText('608648016503040202'),
  sha512: fromHexText('608648016503040203'),
  rsa: fromHexText('2a864886f70d010101'),
  rsaPss: fromHexText('2a864886f70d01010a'),
  mgf1: fromHexText('2a864886f70d010108'),
  ecdsaSha256: fromHexText('2a8648ce3d040302'),
} as const;

/** Names of hash functions that a message may use. */
export type HashName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

const NULL = encodeElement(0x05);

export const sequence = (...parts: readonly Uint8Array[]) => encodeElement(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]) => encodeElement(0x31, ...parts);
export const oid = (content: Uint8Array) => encodeElement(0x06, content);
export const octetString = (content: Uint8Array) => encodeElement(0x04, content);
export const integer = (value: number) => encodeElement(0x02, Uint8Array.of(value));
export const tagged = (tag: number, ...parts: readonly Uint8Array[]) =>
  encodeElement(0xa0 | tag, ...parts);
export const algorithm = (id: Uint8Array, parameters: Uint8Array = NULL) =>
  sequence(oid(id), parameters);
export const attribute = (id: Uint8Array, ...values: readonly Uint8Array[]) =>
  sequence(oid(id), set(...values));

/** What one message is made of; everything that is left out is as usual. */
export interface MessageParts {
  readonly content: Uint8Array;
  /** Leaves the content out of the message. */
  readonly detached?: boolean;
  readonly contentType?: Uint8Array;
  readonly hash?: HashName;
  /** Signed attributes beside the content type and the digest; null leaves out all of them. */
  readonly attributes?: readonly Uint8Array[] | null;
  readonly unsigned?: (signature: Uint8Array) => readonly Uint8Array[];
  readonly signatureAlgorithm?: Uint8Array;
  readonly signatureOptions?: Omit<SignKeyObjectInput, 'key'>;
  readonly certificates?: readonly Uint8Array[];
  /** Elements between the certificates and the signers. */
  readonly revocationLists?: Uint8Array;
  /** More elements at the end of the signer, and of the body. */
  readonly afterSigner?: readonly Uint8Array[];
  readonly afterBody?: readonly Uint8Array[];
  readonly moreSigners?: readonly Uint8Array[];
}

/** Returns one signer of `parts`. */
export function signerInfo({ key, certificate }: MessageSigner, parts: MessageParts): Uint8Array {
  const hash = parts.hash ?? 'sha256';
  const digest = createHash(hash).update(parts.content).digest();
  const attributes =
    parts.attributes === null
      ? []
      : [
          attribute(OID.contentType, oid(parts.contentType ?? OID.data)),
          attribute(OID.messageDigest, octetString(digest)),
          ...(parts.attributes ?? []),
        ];
  const message = attributes.length === 0 ? parts.content : set(...attributes);
  const signature = sign(hash, message, { key, ...parts.signatureOptions });
  const { issuer, serialNumber } = readCertificate(certificate);
  const isRsa = key.asymmetricKeyType === 'rsa';
  const unsigned = parts.unsigned?.(signature) ?? [];
  return sequence(
    integer(1),
    sequence(issuer, encodeElement(0x02, serialNumber)),
    algorithm(OID[hash]),
    ...(attributes.length === 0 ? [] : [tagged(0, ...attributes)]),
    parts.signatureAlgorithm ?? (isRsa ? algorithm(OID.rsa) : sequence(oid(OID.ecdsaSha256))),
    octetString(signature),
    ...(unsigned.length === 0 ? [] : [tagged(1, ...unsigned)]),
    ...(parts.afterSigner ?? []),
  );
}

/** Returns the DER of the message that `signer` makes of `parts`. */
export function signedMessage(signer: MessageSigner, parts: MessageParts): Uint8Array {
  const inner = parts.detached === true ? [] : [tagged(0, octetString(parts.content))];
  return sequence(
    oid(OID.signedData),
    tagged(
      0,
      sequence(
        integer(1),
        set(algorithm(OID[parts.hash ?? 'sha256'])),
        sequence(oid(parts.contentType ?? OID.data), ...inner),
        tagged(0, ...(parts.certificates ?? [signer.certificate])),
        ...(parts.revocationLists === undefined ? [] : [parts.revocationLists]),
        set(signerInfo(signer, parts), ...(parts.moreSigners ?? [])),
        ...(parts.afterBody ?? []),
      ),
    ),
  );
}

/** Returns what a timestamp says about `message`; more elements may follow its time. */
export function tokenInfo(
  message: Uint8Array,
  hash: HashName = 'sha256',
  time = '20260101120000Z',
  more: readonly Uint8Array[] = [],
): Uint8Array {
  return sequence(
    integer(1),
    oid(fromHexText('2a0304')),
    sequence(algorithm(OID[hash]), octetString(createHash(hash).update(message).digest())),
    integer(7),
    encodeElement(0x18, Buffer.from(time)),
    ...more,
  );
}

/** Returns the answer of a timestamping service around `token`. */
export function timestampResponse(token: Uint8Array, status = 0): Uint8Array {
  return sequence(sequence(integer(status)), token);
}
