/**
 * How the newest cosigned checkpoint of a log is written in a row: JSON, with numbers of 64 bits as text.
 *
 * In scope: both directions, strictly. Out of scope: checksums (synced-rows.ts). Pure; no state.
 */

import { fromBase64, toBase64 } from '../encoding/base64.js';
import { LogError } from '../errors.js';

/** The newest checkpoint of a log that was cosigned here. */
export interface Head {
  readonly origin: string;
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Time of the cosignatures, POSIX seconds. */
  readonly timeSeconds: bigint;
  /** The checkpoint with the log's lines and the cosignatures that were given out. */
  readonly note: string;
}

/** Returns the text of a row. */
export function printHead({ origin, size, root, timeSeconds, note }: Head): string {
  return JSON.stringify({
    origin,
    size: String(size),
    root: toBase64(root),
    timeSeconds: String(timeSeconds),
    note,
  });
}

/** Returns the head of a row. Throws STORE_CORRUPT. */
export function readHead(value: string): Head {
  return readRow(value, (row) => ({
    origin: row['origin'] as string,
    size: BigInt(row['size'] as string),
    root: fromBase64(row['root'] as string),
    timeSeconds: BigInt(row['timeSeconds'] as string),
    note: row['note'] as string,
  }));
}

/** Returns what `read` makes of the members of a row. Throws STORE_CORRUPT when it cannot. */
export function readRow<T>(value: string, read: (row: Record<string, unknown>) => T): T {
  try {
    return read(JSON.parse(value) as Record<string, unknown>);
  } catch (cause) {
    throw new LogError('STORE_CORRUPT', 'a row of the witness cannot be read', { cause });
  }
}
