/** A witness of a few lines, with its own reading of the rules: what feeding is held against. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { verifyConsistency } from '../../src/merkle/verify.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote, type SignedNote } from '../../src/note/signed-note.js';

export interface PlainWitness {
  readonly url: string;
  /** What it has cosigned, by origin. */
  readonly cosigned: Map<string, { size: number; root: Uint8Array }>;
  /** Every exchange: `old N -> status`. */
  readonly exchanges: string[];
  readonly notes: SignedNote[];
  /** Answers instead of the witness while it is set. */
  instead:
    | { status: number; type?: string; body?: string; headers?: Record<string, string> }
    | undefined;
}

export async function startPlainWitness(t: TestContext): Promise<PlainWitness> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { old, status, type, body, headers } = answerTo(Buffer.concat(chunks).toString());
    witness.exchanges.push(`old ${old} -> ${status}`);
    response.writeHead(status, { 'Content-Type': type ?? 'text/plain', ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const witness: PlainWitness = {
    url,
    cosigned: new Map(),
    exchanges: [],
    notes: [],
    instead: undefined,
  };
  return witness;

  function answerTo(text: string) {
    const split = text.indexOf('\n\n');
    const [first = '', ...lines] = text.slice(0, split).split('\n');
    const old = Number(first.replace('old ', ''));
    if (witness.instead !== undefined) return { old, ...witness.instead };
    const note = parseSignedNote(text.slice(split + 2));
    const { origin, size: wide, root } = parseCheckpoint(note.text);
    const size = Number(wide);
    const known = witness.cosigned.get(origin) ?? { size: 0, root };
    if (old > size) return { old, status: 400 };
    if (old !== known.size) {
      return { old, status: 409, type: 'text/x.tlog.size', body: `${known.size}\n` };
    }
    const proof = lines.map((line) => Buffer.from(line, 'base64'));
    try {
      if (old > 0) {
        verifyConsistency({ first: old, last: size, firstRoot: known.root, lastRoot: root, proof });
      } else if (proof.length > 0) {
        return { old, status: 422 };
      }
    } catch {
      return { old, status: 422, body: 'inconsistent' };
    }
    witness.cosigned.set(origin, { size, root });
    witness.notes.push(note);
    return { old, status: 200, body: '— w.example/1 AAAAAAAA\n' };
  }
}
