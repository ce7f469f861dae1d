/**
 * The leaves that most logs are made of, read by the very text that they have: hashedrekords of both APIs, and v2's DSSE
 * entries of one signature.
 *
 * A canonical entry (RFC 8785) has one spelling, so a whole leaf can be held against it without being taken apart: a fifth of
 * the time that JSON takes, and what a rule does not ask for is not computed. In scope: what may stand in each gap, so that
 * nothing is taken here that the reader of all leaves (describe-leaf.ts) would refuse. Out of scope: any other leaf. Pure.
 */

import { Buffer } from 'node:buffer';
import { fromBase64 } from '../encoding/base64.js';
import { toHex } from '../encoding/hex.js';
import type { DescribedLeaf } from './described-leaf.js';
import type { SearchTerm } from './entry-kind.js';
import { digestTerm } from './shared/search-terms.js';
import {
  certificateSigner,
  pemSigner,
  publicKeySigner,
  type StoredSigner,
} from './stored-signer.js';

/**
 * Returns what a leaf of one of the common forms says, undefined for any other. Throws KEY_MALFORMED, ENCODING_MALFORMED for a
 * key or certificate that cannot be read.
 */
export function describeCommonLeaf(leaf: Uint8Array): DescribedLeaf | undefined {
  const text = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).toString('latin1');
  for (const form of FORMS) {
    if (!text.startsWith(form.start)) continue;
    const found = form.pattern.exec(text);
    return found === null ? undefined : form.describe(found);
  }
  return undefined;
}

/** What may stand in a gap. Base64 is checked where it is decoded; here only that it is no other text. */
const BASE64 = '([A-Za-z0-9+/=]*)';
/** Of 32 bytes: the last digit carries four bits. */
const SHA256_BASE64 = '([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)';
const SHA256_HEX = '([0-9a-f]{64})';
const DETAILS = '[A-Z0-9_]*';
const KEY_TYPE = '(x509Certificate|publicKey)';

interface Form {
  readonly start: string;
  readonly pattern: RegExp;
  describe(found: RegExpExecArray): DescribedLeaf;
}

const FORMS: readonly Form[] = [
  {
    ...spelling`{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"${SHA256_BASE64}"},"signature":{"content":"${BASE64}","verifier":{"keyDetails":"${DETAILS}","${KEY_TYPE}":{"rawBytes":"${BASE64}"}}}}}}`,
    describe: (found) => describeV2('hashedrekord', found),
  },
  {
    ...spelling`{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":{"payloadHash":{"algorithm":"SHA2_256","digest":"${SHA256_BASE64}"},"signatures":[{"content":"${BASE64}","verifier":{"keyDetails":"${DETAILS}","${KEY_TYPE}":{"rawBytes":"${BASE64}"}}}]}}}`,
    describe: (found) => describeV2('dsse', found),
  },
  {
    ...spelling`{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"${SHA256_HEX}"}},"signature":{"content":"${BASE64}","publicKey":{"content":"${BASE64}"}}}}`,
    describe: ([, value, , key]) =>
      new CommonLeaf(
        'hashedrekord',
        '0.0.1',
        value as string,
        pemSigner(fromBase64(key as string)),
      ),
  },
];

function describeV2(kind: string, [, digest, , keyType, raw]: RegExpExecArray): DescribedLeaf {
  const bytes = fromBase64(raw as string);
  const signer = keyType === 'publicKey' ? publicKeySigner(bytes) : certificateSigner(bytes);
  return new CommonLeaf(kind, '0.0.2', digest as string, signer);
}

/** Between the gaps stands what must be there, letter by letter. */
function spelling(
  literals: TemplateStringsArray,
  ...gaps: readonly string[]
): Pick<Form, 'start' | 'pattern'> {
  const source = literals.raw.map((literal, at) => {
    return `${literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}${gaps[at] ?? ''}`;
  });
  return { start: literals.raw[0] as string, pattern: new RegExp(`^${source.join('')}$`) };
}

class CommonLeaf implements DescribedLeaf {
  readonly kind: string;
  readonly apiVersion: string;
  readonly signers: readonly StoredSigner[];
  readonly #sha256: string;

  constructor(kind: string, apiVersion: string, sha256: string, signer: StoredSigner) {
    this.kind = kind;
    this.apiVersion = apiVersion;
    this.#sha256 = sha256;
    this.signers = [signer];
  }

  get terms(): readonly SearchTerm[] {
    const isHex = this.#sha256.length === 64;
    return [digestTerm('sha256', isHex ? this.#sha256 : toHex(fromBase64(this.#sha256)))];
  }
}
