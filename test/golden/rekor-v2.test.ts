import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { composeServer } from '../../src/server/compose.js';
import { configFor } from '../server/scene.js';
import { packageRoot } from '../vectors.js';
import { type StartedLog, startLog } from './started-log.js';
import {
  differenceOf,
  readDsseCases,
  readV2Cases,
  readV2Differences,
  type V2Differences,
  type V2Switches,
} from './v2-case.js';
import { V2LogUnderTest } from './v2-log-under-test.js';
import { replayV2 } from './v2-replay.js';
import { readWholeLog, rootOfLeaves } from './whole-log.js';

const cases = readV2Cases();
const differences = readV2Differences();
const STRICT: V2Switches = { strictKeyDetails: true, servesReads: true, acceptsDsse: false };
const AS_RECORDED: V2Switches = { ...STRICT, strictKeyDetails: false, servesReads: false };

/** The root that the recorded log had after all cases, one after the other. */
const RECORDED_SIZE = 39;
const RECORDED_ROOT = 'mTDgs7o65M+c2IkdpOwl4IR09OW3n1fNCz7uEF0AMeA=';

/** Replays everything and returns what the log knows then. */
async function replayAll(started: StartedLog, switches: V2Switches): Promise<V2LogUnderTest> {
  const log = new V2LogUnderTest(started.identity);
  const problems = await replayV2({ url: started.url, log, cases, differences, switches });
  assert.deepEqual(problems, []);
  return log;
}

/** Reads the log from its tiles, below `prefix`, and holds every answered entry against it. */
async function checkWholeLog(url: string, log: V2LogUnderTest, prefix = ''): Promise<Buffer> {
  const answer = await fetch(`${url}${prefix}/checkpoint`);
  assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(answer.headers.get('cache-control'), 'no-cache');
  const { size, root } = log.checkpoint(await answer.text());
  const leaves = await readWholeLog(url + prefix, Number(size));
  assert.deepEqual(rootOfLeaves(leaves), Buffer.from(root));
  const answered = [...log.entries.values()];
  assert.equal(new Set(answered.map(({ index }) => index)).size, answered.length);
  for (const { index, leaf, treeSize, root: rootThen } of answered) {
    assert.deepEqual(leaves[index], Buffer.from(leaf));
    assert.deepEqual(rootOfLeaves(leaves.slice(0, treeSize)), Buffer.from(rootThen));
  }
  return Buffer.from(root);
}

async function withServer(
  flags: readonly string[],
  use: (started: StartedLog, treeID: string) => Promise<void>,
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'stele-golden-'));
  const config = configFor(dataDir, '--genesis-entry=false', '--v2-dsse=refuse', ...flags);
  const server = await composeServer(config);
  try {
    await use(server, server.identity.v2.treeID);
  } finally {
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

for (const adapter of ['fast', 'express'] as const) {
  test(`every recorded v2 exchange is answered as recorded or as listed (${adapter})`, async () => {
    const started = await startLog({ adapter, v2: { dsse: false } });
    try {
      const log = await replayAll(started, STRICT);
      await checkWholeLog(started.url, log);
    } finally {
      await started.close();
    }
  });
}

for (const adapter of ['fast', 'express'] as const) {
  test(`recorded envelopes are taken with all the rest where they are (${adapter})`, async () => {
    const started = await startLog({ adapter });
    try {
      const switches = { ...STRICT, acceptsDsse: true };
      const log = await replayAll(started, switches);
      const { url } = started;
      const envelopes = readDsseCases();
      assert.equal(envelopes.length, 8);
      assert.deepEqual(await replayV2({ url, log, cases: envelopes, differences, switches }), []);
      await checkWholeLog(url, log);
      const again = envelopes.map((recorded) => ({
        ...recorded,
        expect: { status: 409, kind: 'duplicate', code: 6, of: recorded.name } as const,
      }));
      assert.deepEqual(await replayV2({ url, log, cases: again, differences, switches }), []);
    } finally {
      await started.close();
    }
  });

  test(`recorded envelopes are refused where they are not taken (${adapter})`, async () => {
    const started = await startLog({ adapter, v2: { dsse: false } });
    try {
      const message = 'invalid type, must be hashedrekord';
      const refused = readDsseCases().map((recorded) => ({
        ...recorded,
        expect: { status: 400, kind: 'problem', code: 3, message } as const,
      }));
      const log = new V2LogUnderTest(started.identity);
      const options = { url: started.url, log, differences, switches: STRICT };
      assert.deepEqual(await replayV2({ ...options, cases: refused }), []);
    } finally {
      await started.close();
    }
  });
}

test('the composed server answers so too, and is read as tiles at its three places', async () => {
  await withServer(['--hostname=rekor.local'], async (started, treeID) => {
    const log = await replayAll(started, STRICT);
    const roots = [];
    for (const prefix of ['', '/api/v2', `/logs/${treeID}`]) {
      roots.push(await checkWholeLog(started.url, log, prefix));
    }
    assert.deepEqual(roots[1], roots[0]);
    assert.deepEqual(roots[2], roots[0]);
  });
});

test('with its leniency switched on and its reads off it becomes the recorded log', async () => {
  const flags = ['--strict-key-details=false', '--serve-v2-reads=false'];
  await withServer(flags, async (started) => {
    const log = await replayAll(started, AS_RECORDED);
    assert.equal(log.entries.size, RECORDED_SIZE);
    const root = await checkWholeLog(started.url, log);
    assert.equal(root.toString('base64'), RECORDED_ROOT);
    for (const path of ['/api/v2/checkpoint', '/api/v2/tile/0/000.p/39']) {
      assert.equal((await fetch(started.url + path)).status, 501, path);
    }
  });
});

test('the v2 API answers so on a tree that it shares with the v1 API', async () => {
  await withServer(['--v2-tree=shared'], async (started) => {
    await checkWholeLog(started.url, await replayAll(started, STRICT));
  });
});

test('docs/differences.md names exactly the listed v2 differences', () => {
  const page = readFileSync(join(packageRoot, 'docs/differences.md'), 'utf8');
  const named = [...page.matchAll(/^\| `(\d{3}-[^`]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual(named.sort(), [...differences.keys()].sort());
});

test('every listed v2 difference is the name of a case', () => {
  const names = new Set(cases.map(({ name }) => name));
  assert.equal(names.size, 148);
  assert.deepEqual(
    [...differences.keys()].filter((name) => !names.has(name)),
    [],
  );
});

test('a v2 case that differs unlisted, or no longer differs as listed, is found out', async () => {
  const started = await startLog({ v2: { dsse: false } });
  const problemsWith = async (list: V2Differences, ...wanted: string[]): Promise<string[]> => {
    const log = new V2LogUnderTest(started.identity);
    const chosen = cases.filter(({ name }) => wanted.includes(name.slice(0, 3)));
    const options = { url: started.url, log, cases: chosen, switches: STRICT };
    const problems = await replayV2({ ...options, differences: list });
    return problems.map((problem) => problem.slice(0, 3));
  };
  try {
    const name = '104-err-entry-over-65535';
    const listed = differenceOf(name, differences, STRICT);
    assert.ok(listed !== undefined);
    assert.deepEqual(await problemsWith(differences, '104', '124'), []);
    assert.deepEqual(await problemsWith(new Map(), '104', '124'), ['104']);
    const healthz = { status: 200, kind: 'status' } as const;
    const stale = new Map(differences).set('124-get-healthz', [healthz]);
    assert.deepEqual(await problemsWith(stale, '104', '124'), ['124']);
    const wrong = new Map(differences).set(name, [{ ...listed, message: 'another' }]);
    assert.deepEqual(await problemsWith(wrong, '104', '124'), ['104']);
  } finally {
    await started.close();
  }
});

test('an answered entry that is damaged in any part is found out', async () => {
  const started = await startLog({ v2: { dsse: false } });
  try {
    const log = new V2LogUnderTest(started.identity);
    const options = { url: started.url, differences, switches: STRICT };
    await replayV2({ ...options, log, cases: cases.slice(0, 3) });
    const text = await (await fetch(`${started.url}/api/v2/log/entries/1`)).text();
    assert.equal(log.entry(text).index, 1);
    for (const [part, damaged] of Object.entries(DAMAGES)) {
      const changed = damaged(text);
      assert.notEqual(changed, text, part);
      assert.throws(() => log.entry(changed), part);
    }
  } finally {
    await started.close();
  }
});

const DAMAGES: Readonly<Record<string, (text: string) => string>> = {
  'another member': (text) => text.replace('{', '{"more":1,'),
  'an index as a number': (text) => text.replaceAll('"logIndex":"1"', '"logIndex":1'),
  'another index': (text) => text.replaceAll('"logIndex":"1"', '"logIndex":"2"'),
  'a time': (text) => text.replace('"integratedTime":"0"', '"integratedTime":"1"'),
  'a promise': (text) => text.replace('"inclusionPromise":null', '"inclusionPromise":{}'),
  'another log': (text) => text.replace(/"keyId":"./, (start) => flipped(start)),
  'another version': (text) => text.replace('"version":"0.0.2"', '"version":"0.0.1"'),
  'another hash': (text) => text.replace(/"hashes":\["./, (start) => flipped(start)),
  'another root': (text) => text.replace(/"rootHash":"./, (start) => flipped(start)),
  'another body': (text) =>
    text.replace(/canonicalizedBody":"[^"]{400}/, (start) => flipped(start)),
  'one signature line less': (text) => text.replace(/\\n— [^\\]*\\n"/, '\\n"'),
  'signature lines changed round': (text) =>
    text.replace(/\\n(— [^\\]*)\\n(— [^\\]*)\\n"/, '\\n$2\\n$1\\n"'),
};

function flipped(start: string): string {
  return start.slice(0, -1) + (start.endsWith('A') ? 'B' : 'A');
}

test('an entry that is not the recorded one, byte for byte, is found out', async () => {
  const started = await startLog({ v2: { dsse: false } });
  try {
    const [first] = cases;
    assert.ok(first?.expect.leaf !== undefined);
    const changed = { ...first.expect, leaf: first.expect.leaf.replace('"0.0.2"', '"0.0.3"') };
    const options = { url: started.url, differences, switches: STRICT };
    const log = new V2LogUnderTest(started.identity);
    const problems = await replayV2({ ...options, log, cases: [{ ...first, expect: changed }] });
    assert.match(problems.join(), /^001-ok-key-p256: canonical body/);
  } finally {
    await started.close();
  }
});
