import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { readOptions } from '../../src/server/config.js';
import { logAnchor, readTrustMaterial } from '../../src/server/trust-options.js';
import { NO_MATERIAL, type TrustMaterial } from '../../src/trust/material.js';
import { issue, pemOf, publicKeyPem, timestampChain } from '../trust/authorities.js';

const root = issue({ name: 'root', notBefore: '260201000000Z' });
const files: Readonly<Record<string, string>> = {
  'ca.pem': root.pem,
  'ca, old.pem': root.pem,
  'tsa.pem': pemOf(...timestampChain()),
  'ct.pub': publicKeyPem(() => generateKeyPairSync('ec', { namedCurve: 'P-256' })),
};

function readFile(path: string): string {
  const found = Object.entries(files).find(([name]) => resolve(name) === path);
  if (found === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
  return found[1];
}

interface Given {
  readonly argv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly yaml?: string;
}

function options({ argv = [], environment = {}, yaml }: Given) {
  return readOptions({
    argv: yaml === undefined ? argv : ['--config=f.yaml', ...argv],
    environment,
    readFile: () => yaml ?? '',
  });
}

function material(given: Given): TrustMaterial {
  return readTrustMaterial(options(given), 'log.example.org', readFile);
}

function assertRefused(argv: readonly string[], ...named: readonly string[]): void {
  assert.throws(
    () => material({ argv }),
    (error) => {
      assert.ok(isLogError(error, 'CONFIG_INVALID'), String(error));
      for (const part of named) assert.ok(error.message.includes(part), error.message);
      return true;
    },
  );
}

const tsa = 'url=https://tsa.example.org/api/v1/timestamp,certificate-chain=tsa.pem';

describe('the options of the trust kit', () => {
  it('are none by default', () => {
    assert.deepEqual(material({}), NO_MATERIAL);
  });

  it('are read with their files', () => {
    const read = material({
      argv: [
        '--trust-fulcio=url=https://ca.example.org/,certificate-chain=ca.pem',
        '--trust-ctfe=url=https://ct.example.org/log,public-key=ct.pub',
        `--trust-tsa=${tsa}`,
        '--trust-oidc=url=https://login.example.org/auth/',
        '--trust-rekor=url=https://old.example.org,public-key=ct.pub,end-time=2026-01-01T00:00:00Z',
      ],
    });
    const [ca] = read.certificateAuthorities;
    assert.equal(ca?.url, 'https://ca.example.org');
    assert.deepEqual(ca?.certificates, [root.der]);
    assert.deepEqual(ca?.validFor, { startSeconds: Date.UTC(2026, 1, 1) / 1000 });
    assert.equal(ca?.operator, 'log.example.org');
    assert.equal(read.timestampAuthorities[0]?.certificates.length, 3);
    assert.equal(read.timestampAuthorities[0]?.url, 'https://tsa.example.org/api/v1/timestamp');
    assert.deepEqual(read.ctLogs[0]?.validFor, { startSeconds: 0 });
    assert.equal(read.identityProviders[0]?.url, 'https://login.example.org/auth/');
    assert.deepEqual(read.otherLogs, [
      {
        url: 'https://old.example.org',
        operator: 'log.example.org',
        publicKeyDer: read.ctLogs[0]?.publicKeyDer,
        validFor: { startSeconds: 0, endSeconds: Date.UTC(2026, 0, 1) / 1000 },
      },
    ]);
  });

  it('may be given several times, and keep their order', () => {
    const urls = (given: Given) => material(given).identityProviders.map(({ url }) => url);
    const both = ['https://a.example.org', 'https://b.example.org'];
    assert.deepEqual(urls({ argv: both.map((url) => `--trust-oidc=url=${url}`) }), both);
    assert.deepEqual(urls({ argv: both.flatMap((url) => ['--trust-oidc', `url=${url}`]) }), both);
    for (const between of [';', '\n', '\n\n', ';\n']) {
      const variable = `${both.map((url) => `url=${url}`).join(between)}${between}`;
      assert.deepEqual(urls({ environment: { STELE_TRUST_OIDC: variable } }), both);
    }
    const list = both.map((url) => `  - url=${url}\n`).join('');
    assert.deepEqual(urls({ yaml: `trust-oidc:\n${list}` }), both);
    assert.deepEqual(urls({ yaml: `trust_oidc: url=${both[0]}\n` }), both.slice(0, 1));
    assert.deepEqual(urls({ environment: { STELE_TRUST_OIDC: '' } }), []);
    const argv = ['--trust-oidc=url=https://flag.example.org'];
    const environment = { STELE_TRUST_OIDC: 'url=https://variable.example.org' };
    assert.deepEqual(urls({ argv, environment }), ['https://flag.example.org']);
  });

  it('take an own window and operator', () => {
    const window = 'start-time=2026-05-01T00:00:00Z,end-time=2027-05-01T00:00:00+02:00';
    const [authority] = material({
      argv: [`--trust-tsa=${tsa}, ${window} ,operator=time.example.org`],
    }).timestampAuthorities;
    assert.deepEqual(authority?.validFor, {
      startSeconds: Date.UTC(2026, 4, 1) / 1000,
      endSeconds: Date.UTC(2027, 3, 30, 22) / 1000,
    });
    assert.equal(authority?.operator, 'time.example.org');
    const argv = ['--trust-operator=example.org', '--trust-oidc=url=https://login.example.org'];
    assert.equal(material({ argv }).identityProviders[0]?.operator, 'example.org');
  });

  it('take names of files with commas, unless what follows looks like a key', () => {
    const [authority] = material({
      argv: ['--trust-fulcio=certificate-chain=ca, old.pem,url=https://ca.example.org'],
    }).certificateAuthorities;
    assert.deepEqual(authority?.certificates, [root.der]);
    assertRefused(
      ['--trust-fulcio=url=https://ca.example.org,certificate-chain=ca,with=x.pem'],
      '"with=x.pem"',
    );
  });

  it('name option and file where a file is of no use', () => {
    assertRefused(
      ['--trust-tsa=url=https://tsa.example.org,certificate-chain=missing.pem'],
      '--trust-tsa',
      resolve('missing.pem'),
      'no such file',
    );
    assertRefused(
      ['--trust-tsa=url=https://tsa.example.org,certificate-chain=ca.pem'],
      '--trust-tsa',
      resolve('ca.pem'),
      'must be the one that signs timestamps',
    );
    assertRefused(
      ['--trust-ctfe=url=https://ct.example.org,public-key=tsa.pem'],
      '--trust-ctfe',
      resolve('tsa.pem'),
      'CERTIFICATE',
    );
  });

  it('are refused with what is missing, unknown, empty or given twice', () => {
    assertRefused(['--trust-tsa=url=https://tsa.example.org'], '--trust-tsa', 'certificate-chain');
    assertRefused(['--trust-fulcio=certificate-chain=ca.pem'], '--trust-fulcio', 'url');
    assertRefused([`--trust-tsa=${tsa},end-tiem=2026-01-01T00:00:00Z`], 'end-tiem');
    assertRefused(['--trust-oidc=https://login.example.org'], '--trust-oidc', 'url=');
    assertRefused(['--trust-oidc=url='], 'gives no url');
    assertRefused([`--trust-tsa=${tsa},url=https://b.example.org`], 'url a second time');
    assertRefused([`--trust-tsa=${tsa},public-key=ct.pub`], 'public-key');
    assertRefused([`--trust-oidc=url=https://a.example.org,__proto__=x`], '__proto__');
    assertRefused(['--trust-oidc='], '--trust-oidc needs a value');
  });

  it('are refused with times that are none, or in the wrong order', () => {
    assertRefused([`--trust-tsa=${tsa},start-time=2026-05-01`], 'start-time', '"2026-05-01"');
    // The window of the chain begins in 2026.
    assertRefused([`--trust-tsa=${tsa},end-time=2025-05-01T00:00:00Z`], 'ends before it starts');
  });

  it('are refused with URLs that clients cannot append a path to', () => {
    for (const url of [
      'ftp://a.example.org',
      'a.example.org',
      'https://user@a.example.org',
      'https://a.example.org?x',
      'https://a.example.org/#x',
      'https://',
      'https://a.example.org/ b',
      `https://a.example.org/${'x'.repeat(2048)}`,
    ]) {
      assertRefused([`--trust-oidc=url=${url}`], '--trust-oidc url');
    }
  });
});

describe('the log in the trust kit', () => {
  const facts = {
    hostname: 'log.example.org',
    publicKeyDer: Uint8Array.of(1),
    verifierKeys: ['a+b+c'],
    createdSeconds: Date.UTC(2026, 10, 22, 15, 30) / 1000,
    port: 3001,
    timestampChain: undefined,
  };

  it('is reached under its name, operated by it, and valid from the day of its making', () => {
    const anchor = logAnchor(options({}), facts);
    assert.equal(anchor.publicUrl, 'https://log.example.org');
    assert.equal(anchor.operator, 'log.example.org');
    assert.equal(anchor.validFromSeconds, Date.UTC(2026, 10, 22) / 1000);
    assert.deepEqual(anchor.signingApis, ['v1', 'v2']);
  });

  it('is reached at its port when it is named localhost', () => {
    const local = { ...facts, hostname: 'localhost' };
    assert.equal(logAnchor(options({}), local).publicUrl, 'http://localhost:3001');
  });

  it('is reached where the operator says, who may also narrow the APIs', () => {
    const argv = ['--public-url=http://127.0.0.1:3000/', '--trust-apis=v1'];
    const anchor = logAnchor(options({ argv }), facts);
    assert.equal(anchor.publicUrl, 'http://127.0.0.1:3000');
    assert.deepEqual(anchor.signingApis, ['v1']);
    assert.throws(
      () => logAnchor(options({ argv: ['--public-url=127.0.0.1:3000'] }), facts),
      (error) => isLogError(error, 'CONFIG_INVALID') && /--public-url/.test(error.message),
    );
  });

  it('is valid for all times when nobody knows when it was made', () => {
    const anchor = logAnchor(options({}), { ...facts, createdSeconds: undefined });
    assert.equal(anchor.validFromSeconds, 0);
  });
});
