/**
 * Metadata of TUF (https://theupdateframework.github.io/specification/latest/#file-formats): a signed part and
 * signatures over its canonical text.
 *
 * In scope: what every role has in common. Out of scope: whose signatures count (root.ts).
 */

import { utf8 } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { LogError } from '../../errors.js';
import { storedText } from './canonical-source.js';
import { type Expiry, NO_EXPIRY, readExpiry } from './expiry.js';
import {
  GO_VALUE,
  type JsonSource,
  readFields,
  readInt64,
  readItems,
  readJsonSource,
  readText,
} from './json-source.js';
import { readHexLiteral } from './tuf-key.js';

/** One signature, with the id that metadata gives its key. */
export interface MetadataSignature {
  readonly keyID: string;
  readonly signature: Uint8Array;
}

/** Metadata of any role; nothing in it has been checked. */
export interface SignedMetadata {
  readonly signed: JsonSource;
  readonly signatures: readonly MetadataSignature[];
  /** The role that it says it is of. */
  readonly type: string;
  readonly version: bigint;
  readonly expires: Expiry;
  /** Empty when it says none. */
  readonly specVersion: string;
}

/**
 * Returns the metadata in a JSON document; messages depend on what it is read as. Throws ENTRY_MALFORMED and
 * ENCODING_MALFORMED with Rekor's reason.
 */
export function readSignedMetadata(
  document: Uint8Array,
  reading: 'metadata' | 'root' = 'metadata',
): SignedMetadata {
  let signed: JsonSource | undefined;
  let signatures: readonly MetadataSignature[] = [];
  readFields(readJsonSource(document), GO_VALUE, 'data.Signed', {
    signed: (value) => {
      signed = value;
    },
    signatures: (value, where) => {
      signatures = readItems(value, where, '[]data.Signature', signatures, readSignature);
    },
  });
  if (signed === undefined) throw new LogError('ENTRY_MALFORMED', 'unexpected end of JSON input');
  return { signed, signatures, ...readCommonPart(signed, reading) };
}

/**
 * Returns the bytes that stand for metadata in the log: the RFC 8785 form of both members, and of no others. Throws
 * ENTRY_MALFORMED when the signed part has no such form.
 */
export function storedMetadata({ signed, signatures }: SignedMetadata): Uint8Array {
  const list = signatures.map(
    ({ keyID, signature }) => `{"keyid":${JSON.stringify(keyID)},"sig":"${toHex(signature)}"}`,
  );
  return utf8(`{"signatures":[${list.join(',')}],"signed":${storedText(signed)}}`);
}

function readSignature(
  value: JsonSource,
  where: string,
  before: MetadataSignature | undefined,
): MetadataSignature {
  let keyID = before?.keyID ?? '';
  let signature = before?.signature ?? new Uint8Array(0);
  readFields(value, where, 'data.Signature', {
    keyid: (member, at) => {
      keyID = readText(member, at, keyID);
    },
    sig: (member) => {
      signature = readHexLiteral(member);
    },
  });
  return { keyID, signature };
}

function readCommonPart(
  signed: JsonSource,
  reading: 'metadata' | 'root',
): Pick<SignedMetadata, 'type' | 'version' | 'expires' | 'specVersion'> {
  let type = '';
  let version = 0n;
  let expires = NO_EXPIRY;
  let specVersion = '';
  const isRoot = reading === 'root';
  readFields(signed, GO_VALUE, isRoot ? 'data.Root' : 'tuf.signedMeta', {
    _type: (value, where) => {
      type = readText(value, where, type);
    },
    version: (value, where) => {
      version = readInt64(value, where, version, isRoot ? 'int64' : 'int');
    },
    expires: (value) => {
      expires = readExpiry(value, expires);
    },
    spec_version: (value, where) => {
      specVersion = readText(value, where, specVersion);
    },
  });
  return { type, version, expires, specVersion };
}
