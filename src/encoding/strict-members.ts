/**
 * Configuration documents, strictly: a member that is not known is a typo, and a typo is refused.
 *
 * In scope: members of an object that was read from YAML or JSON, and values that lie in a file, one a line. Out of scope:
 * reading files, what a member means. Pure.
 */

import { LogError } from '../errors.js';

/** Returns the members of an object. Throws CONFIG_INVALID naming `place` for no object, or one with other members. */
export function strictMembers(
  value: unknown,
  place: string,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${place} is not an object`);
  }
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`${place} has no member ${unknown}`);
  return value as Readonly<Record<string, unknown>>;
}

/** Returns a text, undefined when there is none. Throws CONFIG_INVALID for anything else, and for an empty one. */
export function optionalText(value: unknown, place: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(`${place} is not a text`);
}

/** Returns a text. Throws CONFIG_INVALID when there is none. */
export function requiredText(value: unknown, place: string): string {
  const text = optionalText(value, place);
  if (text === undefined) throw invalid(`${place} is missing`);
  return text;
}

/** Returns a switch, false when there is none. Throws CONFIG_INVALID for anything else. */
export function optionalSwitch(value: unknown, place: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw invalid(`${place} is not true or false`);
}

/** Returns the values of a file that has one a line; empty lines and those of a `#` say nothing. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

function invalid(reason: string): LogError {
  return new LogError('CONFIG_INVALID', reason);
}
