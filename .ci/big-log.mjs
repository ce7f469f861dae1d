// Loads a big log through sequencer and store, starts a server on it and holds it to the figures that are promised:
// answering within 2 s, memory under 400 MB, the append rate within 20 % of an empty log's.
//
//   node .ci/big-log.mjs --entries N
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load } from '../dist/bench/load.js';
import { start } from '../dist/bench/start.js';

const ANSWER_WITHIN_MS = 2000;
const MEMORY_BELOW_MIB = 400_000_000 / 2 ** 20;
const RATE_SHARE = 0.8;

const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' } } });
const entries = Number(values.entries);
const folder = mkdtempSync(join(tmpdir(), 'stele-big-log-'));
try {
  const { share } = await load({ entries, batch: 256, dataDir: folder });
  const figures = await start({ dataDir: folder, rounds: 3, flags: [] });
  const verdicts = [
    [`${figures.size} entries are there`, figures.size >= entries],
    [`answers after ${figures.answerMs.toFixed(0)} ms`, figures.answerMs < ANSWER_WITHIN_MS],
    [
      `memory at its peak ${figures.peakMiB} MiB; when ready ${figures.residentMiB} MiB, ${figures.ownMiB} of it its own`,
      figures.peakMiB < MEMORY_BELOW_MIB,
    ],
    [`append rate ${(share * 100).toFixed(0)} % of an empty log's`, share >= RATE_SHARE],
  ];
  for (const [what, good] of verdicts) console.log(`${good ? 'good' : 'BROKEN PROMISE'}: ${what}`);
  process.exitCode = verdicts.every(([, good]) => good) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
