/**
 * Has a submission or a read become more than 30 % dearer than when bench/baseline.json was written?
 *
 * The figure is the log's processor time over that of a bare server in the same minute, so it stands on any machine.
 * When the rounds disagree the machine is too busy to judge: that is said, and nothing fails. `--write` makes what is
 * measured the baseline.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './harness/latencies.js';
import { origin, type ResultRow, table } from './harness/result.js';
import { projectRoot } from './harness/server-process.js';
import { INGEST_KINDS, ingest } from './ingest.js';
import { reads } from './reads.js';

/** What is held against a baseline: a case, and its cost over the bare server's in each round. */
export interface Cost {
  readonly name: string;
  readonly cpuRatios: readonly number[];
}

/** What a case comes to; `unjudged`: the rounds disagree, or there is no baseline for it. */
export type Verdict = 'good' | 'regression' | 'unjudged';

interface Baseline {
  readonly commit: string;
  readonly date: string;
  readonly machine: string;
  readonly cpuRatios: Readonly<Record<string, number>>;
}

const ALLOWED_GROWTH = 1.3;
/** Rounds that may say otherwise when a case is judged to be a regression. */
const DISSENTING_ROUNDS = 1;

const CONNECTIONS = 64;
const SUBMISSIONS = ['v1-hashedrekord', 'v1-dsse', 'v2-hashedrekord'];
const READS = ['entry by index', 'checkpoint'];
const ROUNDS = 5;
const ENTRIES = 1500;
const READ_SECONDS = 1;
const READ_ENTRIES = 3000;

const baselinePath = join(projectRoot, 'bench', 'baseline.json');

/** Measures and judges, or writes the baseline; false only for a regression that the rounds agree on. */
export async function regression({ write }: { readonly write: boolean }): Promise<boolean> {
  const costs = await measure();
  if (write) {
    const { commit, machine } = origin();
    const cpuRatios = Object.fromEntries(
      costs.map((each) => [each.name, Number(median(each.cpuRatios).toFixed(3))]),
    );
    const baseline: Baseline = { commit, date: new Date().toISOString(), machine, cpuRatios };
    writeFileSync(baselinePath, `${JSON.stringify(baseline, null, 2)}\n`);
    console.log(`written to ${baselinePath}`);
  }
  const { cpuRatios } = JSON.parse(readFileSync(baselinePath, 'utf8')) as Baseline;
  console.log(`\n${table(costs.map((cost) => rowOf(cost, cpuRatios[cost.name])))}\n`);
  let good = true;
  for (const cost of costs) {
    const verdict = judge(cost.cpuRatios, cpuRatios[cost.name]);
    if (verdict === 'unjudged') {
      console.log(`NOT JUDGED: ${cost.name}: the rounds disagree, or it has no baseline`);
    }
    if (verdict !== 'regression') continue;
    console.log(`REGRESSION: ${cost.name} costs over 30 % more than the baseline`);
    good = false;
  }
  return good;
}

/** Returns what the ratios of some rounds come to beside the ratio that they once had. */
export function judge(ratios: readonly number[], baseline: number | undefined): Verdict {
  if (baseline === undefined) return 'unjudged';
  const limit = baseline * ALLOWED_GROWTH;
  if (median(ratios) <= limit) return 'good';
  const dissenting = ratios.filter((each) => each <= limit).length;
  return dissenting <= DISSENTING_ROUNDS ? 'regression' : 'unjudged';
}

async function measure(): Promise<Cost[]> {
  const flags: readonly string[] = [];
  const submissions = await ingest({
    kinds: SUBMISSIONS.flatMap((name) => INGEST_KINDS[name] ?? []),
    connections: [CONNECTIONS],
    entries: ENTRIES,
    rounds: ROUNDS,
    flags,
  });
  const answers = await reads({
    entries: READ_ENTRIES,
    dataDir: undefined,
    only: READS,
    connections: CONNECTIONS,
    rounds: ROUNDS,
    seconds: READ_SECONDS,
    flags,
  });
  return [...submissions, ...answers];
}

function rowOf({ name, cpuRatios }: Cost, baseline: number | undefined): ResultRow {
  const ratio = median(cpuRatios);
  return {
    case: name,
    figures: {
      'CPU / bare server': ratio,
      ...(baseline === undefined ? {} : { baseline, 'change %': 100 * (ratio / baseline - 1) }),
      lowest: Math.min(...cpuRatios),
      highest: Math.max(...cpuRatios),
    },
  };
}
