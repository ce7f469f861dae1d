// What a server hands out of its entries, of either API, old and new, verified as a file that somebody kept.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { verifyLogSignature } from '../../src/client/log-signature.js';
import { trustedLogsOfKeys } from '../../src/client/trusted-log.js';
import { type Given, verifyDocument } from '../../src/client/verify-document.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import { parseTlogProof } from '../../src/note/tlog-proof.js';
import { start, temporaryFolder } from '../server/scene.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signerKey = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
const rawBytes = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

interface Submitted {
  readonly api: 'v1' | 'v2';
  readonly artifact: Buffer;
  readonly signature: Buffer;
  /** The answer, as the client keeps it. */
  readonly answer: string;
  readonly body: Buffer;
}

async function submit(url: string, api: 'v1' | 'v2', text: string): Promise<Submitted> {
  const artifact = Buffer.from(text);
  const digest = createHash('sha256').update(artifact).digest();
  const signature = sign('sha256', artifact, privateKey);
  const content = signature.toString('base64');
  const verifier = { publicKey: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
  const request =
    api === 'v2'
      ? {
          hashedRekordRequestV002: {
            digest: digest.toString('base64'),
            signature: { content, verifier },
          },
        }
      : {
          kind: 'hashedrekord',
          apiVersion: '0.0.1',
          spec: {
            data: { hash: { algorithm: 'sha256', value: digest.toString('hex') } },
            signature: { content, publicKey: { content: signerKey.toString('base64') } },
          },
        };
  const answered = await fetch(`${url}/api/${api}/log/entries`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const answer = await answered.text();
  assert.equal(answered.status, 201, answer);
  const [, base64 = ''] = /"(?:canonicalizedBody|body)":"([^"]+)"/.exec(answer) ?? [];
  return { api, artifact, signature, answer, body: Buffer.from(base64, 'base64') };
}

function leafHash(body: Uint8Array): string {
  return createHash('sha256').update(Uint8Array.of(0)).update(body).digest('hex');
}

async function proofOf(url: string, { api, body }: Submitted, format: string): Promise<string> {
  const path = `/api/${api}/log/entries/${leafHash(body)}/proof?format=${format}`;
  const answer = await fetch(url + path);
  assert.equal(answer.status, 200, path);
  return answer.text();
}

for (const tree of ['own', 'shared']) {
  describe(`proofs of a server with --v2-tree ${tree}`, () => {
    it('verify by each key and by all, whichever API took the entry, old and new', async (t) => {
      const { url, identity } = await start(t, temporaryFolder(t), `--v2-tree=${tree}`);
      const pem = await (await fetch(`${url}/api/v1/log/publicKey`)).text();
      const vkeys = identity.verifierKeys;
      assert.equal(vkeys.length, 2);
      const trusts = [pem, ...vkeys, vkeys.join('\n')].map((key) => ({
        logs: trustedLogsOfKeys(key),
        origin: undefined,
        verifySignature: verifyLogSignature,
      }));
      const verify = async (text: string, given: Given, expected: boolean, at: number) => {
        const trust = trusts[at] ?? assert.fail();
        const steps = await verifyDocument(text, trust, given);
        const failed = steps.filter(({ outcome }) => outcome === 'failed');
        assert.equal(failed.length === 0, expected, JSON.stringify(steps));
      };

      const old = [await submit(url, 'v1', 'first v1'), await submit(url, 'v2', 'first v2')];
      for (let more = 0; more < 5; more++) {
        await submit(url, 'v1', `v1 ${more}`);
        await submit(url, 'v2', `v2 ${more}`);
      }
      const young = [await submit(url, 'v1', 'last v1'), await submit(url, 'v2', 'last v2')];
      for (const entry of [...old, ...young]) {
        const { artifact, signature, body, answer } = entry;
        const file = await proofOf(url, entry, 'tlog-proof');
        for (const at of trusts.keys()) {
          await verify(file, { body }, true, at);
          await verify(file, { artifact, signature, signerKey }, true, at);
          await verify(file, { body: Buffer.concat([body, Buffer.from(' ')]) }, false, at);
        }
        const fragment = await proofOf(url, entry, 'bundle');
        for (const text of [answer, fragment]) {
          for (const at of [0, 1, 3]) await verify(text, { artifact, signerKey }, true, at);
          await verify(text, { artifact: Buffer.from('x'), signerKey }, false, 0);
        }
      }
    });

    it('lead to the newest checkpoint, which grows', async (t) => {
      const { url } = await start(t, temporaryFolder(t), `--v2-tree=${tree}`);
      const entry = await submit(url, 'v2', 'an entry');
      const sizeIn = async () => {
        const { checkpoint } = parseTlogProof(await proofOf(url, entry, 'tlog-proof'));
        return Number(parseCheckpoint(parseSignedNote(checkpoint).text).size);
      };
      const before = await sizeIn();
      await submit(url, 'v2', 'another');
      assert.equal(await sizeIn(), before + 1);
    });
  });
}
