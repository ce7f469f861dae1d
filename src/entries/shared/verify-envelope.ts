/**
 * Which key signed which signature of an envelope.
 *
 * The keys are tried in the order given, and a key stands for the first signature, in the order of the envelope, that
 * it verifies. Key IDs are not looked at. So the outcome depends on the request alone.
 *
 * In scope: that rule and its limits. Out of scope: the entries around it (dsse, intoto). Pure.
 */

import { LogError } from '../../errors.js';
import type { PublicKey } from '../../pki/public-key.js';
import { readX509Key, type X509Key } from '../../pki/x509.js';
import type { EntryLimits, HashAlgorithm, SignatureVerifier } from '../entry-kind.js';
import { decodeEitherBase64, type Envelope, preAuthenticationEncoding } from './dsse-envelope.js';

/**
 * Most bytes that the checks of one envelope may hash: each check of a signature hashes the payload anew.
 * One signature by one key is always allowed; the body limit bounds it.
 */
const MAX_HASHED_BYTES = 256 * 1024 * 1024;

/** What a verified envelope says. */
export interface VerifiedEnvelope extends OpenEnvelope {
  /** The key of each signature, by the signature's text. */
  readonly keys: ReadonlyMap<string, X509Key>;
}

/** An envelope with its base64 decoded. */
export interface OpenEnvelope {
  readonly payload: Uint8Array;
  /** The bytes that the signatures are over. */
  readonly message: Uint8Array;
  readonly signatures: readonly OpenSignature[];
}

/** A signature with its base64 decoded. */
export interface OpenSignature {
  readonly keyID: string;
  /** As it stands in the envelope. */
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** What to do with the keys that are left when every signature has one. */
export type SpareKeys = 'ignore' | 'must verify';

/** Throws ENTRY_MALFORMED when checking the envelope could take longer than a request deserves. */
export function assertWithinLimits(
  { payload, signatures }: Envelope,
  verifierCount: number,
  limits: EntryLimits,
): void {
  if (signatures.length > limits.signatures) {
    throw tooMany(`${signatures.length} signatures`, `${limits.signatures}`);
  }
  if (verifierCount > limits.verifiers) {
    throw tooMany(`${verifierCount} verifiers`, `${limits.verifiers}`);
  }
  assertHashedBytes(signatures.length * verifierCount, payload.length);
}

/** Throws ENTRY_MALFORMED when so many checks, each over a payload of that length, hash more than a request deserves. */
export function assertHashedBytes(checks: number, payloadLength: number): void {
  if (checks <= 1 || checks * payloadLength <= MAX_HASHED_BYTES) return;
  throw tooMany(
    `${checks} signature checks over ${payloadLength} bytes`,
    `${MAX_HASHED_BYTES} bytes in all`,
  );
}

/**
 * Returns the payload and the key of every signature; every key up to the last one that is needed, or every key at
 * all, must verify a signature. Throws SIGNATURE_INVALID and KEY_MALFORMED with Rekor's reason.
 */
export async function verifyEnvelope(
  envelope: Envelope,
  verifiers: readonly Uint8Array[],
  verifySignatures: SignatureVerifier,
  spareKeys: SpareKeys,
): Promise<VerifiedEnvelope> {
  const missing = new Set(envelope.signatures.map(({ text }) => text));
  const keys = new Map<string, X509Key>();
  let open: OpenEnvelope | undefined;
  for (const verifier of verifiers) {
    if (missing.size === 0 && spareKeys === 'ignore') break;
    const key = readVerifier(verifier);
    open ??= openVerifiable(envelope);
    const accepted = await firstSignatureBy(key.publicKey, 'sha256', open, verifySignatures);
    if (accepted === undefined) throw unverified(NONE_VERIFIES);
    missing.delete(accepted.text);
    keys.set(accepted.text, key);
  }
  if (missing.size > 0 || open === undefined) {
    throw new LogError('SIGNATURE_INVALID', KEY_MISSING);
  }
  return { ...open, keys };
}

/** The reason for an envelope with a signature by none of the keys. */
export const KEY_MISSING = 'all signatures must have a key that verifies it';

/** The reason for an envelope without a signature by the key at hand. */
export const NONE_VERIFIES = 'accepted signatures do not match threshold, Found: 0, Expected 1';

/**
 * Returns the first of the signatures that `key` verifies with `hash`, in order; undefined when it verifies none.
 * Ed25519 signs the message itself, whatever the hash.
 */
export async function firstSignatureBy<Signature extends Pick<OpenSignature, 'bytes'>>(
  key: PublicKey,
  hash: HashAlgorithm,
  { message, signatures }: { message: Uint8Array; signatures: readonly Signature[] },
  verifySignatures: SignatureVerifier,
): Promise<Signature | undefined> {
  for (const signature of signatures) {
    const [verdict] = await verifySignatures([
      { over: 'message', message, hash, key: key.der, signature: signature.bytes },
    ]);
    if (verdict === undefined) return signature;
  }
  return undefined;
}

/** Returns `envelope` with its base64 decoded, undefined when a part of it is no base64. */
export function openEnvelope(envelope: Envelope): OpenEnvelope | undefined {
  const payload = decodeEitherBase64(envelope.payload);
  if (payload === undefined) return undefined;
  const signatures: OpenSignature[] = [];
  for (const { keyID, text } of envelope.signatures) {
    const bytes = decodeEitherBase64(text);
    if (bytes === undefined) return undefined;
    signatures.push({ keyID, text, bytes });
  }
  const message = preAuthenticationEncoding(envelope.payloadType, payload);
  return { payload, message, signatures };
}

/** The reason for a payload or a signature that is no base64: Rekor's library has one message for both. */
export const NOT_BASE64 = 'unable to base64 decode payload (is payload in the right format?)';

function openVerifiable(envelope: Envelope): OpenEnvelope {
  const open = openEnvelope(envelope);
  if (open === undefined) throw unverified(NOT_BASE64);
  return open;
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

/** Returns SIGNATURE_INVALID for an envelope that a key does not verify. */
export function unverified(reason: string): LogError {
  return new LogError('SIGNATURE_INVALID', `could not verify envelope: ${reason}`);
}

function tooMany(what: string, limit: string): LogError {
  return new LogError('ENTRY_MALFORMED', `envelope with ${what} exceeds ${limit}`);
}
