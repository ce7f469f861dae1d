/**
 * The seal of a row: every stored value ends with a CRC-32 over its key and its content.
 *
 * LevelDB hands out wrong bytes without a word when a table file is damaged, and compaction writes them again
 * under a fresh checksum of its own. So no value is used before its seal has been checked, and a bad seal is
 * STORE_CORRUPT, never "not found".
 *
 * In scope: sealing and opening rows. Out of scope: what rows mean. Pure.
 */

import { crc32 } from 'node:zlib';
import { LogError } from '../../errors.js';
import { describeKey } from './keyspace.js';

/** A key and its sealed value, ready to be written. */
export interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Bytes that the seal adds to a value. */
const SEAL_SIZE = 4;

/** Returns the row of `content`, sealed. */
export function sealRow(key: Buffer, ...content: readonly Uint8Array[]): Row {
  let length = SEAL_SIZE;
  for (const part of content) length += part.length;
  const value = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of content) {
    value.set(part, at);
    at += part.length;
  }
  value.writeUInt32BE(sealOf(key, value.subarray(0, at)), at);
  return { key, value };
}

/** Returns the content of a stored value. Throws STORE_CORRUPT when its seal does not fit key and content. */
export function openRow(key: Uint8Array, value: Uint8Array): Buffer {
  const buffer = Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.length);
  const end = buffer.length - SEAL_SIZE;
  const content = buffer.subarray(0, Math.max(0, end));
  if (end < 0 || buffer.readUInt32BE(end) !== sealOf(key, content)) {
    throw new LogError('STORE_CORRUPT', `${describeKey(key)} does not match its checksum`);
  }
  return content;
}

/** Returns the content of a value that must be there. Throws STORE_CORRUPT when it is not, or is damaged. */
export function openPresentRow(key: Uint8Array, value: Uint8Array | undefined): Buffer {
  return openRow(key, presentValue(key, value));
}

/** Returns a value that must be there, still sealed. Throws STORE_CORRUPT when it is not. */
export function presentValue<Value extends Uint8Array>(
  key: Uint8Array,
  value: Value | undefined,
): Value {
  if (value === undefined) throw new LogError('STORE_CORRUPT', `${describeKey(key)} is missing`);
  return value;
}

/** Returns STORE_CORRUPT for content that passed its seal and still cannot be read. */
export function malformedRow(key: Uint8Array, why: string): LogError {
  return new LogError('STORE_CORRUPT', `${describeKey(key)} is malformed: ${why}`);
}

function sealOf(key: Uint8Array, content: Uint8Array): number {
  const ofKey = crc32(key);
  // Nearly all rows are search rows, which have none.
  return content.length === 0 ? ofKey : crc32(content, ofKey);
}
