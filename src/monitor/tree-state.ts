/**
 * What a monitor remembers of a log between polls, and how it stands in a file.
 *
 * In scope: shape, JSON both ways, the checksum: a digit that fell over would accuse the log of what the disk did. Out of
 * scope: the file (state-file.ts). Pure.
 */

import { sha256Hex } from '#sha256';
import {
  countAt,
  hexAt,
  items,
  optional,
  type Place,
  required,
  textAt,
} from '../client/json-reader.js';
import { utf8 } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';
import type { Frontier } from '../merkle/frontier.js';

/** One log. */
export interface LogState {
  /** Names the log: the file of another is refused. */
  readonly log: string;
  /** True when a poll has met all its trees: one that comes later is new, and is read from its first entry. */
  readonly isBegun: boolean;
  readonly trees: readonly TreeState[];
}

/** One tree, as far as it has been checked. */
export interface TreeState {
  readonly origin: string;
  /** The newest checkpoint that was consistent with every one before it. */
  readonly note: string;
  /** Its tree size when the shard was first seen frozen. */
  readonly frozenAt: number | undefined;
  /** Entries below are scanned, and what was found in them is told. Undefined: all below the size of `note`. */
  readonly scanned: Frontier | undefined;
  /** Entries below are those of a signed root; a scan that ends at another root goes back to it. */
  readonly proven: Frontier | undefined;
}

const FORMAT = 'stele-monitor-2';

/** Most trees of one log, and most subtrees of a frontier. */
const MAX_TREES = 1_024;
const MAX_SUBTREES = 64;

/** Returns the text of a state file. */
export function printState({ log, isBegun, trees }: LogState): string {
  const content = { log, isBegun, trees: trees.map(treeJson) };
  const document = { format: FORMAT, sha256: checksumOf(content), ...content };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

/** Returns the state in the file of this log. Throws ENCODING_MALFORMED, also for a file that was changed. */
export function readState(document: Place, log: string): LogState {
  const { path } = document;
  if (textAt(required(document, 'format')) !== FORMAT) {
    throw new LogError('ENCODING_MALFORMED', `${path} is not of the format ${FORMAT}`);
  }
  const [named, begun, trees] = ['log', 'isBegun', 'trees'].map((name) => required(document, name));
  const content = { log: named?.value, isBegun: begun?.value, trees: trees?.value };
  if (textAt(required(document, 'sha256')) !== checksumOf(content)) {
    throw new LogError(
      'ENCODING_MALFORMED',
      `${path} was damaged: its checksum is of another text`,
    );
  }
  if (content.log !== log) {
    throw new LogError('ENCODING_MALFORMED', `${path} is of another log, ${content.log}`);
  }
  return {
    log,
    isBegun: content.isBegun === true,
    trees: items(trees as Place, MAX_TREES).map(treeAt),
  };
}

function checksumOf(content: object): string {
  return sha256Hex(utf8(JSON.stringify(content)));
}

function treeJson({ scanned, proven, ...rest }: TreeState): object {
  return {
    ...rest,
    ...(scanned !== undefined && { scanned: frontierJson(scanned) }),
    ...(proven !== undefined && { proven: frontierJson(proven) }),
  };
}

function treeAt(tree: Place): TreeState {
  const frozenAt = optional(tree, 'frozenAt');
  return {
    origin: textAt(required(tree, 'origin')),
    note: textAt(required(tree, 'note')),
    frozenAt: frozenAt && countAt(frozenAt),
    scanned: frontierAt(optional(tree, 'scanned')),
    proven: frontierAt(optional(tree, 'proven')),
  };
}

function frontierJson({ size, hashes }: Frontier): { size: number; hashes: string[] } {
  return { size, hashes: hashes.map(toHex) };
}

function frontierAt(place: Place | undefined): Frontier | undefined {
  if (place === undefined) return undefined;
  return {
    size: countAt(required(place, 'size')),
    hashes: items(required(place, 'hashes'), MAX_SUBTREES).map(hexAt),
  };
}
