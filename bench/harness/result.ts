/** A measurement as it is kept: rows of figures with the machine, the commit and the command they came from. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { resultsFolder } from './prepared.js';
import { projectRoot } from './server-process.js';

/** One measured case: a name and its figures, the unit in the name of each. */
export interface ResultRow {
  readonly case: string;
  readonly figures: Readonly<Record<string, number>>;
}

export interface Result {
  readonly question: string;
  readonly command: string;
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly machine: string;
  readonly rows: readonly ResultRow[];
}

/** Prints the rows as a table, writes them under bench/results/ and returns the path of that file. */
export function report(question: string, rows: readonly ResultRow[], date: Date): string {
  const given = process.argv.slice(2);
  const result: Result = {
    question,
    command: ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
    date: date.toISOString(),
    ...origin(),
    rows,
  };
  const name = `${question}-${result.date.replaceAll(/[:.]/g, '-')}.json`;
  mkdirSync(resultsFolder, { recursive: true });
  const path = join(resultsFolder, name);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n${question}: ${result.machine}, Node ${result.node}, ${result.date}`);
  console.log(
    `\`${result.command}\`\n\n${tablesOf(rows).map(table).join('\n\n')}\n\nwritten to ${path}`,
  );
  return path;
}

/** Divides rows where the figures become others: a row begins a table when the one before shares less than half of its. */
function tablesOf(rows: readonly ResultRow[]): ResultRow[][] {
  const tables: ResultRow[][] = [];
  for (const row of rows) {
    const figures = Object.keys(row.figures);
    const before = Object.keys(tables.at(-1)?.at(-1)?.figures ?? {});
    const shared = figures.filter((name) => before.includes(name)).length;
    if (tables.length > 0 && 2 * shared >= figures.length) tables.at(-1)?.push(row);
    else tables.push([row]);
  }
  return tables;
}

/** Returns where figures that are taken now come from. */
export function origin(): Pick<Result, 'commit' | 'node' | 'machine'> {
  return {
    commit: commitHash(),
    node: process.version,
    machine: `${cpus().length} x ${cpus()[0]?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}

/** Returns rows as a Markdown table; a figure that a row does not have stays empty. */
export function table(rows: readonly ResultRow[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))];
  const lines = rows.map((row) => [
    row.case,
    ...columns.map((column) => formatFigure(row.figures[column])),
  ]);
  return markdownTable(['case', ...columns], lines);
}

/** Returns a Markdown table whose first column is text and whose others are figures. */
export function markdownTable(
  head: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  return [head, head.map((_, n) => (n === 0 ? '---' : '---:')), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Returns a result file's content. Throws when it is not one. */
export function readResult(path: string): Result {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Result>;
  if (value.question === undefined || !Array.isArray(value.rows)) {
    throw new Error(`${path} is not a result of this bench`);
  }
  return value as Result;
}

/** Returns a figure as it is printed: two decimals where they say something. */
export function formatFigure(value: number | undefined): string {
  if (value === undefined) return '';
  const decimals = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

function commitHash(): string {
  try {
    const options = { cwd: projectRoot, encoding: 'utf8', stdio: 'pipe' } as const;
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], options).trim();
  } catch {
    // An unpacked archive has no history; the figures are still figures.
    return 'unknown';
  }
}
