// The timestamp authority, asked and judged by tools that have nothing to do with this project: OpenSSL, sigstore-js,
// sigstore-python. Once with the authority that a log makes for itself, once with an operator's own chain of three.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { RFC3161Timestamp } from '@sigstore/core';
import { initializeCA } from '@sigstore/mock';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { MessageSignatureBundleBuilder, TSAWitness } from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { SIGSTORE_PYTHON } from './sigstore-python.mjs';
import { startedLog } from './started-log.mjs';

const ARTIFACT = Buffer.from('what is signed here\n');
const IDENTITY = 'signer@example.com';
const PATH = '/api/v1/timestamp';

const run = (program, args, cwd) => execFileSync(program, args, { cwd, stdio: 'pipe' }).toString();
const openssl = (cwd, ...args) => run('openssl', args, cwd);

/** Makes key.pem and chain.pem in `folder` with OpenSSL: root, intermediate, and the certificate of the authority. */
function makeChain(folder, key) {
  const authority = 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign';
  const extensions = {
    root: authority,
    middle: `${authority}\nextendedKeyUsage=timeStamping`,
    leaf: 'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping',
  };
  for (const [name, text] of Object.entries(extensions)) {
    writeFileSync(join(folder, `${name}.ext`), text);
    const kind =
      name === 'leaf' ? key : ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'];
    openssl(folder, 'genpkey', ...kind, '-out', `${name}.key`);
    openssl(
      folder,
      'req',
      '-new',
      '-key',
      `${name}.key`,
      '-subj',
      `/CN=${name}`,
      '-out',
      `${name}.csr`,
    );
  }
  const issue = (name, ...by) =>
    openssl(
      folder,
      ...['x509', '-req', '-in', `${name}.csr`, '-extfile', `${name}.ext`, '-days', '2', ...by],
      ...['-out', `${name}.pem`],
    );
  issue('root', '-signkey', 'root.key');
  issue('middle', '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial');
  issue('leaf', '-CA', 'middle.pem', '-CAkey', 'middle.key', '-CAcreateserial');
  const chain = ['leaf', 'middle', 'root'].map((name) => readFileSync(join(folder, `${name}.pem`)));
  writeFileSync(join(folder, 'chain.pem'), Buffer.concat(chain));
  return [`--tsa-key=${join(folder, 'leaf.key')}`, `--tsa-chain=${join(folder, 'chain.pem')}`];
}

const AUTHORITIES = [
  ['of its own', undefined],
  [
    'with a P-521 key and a chain of three',
    ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  ],
  [
    'with an RSA key and a chain of three',
    ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
  ],
];

for (const [name, key] of AUTHORITIES) {
  describe(`an authority ${name}`, () => {
    let folder;
    let log;
    let url;
    let chain;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'stele-tsa-'));
      log = await startedLog('--tsa', ...(key === undefined ? [] : makeChain(folder, key)));
      url = `${log.url}${PATH}`;
      const pem = await (await fetch(`${url}/certchain`)).text();
      chain = pem.split(/(?<=-----END CERTIFICATE-----\n)/).filter((each) => each !== '');
      writeFileSync(join(folder, 'all.pem'), pem);
      writeFileSync(join(folder, 'ca.pem'), chain.at(-1));
      writeFileSync(join(folder, 'untrusted.pem'), chain.slice(0, -1).join(''));
      writeFileSync(join(folder, 'artifact'), ARTIFACT);
      writeFileSync(join(folder, 'other'), 'something else');
    });
    after(async () => {
      await log?.stop();
      rmSync(folder, { recursive: true });
    });

    const verification = (what) => ['ts', '-verify', ...what, '-CAfile', 'ca.pem'];

    for (const query of [
      ['-sha256', '-cert'],
      ['-sha384', '-cert', '-no_nonce'],
      ['-sha512', '-cert', '-tspolicy', '1.3.6.1.4.1.57264.2'],
      ['-sha256'],
    ]) {
      it(`is believed by openssl ts, asked with ${query.join(' ')}`, async () => {
        openssl(folder, 'ts', '-query', '-data', 'artifact', ...query, '-out', 'query');
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/timestamp-query' },
          body: readFileSync(join(folder, 'query')),
        });
        assert.equal(response.status, 200);
        const reply = Buffer.from(await response.arrayBuffer());
        writeFileSync(join(folder, 'reply'), reply);
        // Without certificates in the answer the verifier must bring them.
        const known = query.includes('-cert') ? [] : ['-untrusted', 'untrusted.pem'];
        for (const what of [
          ['-queryfile', 'query'],
          ['-data', 'artifact'],
        ]) {
          openssl(folder, ...verification([...what, '-in', 'reply']), ...known);
        }
        assert.throws(() =>
          openssl(folder, ...verification(['-data', 'other', '-in', 'reply']), ...known),
        );
        const text = openssl(folder, 'ts', '-reply', '-in', 'reply', '-text');
        assert.match(text, /Policy OID: 1\.3\.6\.1\.4\.1\.57264\.2/);
        assert.match(text, /Accuracy: 0x01 seconds, unspecified millis, unspecified micros/);
        assert.match(text, /Time stamp: \w+ +\d+ \d\d:\d\d:\d\d \d{4} GMT/);
        assert.equal(/Nonce: 0x/.test(text), !query.includes('-no_nonce'));
        reply[reply.length - 5] ^= 0x01;
        writeFileSync(join(folder, 'reply'), reply);
        assert.throws(() =>
          openssl(folder, ...verification(['-queryfile', 'query', '-in', 'reply']), ...known),
        );
      });
    }

    it('is believed by openssl as a signer of timestamps for good', () => {
      writeFileSync(join(folder, 'one.pem'), chain[0]);
      const text = openssl(
        folder,
        ...['verify', '-x509_strict', '-purpose', 'timestampsign', '-CAfile', 'ca.pem'],
        ...['-untrusted', 'untrusted.pem', 'one.pem'],
      );
      assert.match(text, /one\.pem: OK/);
    });

    it('is used and believed by sigstore-python', () => {
      assert.ok(existsSync(SIGSTORE_PYTHON), `${SIGSTORE_PYTHON} is not there: see .ci/run`);
      const script = fileURLToPath(new URL('timestamp.py', import.meta.url));
      assert.match(run(SIGSTORE_PYTHON, [script, url, 'all.pem'], folder), /verified/);
    });

    it('is used and believed by sigstore-js, as the only witness of a bundle', async () => {
      const ca = await initializeCA(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
      const builder = new MessageSignatureBundleBuilder({
        signer: certificateSigner(ca),
        witnesses: [new TSAWitness({ tsaBaseURL: log.url })],
      });
      const bundle = bundleFromJSON(bundleToJSON(await builder.create({ data: ARTIFACT })));
      const verifier = new Verifier(trustMaterial(ca, url, chain), {
        ctlogThreshold: 0,
        tlogThreshold: 0,
        timestampThreshold: 1,
      });
      verifier.verify(toSignedEntity(bundle, ARTIFACT), { subjectAlternativeName: IDENTITY });

      const [stamp] = bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
      const read = RFC3161Timestamp.parse(stamp.signedTimestamp);
      assert.ok(Math.abs(Date.now() - read.signingTime.getTime()) < 30_000);
      stamp.signedTimestamp[stamp.signedTimestamp.length - 5] ^= 0x01;
      assert.throws(() => verifier.verify(toSignedEntity(bundle, ARTIFACT)));
    });
  });
}

/** A signer with a certificate for its own key, as Fulcio would issue it. */
function certificateSigner(ca) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    sign: async (data) => {
      const der = await ca.issueCertificate({
        publicKey: publicKey.export({ type: 'spki', format: 'der' }),
        subjectAltName: IDENTITY,
      });
      const certificate = new X509Certificate(der).toString();
      return {
        signature: sign('sha256', data, privateKey),
        key: { $case: 'x509Certificate', certificate },
      };
    },
  };
}

function trustMaterial(ca, url, chain) {
  const start = '2020-01-01T00:00:00Z';
  const authority = (uri, certificates) => ({
    subject: { organization: 'o', commonName: 'c' },
    uri,
    certChain: { certificates: certificates.map((der) => ({ rawBytes: der.toString('base64') })) },
    validFor: { start },
  });
  const root = TrustedRoot.fromJSON({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [],
    certificateAuthorities: [authority('http://127.0.0.1:1', [ca.rootCertificate])],
    ctlogs: [],
    timestampAuthorities: [
      authority(
        url,
        chain.map((pem) => new X509Certificate(pem).raw),
      ),
    ],
  });
  return toTrustMaterial(root);
}
