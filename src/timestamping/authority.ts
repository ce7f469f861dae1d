/**
 * THE TIMESTAMP AUTHORITY (RFC 3161): a digest in, a signed time out.
 *
 * It never sees what was hashed, keeps no record, and writes nothing to the log: its word is its key's. In scope:
 * which requests are granted, the time and the serial number. Out of scope: HTTP (api/v1/timestamp.ts), keys and
 * certificates in files (server/timestamp-authority.ts). Mutable state: the newest time that was stated.
 */

import { LogError } from '../errors.js';
import type { Signer } from '../signing/signer.js';
import type { TimestampChain } from './certificate-chain.js';
import { randomInteger } from './der-values.js';
import { refused } from './refusal.js';
import { readTimestampRequest, type TimestampRequest } from './request.js';
import { ACCURACY_SECONDS, tokenWriter } from './token.js';

/** What an authority is made of. */
export interface TimestampAuthorityParts {
  readonly signer: Signer;
  /** The certificates of this signer's key. */
  readonly chain: TimestampChain;
  /** Dotted; the only policy under which tokens are given. */
  readonly policy: string;
  /** Returns the second that it is now, since 1970. Throws CLOCK_UNTRUSTED. */
  readonly nowSeconds: () => number;
  /** Returns so many random octets. */
  readonly random: (length: number) => Uint8Array;
}

/** An authority that answers. */
export interface TimestampAuthority {
  /**
   * Returns the DER TimeStampResp for a DER TimeStampReq. Throws as `stamp` does, and TIMESTAMP_REFUSED for what is
   * no request.
   */
  answer(query: Uint8Array): Uint8Array;
  /**
   * Returns the DER TimeStampResp for a request. Throws TIMESTAMP_REFUSED for another policy, CLOCK_UNTRUSTED, and
   * SIGNER_UNAVAILABLE while a certificate is not valid.
   */
  stamp(request: TimestampRequest): Uint8Array;
  readonly chain: TimestampChain;
}

/** Octets of a serial number: 126 random bits, so that no two tokens ever share one. */
const SERIAL_NUMBER_LENGTH = 16;

/** Returns the authority. Throws KEY_FILE_INVALID and ENCODING_MALFORMED as `tokenWriter` does. */
export function openTimestampAuthority(parts: TimestampAuthorityParts): TimestampAuthority {
  const { signer, chain, policy, random } = parts;
  const writeToken = tokenWriter(signer, chain, policy);
  const nextSeconds = neverBack(parts.nowSeconds);

  const stamp = (request: TimestampRequest): Uint8Array => {
    if (request.policy !== undefined && request.policy !== policy) {
      throw refused('unacceptedPolicy', `the only policy of this authority is ${policy}`);
    }
    const timeSeconds = nextSeconds();
    assertValid(chain, timeSeconds);
    return writeToken({
      imprint: request.imprint,
      serialNumber: randomInteger(random(SERIAL_NUMBER_LENGTH)),
      timeSeconds,
      nonce: request.nonce,
      withCertificates: request.wantsCertificates,
    });
  };
  return { stamp, answer: (query) => stamp(readTimestampRequest(query)), chain };
}

/**
 * Returns a clock that never states a time before one that it stated. While `nowSeconds` is behind by no more than
 * the accuracy, the newest time is stated again; further behind, it is not known which of the two was wrong.
 */
function neverBack(nowSeconds: () => number): () => number {
  let newestSeconds = Number.NEGATIVE_INFINITY;
  return () => {
    const seconds = nowSeconds();
    if (newestSeconds - seconds > ACCURACY_SECONDS) {
      const behind = newestSeconds - seconds;
      throw new LogError('CLOCK_UNTRUSTED', `the clock is ${behind} s before the newest timestamp`);
    }
    newestSeconds = Math.max(newestSeconds, seconds);
    return newestSeconds;
  };
}

/** A token from outside the validity would verify nowhere: clients judge the chain at the time that is stated. */
function assertValid(chain: TimestampChain, seconds: number): void {
  if (seconds >= chain.notBeforeSeconds && seconds <= chain.notAfterSeconds) return;
  const [from, to] = [chain.notBeforeSeconds, chain.notAfterSeconds].map((limit) =>
    new Date(limit * 1000).toISOString(),
  );
  throw new LogError(
    'SIGNER_UNAVAILABLE',
    `the certificates of the timestamp authority are valid from ${from} to ${to}`,
  );
}
