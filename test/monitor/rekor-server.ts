/** Rekor's v1 API over shards, made in memory: what tests rotate and damage. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { fromHex, toHex } from '../../src/encoding/hex.js';
import { appendToFrontier, EMPTY_FRONTIER, frontierRoot } from '../../src/merkle/frontier.js';
import { leafHash } from '../../src/merkle/hash.js';
import { planConsistencyProof } from '../../src/merkle/proof.js';
import { printCheckpoint } from '../../src/note/checkpoint.js';
import { printSignedNote } from '../../src/note/signed-note.js';
import { hashedrekordLeaf, logSigner } from '../client/made-log.js';

export interface Shard {
  readonly treeID: string;
  readonly leaves: Uint8Array[];
}

const HOST = 'rekor.example';

/** Rekor's v1 API over shards, the last of which is active. */
export class RekorServer {
  readonly shards: Shard[] = [{ treeID: '111', leaves: [] }];
  /** Changes the text of an answer. */
  change: (path: string, answer: string) => string = (_, answer) => answer;
  url = '';

  async start(t: TestContext): Promise<this> {
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      const url = new URL(request.url ?? '', 'http://x');
      const answer = JSON.stringify(this.#answer(url, body));
      response.writeHead(200).end(this.change(url.pathname, answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  add(text: string): void {
    this.shards.at(-1)?.leaves.push(hashedrekordLeaf(utf8(text)));
  }

  #answer({ pathname, searchParams }: URL, body: string): unknown {
    if (pathname === '/api/v1/log') {
      const [active, ...inactive] = [...this.shards].reverse() as [Shard, ...Shard[]];
      return { ...headOf(active), inactiveShards: inactive.reverse().map(headOf) };
    }
    if (pathname === '/api/v1/log/proof') {
      const { leaves } = this.shards.find(
        ({ treeID }) => treeID === searchParams.get('treeID'),
      ) as Shard;
      const plan = planConsistencyProof(
        Number(searchParams.get('firstSize')),
        Number(searchParams.get('lastSize')),
      );
      const hashes = plan.nodes.map(({ level, index }) =>
        rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)),
      );
      return { hashes: plan.assemble(hashes).map(toHex), rootHash: '' };
    }
    const { logIndexes } = JSON.parse(body) as { logIndexes: number[] };
    const all = this.shards.flatMap(({ leaves }) => leaves);
    return logIndexes.map((logIndex) => ({
      [toHex(leafHash(all[logIndex] as Uint8Array))]: {
        body: Buffer.from(all[logIndex] as Uint8Array).toString('base64'),
        integratedTime: 1,
        logID: logSigner.keyID,
        logIndex,
      },
    }));
  }
}

function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  return frontierRoot(appendToFrontier(EMPTY_FRONTIER, leaves.map(leafHash)));
}

function headOf({ treeID, leaves }: Shard) {
  const root = rootOf(leaves);
  const origin = `${HOST} - ${treeID}`;
  const text = printCheckpoint({ origin, size: BigInt(leaves.length), root, extensions: [] });
  const keyID = fromHex(logSigner.keyID.slice(0, 8));
  const signature = logSigner.sign(utf8(text));
  const signedTreeHead = printSignedNote({ text, signatures: [{ name: HOST, keyID, signature }] });
  return { signedTreeHead, treeID, treeSize: leaves.length, rootHash: toHex(root) };
}
