/**
 * An artifact that comes with a submission, its hash, or both: the log stores the hash alone.
 *
 * In scope: what the hash must look like, and that it belongs to the content. Out of scope: what is in the artifact
 * (each kind), kinds whose hash may be of several algorithms (hex-digest.ts).
 */

import { sha256Hex } from '#sha256';
import { LogError } from '../../errors.js';
import { contentMissing } from './refusals.js';

/** The hash member of a spec. */
export interface GivenHash {
  readonly algorithm: string;
  readonly value: string;
}

/** An artifact as it came; at least one of the two is there. */
export interface GivenArtifact {
  /** Empty when the client sent the hash alone. */
  readonly content: Uint8Array;
  readonly hash: GivenHash | undefined;
}

/**
 * Returns content and hash of an artifact, `member` in the spec. Throws ENTRY_MALFORMED with Rekor's reason: the hash
 * is no SHA-256 in hex, or neither is there.
 */
export function readArtifact(
  member: string,
  { content, hash }: { content: Uint8Array | undefined; hash: GivenHash | undefined },
): GivenArtifact {
  if (hash !== undefined) {
    // Length counts in bytes of UTF-8, which only differs for what is no hex.
    if (!/^[0-9a-fA-F]{64}$/.test(hash.value)) {
      throw new LogError('ENTRY_MALFORMED', 'invalid value for hash');
    }
  } else if (content === undefined || content.length === 0) {
    throw contentMissing(member);
  }
  return { content: content ?? new Uint8Array(0), hash };
}

/**
 * Returns the SHA-256 of an artifact's content in lower-case hex. Throws ENTRY_MALFORMED when the client gave
 * another, or the same in upper case: Rekor compares the text.
 */
export function artifactDigest({ content, hash }: GivenArtifact): string {
  const computed = sha256Hex(content);
  if (hash !== undefined && hash.value !== computed) {
    throw new LogError('ENTRY_MALFORMED', `SHA mismatch: ${computed} != ${hash.value}`);
  }
  return computed;
}
