import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { leafHash } from '../../src/merkle/hash.js';
import { verifyInclusion } from '../../src/merkle/verify.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import { parseTlogProof, printTlogProof } from '../../src/note/tlog-proof.js';
import { composeServer, type RunningServer } from '../../src/server/compose.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import { V2LogUnderTest } from '../golden/v2-log-under-test.js';
import { configFor, submit, submitV2 } from '../server/scene.js';

const HOSTNAME = 'rekor.local';
const V1 = '/api/v1/log/entries';
const V2 = '/api/v2/log/entries';

/** An entry of the log, by each of its names. */
interface Known {
  readonly logIndex: number;
  readonly leaf: Buffer;
  readonly hash: string;
  readonly entryID: string;
}

for (const tree of ['own', 'shared'] as const) {
  describe(`the proof of an entry, with ${tree} tree${tree === 'own' ? 's' : ''}`, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'stele-proof-'));
    let server: RunningServer;
    let ofV1: Known;
    let ofV2: Known;
    let origins: { readonly v1: string; readonly ofV1Tiles: string };

    before(async () => {
      const flags = [`--hostname=${HOSTNAME}`, `--v2-tree=${tree}`];
      server = await composeServer(configFor(dataDir, ...flags));
      // Several of each, so that proofs have hashes and indexes of the logs differ.
      for (const name of ['a', 'b', 'c']) await submit(server.url, name);
      for (const name of ['d', 'e']) await submitV2(server.url, name);
      const { treeID, v2, origin } = server.identity;
      ofV1 = v1Entry(await (await submit(server.url, 'v1')).json());
      ofV2 = v2Entry(await (await submitV2(server.url, 'v2')).json(), v2.treeID);
      for (const name of ['f', 'g', 'h']) await submit(server.url, name);
      origins = { v1: origin, ofV1Tiles: tree === 'shared' ? HOSTNAME : origin };
      assert.equal(treeID === v2.treeID, tree === 'shared');
    });
    after(async () => {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    });

    const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(server.url + path, { headers });
    const spellings = ({ logIndex, hash, entryID }: Known) => [String(logIndex), hash, entryID];

    it('as a tlog-proof verifies, by every name and for entries of both APIs', async () => {
      for (const [api, known, origin] of [
        [V1, ofV1, origins.ofV1Tiles],
        [V2, ofV2, HOSTNAME],
      ] as const) {
        for (const name of spellings(known)) {
          for (const query of ['', '?format=tlog-proof', '?format=bundle&format=tlog-proof']) {
            const answer = await ask(`${api}/${name}/proof${query}`);
            assert.equal(answer.status, 200, name);
            assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
            assert.match(answer.headers.get('vary') ?? '', /\bAccept\b/);
            assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
            checkTlogProof(await answer.text(), known, origin);
          }
        }
      }
    });

    it('as a tlog-proof names an entry of the other API by hash and ID, too', async () => {
      for (const [api, known, origin] of [
        [V2, ofV1, origins.ofV1Tiles],
        [V1, ofV2, HOSTNAME],
      ] as const) {
        for (const name of [known.hash, known.entryID]) {
          const answer = await ask(`${api}/${name}/proof`);
          checkTlogProof(await answer.text(), known, origin);
        }
      }
    });

    it('as the fragment of a bundle has of a v2 entry no promise', async () => {
      const log = new V2LogUnderTest(server.identity);
      for (const path of [
        ...spellings(ofV2).map((name) => `${V2}/${name}/proof?format=bundle`),
        ...[ofV2.hash, ofV2.entryID].map((name) => `${V1}/${name}/proof?format=bundle`),
      ]) {
        const { index, leaf } = log.entry(entryText(await (await ask(path)).text()));
        assert.equal(index, ofV2.logIndex, path);
        assert.deepEqual(Buffer.from(leaf), ofV2.leaf, path);
      }
    });

    it('as the fragment of a bundle has of a v1 entry a promise and a checkpoint of one line', async () => {
      for (const path of [
        ...spellings(ofV1).map((name) => `${V1}/${name}/proof?format=bundle`),
        ...[ofV1.hash, ofV1.entryID].map((name) => `${V2}/${name}/proof?format=bundle`),
      ]) {
        checkV1Fragment(entryText(await (await ask(path)).text()), ofV1, origins.v1);
      }
    });

    it('has the form that the client accepts or asks for, and the last one that it asks for', async () => {
      const path = `${V2}/${ofV2.hash}/proof`;
      const typeOf = async (query: string, accept?: string): Promise<string | null> => {
        const answer = await ask(path + query, accept === undefined ? {} : { accept });
        assert.equal(answer.status, 200);
        return answer.headers.get('content-type');
      };
      const [text, json] = ['text/plain; charset=utf-8', 'application/json'];
      assert.equal(await typeOf(''), text);
      assert.equal(await typeOf('', 'text/plain'), text);
      assert.equal(await typeOf('', 'application/json'), json);
      assert.equal(await typeOf('', 'text/html, application/json;q=0.5'), json);
      assert.equal(await typeOf('?format=tlog-proof', 'application/json'), text);
      assert.equal(await typeOf('?format=bundle', 'text/plain'), json);
      assert.equal(await typeOf('?format=tlog-proof&format=bundle'), json);
    });

    it('answers HEAD as GET', async () => {
      for (const query of ['?format=bundle', '?format=tlog-proof']) {
        const path = `${server.url}${V2}/${ofV2.hash}/proof${query}`;
        const [whole, head] = [await fetch(path), await fetch(path, { method: 'HEAD' })];
        assert.equal(head.status, 200);
        assert.equal(await head.text(), '');
        for (const name of ['content-type', 'content-length']) {
          assert.equal(head.headers.get(name), whole.headers.get(name), name);
        }
      }
    });

    it('that cannot be given is refused in the form of its API', async () => {
      const unknown = '0'.repeat(64);
      for (const [path, status, told] of [
        [`${unknown}/proof`, 404, undefined],
        [`${'0'.repeat(80)}/proof`, 404, undefined],
        ['999999/proof', 404, undefined],
        ['x/proof', 400, /^entryID must be/],
        ['01/proof', 400, /^entryID must be/],
        ['0/proof?format=der', 400, /^format must be tlog-proof or bundle$/],
        ['0/proof?format=', 400, /^format must be/],
      ] as const) {
        for (const [api, members] of [
          [V1, 'code,message'],
          [V2, 'code,message,details'],
        ] as const) {
          const answer = await ask(`${api}/${path}`);
          assert.equal(answer.status, status, api + path);
          const body = (await answer.json()) as { message: string };
          assert.equal(Object.keys(body).join(), members, api + path);
          if (told !== undefined) assert.match(body.message, told);
        }
      }
    });

    function checkTlogProof(text: string, known: Known, origin: string): void {
      const proof = parseTlogProof(text);
      assert.equal(printTlogProof(proof), text);
      assert.equal(proof.extra, undefined);
      assert.equal(proof.index, BigInt(known.logIndex));
      const { text: noteText, signatures } = parseSignedNote(proof.checkpoint);
      const checkpoint = parseCheckpoint(noteText);
      assert.equal(checkpoint.origin, origin);
      const { publicKeyPem, tilePublicKeyPem } = server.identity;
      assert.equal(signatures.length, 2);
      [publicKeyPem, tilePublicKeyPem].forEach((pem, i) => {
        assert.equal(signatures[i]?.name, HOSTNAME);
        const { signature } = signatures[i] as { signature: Uint8Array };
        assert.ok(verifyWithKey(derOf(pem), Buffer.from(noteText), signature), `line ${i}`);
      });
      assert.ok(proof.hashes.length > 0);
      const claim = {
        index: known.logIndex,
        size: Number(checkpoint.size),
        leafHash: leafHash(known.leaf),
        proof: proof.hashes,
        root: checkpoint.root,
      };
      verifyInclusion(claim);
      assert.throws(() => verifyInclusion({ ...claim, leafHash: leafHash(Buffer.of(1)) }));
    }

    function checkV1Fragment(text: string, known: Known, origin: string): void {
      const entry = JSON.parse(text) as V1Fragment;
      const key = derOf(server.identity.publicKeyPem);
      const logID = Buffer.from(entry.logId.keyId, 'base64').toString('hex');
      assert.equal(logID, server.identity.logID);
      assert.deepEqual(entry.kindVersion, { kind: 'hashedrekord', version: '0.0.1' });
      assert.deepEqual(Buffer.from(entry.canonicalizedBody, 'base64'), known.leaf);
      assert.equal(entry.logIndex, String(known.logIndex));
      const promised = JSON.stringify({
        body: entry.canonicalizedBody,
        integratedTime: Number(entry.integratedTime),
        logID,
        logIndex: known.logIndex,
      });
      const { signedEntryTimestamp } = entry.inclusionPromise;
      const set = Buffer.from(signedEntryTimestamp, 'base64');
      assert.ok(verifyWithKey(key, Buffer.from(promised), set), 'the promise');
      const { inclusionProof } = entry;
      const note = parseSignedNote(inclusionProof.checkpoint.envelope);
      const checkpoint = parseCheckpoint(note.text);
      assert.equal(checkpoint.origin, origin);
      assert.deepEqual(
        note.signatures.map(({ name }) => name),
        [HOSTNAME],
      );
      const [line] = note.signatures;
      assert.ok(verifyWithKey(key, Buffer.from(note.text), line?.signature as Uint8Array));
      assert.equal(String(checkpoint.size), inclusionProof.treeSize);
      assert.equal(Buffer.from(checkpoint.root).toString('base64'), inclusionProof.rootHash);
      verifyInclusion({
        index: known.logIndex,
        size: Number(checkpoint.size),
        leafHash: leafHash(known.leaf),
        proof: inclusionProof.hashes.map((hash) => Buffer.from(hash, 'base64')),
        root: checkpoint.root,
      });
    }
  });
}

interface V1Fragment {
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly kindVersion: object;
  readonly integratedTime: string;
  readonly inclusionPromise: { readonly signedEntryTimestamp: string };
  readonly inclusionProof: {
    readonly treeSize: string;
    readonly rootHash: string;
    readonly hashes: readonly string[];
    readonly checkpoint: { readonly envelope: string };
  };
  readonly canonicalizedBody: string;
}

/** Returns the text of the one entry of a fragment. */
function entryText(fragment: string): string {
  const { tlogEntries, ...others } = JSON.parse(fragment) as { tlogEntries: unknown[] };
  assert.deepEqual(others, {});
  assert.equal(tlogEntries.length, 1);
  return JSON.stringify(tlogEntries[0]);
}

function v1Entry(answer: unknown): Known {
  const [made] = Object.entries(answer as Record<string, { logIndex: number; body: string }>);
  assert.ok(made !== undefined);
  const [entryID, { logIndex, body }] = made;
  return { entryID, hash: entryID.slice(16), logIndex, leaf: Buffer.from(body, 'base64') };
}

function v2Entry(answer: unknown, treeID: string): Known {
  const { logIndex, canonicalizedBody } = answer as { logIndex: string; canonicalizedBody: string };
  const leaf = Buffer.from(canonicalizedBody, 'base64');
  const hash = Buffer.from(leafHash(leaf)).toString('hex');
  const entryID = BigInt(treeID).toString(16).padStart(16, '0') + hash;
  return { entryID, hash, logIndex: Number(logIndex), leaf };
}

function derOf(pem: string): Uint8Array {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' });
}
