/**
 * Seed files: the 32 bytes from which a cosigner's key is made, as 64 hex digits or as they are.
 *
 * In scope: reading, and making one that is whole or absent and never replaced. Out of scope: the key.
 */

import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { LogError } from '../errors.js';
import { createFile } from '../files/durable-file.js';

const SEED_BYTES = 32;
const MAX_FILE_BYTES = 1024;
const HEX = /^[0-9a-fA-F]{64}\s*$/;

/** Returns the seed, 32 bytes. Throws KEY_FILE_INVALID. */
export async function readSeedFile(path: string): Promise<Uint8Array> {
  const bytes = await readSmall(path);
  if (bytes.length === SEED_BYTES) return new Uint8Array(bytes);
  const text = bytes.toString('latin1');
  if (HEX.test(text)) return new Uint8Array(Buffer.from(text.trim(), 'hex'));
  throw new LogError('KEY_FILE_INVALID', `seed file ${path}: neither 64 hex digits nor 32 bytes`);
}

/** Makes a seed file, mode 0600, on disk when this returns; one that is there stays. Throws KEY_FILE_INVALID. */
export async function createSeedFile(path: string): Promise<void> {
  try {
    await createFile(path, `${randomBytes(SEED_BYTES).toString('hex')}\n`);
  } catch (cause) {
    throw unreadable(path, 'cannot be made', cause);
  }
}

async function readSmall(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_FILE_BYTES) return await readFile(path);
  } catch (cause) {
    throw unreadable(path, 'cannot be read', cause);
  }
  throw new LogError('KEY_FILE_INVALID', `seed file ${path}: longer than ${MAX_FILE_BYTES} bytes`);
}

function unreadable(path: string, what: string, cause: unknown): LogError {
  const { message } = cause as Error;
  return new LogError('KEY_FILE_INVALID', `seed file ${path} ${what}: ${message}`, { cause });
}
