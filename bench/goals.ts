/**
 * What the log is to reach on two cores with its clients beside it, and what a run says to that. Pure.
 *
 * In scope: the goals as data, and the table that docs/performance.md begins with. Out of scope: measuring.
 */

import { formatFigure, markdownTable, type ResultRow } from './harness/result.js';

/** A bound for one figure of the cases whose name begins with `case`. */
interface Goal {
  readonly what: string;
  readonly case: string;
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** The figure is divided by the same one of this case. */
  readonly over?: string;
  /** The figure is divided by this number. */
  readonly per?: number;
}

/** What Rekor v1 takes at its best, in entries a second; see peers.ts. */
const REKOR_V1_RATE = 136;

/** What rekor-monitor scans of a v2 log for identities, in entries a second, as recorded. */
export const REKOR_MONITOR_RATE = 570;

const GOALS: readonly Goal[] = [
  {
    what: 'v1 hashedrekord, fresh keys: CPU us an entry',
    case: 'v1 hashedrekord, 64 connections',
    figure: 'CPU us',
    atMost: 550,
  },
  {
    what: '64 connections: entries/s',
    case: 'v1 hashedrekord, 64 connections',
    figure: 'per second',
    atLeast: 2000,
  },
  {
    what: '64 connections: times Rekor v1 (recorded)',
    case: 'v1 hashedrekord, 64 connections',
    figure: 'per second',
    per: REKOR_V1_RATE,
    atLeast: 15,
  },
  {
    what: '64 connections: times the best of rekor-tiles',
    case: '64 connections: Stele v1, over',
    figure: 'times the rate',
    atLeast: 2,
  },
  {
    what: 'v1, one connection: p50 ms',
    case: 'v1 hashedrekord, 1 connection',
    figure: 'p50 ms',
    atMost: 5,
  },
  {
    what: 'v2, one connection: p50 ms',
    case: 'v2 hashedrekord, 1 connection',
    figure: 'p50 ms',
    atMost: 5,
  },
  {
    what: '256 connections: p99 ms',
    case: 'v1 hashedrekord, 256 connections',
    figure: 'p99 ms',
    atMost: 300,
  },
  {
    what: 'dsse 2 KB: rate over hashedrekord',
    case: 'v1 dsse 2 KB, 64 connections',
    figure: 'per second',
    over: 'v1 hashedrekord, 64 connections',
    atLeast: 0.75,
  },
  {
    what: 'writing at full rate: event-loop delay p99, ms',
    case: 'v1 hashedrekord, 256 connections',
    figure: 'loop p99 ms',
    atMost: 25,
  },
  {
    what: 'entry with proof by index, hot: a second',
    case: 'entry by index',
    figure: 'per second',
    atLeast: 8000,
  },
  {
    what: 'entry with proof by UUID, hot: a second',
    case: 'entry by UUID',
    figure: 'per second',
    atLeast: 8000,
  },
  {
    what: 'entry with proof, cold: a second',
    case: 'entry by index, cold',
    figure: 'per second',
    atLeast: 3000,
  },
  {
    what: '1,000 subscribers: limit of 100 ms over the slowest event',
    case: 'watch, 1000 subscribers',
    figure: 'limit / max',
    atLeast: 1,
  },
  { what: 'log info: a second', case: 'log info', figure: 'per second', atLeast: 10_000 },
  {
    what: 'consistency proof: a second',
    case: 'consistency proof',
    figure: 'per second',
    atLeast: 10_000,
  },
  {
    what: 'search by hash: a second',
    case: 'search by hash',
    figure: 'per second',
    atLeast: 10_000,
  },
  { what: 'checkpoint: a second', case: 'checkpoint', figure: 'per second', atLeast: 20_000 },
  { what: 'full tile: a second', case: 'full tile', figure: 'per second', atLeast: 20_000 },
  {
    what: 'bundle: bytes/s over a bare server',
    case: 'bundle',
    figure: 'rate / peer',
    atLeast: 0.8,
  },
  {
    what: 'bundle, packed: bytes/s over a bare server',
    case: 'bundle, packed',
    figure: 'rate / peer',
    atLeast: 0.8,
  },
  {
    what: 'a grown log: rate over an empty one',
    case: 'growth',
    figure: 'rate / peer',
    atLeast: 0.85,
  },
  {
    what: 'its start: ms until it answers',
    case: 'start until it answers',
    figure: 'p50 ms',
    atMost: 3000,
  },
  {
    what: 'its memory when ready: MiB',
    case: 'start until ready',
    figure: 'peak MiB',
    atMost: 600,
  },
  {
    what: 'monitor, identities in a v2 log: entries/s',
    case: 'identity scan',
    figure: 'entries/s',
    atLeast: 20_000,
  },
  {
    what: 'monitor: CPU us an entry, all in',
    case: 'identity scan',
    figure: 'CPU us/entry',
    atMost: 40,
  },
  {
    what: 'monitor: times rekor-monitor (recorded)',
    case: 'identity scan',
    figure: 'entries/s',
    per: REKOR_MONITOR_RATE,
    atLeast: 35,
  },
  {
    what: 'a witness, Ed25519, one connection: p50 ms',
    case: 'add-checkpoint, one connection, Ed25519',
    figure: 'p50 ms',
    atMost: 1.5,
  },
];

/** Returns the table of all goals for which there is a figure among `rows`; later rows count. */
export function goalsTable(rows: readonly ResultRow[]): string {
  const lines = GOALS.flatMap((goal) => {
    const figure = figureOf(goal, rows);
    if (figure === undefined) return [];
    const { atLeast, atMost } = goal;
    const bound =
      atLeast === undefined ? `≤ ${formatFigure(atMost)}` : `≥ ${formatFigure(atLeast)}`;
    const reached = figure >= (atLeast ?? -Infinity) && figure <= (atMost ?? Infinity);
    return [[goal.what, bound, formatFigure(figure), reached ? 'yes' : 'no']];
  });
  return markdownTable(['figure', 'goal', 'measured', 'reached'], lines);
}

function figureOf(goal: Goal, rows: readonly ResultRow[]): number | undefined {
  const found = lastOf(rows, goal.case, goal.figure);
  if (goal.over === undefined) return found === undefined ? undefined : found / (goal.per ?? 1);
  const other = lastOf(rows, goal.over, goal.figure);
  return found === undefined || other === undefined ? undefined : found / other;
}

function lastOf(rows: readonly ResultRow[], name: string, figure: string): number | undefined {
  // The exact name goes before longer ones: "full tile" is not "full tile that is known".
  const exact = rows.filter((row) => row.case === name && figure in row.figures);
  const begun = rows.filter((row) => row.case.startsWith(name) && figure in row.figures);
  return (exact.at(-1) ?? begun.at(-1))?.figures[figure];
}
