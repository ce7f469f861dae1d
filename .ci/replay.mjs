// Replays the recorded exchanges with their own program against new logs and judges the result: a difference must
// stand by name in docs/differences.md, and one that stands there must still differ.
//
//   node .ci/replay.mjs FOLDER-OF-GOLDEN/rekor-v1
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../dist/bench/harness/server-process.js';

const golden = process.argv[2];
const COMMON_FLAGS = ['--hostname', 'rekor.local', '--genesis-entry', 'false'];

/** Kinds that this version takes; cases that need another kind are not judged. */
const KINDS = ['hashedrekord', 'dsse'];
const TYPES = [
  ...KINDS,
  ...KINDS.map((kind) => `get-${kind}`),
  ...['post', 'get', 'retrieve', 'log', 'http', 'index', 'indexkeys'],
];
const PROFILES = ['body-limit', 'read-only', 'create-only', 'kinds', 'algorithms', 'empty-log'];

function readCases(file) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').map(JSON.parse);
}

const allCases = readdirSync(join(golden, 'cases')).flatMap((name) =>
  readCases(join(golden, 'cases', name)),
);
const profileFlags = JSON.parse(readFileSync(join(golden, 'profiles', 'profiles.json'), 'utf8'));

/** Leaf hashes and case names of entries that a log without the other kinds does not hold. */
const foreign = allCases.filter(
  (each) => each.creates && each.expect.status < 300 && !KINDS.includes(leafKind(each)),
);
const foreignLeaves = foreign.map((each) => each.expect.leafHash).filter(Boolean);
const foreignNames = new Set(foreign.map((each) => each.name));

function leafKind(each) {
  const body = each.expect.canonicalBody;
  if (body === undefined) return each.type;
  return (typeof body === 'string' ? JSON.parse(body) : body).kind;
}

/** True when neither the request nor the recorded answer speaks of an entry of another kind. */
function inScope(each) {
  const text = JSON.stringify([each.request, each.expect]);
  if (foreignLeaves.some((leaf) => text.includes(leaf))) return false;
  return ![...text.matchAll(/\{\{(?:entryID|leaf|logIndex):([^}]+)\}\}/g)].some((match) =>
    foreignNames.has(match[1]),
  );
}

async function replay(profile, flags, folder) {
  const server = await startServer({ dataDir: join(folder, profile ?? 'main'), flags });
  const out = join(folder, `${profile ?? 'main'}.json`);
  const selection = profile === undefined ? ['--only', TYPES.join(',')] : ['--profile', profile];
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
const byName = new Map(allCases.map((each) => [each.name, each]));
const results = (await replay(undefined, COMMON_FLAGS, folder)).filter((each) =>
  inScope(byName.get(each.name)),
);
for (const profile of PROFILES) {
  const flags = profileFlags[profile].flags.map((flag) =>
    flag.replace(/^--([a-z_]+)/, (name) => name.replaceAll('_', '-')),
  );
  const cases = await replay(profile, [...COMMON_FLAGS, ...flags], folder);
  results.push(...cases.map((each) => ({ ...each, name: each.name })));
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
process.exitCode = unlisted.length + stale.length === 0 && results.length > 500 ? 0 : 1;
