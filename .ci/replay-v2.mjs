// Replays the recorded v2 exchanges with their own program against a new log and judges the result: what differs must
// be listed in test/vectors/rekor-v2/differences.json, and what is listed for this server must still differ. All else
// that the program checks (every entry, the log from its tiles, unknown paths, headers) must hold without exception.
//
//   node .ci/replay-v2.mjs FOLDER-OF-GOLDEN/rekor-v2 PYTHON
//
// PYTHON is an interpreter that has the `cryptography` package. `npm test` holds the list against the documentation.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../dist/bench/harness/server-process.js';
import { differenceOf, readV2Cases, readV2Differences } from '../dist/test/golden/v2-case.js';

const [golden, python] = process.argv.slice(2);
const HOSTNAME = 'rekor.local';

/** Each server that is replayed to: its flags, and the switches that decide which differences it has. */
const RUNS = [
  [[], { strictKeyDetails: true, servesReads: true, acceptsDsse: false }],
  [['--v2-tree', 'shared'], { strictKeyDetails: true, servesReads: true, acceptsDsse: false }],
  [
    ['--strict-key-details', 'false', '--serve-v2-reads', 'false'],
    { strictKeyDetails: false, servesReads: false, acceptsDsse: false },
  ],
];

// The program sends the cases of the writing side only, and reads the log as it finds it.
const READING = new Set(
  readV2Cases().flatMap(({ name }) => (/^\d+-read-/.test(name) ? [name] : [])),
);

async function replay(flags, folder) {
  const server = await startServer({
    dataDir: join(folder, 'data'),
    flags: [
      ...['--hostname', HOSTNAME, '--genesis-entry', 'false', '--v2-dsse', 'refuse'],
      ...flags,
    ],
  });
  const out = join(folder, 'results.json');
  const key = `${server.url}/api/v1/log/publicKey`;
  const args = [
    ...[join(golden, 'replay.py'), '--cases', join(golden, 'cases'), '--write', server.url],
    ...['--origin', HOSTNAME, '--pubkey-url', key, '--json', out],
  ];
  try {
    await new Promise((resolve, reject) => {
      const child = spawn(python, args, { stdio: ['ignore', 'ignore', 'inherit'] });
      child.once('error', reject);
      child.once('close', resolve);
    });
  } finally {
    await server.stop();
  }
  return JSON.parse(readFileSync(out, 'utf8'));
}

function judge({ results, summary }, switches) {
  const differences = readV2Differences();
  const cases = new Map();
  const faults = [];
  for (const { check, name, ok, detail } of results) {
    if (check === 'case') cases.set(name, { ok, detail });
    else if (!ok) faults.push(`FAILED ${check} ${name}: ${detail}`);
  }
  let listed = 0;
  for (const { name } of readV2Cases()) {
    if (READING.has(name)) continue;
    const result = cases.get(name);
    const isListed = differenceOf(name, differences, switches) !== undefined;
    if (result === undefined) faults.push(`NOT REPLAYED ${name}`);
    else if (!result.ok && !isListed) faults.push(`UNLISTED DIFFERENCE ${name}: ${result.detail}`);
    else if (result.ok && isListed) faults.push(`LISTED, BUT EQUAL ${name}`);
    else if (isListed) listed++;
  }
  // A program that stops half-way has nothing to complain about.
  if (summary.tles_verified < 30) faults.push(`only ${summary.tles_verified} entries verified`);
  return { cases: cases.size, listed, checks: results.length - cases.size, faults, summary };
}

let failed = 0;
for (const [flags, switches] of RUNS) {
  const folder = mkdtempSync(join(tmpdir(), 'stele-replay-'));
  try {
    const { cases, listed, checks, faults, summary } = judge(await replay(flags, folder), switches);
    for (const fault of faults) console.log(fault);
    failed += faults.length;
    console.log(
      `golden replay v2 [${flags.join(' ')}]: ${cases} cases judged, ${listed} listed differences, ` +
        `${summary.tles_verified} entries verified, ${checks} further checks, ${faults.length} faults`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
process.exitCode = failed === 0 ? 0 : 1;
