import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { concatBytes, fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { apkFile, apkProposal, tarFile } from '../entries/apk-file.js';
import { base64, envelopeOf, newSigner } from '../entries/envelope-fixture.js';
import { base64Digest, jarOf, type Member } from '../entries/jar-builder.js';
import { storedEntry } from '../entries/recorded.js';
import { clearSign, forgeKey, forgeRing } from '../pki/pgp-forge.js';
import {
  messageSigner,
  OID,
  signedMessage,
  timestampResponse,
  tokenInfo,
} from '../pki/pkcs7-builder.js';
import { certificateOf } from './odd-certificates.js';
import { leafIn, ServedLog } from './served-log.js';

const log = await ServedLog.start();

const ec = messageSigner('ec');
const rsa = messageSigner('rsa');

const proposalOf = (kind: string, spec: unknown): ProposedEntry => ({
  kind,
  apiVersion: '0.0.1',
  spec,
});

async function refusal(proposal: unknown): Promise<string> {
  const { status, text } = await log.submit(proposal);
  assert.equal(status, 400, text);
  return (JSON.parse(text) as { readonly message: string }).message;
}

let stamped = 0;

function timestamp(certificates: readonly Uint8Array[], signer = ec): ProposedEntry {
  // Each stamps something of its own: a duplicate would say nothing.
  const content = tokenInfo(utf8(`stamped ${stamped++}`));
  const token = signedMessage(signer, { content, contentType: OID.tokenInfo, certificates });
  return proposalOf('rfc3161', { tsr: { content: base64(timestampResponse(token)) } });
}

/** Returns the hashes of signers' keys in the search of an entry's terms. */
async function isFoundByKeyOf(answer: { readonly text: string }, pem: string): Promise<boolean> {
  const [uuid = ''] = Object.keys(JSON.parse(answer.text) as object);
  const hash = createHash('sha256').update(pem).digest('hex');
  const { status, text } = await log.get(`/api/v1/search?key=${hash}`);
  assert.equal(status, 200, text);
  return text.includes(uuid);
}

const pemOf = (der: Uint8Array): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
};

test('I19 CVE-2026-39984: the certificate of a timestamp is the one that its signer names, in whatever order they come', async () => {
  for (const certificates of [
    [ec.certificate],
    [ec.certificate, rsa.certificate],
    [rsa.certificate, ec.certificate],
    [rsa.certificate, rsa.certificate, ec.certificate, rsa.certificate],
  ]) {
    const answer = await log.submit(timestamp(certificates));
    assert.equal(answer.status, 201, answer.text);
    assert.ok(await isFoundByKeyOf(answer, pemOf(ec.certificate)));
    assert.equal(await isFoundByKeyOf(answer, pemOf(rsa.certificate)), false);
  }
  for (const certificates of [[rsa.certificate], [rsa.certificate, rsa.certificate], []]) {
    assert.match(await refusal(timestamp(certificates)), /certificate/);
  }
});

test('I19 CVE-2026-39984: of two certificates with one name and number, never the one that did not sign is believed', async () => {
  const parts = {};
  const own = certificateOf(ec.key, parts);
  const stranger = certificateOf(ec.key, {
    keyInfo: Buffer.from(certificateKeyInfo(rsa.certificate)),
  });
  const signer = { key: ec.key, certificate: own };
  const first = await log.submit(timestamp([own, stranger], signer));
  assert.equal(first.status, 201, first.text);
  assert.equal(await isFoundByKeyOf(first, pemOf(own)), true);
  assert.equal(await isFoundByKeyOf(first, pemOf(stranger)), false);
  assert.notEqual(await refusal(timestamp([stranger, own], signer)), '');
  assert.notEqual(await refusal(timestamp([stranger], signer)), '');
});

function certificateKeyInfo(der: Uint8Array): Uint8Array {
  return new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' });
}

test('I19 CVE-2026-39984: the order of certificates in a jar changes nothing but the bytes that are stored', async () => {
  for (const certificates of [
    [ec.certificate, rsa.certificate],
    [rsa.certificate, ec.certificate],
  ]) {
    const archive = jarOf(ec, { files: [{ name: 'a', content: 'a' }], message: { certificates } });
    const answer = await log.submit(proposalOf('jar', { archive: { content: base64(archive) } }));
    assert.equal(answer.status, 201, answer.text);
  }
  const archive = jarOf(ec, {
    files: [{ name: 'a', content: 'a' }],
    message: { certificates: [rsa.certificate] },
  });
  await refusal(proposalOf('jar', { archive: { content: base64(archive) } }));
});

test('I21 CVE-2026-44309: of a JSON member that is there twice the last counts, for checking and for storing', async () => {
  const first = storedEntry('hashedrekord', 'ec256');
  const second = storedEntry('hashedrekord', 'second-artifact');
  const hashOf = ({ spec }: ProposedEntry) =>
    (spec as { data: { hash: { value: string } } }).data.hash.value;
  const twice = (one: unknown, other: unknown) =>
    `{"kind":"hashedrekord","apiVersion":"0.0.1","spec":${JSON.stringify(one)},"spec":${JSON.stringify(other)}}`;
  assert.ok(leafIn(await log.submit(twice(first.spec, second.spec))).includes(hashOf(second)));
  assert.ok(leafIn(await log.submit(twice({}, first.spec))).includes(hashOf(first)));
  await refusal(twice(first.spec, {}));
  // Deeper: the digest of one entry over that of the other.
  const text = JSON.stringify(storedEntry('hashedrekord', 'rsa2048'));
  const other = '0'.repeat(64);
  await refusal(text.replace(/("value":"[0-9a-f]+")/, `$1,"value":"${other}"`));
  const answer = await log.submit(text.replace(/("value":"[0-9a-f]+")/, `"value":"${other}",$1`));
  assert.equal(leafIn(answer).includes(other), false);
});

test('I21 CVE-2026-44309: a payload that is twice in an envelope is stored as it was verified, and the envelope as it was sent', async () => {
  const signer = newSigner();
  const good = envelopeOf('the signed one', [signer]);
  const verifiers = [base64(signer.pem)];
  const bad = base64('another one');
  const submit = (envelope: string) =>
    log.submit(proposalOf('dsse', { proposedContent: { envelope, verifiers } }));
  const text = JSON.stringify(good);
  const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');
  const before = text.replace('{', `{"payload":"${bad}",`);
  const { spec } = JSON.parse(leafIn(await submit(before))) as {
    spec: { payloadHash: { value: string }; envelopeHash: { value: string } };
  };
  assert.equal(spec.payloadHash.value, sha256('the signed one'));
  assert.equal(spec.envelopeHash.value, sha256(before));
  const after = `${text.slice(0, -1)},"payload":"${bad}"}`;
  assert.equal((await submit(after)).status, 400);
  // Names in other letter case are the same member, as in Rekor.
  assert.equal((await submit(`${text.slice(0, -1)},"PAYLOAD":"${bad}"}`)).status, 400);
  // Whatever is between the members is hashed, not printed anew.
  const spaced = text.replaceAll(',', ' ,\n ');
  const stored = JSON.parse(leafIn(await submit(spaced))) as typeof parsedDsse;
  assert.equal(stored.spec.envelopeHash.value, sha256(spaced));
});

declare const parsedDsse: { readonly spec: { readonly envelopeHash: { readonly value: string } } };

test('I21 CVE-2026-44309: of TUF members that are there twice, what is stored is what was verified', async () => {
  const text = JSON.stringify(storedEntry('tuf', 'timestamp'));
  const version = /"version":5,/;
  assert.match(text, version);
  await refusal(text.replace(version, '"version":5,"version":6,'));
  const leaf = leafIn(await log.submit(text.replace(version, '"version":6,"version":5,')));
  const { spec } = JSON.parse(leaf) as { spec: { metadata: { content: string } } };
  const metadata = JSON.parse(Buffer.from(spec.metadata.content, 'base64').toString()) as {
    signed: { version: number };
  };
  assert.equal(metadata.signed.version, 5);
});

test('I21 CVE-2026-44309: of a .PKGINFO that is there twice the last is checked and stored', async () => {
  const data = utf8('the data');
  const sum = createHash('sha256').update(data).digest('hex');
  const info = (name: string, hash: string) =>
    tarFile('.PKGINFO', utf8(`pkgname = ${name}\ndatahash = ${hash}\n`));
  const wrong = '0'.repeat(64);
  for (const [first, second, status] of [
    [sum, sum, 201],
    [sum, wrong, 400],
    [wrong, sum, 201],
  ] as const) {
    const control = concatBytes(info('first', first), info('second', second));
    const answer = await log.submit(apkProposal(apkFile({ control, data })));
    assert.equal(answer.status, status, answer.text);
    if (answer.status === 400) continue;
    const { spec } = JSON.parse(leafIn(answer)) as {
      spec: { package: { pkginfo: { pkgname: string; datahash: string } } };
    };
    const { pkgname, datahash } = spec.package.pkginfo;
    assert.deepEqual([pkgname, datahash], ['second', sum]);
  }
});

test('I21 CVE-2026-44309: a member that is there twice in a jar is stored as it was verified, or refused', async () => {
  const files: readonly Member[] = [{ name: 'A.txt', content: 'signed' }];
  const submit = (arrange: (members: readonly Member[]) => readonly Member[]) =>
    log.submit(proposalOf('jar', { archive: { content: base64(jarOf(ec, { files, arrange })) } }));
  const other: Member = { name: 'A.txt', content: 'other' };
  assert.equal((await submit((members) => [...members, other])).status, 400);
  const foreign = signedMessage(rsa, { content: utf8('another'), detached: true });
  for (const name of ['META-INF/K.RSA', 'META-INF/K.EC']) {
    const block: Member = { name, content: foreign };
    for (const arrange of [
      (members: readonly Member[]) => [block, ...members],
      (members: readonly Member[]) => [...members, block],
    ]) {
      assert.equal((await submit(arrange)).status, 400, name);
    }
  }
  const manifest: Member = {
    name: 'META-INF/MANIFEST.MF',
    content: `Manifest-Version: 1.0\r\n\r\nName: A.txt\r\nSHA-256-Digest: ${base64Digest('other')}\r\n\r\n`,
  };
  assert.equal((await submit((members) => [...members, manifest])).status, 400);
});

test('I21 CVE-2026-44309: of several YAML documents, and of keys that are there twice, one sum is stored: the one of the signed text that Rekor stores', async () => {
  const key = forgeKey(5);
  const chart = 'apiVersion: v2\nname: c\nversion: 0.1.0\n';
  const submit = (sums: string, name = 'c') => {
    const provenance = clearSign(key, `${chart.replace('c\n', `${name}\n`)}\n...\n${sums}`);
    return log.submit(
      proposalOf('helm', {
        publicKey: { content: base64(forgeRing(key)) },
        chart: { provenance: { content: base64(provenance) } },
      }),
    );
  };
  const sum = (digit: string) => digit.repeat(64);
  const file = (digit: string) => `files:\n  c.tgz: sha256:${sum(digit)}\n`;
  const stored = async (sums: string, name: string): Promise<string> => {
    const leaf = leafIn(await submit(sums, name));
    return (JSON.parse(leaf) as { spec: { chart: { hash: { value: string } } } }).spec.chart.hash
      .value;
  };
  assert.equal(await stored(`${file('a')}---\n${file('b')}`, 'documents'), sum('a'));
  assert.equal(await stored(`${file('a')}${file('b')}`, 'twice'), sum('b'));
  const inside = `files:\n  c.tgz: sha256:${sum('a')}\n  c.tgz: sha256:${sum('b')}\n`;
  assert.equal(await stored(inside, 'inside'), sum('b'));
  assert.equal(
    (await submit(`${file('a')}<<: {files: {c.tgz: "sha256:${sum('b')}"}}\n`)).status,
    400,
  );
});

test('I21 CVE-2026-44309: text behind a clear-signed message, or a second one, is never what is stored', async () => {
  const key = forgeKey(6);
  const sums = (digit: string) =>
    `apiVersion: v2\nname: c\nversion: 0.1.0\n\n...\nfiles:\n  c.tgz: sha256:${digit.repeat(64)}\n`;
  const first = fromUtf8(clearSign(key, sums('a')));
  const unsigned = fromUtf8(clearSign(forgeKey(7), sums('b')));
  const submit = (provenance: string) =>
    log.submit(
      proposalOf('helm', {
        publicKey: { content: base64(forgeRing(key)) },
        chart: { provenance: { content: base64(provenance) } },
      }),
    );
  const leaf = leafIn(await submit(`${first}${unsigned}`));
  assert.ok(leaf.includes('a'.repeat(64)) && !leaf.includes('b'.repeat(64)));
  assert.equal((await submit(`${unsigned}${first}`)).status, 400);
});
