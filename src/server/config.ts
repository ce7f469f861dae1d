/**
 * Configuration: flags before environment before file before default, checked once, frozen.
 *
 * The table of options is options.ts; docs/operating.md shows it. In scope: precedence and bounds. Out of
 * scope: opening what the options name (compose.ts). Nothing here reads process.env: it is an argument.
 */

import { join, resolve } from 'node:path';
import { LogError } from '../errors.js';
import type { OptionRow } from './option-row.js';
import { environmentTexts, fileTexts, flagTexts, type OptionTexts } from './option-sources.js';
import { OPTIONS, PASSPHRASE_VARIABLE } from './options.js';

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type ValueOf<Row> = Row extends { kind: 'integer' }
  ? Row extends { default: undefined }
    ? number | undefined
    : number
  : Row extends { kind: 'boolean' }
    ? boolean
    : Row extends { kind: 'texts' }
      ? readonly string[]
      : Row extends { kind: 'list'; choices: readonly (infer Choice)[] }
        ? readonly Choice[]
        : Row extends { kind: 'sizes' }
          ? Readonly<Record<string, number>>
          : Row extends { kind: 'choice'; choices: readonly (infer Choice)[] }
            ? Choice
            : Row extends { default: undefined }
              ? string | undefined
              : string;

/** Every option under its name in camel case: `--data-dir` is `dataDir`. Paths are absolute. */
export type Options = {
  readonly [Row in (typeof OPTIONS)[number] as CamelCase<Row['name']>]: ValueOf<Row>;
};

/** The whole configuration of a server. */
export type Config = Options & {
  /** Decrypts the key files; from the environment, never from a flag. */
  readonly signingKeyPassphrase: string | undefined;
};

/** Where a configuration is read from. */
export interface ConfigSources {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Returns the text of the file at a path, or throws. */
  readonly readFile: (path: string) => string;
}

/** Returns the frozen configuration. Throws CONFIG_INVALID, naming the option and its bound. */
export function readConfig(sources: ConfigSources): Config {
  const options = readOptions(sources);
  return Object.freeze({ ...options, signingKeyPassphrase: passphrase(options, sources) });
}

/** Returns the options alone, without the secret that decrypts the key files. Throws CONFIG_INVALID. */
export function readOptions(sources: ConfigSources): Options {
  const flags = flagTexts(sources.argv);
  const environment = environmentTexts(sources.environment);
  const path = flags.get('config') ?? environment.get('config');
  const file: OptionTexts =
    typeof path === 'string' ? fileTexts(readText(sources, path, 'config'), path) : new Map();

  const values: Record<string, unknown> = {};
  for (const row of OPTIONS) {
    const text = flags.get(row.name) ?? environment.get(row.name) ?? file.get(row.name);
    values[camelCase(row.name)] = text === undefined ? defaultOf(row) : readValue(row, text);
  }
  return Object.freeze(values as Options);
}

/** Returns the path of the guard file. */
export function guardPath(config: Config): string {
  return config.guard ?? join(config.dataDir, 'guard');
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function defaultOf(row: OptionRow): unknown {
  return row.kind === 'path' && row.default !== undefined ? resolve(row.default) : row.default;
}

function readValue(row: OptionRow, text: string | readonly string[]): unknown {
  if (row.kind === 'list') return listOf(row, text);
  if (row.kind === 'texts') return textsOf(row, text);
  if (row.kind === 'sizes') return sizesOf(row, text);
  if (typeof text !== 'string') throw refused(row, text.join(), 'takes one value, not a list');
  if (text === '') throw refused(row, text, 'needs a value');
  switch (row.kind) {
    case 'path':
      return resolve(text);
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw refused(row, text, 'must be true or false');
    case 'integer':
      return integerOf(row, text);
    case 'choice':
      if (row.choices.includes(text)) return text;
      throw refused(row, text, `must be one of ${row.choices.join(', ')}`);
    default:
      if (row.pattern === undefined || row.pattern.test(text)) return text;
      throw refused(row, text, `must match ${row.pattern.source}`);
  }
}

function integerOf(row: OptionRow & { kind: 'integer' }, text: string): number {
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= row.least && value <= row.most) return value;
  throw refused(row, text, `must be a whole number from ${row.least} to ${row.most}`);
}

function textsOf(row: OptionRow, text: string | readonly string[]): readonly string[] {
  const texts = (typeof text === 'string' ? [text] : text).map((item) => item.trim());
  if (texts.includes('')) throw refused(row, '', 'needs a value');
  return Object.freeze(texts);
}

function listOf(
  row: OptionRow & { kind: 'list' },
  text: string | readonly string[],
): readonly string[] {
  const given = itemsOf(text);
  const finer = row.finer?.choices ?? [];
  const unknown = given.filter((item) => !row.choices.includes(item) && !finer.includes(item));
  if (unknown.length > 0) {
    throw refused(row, unknown.join(', '), `must be of ${[...row.choices, ...finer].join(', ')}`);
  }
  return Object.freeze([...new Set(given)]);
}

function sizesOf(
  row: OptionRow & { kind: 'sizes' },
  text: string | readonly string[],
): Readonly<Record<string, number>> {
  const sizes = new Map<string, number>();
  for (const item of itemsOf(text)) {
    const [, name = '', digits = ''] = /^([^=]+)=(\d{1,15})$/.exec(item) ?? [];
    const size = Number(digits);
    if (!row.names.includes(name) || size < 1 || size > row.most) {
      const pair = `NAME=SIZE with a size from 1 to ${row.most}`;
      throw refused(row, item, `must be of ${pair} and a name of ${row.names.join(', ')}`);
    }
    if (sizes.has(name)) throw refused(row, item, `gives ${name} a second time`);
    sizes.set(name, size);
  }
  return Object.freeze(Object.fromEntries(sizes));
}

function itemsOf(text: string | readonly string[]): readonly string[] {
  return (typeof text === 'string' ? text.split(',') : text).map((item) => item.trim());
}

function passphrase(options: Options, sources: ConfigSources): string | undefined {
  const fromEnvironment = sources.environment[PASSPHRASE_VARIABLE];
  const path = options.signingKeyPassphraseFile;
  if (path === undefined) return fromEnvironment;
  if (fromEnvironment !== undefined) {
    throw new LogError(
      'CONFIG_INVALID',
      `${PASSPHRASE_VARIABLE} and --signing-key-passphrase-file are both given; use one`,
    );
  }
  return readText(sources, path, 'signing-key-passphrase-file').split(/\r?\n/, 1)[0];
}

function readText(sources: ConfigSources, path: string, option: string): string {
  try {
    return sources.readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new LogError('CONFIG_INVALID', `--${option} ${path}: ${reason}`, { cause });
  }
}

function refused(row: OptionRow, text: string, rule: string): LogError {
  return new LogError('CONFIG_INVALID', `--${row.name} ${rule}, not ${JSON.stringify(text)}`);
}
