/**
 * Root metadata of The Update Framework, the key of a repository: which keys may sign for which role, and how many of
 * them must (https://theupdateframework.github.io/specification/latest/#file-formats-root). Judged as Rekor does: key
 * ids are names that the root gives, and a role beside the four of the specification signs targets.
 *
 * In scope: reading a root, its own signatures, metadata under a root. Out of scope: entries. Pure; the time is an
 * argument.
 */

import { utf8 } from '../../encoding/bytes.js';
import { goQuote } from '../../encoding/go-quote.js';
import { isLogError, LogError } from '../../errors.js';
import { signedText } from './canonical-source.js';
import {
  checkBoolean,
  GO_VALUE,
  type JsonSource,
  readFields,
  readInt64,
  readItems,
  readMap,
  readText,
} from './json-source.js';
import { readSignedMetadata, type SignedMetadata, storedMetadata } from './signed-metadata.js';
import { readTufKey, type TufKey, tufKeyIdentity, verifiesTufSignature } from './tuf-key.js';

/** Longest document that is read, bytes. What it becomes must fit a leaf, which is much shorter. */
export const MAX_TUF_DOCUMENT_LENGTH = 262_144;

/** Bounds on the work that one root may cause. */
export interface TufLimits {
  /** Most signatures of one document. */
  readonly signatures: number;
  /** Most keys of a root. */
  readonly verifiers: number;
}

/** The bounds unless somebody says otherwise. */
export const DEFAULT_TUF_LIMITS: TufLimits = { signatures: 32, verifiers: 32 };

/** A root that its own root role has signed. */
export interface TufRoot {
  readonly metadata: SignedMetadata;
  /** RFC 8785 form of `{"signatures":[{keyid,sig}],"signed":…}`: what its hash is taken of. */
  readonly canonical: Uint8Array;
  readonly roles: TufRoles;
}

/** Who may sign what. */
export interface TufRoles {
  readonly keys: ReadonlyMap<string, TufKey>;
  readonly roles: ReadonlyMap<string, TufRole>;
}

/** A role: how many of which keys must sign. */
export interface TufRole {
  readonly keyIDs: readonly string[];
  readonly threshold: bigint;
}

/**
 * Returns the root in a JSON document, once its signatures are checked; with `nowMs` it must not have expired either.
 * Throws KEY_MALFORMED with Rekor's reason.
 */
export function readTufRoot(
  document: Uint8Array,
  { nowMs, limits = DEFAULT_TUF_LIMITS }: { nowMs?: number; limits?: TufLimits } = {},
): TufRoot {
  try {
    if (document.length > MAX_TUF_DOCUMENT_LENGTH) {
      throw malformed(`root of ${document.length} bytes exceeds ${MAX_TUF_DOCUMENT_LENGTH}`);
    }
    const metadata = readSignedMetadata(document, 'root');
    const roles = readRoles(metadata.signed, limits.verifiers);
    verifyTufMetadata(metadata, 'root', roles, limits.signatures);
    if (nowMs !== undefined) assertNotExpired(metadata, nowMs);
    return { metadata, roles, canonical: storedMetadata(metadata) };
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('KEY_MALFORMED', cause.message, { cause });
  }
}

/**
 * Throws SIGNATURE_INVALID unless as many keys of the role have signed `metadata` as must, and ENTRY_MALFORMED when it
 * is not of that role or has too many signatures to look at.
 */
export function verifyTufMetadata(
  metadata: SignedMetadata,
  role: string,
  roles: TufRoles,
  mostSignatures: number,
): void {
  assertSigned(metadata, role, roles, mostSignatures);
  const type = metadata.type.toLowerCase();
  // A role of another name is a delegated one, and those sign targets.
  if (type !== (TOP_LEVEL_ROLES.has(role) ? role : 'targets')) {
    throw malformed('tuf: meta file has wrong type');
  }
  if (metadata.version < 0n) {
    throw malformed(`version ${metadata.version} is lower than current version 0`);
  }
}

/** Throws ENTRY_MALFORMED when `metadata` has expired at `nowMs`, milliseconds since 1970. */
export function assertNotExpired({ expires }: SignedMetadata, nowMs: number): void {
  if (expires.ms <= nowMs) throw malformed(`expired at ${expires.text}`);
}

const TOP_LEVEL_ROLES: ReadonlySet<string> = new Set(['root', 'targets', 'snapshot', 'timestamp']);

function assertSigned(
  { signed, signatures }: SignedMetadata,
  role: string,
  { keys, roles }: TufRoles,
  mostSignatures: number,
): void {
  if (signatures.length === 0) throw invalid('tuf: data has no signatures');
  if (signatures.length > mostSignatures) {
    throw malformed(`metadata with ${signatures.length} signatures exceeds ${mostSignatures}`);
  }
  const expected = roles.get(role);
  if (expected === undefined) throw invalid(`tuf: unknown role ${goQuote(role)}`);
  const message = signedMessage(signed);
  const signers = new Set<string>();
  for (const { keyID, signature } of message === undefined ? [] : signatures) {
    const key = expected.keyIDs.includes(keyID) ? keys.get(keyID) : undefined;
    if (key === undefined || !verifiesTufSignature(key, message as Uint8Array, signature)) continue;
    signers.add(tufKeyIdentity(key));
  }
  if (BigInt(signers.size) < expected.threshold) {
    throw invalid('tuf: valid signatures did not meet threshold');
  }
}

/** Returns the bytes that are signed; undefined when there are none: then no signature is valid. */
function signedMessage(signed: JsonSource): Uint8Array | undefined {
  try {
    return utf8(signedText(signed));
  } catch (error) {
    if (isLogError(error)) return undefined;
    throw error;
  }
}

function readRoles(signed: JsonSource, mostKeys: number): TufRoles {
  let keys: ReadonlyMap<string, JsonSource> = new Map();
  let roles: ReadonlyMap<string, TufRole> = new Map();
  readFields(signed, GO_VALUE, 'data.Root', {
    keys: (value, where) => {
      keys = readMap(value, where, 'map[string]*data.PublicKey', keys, (key) => key);
    },
    roles: (value, where) => {
      roles = readMap(value, where, 'map[string]*data.Role', roles, readRole);
    },
    consistent_snapshot: checkBoolean,
  });
  if (keys.size > mostKeys) throw malformed(`root with ${keys.size} keys exceeds ${mostKeys}`);
  const read = [...keys].map(([id, key]) => {
    if (key === 'null') throw malformed('tuf root contains nil key');
    return [id, readTufKey(key, 'Go struct field Root.keys')] as const;
  });
  return { keys: new Map(read), roles };
}

function readRole(value: JsonSource): TufRole {
  if (value === 'null') throw malformed('tuf root contains nil role');
  let keyIDs: readonly string[] = [];
  let threshold = 0n;
  readFields(value, 'Go struct field Root.roles', 'data.Role', {
    keyids: (member, where) => {
      keyIDs = readItems(member, where, '[]string', keyIDs, (item, at, before) =>
        readText(item, at, before ?? ''),
      );
    },
    threshold: (member, where) => {
      threshold = readInt64(member, where, threshold, 'int');
    },
  });
  if (threshold < 1n) throw malformed('tuf: invalid role threshold');
  return { keyIDs, threshold };
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}

function invalid(reason: string): LogError {
  return new LogError('SIGNATURE_INVALID', reason);
}
