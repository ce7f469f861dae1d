/** Two result files side by side: each case before and after, and their ratio. Pure. */

import { formatFigure, markdownTable, type Result } from './harness/result.js';

/** The figures that are compared, of whichever question; a figure that neither file has is no column. */
const COMPARED = [
  'per second',
  'entries/s',
  'requests/s',
  'reads/s',
  'p50 ms',
  'p99 ms',
  'CPU us',
  'CPU us/entry',
  'CPU us/request',
  'CPU us/read',
  'CPU / peer',
  'KiB allocated',
  'loop p99 ms',
  'peak MiB',
];

/** Returns both results as one table; cases that only one of them has are named below it. */
export function compare(before: Result, after: Result): string {
  const pairs = after.rows.flatMap((row) => {
    const earlier = before.rows.find((each) => each.case === row.case);
    return earlier === undefined
      ? []
      : [{ name: row.case, old: earlier.figures, now: row.figures }];
  });
  const columns = COMPARED.filter((name) =>
    pairs.some(({ old, now }) => name in old && name in now),
  );
  const rows = pairs.map(({ name, old, now }) => [
    name,
    ...columns.map((column) => cell(old[column], now[column])),
  ]);
  return [
    `before: ${heading(before)}`,
    `after:  ${heading(after)}`,
    '',
    markdownTable(['case', ...columns], rows),
    ...onlyIn('before', before, after),
    ...onlyIn('after', after, before),
  ].join('\n');
}

function cell(old: number | undefined, now: number | undefined): string {
  if (old === undefined || now === undefined) return '';
  const ratio = old === 0 ? '' : ` (${(now / old).toFixed(2)})`;
  return `${formatFigure(old)} → ${formatFigure(now)}${ratio}`;
}

function heading({ question, date, commit, machine, node }: Result): string {
  return `${question} ${date} ${commit} ${machine} Node ${node}`;
}

function onlyIn(which: string, one: Result, other: Result): string[] {
  const known = new Set(other.rows.map((row) => row.case));
  const missing = one.rows.map((row) => row.case).filter((name) => !known.has(name));
  return missing.length === 0 ? [] : [`\nonly ${which}: ${missing.join('; ')}`];
}
