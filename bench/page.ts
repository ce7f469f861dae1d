/**
 * The tables of docs/performance.md, from the results of a suite and of peers: its sections, each with the figures that say
 * something there. Pure.
 */

import { goalsTable } from './goals.js';
import { formatFigure, markdownTable, type Result, type ResultRow } from './harness/result.js';

interface Section {
  readonly title: string;
  /** Which cases belong to it; a case belongs to the first section that takes it. */
  readonly cases: RegExp;
  readonly columns: readonly string[];
}

const TIMES = ['p50 ms', 'p99 ms', 'p99.9 ms'];
const INSIDE = ['KiB allocated', 'loop p99 ms', 'peak MiB'];
const BESIDE = ['CPU us', 'peer CPU us', 'CPU / peer', 'rate / peer'];

const SECTIONS: readonly Section[] = [
  {
    title: 'Beside its peers',
    cases: /^\d+ connections?: |^Rekor v1/,
    columns: [
      ...['per second', 'p50 ms', 'p99 ms', 'CPU us', 'peak MiB'],
      ...['times the rate', 'times as soon (p50)', 'part of the CPU'],
    ],
  },
  {
    title: 'Submissions',
    cases: /^v[12] /,
    columns: ['per second', ...TIMES, ...BESIDE, ...INSIDE],
  },
  {
    title: 'Both at once',
    cases: /^9 reads to 1 write/,
    columns: ['per second', ...TIMES, 'CPU us', ...INSIDE],
  },
  {
    title: 'Growth and start',
    cases: /^growth|^start|, cold of /,
    columns: ['per second', 'p50 ms', 'p99 ms', 'CPU us', 'rate / peer', 'peak MiB'],
  },
  {
    title: 'Reads',
    cases: /./,
    columns: ['per second', 'MiB/s', ...TIMES, ...BESIDE, ...INSIDE],
  },
];

/** Returns the goals and the tables of all sections that have cases, as Markdown. */
export function page(results: readonly Result[]): string {
  const rows = results.flatMap((result) => result.rows);
  const from = results.map(
    ({ command, date, commit, machine, node }) =>
      `\`${command}\`: ${date.slice(0, 10)}, ${commit}, ${machine}, Node ${node}`,
  );
  const taken = new Set<ResultRow>();
  const sections = SECTIONS.flatMap(({ title, cases, columns }) => {
    const own = rows.filter((row) => cases.test(row.case) && !taken.has(row));
    for (const row of own) taken.add(row);
    return own.length === 0 ? [] : [`## ${title}\n\n${sectionTable(own, columns)}`];
  });
  return [from.join('\n\n'), `## The goals\n\n${goalsTable(rows)}`, ...sections].join('\n\n');
}

function sectionTable(rows: readonly ResultRow[], columns: readonly string[]): string {
  const shown = columns.filter((column) => rows.some(({ figures }) => column in figures));
  const lines = rows.map((row) => [
    row.case,
    ...shown.map((column) => formatFigure(row.figures[column])),
  ]);
  return markdownTable(['case', ...shown], lines);
}
