/** The recorded exchanges with one witness, replayed over HTTP in their order. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { originID } from '../../src/note/origin-id.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { ed25519Cosigner, mldsa44Cosigner } from '../../src/signing/cosigner.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { mergeLogs, parseLogFlag } from '../../src/witness/log-list.js';
import { vectorPath } from '../vectors.js';
import { serveWitness } from './served-witness.js';

interface Exchange {
  readonly case: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly expected: readonly number[];
  /** Long bodies are known by their hash alone. */
  readonly request: string | { readonly base64?: string };
  readonly contentType: string | null;
  /** Of a 409. */
  readonly response: string | null;
}

const { logs, exchanges } = JSON.parse(
  readFileSync(vectorPath('witness/add-checkpoint.json'), 'utf8'),
) as { logs: { origin: string; vkey: string }[]; exchanges: Exchange[] };

const bodyOf = ({ request }: Exchange): string | Uint8Array | undefined => {
  if (typeof request === 'string') return request;
  return request.base64 === undefined ? undefined : Buffer.from(request.base64, 'base64');
};

describe('the recorded exchanges with a witness', () => {
  it('are answered as the specification asks', async (t) => {
    const cosigners = [
      ed25519Cosigner('ref.example/w', new Uint8Array(32).fill(0x11)),
      mldsa44Cosigner('ref.example/w-pq', new Uint8Array(32).fill(0x22)),
    ];
    const served = await serveWitness(t, {
      cosigners,
      logs: mergeLogs(logs.map(({ vkey }) => parseLogFlag(vkey))),
    });
    const own = cosigners.map(({ key }) => noteVerifier(key));
    let replayed = 0;
    let cosigned = 0;
    for (const exchange of exchanges) {
      const body = bodyOf(exchange);
      if (body === undefined) continue;
      const { method, path, expected, contentType, response } = exchange;
      const answer = method === 'GET' ? await served.get(path) : await served.post(path, body);
      replayed++;
      assert.ok(expected.includes(answer.status), `${exchange.case}: ${JSON.stringify(answer)}`);
      if (answer.status === 409) {
        assert.equal(answer.contentType, contentType, exchange.case);
        assert.equal(answer.body, response, exchange.case);
      }
      if (answer.status !== 200) continue;
      cosigned++;
      const note = String(body).slice(String(body).indexOf('\n\n') + 2);
      const { text } = parseSignedNote(note);
      const lines = openSignedNote(parseSignedNote(`${text}\n${answer.body}`), own);
      // An ML-DSA-44 line says nothing about extension lines, and so does not stand below them.
      const expectedLines = exchange.case === 'extension-line' ? 1 : 2;
      assert.equal(lines.length, expectedLines, exchange.case);
      const id = originID(text.slice(0, text.indexOf('\n')));
      const kept = parseSignedNote((await served.get(`/${id}/checkpoint`)).body);
      assert.equal(kept.text, text);
      assert.equal(openSignedNote(kept, own).length, expectedLines);
    }
    assert.equal(replayed, 68, 'all but the two long ones, which routes.test.ts makes itself');
    assert.ok(cosigned >= 16, `${cosigned} cosigned`);
    assert.deepEqual(served.errors, []);
  });
});
