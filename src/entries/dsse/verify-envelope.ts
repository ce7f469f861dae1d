/**
 * Which key signed which signature of an envelope.
 *
 * The keys are tried in the order given. A key stands for the first signature, in the order of the envelope,
 * that it verifies, and must verify one; when every signature has its key, the remaining keys are not looked
 * at. So the outcome depends on the request alone.
 *
 * In scope: that rule and its limits. Out of scope: the entry around it (v001.ts).
 */

import { LogError } from '../../errors.js';
import { readX509Key, type X509Key } from '../../pki/x509.js';
import type { SignatureVerifier } from '../entry-kind.js';
import {
  decodeEitherBase64,
  type Envelope,
  preAuthenticationEncoding,
} from '../shared/dsse-envelope.js';

/** Most signatures in one envelope. */
export const MAX_SIGNATURES = 32;
/** Most keys beside it. */
export const MAX_VERIFIERS = 32;

/**
 * Most bytes that the checks of one envelope may hash: each check of a signature hashes the payload anew.
 * One signature by one key is always allowed; the body limit bounds it.
 */
const MAX_HASHED_BYTES = 256 * 1024 * 1024;

/** What a verified envelope says. */
export interface VerifiedEnvelope {
  readonly payload: Uint8Array;
  /** The key of each signature, by the signature's text. */
  readonly keys: ReadonlyMap<string, X509Key>;
}

/** Throws ENTRY_MALFORMED when checking the envelope could take longer than a request deserves. */
export function assertWithinLimits(envelope: Envelope, verifiers: readonly Uint8Array[]): void {
  const signatureCount = envelope.signatures.length;
  if (signatureCount > MAX_SIGNATURES) {
    throw tooMany(`${signatureCount} signatures`, `${MAX_SIGNATURES}`);
  }
  if (verifiers.length > MAX_VERIFIERS) {
    throw tooMany(`${verifiers.length} verifiers`, `${MAX_VERIFIERS}`);
  }
  const checks = signatureCount * verifiers.length;
  const hashed = checks * envelope.payload.length;
  if (checks > 1 && hashed > MAX_HASHED_BYTES) {
    throw tooMany(
      `${checks} signature checks over ${envelope.payload.length} bytes`,
      `${MAX_HASHED_BYTES} bytes in all`,
    );
  }
}

/**
 * Returns the payload and the key of every signature. Throws SIGNATURE_INVALID and KEY_MALFORMED with Rekor's
 * reason.
 */
export async function verifyEnvelope(
  envelope: Envelope,
  verifiers: readonly Uint8Array[],
  verifySignatures: SignatureVerifier,
): Promise<VerifiedEnvelope> {
  const missing = new Set(envelope.signatures.map(({ text }) => text));
  const keys = new Map<string, X509Key>();
  let decoded: DecodedEnvelope | undefined;
  for (const verifier of verifiers) {
    if (missing.size === 0) break;
    const key = readVerifier(verifier);
    decoded ??= decodeEnvelope(envelope);
    const accepted = await firstSignatureBy(key, decoded, verifySignatures);
    missing.delete(accepted);
    keys.set(accepted, key);
  }
  if (missing.size > 0 || decoded === undefined) {
    throw new LogError('SIGNATURE_INVALID', 'all signatures must have a key that verifies it');
  }
  return { payload: decoded.payload, keys };
}

interface DecodedEnvelope {
  readonly payload: Uint8Array;
  readonly message: Uint8Array;
  readonly signatures: readonly { readonly text: string; readonly bytes: Uint8Array }[];
}

function decodeEnvelope({ payload, payloadType, signatures }: Envelope): DecodedEnvelope {
  const payloadBytes = decodeOrThrow(payload);
  return {
    payload: payloadBytes,
    message: preAuthenticationEncoding(payloadType, payloadBytes),
    signatures: signatures.map(({ text }) => ({ text, bytes: decodeOrThrow(text) })),
  };
}

function decodeOrThrow(text: string): Uint8Array {
  const bytes = decodeEitherBase64(text);
  if (bytes !== undefined) return bytes;
  // Signatures too: Rekor's library has one message for both.
  throw unverified('unable to base64 decode payload (is payload in the right format?)');
}

function readVerifier(verifier: Uint8Array): X509Key {
  let key: X509Key;
  try {
    key = readX509Key(verifier);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    const reason = `could not parse public key as x509: ${cause.message}`;
    throw new LogError('KEY_MALFORMED', reason, { cause });
  }
  if (key.publicKey.type === 'unsupported') {
    const reason = 'could not load verifier: unsupported public key type';
    throw new LogError('KEY_MALFORMED', reason);
  }
  return key;
}

/** Returns the text of the first signature that `key` verifies. */
async function firstSignatureBy(
  key: X509Key,
  { message, signatures }: DecodedEnvelope,
  verifySignatures: SignatureVerifier,
): Promise<string> {
  for (const { text, bytes } of signatures) {
    const [verdict] = await verifySignatures([
      { over: 'message', message, hash: 'sha256', key: key.publicKey.der, signature: bytes },
    ]);
    if (verdict === undefined) return text;
  }
  throw unverified('accepted signatures do not match threshold, Found: 0, Expected 1');
}

function unverified(reason: string): LogError {
  return new LogError('SIGNATURE_INVALID', `could not verify envelope: ${reason}`);
}

function tooMany(what: string, limit: string): LogError {
  return new LogError('ENTRY_MALFORMED', `envelope with ${what} exceeds ${limit}`);
}
