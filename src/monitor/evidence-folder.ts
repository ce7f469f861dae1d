/**
 * What proves that a log contradicted itself, kept as files: both notes, byte by byte, and why they cannot both be.
 *
 * A contradiction has one folder, named by what it is made of: it is written once, however often it is met. No state.
 */

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '#sha256';
import { utf8 } from '../encoding/bytes.js';
import { replaceFile } from '../files/durable-file.js';
import type { TamperingEvent } from './monitor-event.js';
import type { TamperingError } from './tampering-error.js';

/** Resolves to the event of a caught log, its evidence on disk below `folder`: before.note, after.note, finding.json. */
export async function keepEvidence(
  folder: string,
  log: string,
  error: TamperingError,
  seenAt: Date,
): Promise<TamperingEvent> {
  const { kind } = error;
  // Both may quote what a stranger wrote, at length; the notes have it whole.
  const [origin, reason] = [error.origin, error.message].map(cut) as [string, string];
  const { before, after } = error.evidence;
  const made = JSON.stringify([log, kind, error.origin, before, after]);
  const id = `${kind}-${sha256Hex(utf8(made)).slice(0, 16)}`;
  const evidence = join(folder, id);
  const event: TamperingEvent = { type: 'tampering', id, kind, log, origin, reason, evidence };
  const report = join(evidence, 'finding.json');
  if (await isThere(report)) return event;
  if (before !== undefined) await replaceFile(join(evidence, 'before.note'), before);
  if (after !== undefined) await replaceFile(join(evidence, 'after.note'), after);
  // The last file: with it the folder is whole.
  const text = JSON.stringify({ ...event, firstSeen: seenAt.toISOString() }, undefined, 2);
  await replaceFile(report, `${text}\n`);
  return event;
}

const MAX_TEXT_LENGTH = 1_024;

function cut(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
