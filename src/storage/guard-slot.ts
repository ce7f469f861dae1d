/**
 * One slot of the guard file: 512 bytes that say how far a log had come.
 *
 * Layout, big-endian: magic `stele-g1` (8), sequence (8), tree ID (8), tree size (8), root hash (32), log ID (32),
 * length of the origin (2), origin, zeros, CRC-32 of the first 508 bytes (4). In scope: these bytes. Out of scope:
 * which slot is written when (guard.ts). Pure.
 */

import { crc32 } from 'node:zlib';
import { fromUtf8, utf8 } from '../encoding/bytes.js';
import { fromHex, toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';

/** Length of a slot: no disk sector is smaller, so a slot is written whole or torn alone. */
export const SLOT_SIZE = 512;

/** What a slot says of one log. */
export interface GuardEntry {
  /** Number of this write to the guard, per log; the larger of two slots is the newer. */
  readonly sequence: number;
  readonly treeID: bigint;
  readonly size: number;
  /** Root hash at `size`, 32 bytes. */
  readonly root: Uint8Array;
  readonly logID: string;
  readonly origin: string;
}

/** A slot as found: never written, damaged, or an entry. */
export type FoundSlot = 'empty' | 'bad' | GuardEntry;

const MAGIC = utf8('stele-g1');
const ORIGIN_AT = 98;
const CRC_AT = 508;

/** Longest origin that fits, in bytes of UTF-8. */
const MAX_GUARDED_ORIGIN: number = CRC_AT - ORIGIN_AT;

/** Returns the bytes of a slot. Throws RangeError for an origin that does not fit. */
export function encodeSlot(entry: GuardEntry): Buffer {
  const origin = utf8(entry.origin);
  if (origin.length > MAX_GUARDED_ORIGIN) {
    throw new RangeError(`an origin of ${origin.length} bytes, more than ${MAX_GUARDED_ORIGIN}`);
  }
  const slot = Buffer.alloc(SLOT_SIZE);
  slot.set(MAGIC);
  slot.writeBigUInt64BE(BigInt(entry.sequence), 8);
  slot.writeBigUInt64BE(entry.treeID, 16);
  slot.writeBigUInt64BE(BigInt(entry.size), 24);
  slot.set(entry.root, 32);
  slot.set(fromHex(entry.logID), 64);
  slot.writeUInt16BE(origin.length, 96);
  slot.set(origin, ORIGIN_AT);
  slot.writeUInt32BE(crc32(slot.subarray(0, CRC_AT)), CRC_AT);
  return slot;
}

/** Returns what a slot holds. Throws STORE_FORMAT for an intact slot of another version. */
export function decodeSlot(slot: Buffer): FoundSlot {
  if (slot.every((byte) => byte === 0)) return 'empty';
  if (slot.length !== SLOT_SIZE) return 'bad';
  if (slot.readUInt32BE(CRC_AT) !== crc32(slot.subarray(0, CRC_AT))) return 'bad';
  if (!slot.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new LogError('STORE_FORMAT', 'the guard was written by another version');
  }
  const end = ORIGIN_AT + slot.readUInt16BE(96);
  if (end > CRC_AT) return 'bad';
  return {
    sequence: Number(slot.readBigUInt64BE(8)),
    treeID: slot.readBigUInt64BE(16),
    size: Number(slot.readBigUInt64BE(24)),
    root: new Uint8Array(slot.subarray(32, 64)),
    logID: toHex(slot.subarray(64, 96)),
    origin: fromUtf8(slot.subarray(ORIGIN_AT, end)),
  };
}
