/** Where option values come from: flags, environment, file. Each reader returns texts by option name. */

import { parse } from 'yaml';
import { LogError } from '../errors.js';
import type { OptionRow } from './option-row.js';
import { environmentName, optionHelp } from './option-text.js';
import { OPTIONS, PASSPHRASE_VARIABLE } from './options.js';

/** Option texts by option name; a list may come as several texts, and texts always do. */
export type OptionTexts = ReadonlyMap<string, string | readonly string[]>;

const rows: readonly OptionRow[] = OPTIONS;

// Rekor spells with `_` where we spell with `-`; both find the option.
const byName = new Map<string, OptionRow>(
  rows.flatMap((row) => [
    [row.name, row],
    ...(row.alias === undefined ? [] : [[row.alias, row] as const]),
  ]),
);

const byVariable = new Map<string, OptionRow>(
  [...byName].map(([name, row]) => [environmentName(name), row]),
);

/**
 * Returns the texts given as flags: `--name value`, `--name=value`, or `--name` alone for a switch. The last
 * of repeated flags counts, but of an option that takes texts all do. Throws CONFIG_INVALID, naming every flag that is unknown.
 */
export function flagTexts(argv: readonly string[]): OptionTexts {
  const texts = new Map<string, string | readonly string[]>();
  const unknown: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const argument = argv[at] ?? '';
    const [, spelled, inline] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(argument) ?? [];
    const row = spelled === undefined ? undefined : byName.get(spelled.replaceAll('_', '-'));
    const next = argv[at + 1];
    if (row === undefined) {
      unknown.push(argument.replace(/=[\s\S]*/, ''));
      // What follows is its value, not a flag; it is not repeated, since it may be a secret.
      if (inline === undefined && next !== undefined && !next.startsWith('--')) at += 1;
      continue;
    }
    if (inline !== undefined) {
      texts.set(row.name, withText(texts.get(row.name), row, inline));
    } else if (row.kind === 'boolean' && next !== 'true' && next !== 'false') {
      texts.set(row.name, 'true');
    } else if (next === undefined || next.startsWith('--')) {
      throw new LogError('CONFIG_INVALID', `--${row.name} needs a value`);
    } else {
      texts.set(row.name, withText(texts.get(row.name), row, next));
      at += 1;
    }
  }
  refuseUnknown('flag', unknown);
  return texts;
}

/** Returns the texts given as STELE_* variables. Throws CONFIG_INVALID, naming every one that is unknown. */
export function environmentTexts(
  environment: Readonly<Record<string, string | undefined>>,
): OptionTexts {
  const texts = new Map<string, string | readonly string[]>();
  const unknown: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('STELE_') || variable === PASSPHRASE_VARIABLE) continue;
    if (text === undefined) continue;
    const row = byVariable.get(variable);
    if (row === undefined) unknown.push(variable);
    else putOnce(texts, row, row.kind === 'texts' ? textsOfVariable(text) : text, variable);
  }
  refuseUnknown('environment variable', unknown);
  return texts;
}

/**
 * Returns the texts of a YAML file: a mapping of option names; a mapping below a name (`rekor_server:
 * {hostname: …}`) reads as `rekor_server.hostname`. Throws CONFIG_INVALID, naming every unknown key.
 */
export function fileTexts(yaml: string, path: string): OptionTexts {
  const content = readYaml(yaml, path);
  const texts = new Map<string, string | readonly string[]>();
  const unknown: string[] = [];
  if (!isMapping(content)) {
    throw new LogError('CONFIG_INVALID', `${path} is not a mapping of option names`);
  }
  for (const [key, value] of flatten(content, '')) {
    const row = byName.get(key.replaceAll('_', '-'));
    if (row === undefined || row.name === 'config') unknown.push(key);
    else putOnce(texts, row, textOf(key, value, path), `${path}: ${key}`);
  }
  refuseUnknown(`key in ${path}`, unknown);
  return texts;
}

/** Returns the help text of the server. */
export function serverHelp(command: string): string {
  return [
    `Usage: ${command} [options]`,
    '',
    'Starts the transparency log. Every option is a flag, a variable STELE_NAME_OF_FLAG, or a key in the',
    'file named by --config; flags come before the environment, the environment before the file.',
    '',
    optionHelp(),
  ].join('\n');
}

function withText(
  before: string | readonly string[] | undefined,
  row: OptionRow,
  text: string,
): string | readonly string[] {
  return row.kind === 'texts' ? [...(before ?? []), text] : text;
}

/** A variable is often written over several lines, an empty one among them. */
function textsOfVariable(text: string): readonly string[] {
  return text.split(/[\n;]/).filter((line) => line.trim() !== '');
}

function readYaml(yaml: string, path: string): unknown {
  try {
    return parse(yaml, { maxAliasCount: 0 }) ?? {};
  } catch (cause) {
    const { message } = cause as Error;
    throw new LogError('CONFIG_INVALID', `${path} is not YAML: ${message}`, { cause });
  }
}

function* flatten(
  mapping: Readonly<Record<string, unknown>>,
  prefix: string,
): Generator<readonly [string, unknown]> {
  for (const [key, value] of Object.entries(mapping)) {
    if (isMapping(value)) yield* flatten(value, `${prefix}${key}.`);
    else yield [prefix + key, value];
  }
}

function textOf(key: string, value: unknown, path: string): string | readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  throw new LogError('CONFIG_INVALID', `${path}: ${key} needs a text, number, switch or list`);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function putOnce<Text>(texts: Map<string, Text>, row: OptionRow, text: Text, spelled: string) {
  if (texts.has(row.name)) {
    throw new LogError('CONFIG_INVALID', `${spelled} gives ${row.name} a second time`);
  }
  texts.set(row.name, text);
}

function refuseUnknown(what: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const list = names.map((name) => JSON.stringify(name)).join(', ');
  throw new LogError('CONFIG_INVALID', `unknown ${what}${names.length > 1 ? 's' : ''} ${list}`);
}
