/**
 * The row that says what a log is: JSON, because it is read by people in need and written once.
 *
 * In scope: the content of a log record row. Out of scope: who creates logs. Pure.
 */

import { fromUtf8, utf8 } from '../../encoding/bytes.js';
import type { LogRecord } from '../log-store.js';
import { malformedRow, type Row, sealRow } from './rows.js';

/** Returns the row of a log record. */
export function sealLogRecord(key: Buffer, record: LogRecord): Row {
  const { hostname, origin, tileOrigin, logID, tileKeyID, createdSeconds, leavesRepeat } = record;
  const treeID = record.treeID.toString();
  // Undefined members are left out.
  const fields = {
    treeID,
    hostname,
    origin,
    tileOrigin,
    logID,
    tileKeyID,
    createdSeconds,
    leavesRepeat,
  };
  return sealRow(key, utf8(JSON.stringify(fields)));
}

/** Returns the log record of a row. Throws STORE_CORRUPT. */
export function readLogRecord(key: Uint8Array, content: Buffer): LogRecord {
  const fields: unknown = JSON.parse(fromUtf8(content));
  if (typeof fields !== 'object' || fields === null) throw malformedRow(key, 'no log record');
  const { tileOrigin, createdSeconds, leavesRepeat } = fields as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const value = (fields as Readonly<Record<string, unknown>>)[name];
    if (typeof value !== 'string') throw malformedRow(key, `no ${name}`);
    return value;
  };
  return {
    treeID: BigInt(text('treeID')),
    hostname: text('hostname'),
    origin: text('origin'),
    logID: text('logID'),
    tileKeyID: text('tileKeyID'),
    ...(tileOrigin !== undefined && { tileOrigin: text('tileOrigin') }),
    ...(typeof createdSeconds === 'number' && { createdSeconds }),
    ...(leavesRepeat === true && { leavesRepeat }),
  };
}
