/** Two result files side by side: what changed between them, in per cent. */

import { type Result, type ResultRow, table } from './harness/result.js';

/** Returns both results as one table: each figure before, after, and the change. */
export function compare(before: Result, after: Result): string {
  const rows: ResultRow[] = [];
  for (const row of after.rows) {
    const earlier = before.rows.find((each) => each.case === row.case);
    if (earlier === undefined) continue;
    for (const [name, value] of Object.entries(row.figures)) {
      const old = earlier.figures[name];
      if (old === undefined) continue;
      const change = old === 0 ? 0 : ((value - old) / old) * 100;
      rows.push({
        case: `${row.case}: ${name}`,
        figures: { before: old, after: value, 'change %': change },
      });
    }
  }
  const heading = [before, after].map(
    (each) => `${each.question} ${each.date} ${each.commit} ${each.machine} Node ${each.node}`,
  );
  return `before: ${heading[0]}\nafter:  ${heading[1]}\n\n${table(rows)}`;
}
