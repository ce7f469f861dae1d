/** Who a log is: made once, written into the store, and held against keys and hostname at every start. */

import { LogError } from '../errors.js';
import { printVerifierKey, SIGNATURE_TYPE } from '../note/verifier-key.js';
import type { Signer } from '../signing/signer.js';
import { type LogRecord, tileOriginOf } from '../storage/log-store.js';

/** The two keys of a log. */
export interface LogKeys {
  readonly log: Signer;
  readonly tiles: Signer;
}

/** What everybody may know of a log; the content of DATA/log.json. */
export interface PublicIdentity {
  /** Decimal; of the log that the v1 API writes to. */
  readonly treeID: string;
  readonly hostname: string;
  readonly origin: string;
  /** The log that the v2 API writes to: another one, or the same tree under another origin. */
  readonly v2: { readonly treeID: string; readonly origin: string };
  /** When the log was made, seconds since 1970. */
  readonly createdSeconds: number;
  readonly logID: string;
  readonly publicKeyPem: string;
  readonly tilePublicKeyPem: string;
  /** C2SP verifier keys of the lines of its checkpoints; empty for key types that have none. */
  readonly verifierKeys: readonly string[];
}

/** The logs of the two APIs; one and the same where they share a tree. */
export interface LogRecords {
  readonly v1: LogRecord;
  readonly v2: LogRecord;
}

/** What a new log is made from. */
export interface NewLog {
  readonly hostname: string;
  readonly keys: LogKeys;
  /** 8 random bytes, from which a positive 63-bit tree ID is made. */
  readonly random: Uint8Array;
  readonly createdSeconds: number;
}

/** Returns the record of a new log for one API or both. */
export function newLogRecord(
  { hostname, keys, random, createdSeconds }: NewLog,
  api: 'v1' | 'v2' | 'both',
): LogRecord {
  const bits = new DataView(random.buffer, random.byteOffset, 8).getBigUint64(0) >> 1n;
  const treeID = bits === 0n ? 1n : bits;
  return {
    treeID,
    hostname,
    origin: api === 'v2' ? hostname : `${hostname} - ${treeID}`,
    ...(api === 'both' && { tileOrigin: hostname }),
    logID: keys.log.keyID,
    tileKeyID: keys.tiles.keyID,
    createdSeconds,
  };
}

/** Throws STORE_IDENTITY, naming both sides, unless the store's log is the one configured. */
export function assertIdentity(record: LogRecord, hostname: string, keys: LogKeys): void {
  const pairs = [
    ['hostname', record.hostname, hostname],
    ['log ID of the signing key', record.logID, keys.log.keyID],
    ['key ID of the tile key', record.tileKeyID, keys.tiles.keyID],
  ] as const;
  for (const [what, stored, given] of pairs) {
    if (stored === given) continue;
    throw new LogError(
      'STORE_IDENTITY',
      `the ${what} of the log in this store is ${stored}, but this start has ${given}; ` +
        'a log keeps its name and keys for life: use the former, or another --data-dir for a new log',
    );
  }
}

/** Returns what everybody may know of a log. */
export function publicIdentity(
  { v1, v2 }: LogRecords,
  keys: LogKeys,
  createdSeconds: number,
): PublicIdentity {
  return {
    treeID: String(v1.treeID),
    hostname: v1.hostname,
    origin: v1.origin,
    v2: { treeID: String(v2.treeID), origin: tileOriginOf(v2) },
    createdSeconds,
    logID: v1.logID,
    publicKeyPem: keys.log.publicKeyPem,
    tilePublicKeyPem: keys.tiles.publicKeyPem,
    verifierKeys: [keys.log, keys.tiles].flatMap((key) => verifierKey(v1.hostname, key)),
  };
}

/** Returns the tree ID in the text of a log.json; 'unknown' when there is none to be read. */
export function treeIDOf(identityText: string): string {
  const { treeID } = readIdentity(identityText);
  return typeof treeID === 'string' ? treeID : 'unknown';
}

/** Returns the tree ID of the v2 log in the text of a log.json; undefined when it tells of none, as older ones do. */
export function v2TreeIDOf(identityText: string): string | undefined {
  const treeID: unknown = readIdentity(identityText).v2?.treeID;
  return typeof treeID === 'string' ? treeID : undefined;
}

function readIdentity(text: string): Partial<PublicIdentity> {
  try {
    return (JSON.parse(text) as Partial<PublicIdentity> | null) ?? {};
  } catch {
    return {};
  }
}

function verifierKey(name: string, { algorithm, publicKeyDer }: Signer): readonly string[] {
  switch (algorithm) {
    case 'ecdsa-p256':
    case 'ecdsa-p384':
    case 'ecdsa-p521':
      return [printVerifierKey({ name, type: SIGNATURE_TYPE.ecdsa, publicKey: publicKeyDer })];
    case 'ed25519': {
      // The SubjectPublicKeyInfo of an Ed25519 key ends with the 32 bytes of the key itself.
      const publicKey = publicKeyDer.slice(-32);
      return [printVerifierKey({ name, type: SIGNATURE_TYPE.ed25519, publicKey })];
    }
    default:
      return [];
  }
}
