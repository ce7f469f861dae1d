// Replays the recorded exchanges with their own program against new logs and judges the result: a difference must
// stand by name in docs/differences.md, and one that stands there must still differ.
//
//   node .ci/replay.mjs FOLDER-OF-GOLDEN/rekor-v1
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../dist/bench/harness/server-process.js';

const golden = process.argv[2];
const COMMON_FLAGS = ['--hostname', 'rekor.local', '--genesis-entry', 'false'];

const profiles = JSON.parse(readFileSync(join(golden, 'profiles', 'profiles.json'), 'utf8'));

async function replay(profile, flags, folder) {
  const server = await startServer({ dataDir: join(folder, profile ?? 'main'), flags });
  const out = join(folder, `${profile ?? 'main'}.json`);
  const selection = profile === undefined ? [] : ['--profile', profile];
  const args = [join(golden, 'replay.py'), server.url, golden, '--strict', '--fresh', 'yes'];
  try {
    await new Promise((resolve, reject) => {
      const child = spawn('python3', [...args, ...selection, '--json', out], { stdio: 'ignore' });
      child.once('error', reject);
      child.once('close', resolve);
    });
  } finally {
    await server.stop();
  }
  return JSON.parse(readFileSync(out, 'utf8')).cases;
}

const folder = mkdtempSync(join(tmpdir(), 'stele-replay-'));
const results = await replay(undefined, COMMON_FLAGS, folder);
for (const [profile, recorded] of Object.entries(profiles)) {
  const flags = recorded.flags.map((flag) =>
    flag.replace(/^--([a-z_]+)/, (name) => name.replaceAll('_', '-')),
  );
  results.push(...(await replay(profile, [...COMMON_FLAGS, ...flags], folder)));
}
rmSync(folder, { recursive: true });

const page = existsSync('docs/differences.md') ? readFileSync('docs/differences.md', 'utf8') : '';
const listed = new Set([...page.matchAll(/`([a-z0-9-]+\/[^`\s]+)`/g)].map((match) => match[1]));
const unlisted = results.filter((each) => !each.ok && !listed.has(each.name));
const stale = results.filter((each) => each.ok && listed.has(each.name));
const passed = results.filter((each) => each.ok).length;
for (const { name, diff } of unlisted) console.log(`UNLISTED DIFFERENCE ${name}: ${diff}`);
for (const { name } of stale) console.log(`LISTED, BUT EQUAL ${name}`);
console.log(
  `golden replay: ${results.length} cases judged, ${passed} equal, ${results.length - passed - unlisted.length} ` +
    `listed differences, ${unlisted.length} unlisted, ${stale.length} listed but equal`,
);
process.exitCode = unlisted.length + stale.length === 0 && results.length > 1_700 ? 0 : 1;
