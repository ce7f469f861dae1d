import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { OperationalError } from '../../src/cli/output.js';
import { type VerifyOptions, verifyFiles } from '../../src/cli/verify-command.js';
import { VERIFY_HELP } from '../../src/cli/verify-help.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { logSigner, transparencyLogEntry } from '../client/made-log.js';
import { vectorLines, vectorPath } from '../vectors.js';

const folder = mkdtempSync(join(tmpdir(), 'stele-verify-'));
after(() => rmSync(folder, { recursive: true }));

const realworld = vectorPath('realworld');
const bundles = readdirSync(realworld).filter((name) => name.endsWith('.sigstore.json'));
const key = join(realworld, 'public-good.pub');
const trustedRoot = join(realworld, 'trusted-root.json');

async function verify(
  files: readonly string[],
  options: VerifyOptions,
): Promise<{ readonly code: number; readonly text: string }> {
  const lines: string[] = [];
  const code = await verifyFiles(files, options, { line: (text) => lines.push(text) });
  return { code, text: lines.join('\n') };
}

interface Bundle {
  verificationMaterial: {
    certificate?: unknown;
    publicKey?: unknown;
    tlogEntries: Record<string, unknown>[];
  };
  messageSignature: { messageDigest?: { algorithm: string; digest: string }; signature: string };
}

const bundleAt = (at: number): Bundle =>
  JSON.parse(readFileSync(join(realworld, bundles[at] ?? ''), 'utf8')) as Bundle;

function fileOf(bundle: unknown): string {
  const path = join(folder, 'bundle.json');
  writeFileSync(path, JSON.stringify(bundle));
  return path;
}

describe('bundles of the public log', () => {
  it('verify with its key and with a trusted root', async () => {
    const files = bundles.map((name) => join(realworld, name));
    assert.equal(files.length, 4);
    assert.equal((await verify(files, { key })).code, 0);
    assert.equal((await verify(files, { trustedRoot })).code, 0);
  });

  it('are reported as JSON when asked', async () => {
    const { text } = await verify([join(realworld, bundles[0] ?? '')], { key, json: true });
    const { files } = JSON.parse(text) as {
      files: { verified: boolean; steps: { step: string; outcome: string }[] }[];
    };
    assert.equal(files[0]?.verified, true);
    const steps = files[0]?.steps.map(({ step, outcome }) => `${step} ${outcome}`) ?? [];
    for (const step of ['signed entry timestamp', 'inclusion proof', 'checkpoint', 'signer']) {
      assert.ok(steps.includes(`${step} passed`), step);
    }
  });

  it('do not verify with another artifact', async () => {
    const artifact = join(folder, 'artifact');
    writeFileSync(artifact, 'something else');
    const { code, text } = await verify([join(realworld, bundles[0] ?? '')], { key, artifact });
    assert.equal(code, 1);
    assert.match(text, /FAIL body: the artifact is sha256:/);
  });
});

describe('entries of v2 logs', () => {
  const [recorded] = vectorLines<{
    vkey?: string;
    publicKey: string;
    origin: string;
    tle: unknown;
  }>('rekor-v2/log-entries.jsonl').filter(({ vkey }) => vkey !== undefined);
  const { vkey = '', publicKey = '', origin = '', tle } = recorded ?? {};
  const written = (name: string, text: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const files = {
    entry: written('entry.json', JSON.stringify(tle)),
    vkey: written('log.vkey', `${vkey}\n`),
    pem: written('log.pub', `-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----\n`),
  };

  it('verify with a verifier key, and with a key and the origin', async () => {
    assert.equal((await verify([files.entry], { key: files.vkey })).code, 0);
    const { policy } = JSON.parse(readFileSync(vectorPath('note/tlog-proof.json'), 'utf8')) as {
      policy: string;
    };
    const [, other = ''] = /^log (\S+)$/m.exec(policy) ?? [];
    const several = written('several.vkey', `${other}\n${vkey}\n`);
    assert.equal((await verify([files.entry], { key: several })).code, 0);
    assert.equal((await verify([files.entry], { key: written('one.vkey', other) })).code, 1);
    const { code, text } = await verify([files.entry], { key: files.pem, origin });
    assert.equal(code, 0);
    assert.match(text, /^ {2}- {4}signed entry timestamp: .* no time$/m);
    assert.equal((await verify([files.entry], { key: files.pem, origin: 'other' })).code, 1);
  });

  it("do not verify with a witness's key in place of the log's", async () => {
    const keys = JSON.parse(readFileSync(vectorPath('note/tlog-proof.json'), 'utf8')) as {
      policy: string;
    };
    const [, witness = ''] = /^witness \S+ (\S+)$/m.exec(keys.policy) ?? [];
    const path = written('witness.vkey', witness);
    await assert.rejects(verify([files.entry], { key: path }), /is a witness's, not a log's/);
  });

  it('verify as a proof file with the body beside it', async () => {
    const { inclusionProof, canonicalizedBody } = tle as {
      inclusionProof: { logIndex: string; hashes: string[]; checkpoint: { envelope: string } };
      canonicalizedBody: string;
    };
    const { logIndex, hashes, checkpoint } = inclusionProof;
    const lines = ['c2sp.org/tlog-proof@v1', `index ${logIndex}`, ...hashes, '', ''];
    const proof = written('entry.tlog-proof', lines.join('\n') + checkpoint.envelope);
    const body = written('body.json', Buffer.from(canonicalizedBody, 'base64'));
    assert.equal((await verify([proof], { key: files.vkey, body })).code, 0);
    const other = written('other.json', `${Buffer.from(canonicalizedBody, 'base64')} `);
    assert.equal((await verify([proof], { key: files.vkey, body: other })).code, 1);
    const { code, text } = await verify([proof], { key: files.vkey });
    assert.equal(code, 1);
    assert.match(text, /FAIL document: a proof file does not hold the entry/);
  });
});

describe('the help', () => {
  it('says what artifact and key are for every kind', () => {
    for (const kind of KNOWN_KINDS)
      assert.match(VERIFY_HELP, new RegExp(`^  [^-]*\\b${kind}\\b`, 'm'));
  });
});

describe('I12 CVE-2022-36056: a valid but unrelated entry is not taken for a proof:', () => {
  const splices: Readonly<
    Record<string, readonly [RegExp, (bundle: Bundle, other: Bundle) => void]>
  > = {
    'the entry of another bundle': [
      /signature is not the one in the entry/,
      (bundle, other) => {
        bundle.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
      },
    ],
    'the signature of another bundle': [
      /signature is not the one in the entry/,
      (bundle, other) => {
        bundle.messageSignature.signature = other.messageSignature.signature;
      },
    ],
    'the digest of another bundle': [
      /digest is not the one in the entry/,
      (bundle, other) => {
        const { messageDigest } = other.messageSignature;
        if (messageDigest !== undefined) bundle.messageSignature.messageDigest = messageDigest;
      },
    ],
    'the same digest under another name': [
      /digest is not the one in the entry/,
      (bundle) => {
        const { messageDigest } = bundle.messageSignature;
        if (messageDigest !== undefined) messageDigest.algorithm = 'SHA2_512';
      },
    ],
    'no digest and no artifact': [
      /names no digest/,
      (bundle) => {
        Reflect.deleteProperty(bundle.messageSignature, 'messageDigest');
      },
    ],
    'the certificate of another bundle': [
      /certificate is not the one in the entry/,
      (bundle, other) => {
        bundle.verificationMaterial.certificate = other.verificationMaterial.certificate;
      },
    ],
    'a hint in place of the certificate': [
      /holds no certificate/,
      (bundle) => {
        Reflect.deleteProperty(bundle.verificationMaterial, 'certificate');
        bundle.verificationMaterial.publicKey = { hint: 'x' };
      },
    ],
    'a second entry that is of another bundle': [
      /signature is not the one in the entry/,
      (bundle, other) => {
        bundle.verificationMaterial.tlogEntries.push(...other.verificationMaterial.tlogEntries);
      },
    ],
    'no entry at all': [
      /holds no log entry/,
      (bundle) => {
        bundle.verificationMaterial.tlogEntries = [];
      },
    ],
    'an entry without its promise': [
      /FAIL signed entry timestamp: there is none/,
      (bundle) => {
        for (const entry of bundle.verificationMaterial.tlogEntries) {
          Reflect.deleteProperty(entry, 'inclusionPromise');
        }
      },
    ],
    'an entry without its proof': [
      /FAIL inclusion proof: there is none/,
      (bundle) => {
        for (const entry of bundle.verificationMaterial.tlogEntries) {
          Reflect.deleteProperty(entry, 'inclusionProof');
        }
      },
    ],
    'an envelope beside the signature': [
      /needs one of/,
      (bundle) => {
        Object.assign(bundle, { dsseEnvelope: { payloadType: 'x', payload: '', signatures: [] } });
      },
    ],
  };
  for (const [name, [reason, splice]] of Object.entries(splices)) {
    it(name, async () => {
      const bundle = bundleAt(0);
      splice(bundle, bundleAt(2));
      const { code, text } = await verify([fileOf(bundle)], { key });
      assert.equal(code, 1);
      assert.match(text, reason);
    });
  }

  it('an entry that was logged when its certificate was not valid', async () => {
    const bundle = bundleAt(0);
    const [real] = bundle.verificationMaterial.tlogEntries;
    const leaf = Buffer.from(String(real?.['canonicalizedBody']), 'base64');
    bundle.verificationMaterial.tlogEntries = [transparencyLogEntry(leaf)];
    const madeKey = join(folder, 'made.pub');
    writeFileSync(madeKey, logSigner.publicKeyPem);
    const { code, text } = await verify([fileOf(bundle)], { key: madeKey });
    assert.equal(code, 1);
    assert.match(text, /FAIL body: the entry was logged outside the validity/);
    assert.equal(text.match(/FAIL/g)?.length, 1);
  });

  it('and one bad file among good ones is enough', async () => {
    const bundle = bundleAt(0);
    bundle.verificationMaterial.tlogEntries = [];
    const good = join(realworld, bundles[1] ?? '');
    assert.equal((await verify([good, fileOf(bundle), good], { key })).code, 1);
  });
});

describe('what cannot be judged', () => {
  it('is an operational error: files that are missing, keys that are none', async () => {
    const good = join(realworld, bundles[0] ?? '');
    const attempts: readonly (readonly [string, VerifyOptions])[] = [
      [join(folder, 'missing'), { key }],
      [good, { key: join(folder, 'missing') }],
      [good, { key: good }],
      [good, { trustedRoot: key }],
      [good, { key, artifact: join(folder, 'missing') }],
    ];
    for (const [file, options] of attempts) {
      await assert.rejects(verify([file], options), OperationalError);
    }
  });

  it('never reaches the terminal as control characters', async () => {
    const path = join(folder, 'hostile.json');
    writeFileSync(path, JSON.stringify({ '\u001b[2Jx': {} }));
    const { code, text } = await verify([path], { key });
    assert.equal(code, 1);
    assert.ok(!text.includes('\u001b'));
  });
});
