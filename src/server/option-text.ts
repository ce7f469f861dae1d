/** The options in words: names of variables, the help text, the table of docs/operating.md. */

import type { OptionRow } from './option-row.js';
import { OPTIONS } from './options.js';

/** Returns the environment variable of an option or alias: STELE_, then the name in capitals. */
export function environmentName(name: string): string {
  return `STELE_${name.toUpperCase().replace(/[-.]/g, '_')}`;
}

/** Returns an option's default as a reader sees it. */
function defaultText(row: OptionRow): string {
  if (row.kind === 'list') {
    return row.default.length === row.choices.length ? 'all' : row.default.join(',');
  }
  if (row.kind === 'sizes') return sizesText(row.default) || 'unset';
  if (row.kind === 'texts') return row.default.join(' ') || 'unset';
  return row.default === undefined ? 'unset' : String(row.default);
}

function sizesText(sizes: Readonly<Record<string, number>>): string {
  return Object.entries(sizes)
    .map(([name, size]) => `${name}=${size}`)
    .join(',');
}

/** Returns what may be written as an option's value, in a few words. */
function valueText(row: OptionRow): string {
  switch (row.kind) {
    case 'integer':
      return `${row.least} to ${row.most}`;
    case 'boolean':
      return 'true, false';
    case 'list':
      return `comma-separated: ${[...row.choices, ...(row.finer === undefined ? [] : [row.finer.text])].join(', ')}`;
    case 'sizes':
      return 'comma-separated: KIND=SIZE';
    case 'texts':
      return 'text, repeatable';
    case 'choice':
      return row.choices.join(', ');
    default:
      return row.kind;
  }
}

/** Returns the option table of docs/operating.md, as Markdown. */
export function optionMarkdown(): string {
  const rows: readonly OptionRow[] = OPTIONS;
  const lines = rows.map((row) => {
    const alias = row.alias === undefined ? '' : ` (Rekor: \`--${row.alias.replace('-', '_')}\`)`;
    return `| \`--${row.name}\`${alias} | ${valueText(row)} | \`${defaultText(row)}\` | ${row.meaning} |`;
  });
  return ['| flag | value | default | meaning |', '|---|---|---|---|', ...lines, ''].join('\n');
}

/** Returns the option part of the help text. */
export function optionHelp(): string {
  const rows: readonly OptionRow[] = OPTIONS;
  return rows
    .map((row) => `  --${row.name}\n      ${row.meaning} (${defaultText(row)})\n`)
    .join('');
}
