import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { environmentWithoutSettings } from '../../bench/harness/server-process.js';
import { OperationalError } from '../../src/cli/output.js';
import { type ExportOptions, exportTrust } from '../../src/cli/trust-command.js';
import { initialiseLog } from '../../src/server/compose.js';
import type { PublicIdentity } from '../../src/server/identity.js';
import { TRUST_FILES, type TrustDocuments, trustDocuments } from '../../src/trust/documents.js';
import { NO_MATERIAL } from '../../src/trust/material.js';
import { configFor, start, temporaryFolder } from '../server/scene.js';
import { issue, pemOf, publicKeyPem, timestampChain } from '../trust/authorities.js';
import { packageRoot } from '../vectors.js';

const command = import.meta.url.endsWith('.ts')
  ? ['--conditions=source', '--import', 'tsx', join(packageRoot, 'src/cli/main.ts')]
  : [join(packageRoot, 'dist/src/cli/main.js')];

function stele(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): { code: number | null; out: string; err: string } {
  const env = { ...environmentWithoutSettings(), ...environment };
  const done = spawnSync(process.execPath, [...command, ...args], { encoding: 'utf8', env });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

interface Scene {
  readonly dataDir: string;
  readonly out: string;
  readonly identity: PublicIdentity;
}

async function madeLog(t: TestContext, hostname = 'log.example.org'): Promise<Scene> {
  const folder = temporaryFolder(t);
  const dataDir = join(folder, 'data');
  const { identity } = await initialiseLog(configFor(dataDir, `--hostname=${hostname}`));
  return { dataDir, out: join(folder, 'out'), identity };
}

/** Returns what is printed. */
async function exported(
  options: Partial<ExportOptions> & { readonly out: string },
): Promise<string> {
  const lines: string[] = [];
  const output = { line: (text: string) => lines.push(text) };
  await exportTrust({ serverArguments: [], environment: {}, ...options }, output);
  return lines.join('\n');
}

function filesIn(folder: string): TrustDocuments {
  const texts = TRUST_FILES.map((file) => [file, readFileSync(join(folder, file), 'utf8')]);
  return Object.fromEntries(texts) as TrustDocuments;
}

/** Returns flags for every kind of material; its files lie in `folder`. */
function materialFlags(folder: string): readonly string[] {
  const root = issue({ name: 'ca root' });
  const files = {
    'ca.pem': root.pem,
    'ct.pub': publicKeyPem(() => generateKeyPairSync('ec', { namedCurve: 'P-256' })),
    'tsa.pem': pemOf(...timestampChain()),
  };
  for (const [name, pem] of Object.entries(files)) writeFileSync(join(folder, name), pem);
  return [
    `--trust-fulcio=url=https://ca.example.org,certificate-chain=${join(folder, 'ca.pem')}`,
    `--trust-ctfe=url=https://ct.example.org/log,public-key=${join(folder, 'ct.pub')}`,
    `--trust-tsa=url=https://tsa.example.org/api/v1/timestamp,certificate-chain=${join(folder, 'tsa.pem')}`,
    '--trust-oidc=url=https://login.example.org',
  ];
}

function assertOperational(reason: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OperationalError, String(error));
    assert.match(error.message, reason);
    return true;
  };
}

describe('stele trust export from a data folder', () => {
  it('writes the documents of the log, valid from the day of its making', async (t) => {
    const { dataDir, out, identity } = await madeLog(t);
    const printed = await exported({ out, serverArguments: [`--data-dir=${dataDir}`] });
    assert.deepEqual(readdirSync(out).sort(), [...TRUST_FILES].sort());
    const files = filesIn(out);
    const { createdSeconds, hostname, verifierKeys, publicKeyPem: pem, logID } = identity;
    const { publicKeyDer } = {
      publicKeyDer: Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64'),
    };
    assert.deepEqual(
      files,
      trustDocuments(
        {
          hostname,
          publicKeyDer,
          verifierKeys,
          publicUrl: `https://${hostname}`,
          validFromSeconds: createdSeconds - (createdSeconds % 86_400),
          operator: hostname,
          signingApis: ['v1', 'v2'],
        },
        NO_MATERIAL,
      ),
    );
    assert.equal(files['log.pub'], pem);
    assert.ok(printed.includes(logID));
  });

  it('writes byte for byte what a server with the same options serves', async (t) => {
    const folder = temporaryFolder(t);
    const dataDir = join(folder, 'data');
    const flags = [...materialFlags(folder), '--trust-operator=example.org', '--trust-apis=v1'];
    const server = await start(t, dataDir, '--hostname=log.example.org', ...flags);
    const out = join(folder, 'out');
    await exported({ out, serverArguments: [`--data-dir=${dataDir}`, ...flags] });
    const files = filesIn(out);
    for (const file of TRUST_FILES) {
      const response = await fetch(`${server.url}/.well-known/stele/${file}`);
      assert.equal(await response.text(), files[file], file);
    }
    assert.equal(JSON.parse(files['trusted-root.json']).timestampAuthorities.length, 1);
  });

  it('has the authority beside the log, below its URL, as the server says too', async (t) => {
    const folder = temporaryFolder(t);
    const dataDir = join(folder, 'data');
    const flags = ['--hostname=log.example.org', '--public-url=http://127.0.0.1:3000'];
    const server = await start(t, dataDir, '--tsa', ...flags, ...materialFlags(folder));
    const out = join(folder, 'out');
    const serverArguments = [`--data-dir=${dataDir}`, ...flags, ...materialFlags(folder)];
    await exported({ out, serverArguments, force: true });
    const files = filesIn(out);
    const [own] = JSON.parse(files['trusted-root.json']).timestampAuthorities.slice(-1);
    const pem = readFileSync(join(dataDir, 'tsa', 'chain.pem'), 'utf8');
    assert.equal(own.uri, 'http://127.0.0.1:3000/api/v1/timestamp');
    assert.equal(own.certChain.certificates.length, 2);
    for (const { rawBytes } of own.certChain.certificates) {
      assert.ok(pem.replaceAll('\n', '').includes(rawBytes));
    }
    assert.deepEqual(own.subject, {
      organization: 'log.example.org',
      commonName: 'timestamp authority root',
    });
    assert.equal(own.operator, 'log.example.org');
    const { tsaUrls } = JSON.parse(files['signing-config.json']);
    assert.equal(tsaUrls[0].url, own.uri);
    assert.deepEqual(tsaUrls[0].validFor, own.validFor);
    const served = JSON.parse((await documentsOf(server.url))['trusted-root.json']);
    assert.deepEqual(served.timestampAuthorities.at(-1), own);
  });

  it('names the authority beside the log once, as the operator does where he names it', async (t) => {
    const folder = temporaryFolder(t);
    const dataDir = join(folder, 'data');
    await initialiseLog(configFor(dataDir, '--tsa'));
    const chain = join(dataDir, 'tsa', 'chain.pem');
    const named = `url=https://old.example.org,certificate-chain=${chain},end-time=2030-01-01T00:00:00Z`;
    const out = join(folder, 'out');
    await exported({ out, serverArguments: [`--data-dir=${dataDir}`, `--trust-tsa=${named}`] });
    const { timestampAuthorities } = JSON.parse(filesIn(out)['trusted-root.json']);
    assert.equal(timestampAuthorities.length, 1);
    assert.equal(timestampAuthorities[0].uri, 'https://old.example.org');
    assert.equal(timestampAuthorities[0].validFor.end, '2030-01-01T00:00:00Z');
  });

  it('takes the options from the file and the environment of the server too', async (t) => {
    const { dataDir, out } = await madeLog(t);
    const folder = temporaryFolder(t);
    const config = join(folder, 'stele.yaml');
    writeFileSync(
      config,
      `data-dir: ${dataDir}\nport: 3001\ntrust-oidc:\n  - url=https://a.example.org\n`,
    );
    await exported({
      out,
      serverArguments: [`--config=${config}`],
      environment: { STELE_PUBLIC_URL: 'https://log.example.org/prefix/' },
    });
    const written = JSON.parse(filesIn(out)['signing-config.json']);
    assert.equal(written.rekorTlogUrls[0].url, 'https://log.example.org/prefix');
    assert.equal(written.oidcUrls[0].url, 'https://a.example.org');
  });

  it('gives a log named localhost the usual port, or that of the options', async (t) => {
    const { dataDir, out } = await madeLog(t, 'localhost');
    const serverArguments = [`--data-dir=${dataDir}`];
    const urlAfter = async (options: Partial<ExportOptions>) => {
      await exported({ out, serverArguments, force: true, ...options });
      return JSON.parse(filesIn(out)['signing-config.json']).rekorTlogUrls[0].url;
    };
    assert.equal(await urlAfter({}), 'http://localhost:3000');
    assert.equal(await urlAfter({ environment: { STELE_PORT: '3001' } }), 'http://localhost:3001');
    assert.equal(await urlAfter({ environment: { STELE_PORT: '0' } }), 'http://localhost:3000');
  });

  it('trusts the key for all times, and says so, where log.json has no time', async (t) => {
    const { dataDir, out, identity } = await madeLog(t);
    const { createdSeconds: _, ...older } = identity;
    writeFileSync(join(dataDir, 'log.json'), JSON.stringify(older));
    const serverArguments = [`--data-dir=${dataDir}`];
    const startOf = () =>
      JSON.parse(filesIn(out)['trusted-root.json']).tlogs[0].publicKey.validFor.start;
    assert.match(await exported({ out, serverArguments }), /NOTE .*trusted for all times/);
    assert.equal(startOf(), '1970-01-01T00:00:00Z');
    const startTime = '2026-11-22T17:00:00Z';
    const printed = await exported({ out, serverArguments, force: true, startTime });
    assert.doesNotMatch(printed, /for all times/);
    assert.equal(startOf(), '2026-11-22T00:00:00Z');
  });

  it('never replaces a file unless told to, and writes none when one is there', async (t) => {
    const { dataDir, out } = await madeLog(t);
    const serverArguments = [`--data-dir=${dataDir}`];
    await exported({ out, serverArguments });
    const file = join(out, 'log.vkey');
    writeFileSync(file, 'mine');
    for (const other of TRUST_FILES.filter((name) => name !== 'log.vkey')) {
      writeFileSync(join(out, other), '');
    }
    await assert.rejects(
      exported({ out, serverArguments }),
      assertOperational(/log\.vkey.*--force/),
    );
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    await exported({ out, serverArguments, force: true });
    assert.match(readFileSync(file, 'utf8'), /^log\.example\.org\+/);
  });

  it('says so where no log is, or no log.json that can be read', async (t) => {
    const { dataDir, out } = await madeLog(t);
    const serverArguments = [`--data-dir=${dataDir}`];
    await assert.rejects(
      exported({ out, serverArguments: [`--data-dir=${out}`] }),
      assertOperational(/no log was started/),
    );
    for (const text of [
      '',
      'null',
      '[]',
      '{}',
      '{"hostname":"a","publicKeyPem":"b","verifierKeys":[]}',
    ]) {
      writeFileSync(join(dataDir, 'log.json'), text);
      await assert.rejects(exported({ out, serverArguments }), assertOperational(/log\.json/));
    }
    assert.ok(!existsSync(out));
  });

  it('prints the lines of each client, with the names of the files', async (t) => {
    const { dataDir } = await madeLog(t);
    const folder = temporaryFolder(t);
    const out = join(folder, "it's here");
    const flags = [`--data-dir=${dataDir}`, ...materialFlags(folder)];
    const printed = await exported({ out, serverArguments: flags });
    const quoted = (name: string) => `'${join(out, name).replace("'", "'\\''")}'`;
    for (const line of [
      `cosign sign-blob --signing-config ${quoted('signing-config.json')}`,
      `cosign verify-blob --trusted-root ${quoted('trusted-root.json')} --use-signed-timestamps`,
      `sigstore --trust-config ${quoted('client-trust-config.json')} sign FILE`,
      `TrustedRoot.fromJSON(JSON.parse(readFileSync(${JSON.stringify(join(out, 'trusted-root.json'))}`,
      `root.NewTrustedRootFromPath(${JSON.stringify(join(out, 'trusted-root.json'))})`,
      'rekor-cli --rekor_server https://log.example.org upload',
      'rekor-cli --rekor_server https://log.example.org verify',
      `stele verify --trusted-root ${quoted('trusted-root.json')}`,
    ]) {
      assert.ok(printed.includes(line), `${line}\n${printed}`);
    }
    assert.doesNotMatch(printed, /NOTE/);
  });

  it('says what clients will not do with what there is', async (t) => {
    const { dataDir, out } = await madeLog(t);
    const folder = temporaryFolder(t);
    const flags = materialFlags(folder);
    const notesWith = (...given: readonly string[]) =>
      exported({ out, force: true, serverArguments: [`--data-dir=${dataDir}`, ...given] });
    assert.match(await notesWith(), /no timestamp authority[\s\S]*no certificate authority/);
    assert.match(await notesWith(flags[0] as string), /no certificate log/);
    assert.doesNotMatch(await notesWith('--trust-apis=v1'), /no timestamp authority/);
    const elsewhere = await notesWith(...flags, '--public-url=http://127.0.0.1:3000');
    assert.match(elsewhere, /127\.0\.0\.1:3000 is not the name of the log/);
  });
});

describe('stele trust export from a running log', () => {
  it('writes what the log serves, and says that this proves nothing', async (t) => {
    const folder = temporaryFolder(t);
    const server = await start(t, join(folder, 'data'), ...materialFlags(folder));
    const out = join(folder, 'out');
    const printed = await exported({ out, url: `${server.url}/` });
    assert.match(printed, /proves nothing/);
    assert.ok(printed.includes(server.identity.logID));
    assert.ok(printed.includes(`rekor-cli --rekor_server ${server.url} upload`));
    assert.match(printed, /--use-signed-timestamps/);
    const response = await fetch(`${server.url}/.well-known/stele/trusted-root.json`);
    assert.equal(filesIn(out)['trusted-root.json'], await response.text());
  });

  it('takes the log with the ID that was given, and no other', async (t) => {
    const folder = temporaryFolder(t);
    const { url, identity } = await start(t, join(folder, 'data'));
    const out = join(folder, 'out');
    const logId = ['0'.repeat(64)];
    await assert.rejects(exported({ out, url, logId }), assertOperational(/nothing was written/));
    assert.ok(!existsSync(out));
    const printed = await exported({ out, url, logId: [identity.logID.toUpperCase()] });
    assert.doesNotMatch(printed, /proves nothing/);
    assert.match(printed, /logs are those of --log-id[\s\S]*unproved/);
  });

  it('takes documents that trust other logs too, all of which must be expected', async (t) => {
    const folder = temporaryFolder(t);
    const older = await start(t, join(folder, 'older'));
    const key = join(folder, 'older.pub');
    writeFileSync(key, older.identity.publicKeyPem);
    const other = `--trust-rekor=url=https://old.example.org,public-key=${key}`;
    const { url, identity } = await start(t, join(folder, 'data'), other);
    const out = join(folder, 'out');
    const logId = [identity.logID];
    await assert.rejects(exported({ out, url, logId }), assertOperational(/nothing was written/));
    const printed = await exported({ out, url, logId: [...logId, older.identity.logID] });
    assert.ok(printed.includes(`log ID  ${identity.logID}`));
    assert.equal(JSON.parse(filesIn(out)['trusted-root.json']).tlogs.length, 2);
    await exported({ out, url, force: true });
  });

  it('refuses documents that speak of several keys', async (t) => {
    const folder = temporaryFolder(t);
    const { url, identity } = await start(t, join(folder, 'data'));
    const others = await start(t, join(folder, 'others'));
    const forged = await documentsOf(others.url);
    const own = await documentsOf(url);
    const out = join(folder, 'out');
    for (const file of ['trusted-root.json', 'client-trust-config.json', 'log.pub'] as const) {
      const liar = await serve(t, { ...own, [file]: forged[file] });
      await assert.rejects(
        exported({ out, url: liar, logId: [identity.logID] }),
        assertOperational(/does not trust the key of log\.pub/),
      );
    }
    assert.ok(!existsSync(out));
  });

  it('refuses answers that are no documents', async (t) => {
    const folder = temporaryFolder(t);
    const { url } = await start(t, join(folder, 'data'));
    const own = await documentsOf(url);
    const out = join(folder, 'out');
    for (const [file, text] of [
      ['trusted-root.json', ''],
      ['trusted-root.json', '[]'],
      ['trusted-root.json', '{"tlogs":[]}'],
      ['signing-config.json', '{}'],
      ['signing-config.json', 'x'],
      ['signing-config.json', '{"caUrls":1,"tsaUrls":[]}'],
      ['client-trust-config.json', '{}'],
      ['client-trust-config.json', `{"trustedRoot":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
      ['log.pub', 'x'],
    ] as const) {
      const liar = await serve(t, { ...own, [file]: text });
      await assert.rejects(exported({ out, url: liar }), assertOperational(/./), `${file} ${text}`);
    }
    const endless = await serve(t, { ...own, 'log.vkey': 'x'.repeat(1024 ** 2 + 1) });
    await assert.rejects(exported({ out, url: endless }), assertOperational(/more than 1048576/));
    const moved = await listening(t, (_, response) => {
      response.writeHead(302, { Location: `${url}/.well-known/stele/log.pub` }).end();
    });
    await assert.rejects(exported({ out, url: moved }), assertOperational(/GET /));
    const older = await listening(t, (_, response) => response.writeHead(404).end());
    await assert.rejects(exported({ out, url: older }), assertOperational(/answered 404/));
    assert.ok(!existsSync(out));
  });

  it('says so when nobody answers', async (t) => {
    const out = join(temporaryFolder(t), 'out');
    await assert.rejects(exported({ out, url: 'http://127.0.0.1:1' }), assertOperational(/GET /));
  });
});

describe('the stele trust command', () => {
  it('exits 0 when done, 2 for usage and options, 3 for what is missing or in the way', async (t) => {
    const { dataDir, out } = await madeLog(t);
    const folder = temporaryFolder(t);
    const flags = materialFlags(folder);
    const done = stele(['trust', 'export', '--data-dir', dataDir, '--out', out, ...flags]);
    assert.equal(done.code, 0, done.err);
    assert.equal(JSON.parse(filesIn(out)['signing-config.json']).tsaUrls.length, 1);
    assert.equal(stele(['trust', 'export', '--data-dir', dataDir]).code, 2);
    assert.equal(stele(['trust', 'export', '--data-dir', dataDir, '--out', out]).code, 3);
    const url = ['--url', 'http://127.0.0.1:1'];
    assert.equal(stele(['trust', 'export', '--out', out, ...url, '--data-dir', dataDir]).code, 2);
    assert.equal(stele(['trust', 'export', '--out', out, ...url, flags[0] as string]).code, 2);
    assert.equal(stele(['trust', 'export', '--out', out, '--log-id', '00']).code, 2);
    const given = ['--data-dir', dataDir, '--trust-tsa', 'url=x'];
    const wrong = stele(['trust', 'export', '--out', out, ...given]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /CONFIG_INVALID: --trust-tsa/);
  });

  it('takes an option as often as it is given', async (t) => {
    const { dataDir, out } = await madeLog(t);
    const args = [
      '--trust-oidc',
      'url=https://a.example.org',
      '--trust-oidc=url=https://b.example.org',
    ];
    const { code, err } = stele(['trust', 'export', '--out', out, ...args], {
      STELE_DATA_DIR: dataDir,
    });
    assert.equal(code, 0, err);
    assert.equal(JSON.parse(filesIn(out)['signing-config.json']).oidcUrls.length, 2);
  });
});

describe('a server with a trust kit', () => {
  it('refuses to start on material that it cannot read, before it makes a log', async (t) => {
    const dataDir = join(temporaryFolder(t), 'data');
    const tsa = 'url=https://tsa.example.org,certificate-chain=/nowhere/tsa.pem';
    await assert.rejects(start(t, dataDir, `--trust-tsa=${tsa}`), {
      code: 'CONFIG_INVALID',
      message: '--trust-tsa /nowhere/tsa.pem: there is no such file',
    });
    await assert.rejects(start(t, dataDir, '--public-url=nowhere'), { code: 'CONFIG_INVALID' });
    assert.ok(!existsSync(dataDir));
  });

  it('gives a log named localhost the port that it listens on', async (t) => {
    const { url } = await start(t, temporaryFolder(t));
    const config = JSON.parse((await documentsOf(url))['signing-config.json']);
    assert.equal(config.rekorTlogUrls[0].url, `http://localhost:${new URL(url).port}`);
  });
});

async function documentsOf(url: string): Promise<TrustDocuments> {
  const texts = TRUST_FILES.map(async (file) => {
    const response = await fetch(`${url}/.well-known/stele/${file}`);
    return [file, await response.text()];
  });
  return Object.fromEntries(await Promise.all(texts)) as TrustDocuments;
}

function serve(t: TestContext, documents: TrustDocuments): Promise<string> {
  return listening(t, (request, response) => {
    const file = request.url?.split('/').at(-1) as keyof TrustDocuments;
    response.end(documents[file]);
  });
}

async function listening(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
