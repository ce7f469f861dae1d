import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createContext, Script } from 'node:vm';
import { storedEntry } from '../entries/recorded.js';
import { forgeKey, forgeRing } from '../pki/pgp-forge.js';
import { packageRoot } from '../vectors.js';
import { attacksOn, piecesOf, suspicionsOf } from './pattern-shape.js';
import { ServedLog } from './served-log.js';
import { patternsIn } from './source-patterns.js';

/** Patterns that look as if they could backtrack, and why they cannot. */
const SAFE: Readonly<Record<string, string>> = {
  [String.raw`(?:"(?:\\.|[^"\\])*"?|[^,"])+`]:
    'the options begin with characters of their own, and nothing follows that could fail',
  [String.raw`^[!-\-/-~]+(?:\.[!-\-/-~]+)*$`]:
    'each round begins with a full stop, which the class has not',
};

/** Patterns that take longer than linear time, and why no client can make them. */
const BOUNDED: Readonly<Record<string, string>> = {
  '0+$': 'cuts nine digits of a time',
  '=+$': 'cuts the padding of the base64 of a SHA-256',
  '\\/+$': 'cuts the slashes of an URL that the user of the demo command gave',
};

/** Patterns that are built, each of pieces that are known, and one repetition to a class of characters that do not end it. */
const BUILT: Readonly<Record<string, number>> = {
  'api/v1/proposed-entry.ts': 1,
  'api/v1/search-index.ts': 1,
  'api/v1/shards.ts': 1,
  'entries/common-leaves.ts': 1,
  'http/router.ts': 1,
  'pki/issuer-signature.ts': 1,
  'pki/pgp/email-address.ts': 6,
};

interface Found {
  readonly file: string;
  readonly pattern: RegExp;
}

const folder = join(packageRoot, 'src');
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);
const patterns: readonly Found[] = sources.flatMap(([file, source]) =>
  patternsIn(source).map((pattern) => ({ file, pattern })),
);

test('the walk finds the patterns that a search for text finds', () => {
  assert.ok(patterns.length > 80, `${patterns.length}`);
  const plain = sources.flatMap(
    ([, source]) => source.match(/(?<=\.replace\()\/.*?\/(?=[gmsuy]*,)/g) ?? [],
  );
  const sourcesFound = new Set(patterns.map(({ pattern }) => `/${pattern.source}/`));
  assert.ok(plain.length > 5);
  for (const text of plain) assert.ok(sourcesFound.has(text), text);
  assert.deepEqual(
    patternsIn('a / b / c; // /x/\nf(/[/]+/g); `\x24{/y/.test(z)} /w/`; "/v/"').map(String),
    ['/[/]+/g', '/y/'],
  );
});

test('no pattern has a repetition in a repetition, or repeated options that begin alike, but those known to be safe', () => {
  const suspicious = new Set<string>();
  for (const { file, pattern } of patterns) {
    const found = suspicionsOf(piecesOf(pattern));
    if (found.length === 0) continue;
    suspicious.add(pattern.source);
    assert.ok(pattern.source in SAFE, `${file}: ${pattern}: ${found.join(', ')}`);
  }
  assert.deepEqual([...suspicious].sort(), Object.keys(SAFE).sort());
  for (const planted of [/(a+)+$/, /(a|a)*b/, /(\w+\s?)*$/, /(?:x*)*y/, /(?:a|ab)*c/]) {
    assert.notDeepEqual(suspicionsOf(piecesOf(planted)), [], String(planted));
  }
});

const LENGTH = 100_000;
const MOST_MS = 500;

/** Returns true when `pattern` has done with `text` in time. */
function isDoneInTime(pattern: RegExp, text: string): boolean {
  const context = createContext({ pattern, text });
  try {
    SEARCH.runInContext(context, { timeout: MOST_MS });
    return true;
  } catch {
    return false;
  }
}

const SEARCH = new Script('pattern.lastIndex = 0; text.search(pattern); text.replace(pattern, "")');

test('every pattern has done with 100,000 characters that keep it going in time', () => {
  const slow = new Set<string>();
  let tried = 0;
  for (const { pattern } of patterns) {
    for (const text of attacksOn(piecesOf(pattern), LENGTH)) {
      tried++;
      // Another process may have had the processor: once is no proof.
      if (isDoneInTime(pattern, text) || isDoneInTime(pattern, text)) continue;
      slow.add(pattern.source);
      break;
    }
  }
  assert.ok(tried > 300, `${tried}`);
  assert.deepEqual([...slow].sort(), Object.keys(BOUNDED).sort());
  assert.equal(isDoneInTime(/(a+)+$/, `${'a'.repeat(100)}!`), false);
});

test('patterns that are built from text are known', () => {
  const built = new Map<string, number>();
  for (const [file, source] of sources) {
    const count = source.match(/new RegExp\(|\bRegExp\(/g)?.length ?? 0;
    if (count > 0) built.set(file, count);
  }
  assert.deepEqual(Object.fromEntries(built), BUILT);
});

const log = await ServedLog.start();

test('what is built of them has done in time with 100,000 characters in the place of a version, a hash, a name', async () => {
  const { spec } = storedEntry('hashedrekord', 'ec256');
  const long = (...units: readonly string[]) =>
    units.map((unit) => `${unit.repeat(Math.ceil(LENGTH / unit.length))}!`);
  for (const apiVersion of long('0', '1', 'a', '-', '.', '0.', '1-', '0a', '.-', '1.1.1-')) {
    for (const version of [apiVersion, `0.0.1-${apiVersion}`, `1.2.3+${apiVersion}`]) {
      const body = { kind: 'hashedrekord', apiVersion: version, spec };
      await assertFast(() => log.submit(body), version.slice(0, 20));
    }
  }
  for (const text of long('a', '0', ':', 'sha256:', '@', '.', 'a.', 'a@', '"', '\\')) {
    for (const member of ['hash', 'email', 'subject']) {
      const search = { [member]: text };
      await assertFast(() => log.post('/api/v1/index/retrieve', search), member);
    }
    const retrieve = { entryUUIDs: [text] };
    await assertFast(() => log.post('/api/v1/log/entries/retrieve', retrieve), 'retrieve');
  }
  const key = forgeKey(1);
  for (const text of long('a', '<', '<a@', '(', 'a.', '"', '@', ' ', '\\', '[')) {
    for (const userID of [text, `a <${text}>`, `a (${text}) <b@c>`]) {
      const content = Buffer.from(forgeRing(key, userID)).toString('base64');
      const search = { publicKey: { format: 'pgp', content } };
      await assertFast(() => log.post('/api/v1/index/retrieve', search), userID.slice(0, 20));
    }
  }
});

async function assertFast(act: () => Promise<{ status: number }>, what: string): Promise<void> {
  const [{ status }, cost] = await log.measured(act);
  assert.ok(status < 500, `${what}: ${status}`);
  assert.ok(cost === undefined || cost.cpuMs < 1_000, `${what}: ${cost?.cpuMs} ms`);
}
