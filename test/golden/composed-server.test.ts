import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { composeServer } from '../../src/server/compose.js';
import { readConfig } from '../../src/server/config.js';
import { RECORDED_TYPES, readCases, readDifferences } from './recorded-case.js';
import { replay } from './replay.js';

const CREATE_ONLY = ['--enabled-api-endpoints=createLogEntry', '--enable-retrieve-api=false'];
const READ_ONLY = [
  '--enabled-api-endpoints=getLogInfo,getPublicKey,getLogProof,getLogEntryByIndex,getLogEntryByUUID,searchLogQuery',
  '--enable-retrieve-api=false',
];

/** What is replayed to a server as an operator starts it, with Rekor's flags. */
const RUNS: readonly [
  name: string,
  folder: 'cases' | 'profiles',
  files: readonly string[],
  flags: string[],
][] = [
  ['all of it', 'cases', RECORDED_TYPES, []],
  ['body-limit', 'profiles', ['body-limit'], ['--max-request-body-size=2000']],
  ['read-only', 'profiles', ['read-only'], READ_ONLY],
  ['create-only', 'profiles', ['create-only'], CREATE_ONLY],
  ['kinds', 'profiles', ['kinds'], ['--enabled-entry-types=hashedrekord,dsse']],
  [
    'algorithms',
    'profiles',
    ['algorithms'],
    ['--client-signing-algorithms=ecdsa-sha2-256-nistp256,ed25519'],
  ],
  ['empty-log', 'profiles', ['empty-log'], []],
  [
    'metadata-limits',
    'profiles',
    ['metadata-limits'],
    ['--max-attestation-size=200', '--max-jar-metadata-size=500', '--max-apk-metadata-size=250'],
  ],
  ['no-attestations', 'profiles', ['no-attestations'], ['--enable-attestation-storage=false']],
];

for (const [name, folder, files, flags] of RUNS) {
  test(`the composed server on LevelDB answers as recorded or as listed: ${name}`, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'stele-golden-'));
    const argv = ['--port=0', '--metrics-port=0', '--hostname=rekor.local', '--log-level=silent'];
    const config = readConfig({
      argv: [...argv, `--data-dir=${dataDir}`, ...flags],
      environment: {},
      readFile: () => '',
    });
    const server = await composeServer(config);
    try {
      const cases = readCases(folder, files);
      const differences = readDifferences();
      const verdicts = await replay({ url: server.url, cases, differences });
      const problems = verdicts.flatMap((verdict) =>
        verdict.problem === undefined ? [] : [`${verdict.name}: ${verdict.problem}`],
      );
      assert.deepEqual(problems, []);
    } finally {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
}

test('enable-retrieve-api adds searchIndex to the endpoints and never takes it away', async () => {
  for (const [endpoints, flag, status] of [
    ['getLogInfo', 'true', 200],
    ['getLogInfo', 'false', 501],
    ['searchIndex', 'false', 200],
  ] as const) {
    const dataDir = mkdtempSync(join(tmpdir(), 'stele-golden-'));
    const argv = [
      ...['--port=0', '--metrics-port=0', '--hostname=rekor.local', '--log-level=silent'],
      ...[`--data-dir=${dataDir}`, `--enabled-api-endpoints=${endpoints}`],
      `--enable-retrieve-api=${flag}`,
    ];
    const config = readConfig({ argv, environment: {}, readFile: () => '' });
    const server = await composeServer(config);
    try {
      const answer = await fetch(`${server.url}/api/v1/index/retrieve`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{}',
      });
      assert.equal(answer.status, status, `${endpoints} ${flag}`);
    } finally {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
});
