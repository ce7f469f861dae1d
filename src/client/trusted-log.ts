/**
 * The logs that a verifier trusts: one key, or those of a Sigstore trusted root.
 *
 * Spec: dev.sigstore.trustroot.v1.TrustedRoot; verifier keys, https://c2sp.org/signed-note. In scope: which key may
 * speak for which log, under which IDs, names and in which time. Out of scope: signatures. Pure.
 */

import { sha256 } from '#sha256';
import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { readChildren, readOid, readOnlyElement } from '../encoding/der.js';
import { fromHex } from '../encoding/hex.js';
import { decodePem } from '../encoding/pem.js';
import { isLogError, LogError } from '../errors.js';
import { ed25519LogID, parseVerifierKey, rsaLogID, SIGNATURE_TYPE } from '../note/verifier-key.js';
import { base64At, items, optional, type Place, required, textAt } from './json-reader.js';

/** A log that is trusted. */
export interface TrustedLog {
  /** DER SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  /** The ID that a trusted root gives it; else SHA-256 of the key. */
  readonly logID: Uint8Array;
  /** The ID that a trusted root gives its key in checkpoints, where it gives one. */
  readonly checkpointKeyID: Uint8Array | undefined;
  /** Host of its URL, which its checkpoints must carry; undefined when none is known. */
  readonly host: string | undefined;
  /** Name of its verifier key, which its checkpoints must carry; undefined when it was not given by one. */
  readonly keyName: string | undefined;
  /** Seconds since 1970, both inclusive. */
  readonly validFromSeconds: number;
  readonly validToSeconds: number;
}

/** Most logs of a trusted root: the public one has a handful. */
const MAX_LOGS = 256;

/**
 * Returns the logs whose keys are in a text: a PEM `PUBLIC KEY`, or verifier keys, one a line, as of a log that signs with
 * several. Throws KEY_MALFORMED.
 */
export function trustedLogsOfKeys(text: string): readonly TrustedLog[] {
  if (/^\s*-----BEGIN/.test(text)) return [trustedLogOfPem(text)];
  const lines = text.trim().split('\n', MAX_LOGS + 1);
  if (lines.length <= MAX_LOGS) return lines.map((line) => trustedLogOfVerifierKey(line.trim()));
  throw new LogError('KEY_MALFORMED', `more than ${MAX_LOGS} verifier keys`);
}

/** Returns the log whose public key is in a PEM `PUBLIC KEY`. Throws KEY_MALFORMED. */
export function trustedLogOfPem(pem: string): TrustedLog {
  const block = decodePem(pem);
  if (block === undefined || block.label !== 'PUBLIC KEY') {
    throw new LogError('KEY_MALFORMED', "the log's key must be a PEM block PUBLIC KEY");
  }
  return trustedLogOfDer(block.der);
}

/** Returns the log with this DER SubjectPublicKeyInfo, trusted for any time and name. */
export function trustedLogOfDer(publicKeyDer: Uint8Array): TrustedLog {
  return {
    publicKeyDer,
    logID: sha256(publicKeyDer),
    checkpointKeyID: undefined,
    host: undefined,
    keyName: undefined,
    validFromSeconds: 0,
    validToSeconds: Number.MAX_SAFE_INTEGER,
  };
}

/** Returns the log of a verifier key `name+hex+base64`, trusted under that name. Throws KEY_MALFORMED. */
export function trustedLogOfVerifierKey(vkey: string): TrustedLog {
  try {
    const { name, type, publicKey } = parseVerifierKey(vkey);
    if (type === SIGNATURE_TYPE.ecdsa) return { ...trustedLogOfDer(publicKey), keyName: name };
    if (type === SIGNATURE_TYPE.ed25519) {
      return { ...trustedLogOfDer(concatBytes(ED25519_PREFIX, publicKey)), keyName: name };
    }
    throw new LogError('KEY_MALFORMED', `the verifier key of ${name} is a witness's, not a log's`);
  } catch (cause) {
    if (!isLogError(cause, 'NOTE_MALFORMED')) throw cause;
    const reason = `the log's key is neither PEM nor a verifier key: ${cause.message}`;
    throw new LogError('KEY_MALFORMED', reason, { cause });
  }
}

/** Returns the logs of a trusted_root.json. Throws ENCODING_MALFORMED, also when there is none. */
export function readTrustedRoot(document: Place): readonly TrustedLog[] {
  const logs = items(required(document, 'tlogs'), MAX_LOGS).map(readTlog);
  if (logs.length > 0) return logs;
  throw new LogError('ENCODING_MALFORMED', `${document.path} trusts no log`);
}

/** True when an entry may name the log so, if checkpoints of it carry this name. */
export function isIDOf(logID: Uint8Array, log: TrustedLog, name: string | undefined): boolean {
  return logIDsOf(log, name).some((id) => equalBytes(id, logID));
}

/** True when the checkpoints of a log may carry this name. */
export function isNameOf(name: string, { host, keyName }: TrustedLog): boolean {
  if (keyName !== undefined) return name === keyName;
  return host === undefined || withoutPort(host) === withoutPort(name);
}

/**
 * Returns the IDs, 32 bytes each, of a log whose checkpoints carry a name: SHA-256 of the key, as Rekor v1 has it; the
 * hash whose first four bytes are the key ID of signed notes, as v2 has it; and what a trusted root says.
 */
export function logIDsOf(log: TrustedLog, name: string | undefined): readonly Uint8Array[] {
  const { publicKeyDer, logID, checkpointKeyID } = log;
  const named = name === undefined ? undefined : namedLogID(name, publicKeyDer);
  const derived = named === undefined ? [] : [named];
  const listed = checkpointKeyID === undefined ? [logID] : [logID, checkpointKeyID];
  return [sha256(publicKeyDer), ...listed, ...derived];
}

/** DER of an Ed25519 SubjectPublicKeyInfo up to the 32 bytes of the key. */
const ED25519_PREFIX = fromHex('302a300506032b6570032100');
const RSA_OID = '1.2.840.113549.1.1.1';

/** Undefined for keys whose ID does not depend on the name. */
function namedLogID(name: string, publicKeyDer: Uint8Array): Uint8Array | undefined {
  const isEd25519 =
    publicKeyDer.length === ED25519_PREFIX.length + 32 &&
    equalBytes(publicKeyDer.subarray(0, ED25519_PREFIX.length), ED25519_PREFIX);
  if (isEd25519) {
    return ed25519LogID(name, publicKeyDer.subarray(ED25519_PREFIX.length));
  }
  return algorithmOf(publicKeyDer) === RSA_OID ? rsaLogID(name, publicKeyDer) : undefined;
}

function algorithmOf(publicKeyDer: Uint8Array): string {
  try {
    const [algorithm] = readChildren(publicKeyDer, readOnlyElement(publicKeyDer));
    const [oid] = algorithm === undefined ? [] : readChildren(publicKeyDer, algorithm);
    return readOid(publicKeyDer, oid);
  } catch (error) {
    // Whoever verifies with it says that it is no key; here it is only none of RSA.
    if (isLogError(error)) return '';
    throw error;
  }
}

function readTlog(tlog: Place): TrustedLog {
  const key = required(tlog, 'publicKey');
  const checkpointKeyID = keyIDAt(optional(tlog, 'checkpointKeyId'));
  const logID = keyIDAt(optional(tlog, 'logId')) ?? checkpointKeyID;
  if (logID === undefined) {
    throw new LogError('ENCODING_MALFORMED', `${tlog.path} has no logId`);
  }
  return {
    publicKeyDer: base64At(required(key, 'rawBytes')),
    logID,
    checkpointKeyID,
    host: hostOf(required(tlog, 'baseUrl')),
    keyName: undefined,
    ...readValidity(required(key, 'validFor')),
  };
}

/** Returns the window of a key or authority, both ends inclusive. Throws ENCODING_MALFORMED when it has no start. */
export function readValidity(
  validFor: Place,
): Pick<TrustedLog, 'validFromSeconds' | 'validToSeconds'> {
  const end = optional(validFor, 'end');
  return {
    validFromSeconds: secondsAt(required(validFor, 'start')),
    validToSeconds: end === undefined ? Number.MAX_SAFE_INTEGER : secondsAt(end),
  };
}

function keyIDAt(id: Place | undefined): Uint8Array | undefined {
  return id && base64At(required(id, 'keyId'));
}

function hostOf(place: Place): string {
  const [, host] = /^https?:\/\/([^/?#]+)/.exec(textAt(place)) ?? [];
  if (host !== undefined) return host;
  throw new LogError('ENCODING_MALFORMED', `${place.path} is not a URL`);
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}

function secondsAt(place: Place): number {
  const milliseconds = Date.parse(textAt(place));
  if (!Number.isNaN(milliseconds)) return milliseconds / 1000;
  throw new LogError('ENCODING_MALFORMED', `${place.path} is not a time`);
}
