/**
 * The JSON form of a timestamp request, which sigstore-js sends; as the timestamp-authority project of Sigstore reads
 * it, names in any letter case included.
 *
 * In scope: members to the parts of a request. Out of scope: which requests are granted (timestamping/).
 */

import { fromGoBase64 } from '../../encoding/base64.js';
import { decodeGoJson } from '../../encoding/go-json.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { isLogError } from '../../errors.js';
import { refused } from '../../timestamping/refusal.js';
import { requestOf, type TimestampRequest } from '../../timestamping/request.js';
import { type GoField, type GoStruct, jsonKind, readStruct, TEXT, wrongType } from './go-fields.js';

/** Returns the request in `body`, one JSON value and nothing else. Throws TIMESTAMP_REFUSED. */
export function readJsonTimestampRequest(body: Uint8Array): TimestampRequest {
  try {
    const json = { value: decodeGoJson(body), text: fromGoUtf8(body) };
    const fields = readStruct(json, REQUEST);
    return requestOf({
      hashAlgorithm: fields.hashAlgorithm ?? '',
      digest: fromGoBase64(fields.artifactHash ?? ''),
      // An empty policy is no policy.
      policy: fields.tsaPolicyOID || undefined,
      nonce: fields.nonce,
      wantsCertificates: fields.certificates ?? false,
    });
  } catch (cause) {
    if (!isLogError(cause, 'ENCODING_MALFORMED')) throw cause;
    throw refused('badDataFormat', cause.message, cause);
  }
}

const FLAG: GoField<boolean> = ({ value }, before, place) => {
  if (typeof value === 'boolean') return value;
  if (value !== null) place.note(() => wrongType(place, jsonKind(value), 'bool'));
  return before;
};

/** Digits enough for the longest nonce; reading a number takes time with the square of its digits. */
const MAX_NONCE_DIGITS = 308;

/** Read from its text: a double would not hold it. */
const NONCE: GoField<bigint> = ({ value, text }, before) => {
  if (value === null) return before;
  if (text.length > MAX_NONCE_DIGITS + 1 || !/^-?\d+$/.test(text)) {
    throw refused(
      'badDataFormat',
      `the nonce is not a whole number of at most ${MAX_NONCE_DIGITS} digits`,
    );
  }
  return BigInt(text);
};

const REQUEST: GoStruct<{
  artifactHash: string;
  certificates: boolean;
  hashAlgorithm: string;
  nonce: bigint;
  tsaPolicyOID: string;
}> = {
  valueType: 'api.JSONRequest',
  fieldOwner: 'JSONRequest',
  fields: {
    artifactHash: TEXT,
    certificates: FLAG,
    hashAlgorithm: TEXT,
    nonce: NONCE,
    tsaPolicyOID: TEXT,
  },
};
