/**
 * What is asked of a timestamp authority (RFC 3161 section 2.4.1): DER to typed request, strictly.
 *
 * In scope: the form of a request, and the hashes that may be stamped. Out of scope: which policy is offered
 * (authority.ts). Strict DER: what follows the last member, or a member out of order, is refused. One kindness, of
 * which Go clients and services know nothing else: `certReq` may be stated to be false. No state, no recursion.
 */

import {
  contentOf,
  DER_TAG,
  type DerElement,
  encodingOf,
  readElement,
  readInteger,
  readOid,
  readOnlyElement,
} from '../encoding/der.js';
import { isLogError } from '../errors.js';
import { algorithm, integerContent, nullValue, octetString, sequence } from './der-values.js';
import { refused } from './refusal.js';

/** A request whose form is right. */
export interface TimestampRequest {
  /** DER of the MessageImprint; the token repeats it octet by octet. */
  readonly imprint: Uint8Array;
  /** Dotted; undefined when any policy will do. */
  readonly policy: string | undefined;
  /** Content of the INTEGER. */
  readonly nonce: Uint8Array | undefined;
  readonly wantsCertificates: boolean;
}

/** A request by its parts, as the JSON form has them. */
export interface RequestParts {
  /** As in `sha256`, in any letter case. */
  readonly hashAlgorithm: string;
  readonly digest: Uint8Array;
  readonly policy: string | undefined;
  readonly nonce: bigint | undefined;
  readonly wantsCertificates: boolean;
}

/** Longest nonce, in octets; clients send 8 to 20. */
export const MAX_NONCE_LENGTH = 128;

/** Returns the request in `der`. Throws TIMESTAMP_REFUSED. */
export function readTimestampRequest(der: Uint8Array): TimestampRequest {
  try {
    return readFields(der);
  } catch (cause) {
    if (!isLogError(cause, 'ENCODING_MALFORMED')) throw cause;
    throw refused('badDataFormat', cause.message, cause);
  }
}

/** Returns the request with these parts. Throws TIMESTAMP_REFUSED. */
export function requestOf(parts: RequestParts): TimestampRequest {
  const { digest, policy, nonce, wantsCertificates } = parts;
  const hash = HASHES.find(({ name }) => name === parts.hashAlgorithm.toLowerCase());
  if (hash === undefined) throw unknownHash(JSON.stringify(parts.hashAlgorithm.slice(0, 32)));
  assertDigest(hash, digest);
  const content = nonce === undefined ? undefined : integerContent(nonce);
  assertNonce(content);
  return {
    imprint: sequence(algorithm(hash.oid, nullValue()), octetString(digest)),
    policy,
    nonce: content,
    wantsCertificates,
  };
}

interface Hash {
  readonly name: string;
  readonly oid: string;
  readonly length: number;
}

const HASHES: readonly Hash[] = [
  { name: 'sha256', oid: '2.16.840.1.101.3.4.2.1', length: 32 },
  { name: 'sha384', oid: '2.16.840.1.101.3.4.2.2', length: 48 },
  { name: 'sha512', oid: '2.16.840.1.101.3.4.2.3', length: 64 },
];

const EXTENSIONS = 0xa0;

function readFields(der: Uint8Array): TimestampRequest {
  const fields = new Fields(der, readOnlyElement(der, DER_TAG.sequence));
  const version = readInteger(der, fields.next());
  if (version !== 1n) throw refused('badRequest', 'the version of the request is not 1');
  const imprint = fields.take(DER_TAG.sequence, 'message imprint');
  checkImprint(der, imprint);
  const policy = fields.takeOptional(DER_TAG.oid);
  const nonce = fields.takeOptional(DER_TAG.integer);
  const certReq = fields.takeOptional(DER_TAG.boolean);
  const extensions = fields.takeOptional(EXTENSIONS);
  fields.end('request');
  // A request is refused for its extensions even where they are not critical: the token could not carry them.
  if (extensions !== undefined) {
    throw refused('unacceptedExtension', 'no extension of a request is supported');
  }
  return {
    imprint: encodingOf(der, imprint),
    policy: policy === undefined ? undefined : readOid(der, policy),
    nonce: nonce === undefined ? undefined : readNonce(der, nonce),
    wantsCertificates: certReq !== undefined && readBoolean(der, certReq),
  };
}

function checkImprint(der: Uint8Array, imprint: DerElement): void {
  const fields = new Fields(der, imprint);
  const identifier = new Fields(der, fields.take(DER_TAG.sequence, 'hash algorithm'));
  const digest = fields.take(DER_TAG.octetString, 'digest');
  fields.end('message imprint');
  const oid = readOid(der, identifier.next());
  const parameters = identifier.takeOptional(DER_TAG.null);
  identifier.end('hash algorithm');
  if (parameters !== undefined && parameters.end !== parameters.content) {
    throw refused('badDataFormat', 'the NULL of the hash algorithm has content');
  }
  const hash = HASHES.find((known) => known.oid === oid);
  if (hash === undefined) throw unknownHash(oid.length > 64 ? 'a very long identifier' : oid);
  assertDigest(hash, contentOf(der, digest));
}

function readNonce(der: Uint8Array, element: DerElement): Uint8Array {
  const nonce = contentOf(der, element);
  assertNonce(nonce);
  // Judged after its length: the value of a very long one would be computed for nothing.
  readInteger(der, element);
  return nonce;
}

function readBoolean(der: Uint8Array, element: DerElement): boolean {
  const [octet, ...more] = contentOf(der, element);
  if (more.length > 0 || (octet !== 0x00 && octet !== 0xff)) {
    throw refused('badDataFormat', 'certReq is not a BOOLEAN of DER');
  }
  return octet === 0xff;
}

function unknownHash(shown: string): Error {
  return refused('badAlg', `the hash ${shown} is not one of SHA-256, SHA-384 and SHA-512`);
}

function assertDigest(hash: Hash, digest: Uint8Array): void {
  if (digest.length === hash.length) return;
  const reason = `a digest of ${hash.name} has ${hash.length} octets, not ${digest.length}`;
  throw refused('badDataFormat', reason);
}

function assertNonce(nonce: Uint8Array | undefined): void {
  if (nonce === undefined || nonce.length <= MAX_NONCE_LENGTH) return;
  throw refused('badRequest', `the nonce has more than ${MAX_NONCE_LENGTH} octets`);
}

/** Walks the members of one SEQUENCE. */
class Fields {
  readonly #der: Uint8Array;
  readonly #end: number;
  #offset: number;

  constructor(der: Uint8Array, parent: DerElement) {
    this.#der = der;
    this.#offset = parent.content;
    this.#end = parent.end;
  }

  /** Steps over the next member, whatever it is. Throws ENCODING_MALFORMED at the end. */
  next(): DerElement {
    const element = readElement(this.#der, this.#offset, this.#end);
    this.#offset = element.end;
    return element;
  }

  take(tag: number, name: string): DerElement {
    const element = this.takeOptional(tag);
    if (element === undefined) throw refused('badDataFormat', `there is no ${name}`);
    return element;
  }

  takeOptional(tag: number): DerElement | undefined {
    return this.#offset < this.#end && this.#der[this.#offset] === tag ? this.next() : undefined;
  }

  end(name: string): void {
    if (this.#offset === this.#end) return;
    throw refused('badDataFormat', `the ${name} has a member that does not belong there`);
  }
}
