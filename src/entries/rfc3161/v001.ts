/**
 * rfc3161 0.0.1: the answer of a timestamping service, kept as it came, bytes after it included.
 *
 * What it shows is that the certificate inside the token signed the token. Which artifact was stamped is not checked:
 * the log never sees it.
 */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { encodePem } from '../../encoding/pem.js';
import { isLogError, LogError } from '../../errors.js';
import { SIGNED_DATA, type SignedMessage } from '../../pki/pkcs7/signed-data.js';
import {
  type MessageImprint,
  readMessageImprint,
  readTimestampResponse,
} from '../../pki/pkcs7/timestamp.js';
import { type VerifiedSigner, verifySignedData } from '../../pki/pkcs7/verify-signed-data.js';
import { readX509Key } from '../../pki/x509.js';
import type { EntryVersion, SearchTerm } from '../entry-kind.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, signatureTerm, x509KeyTerms } from '../shared/search-terms.js';
import { RFC3161_SHAPE } from './schema.js';

/** A timestamp as read. */
export interface Rfc3161 {
  /** The bytes of the client. */
  readonly content: Uint8Array;
  readonly token: SignedMessage;
}

/** A timestamp whose signature holds. */
export interface ProvenRfc3161 {
  readonly content: Uint8Array;
  readonly signer: VerifiedSigner;
}

/** Longest timestamp, in bytes. */
export const MAX_TIMESTAMP_LENGTH = 10_240;

/** How rfc3161 0.0.1 is read, verified and stored. */
export const rfc3161V001: EntryVersion<Rfc3161, ProvenRfc3161> = {
  verifiedWhen: 'read',

  parse(input) {
    const { content } = readSpec(RFC3161_SHAPE, input).tsr;
    if (content.length > MAX_TIMESTAMP_LENGTH) {
      throw new LogError('ENTRY_MALFORMED', 'tsr exceeds maximum allowed size (10kB)');
    }
    const { status, token } = readTimestampResponse(content);
    if (status !== 0n && status !== 1n) {
      throw new LogError('ENTRY_MALFORMED', `tsr status not granted: ${status}`);
    }
    if (token?.contentType !== SIGNED_DATA) {
      throw new LogError('ENTRY_MALFORMED', `tsr wrong content type: ${token?.contentType ?? ''}`);
    }
    return { content, token };
  },

  async verify({ content, token }, { limits }) {
    assertSignerCount(token, limits.signatures);
    try {
      return { content, signer: verifySignedData(token.signedData, undefined) };
    } catch (cause) {
      if (!isLogError(cause)) throw cause;
      throw new LogError(cause.code, `tsr verification error: ${cause.message}`, { cause });
    }
  },

  // Whatever has been verified is complete: there is no form of this kind that only looks up.
  assertInsertable() {},

  // The RFC 8785 form by hand: no member needs escaping.
  canonicalize({ proven }) {
    return utf8(
      '{"apiVersion":"0.0.1","kind":"rfc3161","spec":' +
        `{"tsr":{"content":"${toBase64(proven.content)}"}}}`,
    );
  },

  indexKeys({ proven }) {
    return [`sha256:${sha256Hex(proven.content)}`];
  },

  searchTerms({ proven }) {
    const { certificate, signer, content } = proven.signer;
    const key = readX509Key(utf8(encodePem('CERTIFICATE', certificate.der)));
    return [
      digestTerm('sha256', sha256Hex(proven.content)),
      ...imprintTerms(content),
      signatureTerm(signer.signature),
      ...x509KeyTerms(key),
    ];
  },
};

function assertSignerCount({ signedData }: SignedMessage, most: number): void {
  const count = signedData?.signers.length ?? 0;
  if (count <= most) return;
  throw new LogError('ENTRY_TOO_LARGE', `tsr with ${count} signatures exceeds ${most}`);
}

/** What was stamped, if it can be read: Rekor does not ask for it. */
function imprintTerms(content: Uint8Array): SearchTerm[] {
  let imprint: MessageImprint;
  try {
    imprint = readMessageImprint(content);
  } catch (error) {
    if (isLogError(error)) return [];
    throw error;
  }
  const { hash, digest } = imprint;
  return hash === undefined ? [] : [digestTerm(hash, toHex(digest))];
}
