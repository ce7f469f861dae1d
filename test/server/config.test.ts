import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { DEFAULT_ENTRY_LIMITS } from '../../src/entries/limits.js';
import { LogError } from '../../src/errors.js';
import { type Config, guardPath, readConfig } from '../../src/server/config.js';
import { entryPolicy, submissionRules } from '../../src/server/entry-policy.js';
import type { OptionRow } from '../../src/server/option-row.js';
import { environmentName } from '../../src/server/option-text.js';
import { API_ENDPOINTS, OPTIONS } from '../../src/server/options.js';

const rows: readonly OptionRow[] = OPTIONS;

interface Given {
  readonly argv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

function read({ argv = [], environment = {}, files = {} }: Given): Config {
  return readConfig({
    argv,
    environment,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return text;
    },
  });
}

function assertRefused(given: Given, ...named: readonly string[]): void {
  assert.throws(
    () => read(given),
    (error) => {
      assert.ok(error instanceof LogError);
      assert.equal(error.code, 'CONFIG_INVALID');
      for (const name of named) assert.ok(error.message.includes(name), error.message);
      return true;
    },
  );
}

/** A value that an option takes and that is not its default, as text and as read. */
function otherValue(row: OptionRow): { text: string; value: unknown } {
  switch (row.kind) {
    case 'integer':
      return { text: String(row.least + 1), value: row.least + 1 };
    case 'boolean':
      return { text: String(!row.default), value: !row.default };
    case 'choice':
      return { text: row.choices.at(-1) ?? '', value: row.choices.at(-1) };
    case 'sizes':
      return { text: `${row.names[0]}=12`, value: { [row.names[0] ?? '']: 12 } };
    case 'list':
      return { text: row.choices[0] ?? '', value: row.choices.slice(0, 1) };
    case 'texts':
      return { text: 'elsewhere', value: ['elsewhere'] };
    case 'path':
      return { text: 'elsewhere', value: resolve('elsewhere') };
    default: {
      // The policy of timestamps is an object identifier.
      const text = row.pattern?.test('elsewhere') === false ? '1.2.3' : 'elsewhere';
      return { text, value: text };
    }
  }
}

const field = (name: string) =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as keyof Config;

describe('configuration', () => {
  it('has the promised defaults when nothing is given', () => {
    const config = read({});
    assert.equal(config.port, 3000);
    assert.equal(config.metricsPort, 2112);
    assert.equal(config.address, '127.0.0.1');
    assert.equal(config.hostname, 'localhost');
    assert.equal(config.dataDir, resolve('data'));
    assert.equal(config.maxRequestBodySize, 33_554_432);
    assert.equal(config.enableAttestationStorage, true);
    assert.deepEqual(config.enabledApiEndpoints, API_ENDPOINTS);
    assert.equal(guardPath(config), join(resolve('data'), 'guard'));
    assert.ok(Object.isFrozen(config));
  });

  for (const row of rows.filter(({ name }) => name !== 'config')) {
    it(`reads ${row.name} from a flag, the environment and a file, with - and with _`, () => {
      const { text, value } = otherValue(row);
      const secret = { [resolve('elsewhere')]: 'a passphrase' };
      const givens: readonly Given[] = [
        { argv: [`--${row.name}`, text] },
        { argv: [`--${row.name}=${text}`] },
        { argv: [`--${row.name.replaceAll('-', '_')}=${text}`] },
        { environment: { [environmentName(row.name)]: text } },
        ...[row.name, row.name.replaceAll('-', '_')].map((key) => ({
          argv: ['--config', 'f.yaml'],
          files: { 'f.yaml': `${key}: ${text}\n` },
        })),
      ];
      for (const given of givens) {
        const config = read({ ...given, files: { ...secret, ...given.files } });
        assert.deepEqual(config[field(row.name)], value);
      }
    });
  }

  it('puts flags before the environment and the environment before the file', () => {
    const files = { 'f.yaml': 'port: 1\nmetrics-port: 1\nhostname: in-file\n' };
    const environment = { STELE_CONFIG: 'f.yaml', STELE_PORT: '2', STELE_METRICS_PORT: '2' };
    const config = read({ argv: ['--port', '3'], environment, files });
    assert.equal(config.port, 3);
    assert.equal(config.metricsPort, 2);
    assert.equal(config.hostname, 'in-file');
  });

  it("takes Rekor's spellings of flags and file keys", () => {
    const argv = [
      '--max_request_body_size=2000',
      '--enabled_api_endpoints=getLogInfo,getPublicKey',
      '--enable_retrieve_api=false',
      '--enabled_entry_types=hashedrekord,dsse',
      '--client-signing-algorithms=ecdsa-sha2-256-nistp256,ed25519',
      '--enable_attestation_storage=false',
      '--rekor_server.hostname=rekor.local',
      '--rekor_server.address=0.0.0.0',
    ];
    const config = read({ argv });
    assert.equal(config.maxRequestBodySize, 2000);
    assert.deepEqual(config.enabledApiEndpoints, ['getLogInfo', 'getPublicKey']);
    assert.equal(config.enableRetrieveApi, false);
    assert.deepEqual(config.enabledEntryTypes, ['hashedrekord', 'dsse']);
    assert.deepEqual(config.clientSigningAlgorithms, ['ecdsa-sha2-256-nistp256', 'ed25519']);
    assert.equal(config.enableAttestationStorage, false);
    assert.equal(config.hostname, 'rekor.local');
    assert.equal(config.address, '0.0.0.0');
    const files = {
      'f.yaml': 'rekor_server:\n  hostname: rekor.file\nenabled_entry_types: [dsse, rekord]\n',
    };
    const fromFile = read({ argv: ['--config=f.yaml'], files });
    assert.equal(fromFile.hostname, 'rekor.file');
    assert.deepEqual(fromFile.enabledEntryTypes, ['dsse', 'rekord']);
  });

  it('takes a switch alone, with = and with a word after it', () => {
    assert.equal(read({ argv: ['--adopt-guard'] }).adoptGuard, true);
    assert.equal(read({ argv: ['--adopt-guard', '--port', '1'] }).adoptGuard, true);
    assert.equal(read({ argv: ['--genesis-entry', 'false', '--port', '1'] }).genesisEntry, false);
    assert.equal(read({ argv: ['--genesis-entry=false'] }).genesisEntry, false);
  });

  it('refuses unknown flags, variables and keys, naming every one', () => {
    assertRefused({ argv: ['--prot', '1', '--hostnam=x'] }, '"--prot"', '"--hostnam"');
    assertRefused({ argv: ['serve-me'] }, '"serve-me"');
    assertRefused(
      { environment: { STELE_PROT: '1', STELE_HOST: 'x' } },
      'STELE_PROT',
      'STELE_HOST',
    );
    const files = { 'f.yaml': 'prot: 1\ntrillian_log_server:\n  port: 1\nconfig: g.yaml\n' };
    assertRefused(
      { argv: ['--config', 'f.yaml'], files },
      'prot',
      'trillian_log_server.port',
      'config',
    );
  });

  it('never repeats the value of an unknown flag, which may be a secret', () => {
    for (const argv of [['--pasword=hunter2'], ['--pasword', 'hunter2']]) {
      assert.throws(
        () => read({ argv }),
        (error) => error instanceof LogError && !error.message.includes('hunter2'),
      );
    }
  });

  it('leaves variables of other programs alone', () => {
    assert.equal(read({ environment: { PORT: '9', HOME: '/root', REKOR_PORT: '1' } }).port, 3000);
  });

  for (const row of rows) {
    if (row.kind !== 'integer') continue;
    it(`takes ${row.name} at its bounds and refuses it one beyond`, () => {
      for (const value of [row.least, row.most]) {
        assert.equal(read({ argv: [`--${row.name}=${value}`] })[field(row.name)], value);
      }
      for (const text of [row.least - 1, row.most + 1, '', 'x', '1e3', '0x10', ' 1', '1.5']) {
        assertRefused({ argv: [`--${row.name}=${text}`] }, `--${row.name}`);
      }
    });
  }

  it('refuses values that an option cannot have', () => {
    assertRefused({ argv: ['--enabled-entry-types=hashedrekord,nope'] }, 'nope');
    assertRefused({ argv: ['--enabled-api-endpoints=everything'] }, 'everything');
    assertRefused({ argv: ['--client-signing-algorithms=md5'] }, 'md5');
    assertRefused({ argv: ['--log-level=loud'] }, 'loud');
    assertRefused({ argv: ['--adopt-guard=yes'] }, 'yes');
    assertRefused({ argv: ['--data-dir='] }, '--data-dir');
    assertRefused({ argv: ['--data-dir'] }, '--data-dir needs a value');
    assertRefused({ argv: ['--data-dir', '--port', '1'] }, '--data-dir needs a value');
    for (const hostname of ['Log.Example', 'a b', 'a+b', 'a\nb', '-a', 'ä']) {
      assertRefused({ argv: [`--hostname=${hostname}`] }, '--hostname');
    }
  });

  it('takes a kind or one version of it, and refuses others', () => {
    const config = read({ argv: ['--enabled-entry-types=dsse:0.0.1,hashedrekord'] });
    assert.deepEqual(entryPolicy(config).enabledKinds, new Set(['dsse:0.0.1', 'hashedrekord']));
    for (const kind of ['dsse:0.0.9', 'dsse:', 'nope:0.0.1', ':0.0.1', 'Dsse', 'constructor']) {
      assertRefused({ argv: [`--enabled-entry-types=${kind}`] }, kind, 'dsse:0.0.1');
    }
  });

  it('takes sizes by kind, and refuses names and numbers that are none', () => {
    const argv = ['--max-entry-size=rpm=1000,jar=1073741824'];
    const sizes = { rpm: 1_000, jar: 1_073_741_824 };
    assert.deepEqual(read({ argv }).maxEntrySize, sizes);
    const files = { 'f.yaml': 'max_entry_size: [rpm=1000, jar=1073741824]\n' };
    assert.deepEqual(read({ argv: ['--config=f.yaml'], files }).maxEntrySize, sizes);
    assert.deepEqual(entryPolicy(read({ argv })).limits.proposalLength, sizes);
    for (const text of [
      'rpm',
      'rpm=',
      'rpm=0',
      'rpm=-1',
      'rpm=1e3',
      'rpm=1073741825',
      'x=1',
      '=1',
    ]) {
      assertRefused({ argv: [`--max-entry-size=${text}`] }, '--max-entry-size');
    }
    assertRefused({ argv: ['--max-entry-size=rpm=1,rpm=2'] }, 'rpm', 'a second time');
    assertRefused({ argv: ['--max-entry-size=__proto__=1'] }, '__proto__');
  });

  it('makes the policy of entries from its options', () => {
    const { limits } = entryPolicy(
      read({
        argv: [
          '--max-signatures=2',
          '--max-verifiers=3',
          '--max-subjects=4',
          '--max-index-keys=5',
          '--max-jar-metadata-size=6',
          '--max-apk-metadata-size=0',
          '--max-attestation-size=7',
          '--enable-dsse-attestations',
        ],
      }),
    );
    assert.deepEqual(limits, {
      signatures: 2,
      verifiers: 3,
      subjects: 4,
      indexKeys: 5,
      jarMetadataBytes: 6,
      apkMetadataBytes: 0,
      attestationBytes: 7,
      dsseAttestations: true,
      proposalLength: {},
    });
    assert.deepEqual(entryPolicy(read({})).limits, DEFAULT_ENTRY_LIMITS);
    const without = ['--enable-attestation-storage=false', '--enable-dsse-attestations'];
    const off = entryPolicy(read({ argv: without })).limits;
    assert.deepEqual([off.attestationBytes, off.dsseAttestations], [0, false]);
  });

  it('publishes the rules that it reads', () => {
    const argv = ['--duplicates=return-existing', '--max-pending-entries=9'];
    const rules = submissionRules(read({ argv }));
    assert.equal(rules.duplicates, 'return-existing');
    assert.equal(rules.pendingEntries, 9);
    assert.equal(rules.entryTimeMs, 5_000);
  });

  it('refuses a file that is missing, no YAML, no mapping, or says a thing twice', () => {
    assertRefused({ argv: ['--config', 'none.yaml'] }, 'none.yaml');
    for (const text of ['a: [', '- port', 'port: 1\nport: 2', 'port:', 'port: {a: 1}', '&a [*a]']) {
      assertRefused({ argv: ['--config=f.yaml'], files: { 'f.yaml': text } });
    }
    const twice = 'max-attestation-size: 1\nmax_attestation_size: 2\n';
    assertRefused({ argv: ['--config=f.yaml'], files: { 'f.yaml': twice } }, 'a second time');
  });

  it('takes an empty file', () => {
    assert.equal(read({ argv: ['--config=f.yaml'], files: { 'f.yaml': '' } }).port, 3000);
  });

  it('takes the passphrase from the environment or the first line of a file, not from both', () => {
    const STELE_SIGNING_KEY_PASSPHRASE = 'correct horse';
    assert.equal(
      read({ environment: { STELE_SIGNING_KEY_PASSPHRASE } }).signingKeyPassphrase,
      'correct horse',
    );
    const path = resolve('secret');
    const argv = ['--signing-key-passphrase-file', path];
    const files = { [path]: 'battery staple\nsecond line\n' };
    assert.equal(read({ argv, files }).signingKeyPassphrase, 'battery staple');
    assertRefused({ argv, files, environment: { STELE_SIGNING_KEY_PASSPHRASE } }, 'use one');
    assert.equal(read({}).signingKeyPassphrase, undefined);
  });

  it('gives every option and alias an environment variable of its own', () => {
    const names = rows.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
    assert.equal(new Set(names.map(environmentName)).size, names.length);
    assert.equal(environmentName('max-request-body-size'), 'STELE_MAX_REQUEST_BODY_SIZE');
    assert.equal(read({ environment: { STELE_REKOR_SERVER_HOSTNAME: 'a' } }).hostname, 'a');
  });
});
