/** The logs that a verifier trusts: one key, or those of a Sigstore trusted root. Pure. */

import { sha256 } from '#sha256';
import { equalBytes } from '../encoding/bytes.js';
import { decodePem } from '../encoding/pem.js';
import { LogError } from '../errors.js';
import { base64At, items, optional, type Place, required, textAt } from './json-reader.js';

/** A log that is trusted. */
export interface TrustedLog {
  /** DER SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  /** 32 bytes that entries name it by. */
  readonly logID: Uint8Array;
  /** Host of its URL, which its checkpoints must carry; undefined when only the key is trusted. */
  readonly host: string | undefined;
  /** Seconds since 1970, both inclusive. */
  readonly validFromSeconds: number;
  readonly validToSeconds: number;
}

/** Returns the log whose public key is in a PEM `PUBLIC KEY`. Throws KEY_MALFORMED. */
export function trustedLogOfPem(pem: string): TrustedLog {
  const block = decodePem(pem);
  if (block === undefined || block.label !== 'PUBLIC KEY') {
    throw new LogError('KEY_MALFORMED', "the log's key must be a PEM block PUBLIC KEY");
  }
  return trustedLogOfDer(block.der);
}

/** Returns the log with this DER SubjectPublicKeyInfo, trusted for any time and host. */
export function trustedLogOfDer(publicKeyDer: Uint8Array): TrustedLog {
  return {
    publicKeyDer,
    logID: sha256(publicKeyDer),
    host: undefined,
    validFromSeconds: 0,
    validToSeconds: Number.MAX_SAFE_INTEGER,
  };
}

/** Returns the logs of a trusted_root.json. Throws ENCODING_MALFORMED, also when there is none. */
export function readTrustedRoot(document: Place): readonly TrustedLog[] {
  const logs = items(required(document, 'tlogs')).map(readTlog);
  if (logs.length > 0) return logs;
  throw new LogError('ENCODING_MALFORMED', `${document.path} trusts no log`);
}

/** Returns the logs that an entry's log ID may mean; several when a root lists one key for several hosts. */
export function logsWithID(logs: readonly TrustedLog[], logID: Uint8Array): readonly TrustedLog[] {
  return logs.filter((log) => equalBytes(log.logID, logID));
}

function readTlog(tlog: Place): TrustedLog {
  const key = required(tlog, 'publicKey');
  const validFor = optional(key, 'validFor');
  const start = validFor && optional(validFor, 'start');
  const end = validFor && optional(validFor, 'end');
  return {
    publicKeyDer: base64At(required(key, 'rawBytes')),
    logID: base64At(required(required(tlog, 'logId'), 'keyId')),
    host: hostOf(required(tlog, 'baseUrl')),
    validFromSeconds: start === undefined ? 0 : secondsAt(start),
    validToSeconds: end === undefined ? Number.MAX_SAFE_INTEGER : secondsAt(end),
  };
}

function hostOf(place: Place): string {
  const [, host] = /^https?:\/\/([^/?#]+)/.exec(textAt(place)) ?? [];
  if (host !== undefined) return host;
  throw new LogError('ENCODING_MALFORMED', `${place.path} is not a URL`);
}

function secondsAt(place: Place): number {
  const milliseconds = Date.parse(textAt(place));
  if (!Number.isNaN(milliseconds)) return milliseconds / 1000;
  throw new LogError('ENCODING_MALFORMED', `${place.path} is not a time`);
}
