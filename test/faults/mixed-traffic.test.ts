/** Both APIs at once: writers of each, readers of all tiles, storms of one request; nobody is told what does not hold. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Answer, Connection, requestBytes } from '../../bench/harness/connection.js';
import { newSigningKey, newSubmission } from '../../bench/harness/entries.js';
import { pause, type ServerProcess } from '../../bench/harness/server-process.js';
import { readWholeLog } from '../../src/client/whole-log.js';
import { leafHash } from '../../src/merkle/hash.js';
import { BothApis } from '../crash/both-apis.js';
import { TileFollower } from '../crash/tile-follower.js';
import { getBody, leavesOfBundle, pathOfTile, TileLogVerifier } from '../crash/tile-log.js';
import { v2SubmissionRequest } from '../crash/writers.js';
import { compiledShim, serverFor, temporaryFolder, until } from './scene.js';

const SECONDS = Number(process.env['STELE_FAULT_SECONDS'] ?? '20');
const TREES = ['own', 'shared'] as const;
const WRITERS_OF_EACH = 64;
/** Readers of each prefix; those who read back what they wrote. */
const FOLLOWERS = 2;
const READING_BACK = 4;
const STORM = 50;
/** Bundles under way when a log is read whole. */
const AT_ONCE = 8;

for (const tree of TREES) {
  test(`${WRITERS_OF_EACH} writers of each API for ${SECONDS} s, ${tree} tree: every tile, checkpoint and answer holds`, async (t) => {
    await readsWhatIsWritten(t, tree);
  });
}

async function readsWhatIsWritten(t: TestContext, tree: (typeof TREES)[number]): Promise<void> {
  const server = await serverFor(t, {
    dataDir: join(temporaryFolder(t), 'data'),
    flags: ['--v2-tree', tree],
  });
  const promises = await BothApis.of(server);
  const writers = promises.startWriters(server, 2 * WRITERS_OF_EACH);
  t.after(() => writers.stop().catch(() => undefined));
  const end = performance.now() + SECONDS * 1000;
  const followers = await followersOf(server);
  const [storms] = await Promise.all([
    stormUntil(server, promises, end),
    ...followers.map((follower) => followUntil(server, follower, end)),
    ...Array.from({ length: READING_BACK }, () => readBackUntil(server, promises, end)),
  ]);
  const { statuses, unanswered, longestMs } = await writers.stop();
  assert.equal(unanswered, 0);
  assert.deepEqual([...statuses.keys()], [201]);
  const audit = await promises.auditAll(server);
  assert.equal(audit.untold + audit.v2Untold, 0, 'whoever added an entry was told');
  const read = await assertEachOnce(server, promises);
  await server.stop();
  const counts = [...followers, ...promises.followers].map((each) => each.counts);
  const sum = (name: 'checkpoints' | 'tiles' | 'bundles'): number =>
    counts.reduce((total, each) => total + each[name], 0);
  t.diagnostic(
    `${promises.v1.acknowledged} entries of v1, ${promises.v2.acknowledged} of v2, ${storms} storms, ` +
      `longest answer ${longestMs} ms; ${sum('checkpoints')} checkpoints, ${sum('tiles')} tiles and ` +
      `${sum('bundles')} bundles held against the leaves; ${read} leaves read at the end`,
  );
}

/** Returns readers of the v2 log at each of its addresses, and of the v1 log. */
async function followersOf(server: ServerProcess): Promise<readonly TileFollower[]> {
  const connection = await Connection.open(server.url);
  const ofV2 = await TileLogVerifier.of(connection, server.v2.origin);
  const ofV1 = await TileLogVerifier.of(connection, server.origin);
  connection.close();
  const made: TileFollower[] = [];
  for (let n = 0; n < FOLLOWERS; n++) {
    for (const prefix of ['', '/api/v2', `/logs/${server.v2.treeID}`]) {
      made.push(new TileFollower(prefix, ofV2));
    }
    if (server.v2.treeID !== server.treeID) {
      made.push(new TileFollower(`/logs/${server.treeID}`, ofV1));
    }
  }
  return made;
}

async function followUntil(
  server: ServerProcess,
  follower: TileFollower,
  end: number,
): Promise<void> {
  const connection = await Connection.open(server.url);
  while (performance.now() < end) await follower.follow(connection);
  connection.close();
}

/** Submits one after the other; after each answer reads the bundle of that size and finds the entry at its index. */
async function readBackUntil(
  server: ServerProcess,
  promises: BothApis,
  end: number,
): Promise<void> {
  const key = newSigningKey();
  const connection = await Connection.open(server.url);
  const verifier = await TileLogVerifier.of(connection, server.v2.origin);
  while (performance.now() < end) {
    const { status, body } = await connection.send(v2SubmissionRequest(newSubmission(key)));
    assert.equal(status, 201, body.toString());
    promises.v2.record(body);
    const { logIndex, leafHash: told, checkpoint } = verifier.entry(body);
    const index = Math.floor(logIndex / 256);
    const width = Math.min(256, checkpoint.size - index * 256);
    const bundle = await getBody(connection, pathOfTile('entries', index, width));
    const leaf = leavesOfBundle(bundle, width)[logIndex % 256] ?? Buffer.alloc(0);
    assert.ok(told.equals(leafHash(leaf)), `entry ${logIndex} is not in its bundle`);
  }
  connection.close();
}

/** Sends one new request over all connections at once, again and again; returns how often. */
async function stormUntil(server: ServerProcess, promises: BothApis, end: number): Promise<number> {
  const key = newSigningKey();
  const connections = await openConnections(server, STORM);
  let storms = 0;
  for (; performance.now() < end; storms++) {
    const request = v2SubmissionRequest(newSubmission(key));
    assertOneAdded(await Promise.all(connections.map((each) => each.send(request))), promises);
    await pause(100);
  }
  for (const connection of connections) connection.close();
  return storms;
}

function openConnections(server: ServerProcess, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(server.url)));
}

/** Asserts that one of the requests made the entry and all others were told where it is; records it. */
function assertOneAdded(answers: readonly Answer[], promises: BothApis): void {
  const added = answers.filter(({ status }) => status === 201);
  const known = answers.filter(({ status }) => status === 409);
  assert.equal(added.length, 1, `${added.length} of ${answers.length} made one entry`);
  assert.equal(known.length, answers.length - 1);
  const [{ body }] = added as [Answer];
  promises.v2.record(body);
  const { logIndex } = JSON.parse(body.toString()) as { logIndex: string };
  for (const { headers, body: problem } of known) {
    assert.equal(headers.get('x-log-index'), logIndex);
    assert.deepEqual(JSON.parse(problem.toString()), {
      code: 6,
      message: `an equivalent entry already exists in the transparency log with index ${logIndex}`,
      details: [],
    });
  }
}

/** Reads each log whole with the client; returns how many leaves. Every acknowledged entry is there once, and no other. */
async function assertEachOnce(server: ServerProcess, { v1, v2 }: BothApis): Promise<number> {
  const isShared = server.v2.treeID === server.treeID;
  const [ofV1, ofV2] = [v1.leafHashes(), v2.leafHashes()];
  const expected: (readonly [string, ReadonlyMap<number, string>[], number])[] = isShared
    ? [['', [ofV1, ofV2], 1]]
    : [
        [`/logs/${server.treeID}`, [ofV1], 0],
        ['', [ofV2], 1],
      ];
  let read = 0;
  for (const [prefix, acknowledged, genesis] of expected) {
    const leaves = await wholeLog(server, prefix);
    read += leaves.length;
    assert.equal(new Set(leaves).size, leaves.length, 'a leaf is there twice');
    const count = acknowledged.reduce((sum, each) => sum + each.size, genesis);
    assert.equal(leaves.length, count, 'entries of nobody');
    for (const [index, hash] of acknowledged.flatMap((each) => [...each])) {
      assert.equal(leaves[index], hash, `entry ${index} of ${prefix}`);
    }
  }
  return read;
}

/** Returns the leaf hashes, hex, in order. */
async function wholeLog(server: ServerProcess, prefix: string): Promise<string[]> {
  const free = await openConnections(server, AT_ONCE + 1);
  const all = [...free];
  const fetchTile = async (path: string): Promise<Buffer> => {
    const connection = free.pop() ?? (await Connection.open(server.url));
    const body = await getBody(connection, `${prefix}/${path}`);
    free.push(connection);
    return body;
  };
  const note = (await fetchTile('checkpoint')).toString();
  const [, size, root = ''] = note.split('\n');
  const leaves: string[] = [];
  const options = { size: Number(size), root: Buffer.from(root, 'base64'), atOnce: AT_ONCE };
  for await (const bundle of readWholeLog({ ...options, fetchTile })) {
    for (const leaf of bundle) {
      const hashed = Buffer.concat([Buffer.of(0), leaf]);
      leaves.push(createHash('sha256').update(hashed).digest('hex'));
    }
  }
  for (const connection of all) connection.close();
  return leaves;
}

for (const [path, what] of [
  ['.log', 'the store'],
  ['guard', 'the guard'],
] as const) {
  test(`${STORM} identical requests to the v2 API: nobody is answered before ${what} is synced, then one made it`, async (t) => {
    const folder = temporaryFolder(t);
    const [held, said] = [join(folder, 'held'), join(folder, 'said')];
    const server = await serverFor(t, {
      dataDir: join(folder, 'data'),
      env: {
        LD_PRELOAD: compiledShim(folder),
        FAULT_CALL: 'hold',
        FAULT_PATH: path,
        FAULT_ARMED: held,
        FAULT_SAID: said,
      },
    });
    // A server that cannot sync cannot stop either.
    t.after(() => rmSync(held, { force: true }));
    const promises = await BothApis.of(server);
    const connections = await openConnections(server, STORM);
    const request = v2SubmissionRequest(newSubmission(newSigningKey()));
    writeFileSync(held, '');
    let answered = 0;
    const send = async (connection: Connection): Promise<Answer> => {
      const answer = await connection.send(request);
      answered++;
      return answer;
    };
    const early = connections.slice(0, STORM / 2).map(send);
    await until(() => existsSync(said), 30_000, 'a held sync');
    // These come when the entry is written, perhaps, but not durable.
    const late = connections.slice(STORM / 2).map(send);
    const other = await Connection.open(server.url);
    for (let n = 0; n < 50; n++) {
      const { status, body } = await other.send(requestBytes('GET', '/checkpoint'));
      assert.equal(status, 200);
      assert.equal(body.toString().split('\n')[1], '1', 'shown before it is durable');
    }
    assert.equal(answered, 0, 'answered before it is durable');
    rmSync(held);
    assertOneAdded(await Promise.all([...early, ...late]), promises);
    for (const connection of [other, ...connections]) connection.close();
    await promises.audit(server);
    await server.kill();

    const again = await serverFor(t, { dataDir: join(folder, 'data') });
    await promises.lookAgain(again, 'killed');
    const { v2Size, v2Untold } = await promises.auditAll(again);
    assert.deepEqual([v2Size, v2Untold], [2, 0]);
    await again.stop();
  });
}
