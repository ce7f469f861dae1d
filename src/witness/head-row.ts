/**
 * How the newest cosigned checkpoint of a log, and the evidence against one, are written in a row: JSON, with numbers of
 * 64 bits as text.
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

/** Two checkpoints of one log that do not go together. */
export interface Evidence {
  /** split-view: two trees of one size, which is proof. unproven: the proof to a larger tree did not verify. */
  readonly kind: 'split-view' | 'unproven';
  /** When the second one came, POSIX seconds. */
  readonly timeSeconds: bigint;
  /** The checkpoint that was cosigned, a signed note. */
  readonly cosigned: string;
  /** The one that was refused, with the log's valid signature. */
  readonly refused: string;
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

/** Returns the text of a row. */
export function printEvidence(items: readonly Evidence[]): string {
  const rows = items.map((item) => ({ ...item, timeSeconds: String(item.timeSeconds) }));
  return JSON.stringify({ items: rows });
}

/** Returns the items of a row, the oldest first. Throws STORE_CORRUPT. */
export function readEvidence(value: string): readonly Evidence[] {
  return readRow(value, (row) =>
    (row['items'] as Record<string, string>[]).map((item) => ({
      kind: item['kind'] as Evidence['kind'],
      timeSeconds: BigInt(item['timeSeconds'] as string),
      cosigned: item['cosigned'] as string,
      refused: item['refused'] as string,
    })),
  );
}

function readRow<T>(value: string, read: (row: Record<string, unknown>) => T): T {
  try {
    return read(JSON.parse(value) as Record<string, unknown>);
  } catch (cause) {
    throw new LogError('STORE_CORRUPT', 'a row of the witness cannot be read', { cause });
  }
}
