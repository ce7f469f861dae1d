/**
 * Has a submission become more than 30 % dearer than when bench/baseline.json was written?
 *
 * The figure is the log's processor time over the peer's in the same minute, so it stands on any machine. When
 * the rounds disagree among themselves the machine is too busy to judge: that is said, and nothing fails.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './harness/latencies.js';
import { projectRoot } from './harness/server-process.js';
import { INGEST_KINDS, ingest } from './ingest.js';

const ALLOWED_GROWTH = 1.3;
/** Rounds are steady when none lies further than this from their median. */
const STEADY_SPREAD = 0.15;

/** Measures and judges; false only for a regression that the rounds agree on. */
export async function regression(): Promise<boolean> {
  const kinds = Object.values(INGEST_KINDS).slice(0, 1);
  const [measured] = await ingest({
    kinds,
    connections: [64],
    entries: 1500,
    rounds: 5,
    flags: [],
  });
  const warm = measured?.cpuRatios ?? [];
  const ratio = median(warm);
  const spread = Math.max(...warm.map((each) => Math.abs(each - ratio) / ratio));
  const path = join(projectRoot, 'bench', 'baseline.json');
  const baseline = JSON.parse(readFileSync(path, 'utf8')) as { cpuRatio: number };
  const growth = ratio / baseline.cpuRatio;
  console.log(
    `CPU of log / peer: ${ratio.toFixed(2)}, baseline ${baseline.cpuRatio.toFixed(2)}, ` +
      `change ${((growth - 1) * 100).toFixed(0)} %, spread of rounds ${(spread * 100).toFixed(0)} %`,
  );
  if (growth <= ALLOWED_GROWTH) return true;
  if (spread > STEADY_SPREAD) {
    console.log('NOT JUDGED: the rounds are too far apart on this machine');
    return true;
  }
  console.log('REGRESSION: a submission costs over 30 % more than the baseline');
  return false;
}
