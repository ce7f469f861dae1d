// Loads a big log through sequencer and store, starts a server on it and holds it to the figures that are promised:
// ready with 3 s of processor time, memory under 400 MB, an entry for at most 1/0.85 of the processor time that it takes in an
// empty log. What the clock says is told and not judged: it says what else is at work.
//
//   node .ci/big-log.mjs --entries N [--data-dir DIR]   (DIR is kept, and gone on with when it has entries)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load } from '../dist/bench/load.js';

const READY_CPU_MS = 3000;
const MEMORY_BELOW_MIB = 400_000_000 / 2 ** 20;
const RATE_SHARE = 0.85;

const { values } = parseArgs({
  options: { entries: { type: 'string', default: '1000000' }, 'data-dir': { type: 'string' } },
});
const entries = Number(values.entries);
const folder = values['data-dir'] ?? mkdtempSync(join(tmpdir(), 'stele-big-log-'));
const percent = (part) => `${(part * 100).toFixed(0)} %`;
try {
  const { share, loopShare, start } = await load({ entries, batch: 256, dataDir: folder });
  const { size, answerMs, readyMs, readyCpuMs, ownMiB, residentMiB, peakMiB } = start;
  const verdicts = [
    [`${size} entries are there`, size >= entries],
    [
      `ready with ${readyCpuMs} ms of processor time; answers after ${answerMs.toFixed(0)} ms, ready after ${readyMs.toFixed(0)}`,
      readyCpuMs < READY_CPU_MS,
    ],
    [
      `memory at its peak ${peakMiB} MiB; when ready ${residentMiB} MiB, ${ownMiB} of it its own`,
      peakMiB < MEMORY_BELOW_MIB,
    ],
    [
      `append rate ${percent(loopShare)} of an empty log's by processor time of the loop; ${percent(share)} by the clock`,
      loopShare >= RATE_SHARE,
    ],
  ];
  for (const [what, good] of verdicts) console.log(`${good ? 'good' : 'BROKEN PROMISE'}: ${what}`);
  process.exitCode = verdicts.every(([, good]) => good) ? 0 : 1;
} finally {
  if (values['data-dir'] === undefined) rmSync(folder, { recursive: true });
}
