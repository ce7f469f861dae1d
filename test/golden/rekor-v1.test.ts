import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../vectors.js';
import { type Difference, RECORDED_TYPES, readCases, readDifferences } from './recorded-case.js';
import { replay, type Verdict } from './replay.js';
import { type LogSettings, startLog } from './started-log.js';

const PROFILES: Readonly<Record<string, LogSettings>> = {
  'body-limit': { maxRequestBodySize: 2_000 },
  'read-only': {
    enabledEndpoints: [
      'getLogInfo',
      'getPublicKey',
      'getLogProof',
      'getLogEntryByIndex',
      'getLogEntryByUUID',
      'searchLogQuery',
    ],
  },
  'create-only': { enabledEndpoints: ['createLogEntry'] },
  kinds: { enabledKinds: ['hashedrekord', 'dsse'] },
  algorithms: { algorithms: ['ecdsa-sha2-256-nistp256', 'ed25519'] },
  'empty-log': {},
  'metadata-limits': {
    limits: { attestationBytes: 200, jarMetadataBytes: 500, apkMetadataBytes: 250 },
  },
  'no-attestations': { limits: { attestationBytes: 0 } },
};

const differences = readDifferences();

for (const adapter of ['fast', 'express'] as const) {
  test(`every recorded exchange is answered as recorded or as listed (${adapter})`, async () => {
    const log = await startLog({ adapter });
    try {
      const cases = readCases('cases', RECORDED_TYPES);
      assert.ok(cases.length === 1_689, `${cases.length} cases`);
      report(await replay({ url: log.url, cases, differences }));
    } finally {
      await log.close();
    }
  });

  for (const [profile, settings] of Object.entries(PROFILES)) {
    test(`the profile ${profile} is answered as recorded or as listed (${adapter})`, async () => {
      const log = await startLog({ ...settings, adapter });
      try {
        const cases = readCases('profiles', [profile]);
        assert.ok(cases.length > 0);
        report(await replay({ url: log.url, cases, differences }));
      } finally {
        await log.close();
      }
    });
  }
}

test('docs/differences.md names exactly the listed differences', () => {
  const page = readFileSync(join(packageRoot, 'docs/differences.md'), 'utf8');
  const named = [...page.matchAll(/^\| `([^`]+\/[^`]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual(named.sort(), [...differences.keys()].sort());
});

test('a case that differs unlisted, or no longer differs as listed, is found out', async () => {
  const log = await startLog();
  try {
    const all = readCases('cases', ['http', 'post']);
    const cases = all.filter(({ name }) => name === 'http/ping' || name === 'post/array');
    const listed = differences.get('post/array');
    assert.ok(listed !== undefined);
    const problemsWith = async (list: ReadonlyMap<string, Difference>): Promise<string[]> =>
      (await replay({ url: log.url, cases, differences: list })).flatMap(({ name, problem }) =>
        problem === undefined ? [] : [name],
      );
    assert.deepEqual(await problemsWith(new Map([['post/array', listed]])), []);
    assert.deepEqual(await problemsWith(new Map()), ['post/array']);
    const ping = { status: 200, bodyKind: 'text', body: '.' } as const;
    const stale = new Map<string, Difference>([['post/array', listed]]).set('http/ping', ping);
    assert.deepEqual(await problemsWith(stale), ['http/ping']);
    const wrong = new Map([['post/array', { ...listed, status: 422 }]]);
    assert.deepEqual(await problemsWith(wrong), ['post/array']);
  } finally {
    await log.close();
  }
});

test('every listed difference is the name of a case', () => {
  const names = new Set(
    [...readCases('cases', RECORDED_TYPES), ...readCases('profiles', Object.keys(PROFILES))].map(
      ({ name }) => name,
    ),
  );
  assert.deepEqual(
    [...differences.keys()].filter((name) => !names.has(name)),
    [],
  );
});

function report(verdicts: readonly Verdict[]): void {
  const failed = verdicts.filter(({ problem }) => problem !== undefined);
  const lines = failed.map(({ name, problem }) => `${name}: ${problem}`);
  assert.equal(failed.length, 0, `${failed.length} of ${verdicts.length}\n${lines.join('\n')}`);
}
