/**
 * The entries of a tar archive that is in memory: V7, ustar, star, pax and GNU headers, as Go's archive/tar reads them
 * (POSIX.1-2017 pax, section "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").
 *
 * In scope: names, sizes and contents. Out of scope: sparse files, which are refused, and everything that is of
 * use only to a program which unpacks. Contents are views of the archive: nothing is allocated from a size that
 * a header states. Recursion: none.
 */

import { Buffer } from 'node:buffer';
import { LogError } from '../../errors.js';
import { readTarHeader, TAR_BLOCK_LENGTH, type TarHeader } from './tar-header.js';
import { assertPaxValues, readPaxRecords } from './tar-pax.js';

/** A file of an archive, or what else has a name of its own. */
export interface TarEntry {
  /** One character for each byte. */
  readonly name: string;
  /** What the headers state. */
  readonly size: number;
  /** What is there: shorter than `size` where the archive is cut, and empty for links, folders and devices. */
  readonly content: Uint8Array;
}

/**
 * Yields the entries of `archive` in order. Throws ENTRY_MALFORMED with Go's reason when it comes to a header that
 * cannot be read, or to the end in the middle of an entry.
 */
export function* tarEntries(archive: Uint8Array): Generator<TarEntry, void> {
  let at = 0;
  let meta: Meta = NO_META;
  for (;;) {
    const block = nextBlock(archive, at);
    if (block === undefined) return;
    at += TAR_BLOCK_LENGTH;
    const header = readTarHeader(block);
    const stored = storedLength(header.type, header.size);
    if (EXTENDED_TYPES.has(header.type)) {
      const text = specialContent(archive, at, stored);
      meta = { ...meta, ...metaOf(header.type, text) };
      if (header.type === GLOBAL_HEADER) {
        // Its records describe the files behind it, which Go leaves to its callers.
        yield { name: meta.records?.get('path') || header.name, size: 0, content: NOTHING };
        meta = NO_META;
      }
      at = endOfEntry(archive, at, stored);
    } else {
      const { name, size, length } = describe(header, meta);
      yield { name, size, content: archive.subarray(at, at + length) };
      meta = NO_META;
      at = endOfEntry(archive, at, length);
    }
    if (at < 0) return;
  }
}

/** What extended headers say of the entry behind them. */
interface Meta {
  readonly records?: ReadonlyMap<string, string>;
  readonly name?: string;
}

const NO_META: Meta = {};
const NOTHING = new Uint8Array(0);

const GLOBAL_HEADER = 'g';
const LONG_NAME = 'L';
const LONG_LINK = 'K';
const EXTENDED_TYPES: ReadonlySet<string> = new Set(['x', GLOBAL_HEADER, LONG_NAME, LONG_LINK]);

/** Links, devices, folders and pipes: whatever size is stated, nothing is stored. */
const WITHOUT_CONTENT: ReadonlySet<string> = new Set(['1', '2', '3', '4', '5', '6']);

const OLD_FILE = '\0';
const FOLDER = '5';
const GNU_SPARSE = 'S';

/** Largest extended header. */
const MAX_SPECIAL_LENGTH = 1_048_576;

/** Returns the header block at `at`; undefined at the end, which two blocks of zeros mark, or one, or nothing. */
function nextBlock(archive: Uint8Array, at: number): Uint8Array | undefined {
  const block = blockAt(archive, at);
  if (block?.some((octet) => octet !== 0) !== false) return block;
  const second = blockAt(archive, at + TAR_BLOCK_LENGTH);
  if (second?.some((octet) => octet !== 0)) throw invalidHeader();
  return undefined;
}

function blockAt(archive: Uint8Array, at: number): Uint8Array | undefined {
  if (at >= archive.length) return undefined;
  if (at + TAR_BLOCK_LENGTH > archive.length) throw cut();
  return archive.subarray(at, at + TAR_BLOCK_LENGTH);
}

function storedLength(type: string, size: number): number {
  if (WITHOUT_CONTENT.has(type)) return 0;
  if (size < 0) throw invalidHeader();
  return size;
}

/** Returns where the next header begins, -1 when the archive ends in the padding: Go takes that for a clean end. */
function endOfEntry(archive: Uint8Array, start: number, length: number): number {
  const end = start + length;
  if (end > archive.length) throw cut();
  const next = start + Math.ceil(length / TAR_BLOCK_LENGTH) * TAR_BLOCK_LENGTH;
  return next > archive.length ? -1 : next;
}

function specialContent(archive: Uint8Array, start: number, length: number): Uint8Array {
  const content = archive.subarray(start, start + length);
  if (content.length > MAX_SPECIAL_LENGTH) throw malformed('archive/tar: header field too long');
  if (content.length < length) throw cut();
  return content;
}

function metaOf(type: string, content: Uint8Array): Meta {
  if (type === LONG_LINK) return {};
  if (type !== LONG_NAME) return { records: readPaxRecords(content) };
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  const end = text.indexOf('\0');
  return { name: end < 0 ? text : text.slice(0, end) };
}

function describe(
  header: TarHeader,
  { records, name: longName }: Meta,
): { name: string; size: number; length: number } {
  if (records !== undefined) assertPaxValues(records);
  const stated = records?.get('size');
  const size = stated ? Number(stated) : header.size;
  const name = longName || records?.get('path') || header.name;
  const isFolder = header.type === OLD_FILE && name.endsWith('/');
  const length = storedLength(isFolder ? FOLDER : header.type, size);
  if (header.type === GNU_SPARSE || isSparse(records)) {
    throw malformed('archive/tar: sparse files are not supported');
  }
  return { name, size, length };
}

function isSparse(records: ReadonlyMap<string, string> | undefined): boolean {
  if (records === undefined) return false;
  const version = `${records.get('GNU.sparse.major') ?? ''}.${records.get('GNU.sparse.minor') ?? ''}`;
  if (version === '0.0' || version === '0.1' || version === '1.0') return true;
  return version === '.' && Boolean(records.get('GNU.sparse.map'));
}

function invalidHeader(): LogError {
  return malformed('archive/tar: invalid tar header');
}

function cut(): LogError {
  return malformed('unexpected EOF');
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
