/**
 * OpenPGP keys of a submission, as Rekor reads and stores them:
 * https://www.rfc-editor.org/rfc/rfc9580#section-10.1
 *
 * In scope: armoured and binary rings, the stored form, the e-mail addresses. Out of scope: what makes a key
 * (entity.ts), checking signatures with it (signature.ts). Pure; nothing is kept.
 */

import { concatBytes, equalBytes, utf8 } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import { decodeArmor, encodeArmor } from './armor.js';
import { emailOfUserId } from './email-address.js';
import { type Entity, KEY_FLAG, type RingCounts, readEntities } from './entity.js';
import { serializeKeyPacket } from './key-packet.js';
import { OctetSource } from './octet-source.js';
import { serializePacket } from './packet-header.js';
import { PgpFault } from './pgp-fault.js';
import { serializeSignaturePacket } from './signature-packet.js';

/** Public keys of one submission. */
export interface PgpKeyRing {
  /** The stored form: all keys in one armoured block, no newline at its end. */
  readonly canonical: Uint8Array;
  /** E-mail addresses of the user IDs, in the order of the input, letter case kept. */
  readonly emails: readonly string[];
  /** What signatures are checked with. */
  readonly entities: readonly Entity[];
}

/** Longest key ring, bytes as sent: some hundred keys. Rekor has no bound. */
export const MAX_KEY_RING_LENGTH = 1 << 20;

const START = utf8('-----BEGIN PGP');
const END = utf8('-----END PGP');
/** Longest line of an armoured ring, bytes: that of Rekor's line reader. */
const MAX_LINE_LENGTH = 65_535;
const LINE_FEED = 0x0a;
const KEY_BLOCKS: ReadonlySet<string> = new Set(['PGP PUBLIC KEY BLOCK', 'PGP PRIVATE KEY BLOCK']);

/**
 * Returns the keys in `content`, which is binary, or armoured in any number of blocks. Secret parts are dropped.
 * Throws KEY_MALFORMED with Rekor's reason.
 */
export async function readPgpKeyRing(content: Uint8Array): Promise<PgpKeyRing> {
  if (content.length > MAX_KEY_RING_LENGTH) {
    throw malformed(`PGP public key is longer than ${MAX_KEY_RING_LENGTH} bytes`);
  }
  if (content.length < START.length) throw malformed('unable to read PGP public key: EOF');
  const isArmored = equalBytes(content.subarray(0, START.length), START);
  const entities = isArmored ? readArmored(content) : readBinary(content);
  if (entities.length === entities.reduce((count, entity) => count + secretsOf(entity), 0)) {
    throw malformed('no PGP public keys could be read');
  }
  return {
    canonical: encodeArmor('PGP PUBLIC KEY BLOCK', concatBytes(...entities.map(serializeEntity))),
    emails: entities.flatMap(emailsOf),
    entities,
  };
}

function readBinary(content: Uint8Array): Entity[] {
  return reading('error reading binary PGP public key', () =>
    readEntities(new OctetSource(content), noCounts()),
  );
}

/** What follows the last END line is not looked at, however it looks. */
function readArmored(content: Uint8Array): Entity[] {
  const entities: Entity[] = [];
  const counts = noCounts();
  let blockStart = 0;
  for (let at = 0; at < content.length; ) {
    const feed = content.indexOf(LINE_FEED, at);
    const end = feed < 0 ? content.length : feed;
    if (end - at > MAX_LINE_LENGTH) {
      throw malformed('error reading PGP public key: bufio.Scanner: token too long');
    }
    const isEnd = equalBytes(content.subarray(at, at + END.length), END);
    at = end + 1;
    if (!isEnd) continue;
    entities.push(...readBlock(content.subarray(blockStart, end), counts));
    blockStart = at;
  }
  return entities;
}

function readBlock(block: Uint8Array, counts: RingCounts): Entity[] {
  const armor = decodeArmor(block);
  if (armor === undefined) throw malformed('invalid PGP public key provided: EOF');
  if (!KEY_BLOCKS.has(armor.type)) throw malformed('invalid PGP type detected');
  return reading('error reading PGP public key', () => readEntities(armor.body, counts));
}

function noCounts(): RingCounts {
  return { entities: 0, parts: 0, checked: 0 };
}

function reading(what: string, read: () => Entity[]): Entity[] {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PgpFault) throw malformed(`${what}: ${cause.message}`, cause);
    throw cause;
  }
}

/** The number of secret subkeys that decrypt; Rekor takes as many of them as keys for a ring without public keys. */
function secretsOf(entity: Entity): number {
  const decrypts = KEY_FLAG.encryptCommunications | KEY_FLAG.encryptStorage;
  return entity.subkeys.filter(
    ({ key, binding }) => key.isSecret && ((binding.keyFlags ?? 0) & decrypts) !== 0,
  ).length;
}

function serializeEntity(entity: Entity): Uint8Array {
  return concatBytes(
    serializeKeyPacket(entity.primaryKey),
    ...entity.revocations.map(serializeSignaturePacket),
    ...entity.directSignatures.map(serializeSignaturePacket),
    ...entity.identities.flatMap(({ id, signatures }) => [
      serializePacket(13, id),
      ...signatures.map(serializeSignaturePacket),
    ]),
    ...entity.subkeys.flatMap(({ key, binding, revocations }) => [
      serializeKeyPacket(key),
      ...revocations.map(serializeSignaturePacket),
      serializeSignaturePacket(binding),
    ]),
  );
}

function emailsOf({ identities }: Entity): string[] {
  return identities.map(({ id }) => emailOfUserId(id)).filter((email) => email !== undefined);
}

function malformed(reason: string, cause?: unknown): LogError {
  return new LogError('KEY_MALFORMED', reason, { cause });
}
