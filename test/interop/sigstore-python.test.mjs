// sigstore-python, unmodified: signs a file and a statement into a started log through either API, and verifies both
// offline with what the trust kit wrote. `stele verify` reads the same bundles.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  exportedTrust,
  IDENTITY,
  ISSUER,
  identityToken,
  startedFulcio,
} from './signing-services.mjs';
import { SIGSTORE_PYTHON } from './sigstore-python.mjs';
import { startedLog, stele } from './started-log.mjs';

const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';
const PREDICATE = {
  buildDefinition: { buildType: 'https://example.com/build', externalParameters: {} },
  runDetails: { builder: { id: 'https://example.com/builder' } },
};

let log;
let fulcio;
after(async () => {
  await fulcio?.stop();
  await log?.stop();
});
before(async () => {
  log = await startedLog('--tsa');
  fulcio = await startedFulcio(log.folder);
});

for (const [api, kinds] of [
  ['v1', ['hashedrekord 0.0.1', 'dsse 0.0.1']],
  ['v2', ['hashedrekord 0.0.2', 'hashedrekord 0.0.2']],
]) {
  describe(`sigstore-python by way of ${api}`, () => {
    let trust;
    let folder;
    before(() => {
      trust = exportedTrust(log, fulcio, api);
      folder = join(log.folder, api);
      mkdirSync(folder);
      writeFileSync(join(folder, 'artifact.txt'), `what is signed through ${api}\n`);
      writeFileSync(join(folder, 'other.txt'), 'something else\n');
      writeFileSync(join(folder, 'predicate.json'), JSON.stringify(PREDICATE));
    });

    const sigstore = (...args) => {
      const config = ['-m', 'sigstore', '--trust-config', trust('client-trust-config.json')];
      // No caches of a home directory, no mirror of the public instance.
      const options = { cwd: folder, env: { HOME: log.folder, PATH: process.env.PATH } };
      return new Promise((resolve) => {
        execFile(SIGSTORE_PYTHON, [...config, ...args], options, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : error.code, output: stdout + stderr });
        });
      });
    };
    const verify = (bundle, file) =>
      sigstore(
        ...['verify', 'identity', '--bundle', bundle],
        ...['--cert-identity', IDENTITY, '--cert-oidc-issuer', ISSUER, file],
      );

    for (const [at, what, args] of [
      [0, 'a file', ['sign']],
      [
        1,
        'a statement',
        ['attest', '--predicate', 'predicate.json', '--predicate-type', PREDICATE_TYPE],
      ],
    ]) {
      it(`signs ${what}, and everybody verifies it offline`, async () => {
        const bundle = `${args[0]}.sigstore.json`;
        const token = ['--identity-token', identityToken()];
        const signed = await sigstore(...args, ...token, '--bundle', bundle, 'artifact.txt');
        assert.equal(signed.code, 0, signed.output);
        const { verificationMaterial } = JSON.parse(readFileSync(join(folder, bundle), 'utf8'));
        const [{ kindVersion }] = verificationMaterial.tlogEntries;
        assert.equal(`${kindVersion.kind} ${kindVersion.version}`, kinds[at]);
        const verified = await verify(bundle, 'artifact.txt');
        assert.equal(verified.code, 0, verified.output);
        assert.notEqual((await verify(bundle, 'other.txt')).code, 0);
        const root = ['--trusted-root', trust('trusted-root.json')];
        const artifact = ['--artifact', join(folder, 'artifact.txt')];
        stele('verify', ...root, ...artifact, join(folder, bundle));
      });
    }

    it('refuses a bundle whose checkpoint was changed', async () => {
      const bundle = JSON.parse(readFileSync(join(folder, 'sign.sigstore.json'), 'utf8'));
      const [entry] = bundle.verificationMaterial.tlogEntries;
      const { checkpoint } = entry.inclusionProof;
      checkpoint.envelope = checkpoint.envelope.replace(/\n(\d+)\n/, (_, size) => `\n${size}0\n`);
      writeFileSync(join(folder, 'changed.json'), JSON.stringify(bundle));
      assert.notEqual((await verify('changed.json', 'artifact.txt')).code, 0);
    });
  });
}
