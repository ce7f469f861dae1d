/**
 * What a monitor remembers of a tree between polls, and how it stands in a file.
 *
 * In scope: shape, JSON both ways. Out of scope: the file (state-file.ts). Pure.
 */

import {
  countAt,
  hexAt,
  items,
  optional,
  type Place,
  required,
  textAt,
} from '../client/json-reader.js';
import { toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';
import type { Frontier } from '../merkle/frontier.js';

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

const FORMAT = 'stele-monitor-1';

/** Most trees of one log, and most subtrees of a frontier. */
const MAX_TREES = 1_024;
const MAX_SUBTREES = 64;

/** Returns the text of a state file. */
export function printStates(states: Iterable<TreeState>): string {
  const trees = [...states].map(({ scanned, proven, ...rest }) => ({
    ...rest,
    ...(scanned !== undefined && { scanned: frontierJson(scanned) }),
    ...(proven !== undefined && { proven: frontierJson(proven) }),
  }));
  return `${JSON.stringify({ format: FORMAT, trees }, undefined, 1)}\n`;
}

/** Returns the states in a state file. Throws ENCODING_MALFORMED. */
export function readStates(document: Place): TreeState[] {
  if (textAt(required(document, 'format')) !== FORMAT) {
    throw new LogError('ENCODING_MALFORMED', `${document.path} is not of the format ${FORMAT}`);
  }
  return items(required(document, 'trees'), MAX_TREES).map((tree) => {
    const frozenAt = optional(tree, 'frozenAt');
    return {
      origin: textAt(required(tree, 'origin')),
      note: textAt(required(tree, 'note')),
      frozenAt: frozenAt && countAt(frozenAt),
      scanned: frontierAt(optional(tree, 'scanned')),
      proven: frontierAt(optional(tree, 'proven')),
    };
  });
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
