import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { fromHex, toHex } from '../../src/encoding/hex.js';
import type { MatchEvent } from '../../src/matching/match-event.js';
import { appendToFrontier, EMPTY_FRONTIER, frontierRoot } from '../../src/merkle/frontier.js';
import { leafHash } from '../../src/merkle/hash.js';
import { planConsistencyProof } from '../../src/merkle/proof.js';
import { printCheckpoint } from '../../src/note/checkpoint.js';
import { printSignedNote } from '../../src/note/signed-note.js';
import { hashedrekordLeaf, logSigner } from '../client/made-log.js';
import { monitorScene } from './scene.js';

interface Shard {
  readonly treeID: string;
  readonly leaves: Uint8Array[];
}

const HOST = 'rekor.example';

/** Rekor's v1 API over shards, the last of which is active. */
class RekorServer {
  readonly shards: Shard[] = [{ treeID: '111', leaves: [] }];
  url = '';

  async start(t: TestContext): Promise<this> {
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      const url = new URL(request.url ?? '', 'http://x');
      response.writeHead(200).end(JSON.stringify(this.#answer(url, body)));
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

const ALL = [{ name: 'all', everything: true }];

test('shards of Rekor are followed across a rotation, and no entry around it is missed', async (t) => {
  const log = await new RekorServer().start(t);
  const scene = monitorScene(t);
  const config = {
    logs: [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem, start: 'oldest' }],
    watch: ALL,
  };
  const told = async () => {
    const { events, warnings } = await scene.poll(config);
    assert.deepEqual(warnings, []);
    return (events as unknown as MatchEvent[]).map((event) => [
      event.treeID,
      event.index,
      event.logIndex,
    ]);
  };
  assert.deepEqual(await told(), []);
  for (const text of ['a', 'b', 'c']) log.add(text);
  assert.deepEqual(await told(), [
    ['111', 0, 0],
    ['111', 1, 1],
    ['111', 2, 2],
  ]);
  log.add('last of the old shard');
  log.shards.push({ treeID: '222', leaves: [] });
  log.add('first of the new one');
  assert.deepEqual(await told(), [
    ['111', 3, 3],
    ['222', 0, 4],
  ]);
  for (let at = 0; at < 230; at++) log.add(`${at}`);
  const more = await told();
  assert.equal(more.length, 230);
  assert.deepEqual(more.at(-1), ['222', 230, 234]);
  assert.deepEqual(await told(), []);
});

test('a shard that is new in a log begun at its newest checkpoint is read from its first entry', async (t) => {
  const log = await new RekorServer().start(t);
  const scene = monitorScene(t);
  const config = {
    logs: [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem }],
    watch: ALL,
  };
  const told = async () =>
    ((await scene.poll(config)).events as unknown as MatchEvent[]).map(({ logIndex }) => logIndex);
  for (const text of ['a', 'b', 'c']) log.add(text);
  assert.deepEqual(await told(), []);
  log.add('last of the old shard');
  log.shards.push({ treeID: '222', leaves: [] });
  for (const text of ['first', 'second']) log.add(text);
  log.shards.push({ treeID: '333', leaves: [] });
  log.add('third shard');
  assert.deepEqual(await told(), [3, 4, 5, 6]);
});

test('an index to begin at counts over all shards, as logIndex does', async (t) => {
  const log = await new RekorServer().start(t);
  for (const text of ['a', 'b', 'c', 'd', 'e']) log.add(text);
  log.shards.push({ treeID: '222', leaves: [] });
  for (const text of ['f', 'g', 'h', 'i', 'j', 'k', 'l']) log.add(text);
  const from = async (start: number) => {
    const logs = [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem, start }];
    const { events } = await monitorScene(t).poll({ logs, watch: ALL });
    return (events as unknown as MatchEvent[])[0]?.logIndex;
  };
  assert.equal(await from(3), 3);
  assert.equal(await from(5), 5);
  assert.equal(await from(10), 10);
});

test('a frozen shard of Rekor that takes an entry, forks or is gone is caught', async (t) => {
  const log = await new RekorServer().start(t);
  const scene = monitorScene(t);
  const config = {
    logs: [{ url: log.url, api: 'rekor-v1', key: logSigner.publicKeyPem, start: 'oldest' }],
  };
  log.add('old');
  log.shards.push({ treeID: '222', leaves: [] });
  log.add('new');
  assert.equal((await scene.poll(config)).verdict, 0);
  const kinds = async () => {
    const { events, verdict } = await scene.poll(config);
    assert.equal(verdict, 1);
    return events.map((event) => (event.type === 'tampering' ? event.kind : ''));
  };
  const [old] = log.shards as [Shard];
  old.leaves.push(hashedrekordLeaf(utf8('late')));
  assert.deepEqual(await kinds(), ['frozen']);
  old.leaves.pop();
  assert.equal((await scene.poll(config)).verdict, 0);
  old.leaves[0] = hashedrekordLeaf(utf8('another'));
  assert.deepEqual(await kinds(), ['fork']);
  log.shards.shift();
  assert.deepEqual(await kinds(), ['vanished']);
});
