// The feeder of transparency-dev reads our logs, the v2 log as tiles and the v1 log through the API of Rekor, and brings their
// checkpoints to litewitness and to our witness: neither log asks for it. Its list of logs is compiled in, so the list is
// exchanged in a copy of the program.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, it } from 'node:test';
import { startProgram } from '../../dist/bench/harness/child-process.js';
import { assertCosigned, policyOf, readCheckpoint } from './cosigned.mjs';
import { eventually } from './peer-program.mjs';
import { writeEntries } from './submissions.mjs';
import { assertTools } from './tools.mjs';
import { FEEDWITNESS, LITEWITNESS, TORCHWOOD_CHECK } from './witness-tools.mjs';
import { newLog } from './witnessed-log.mjs';
import { startLitewitness, startSteleWitness } from './witnesses.mjs';

let log;
let server;
let ours;
let theirs;
let feeder;

before(async () => {
  assertTools(FEEDWITNESS, LITEWITNESS, TORCHWOOD_CHECK);
  log = newLog();
  server = await log.start();
  const ofV1 = { origin: server.origin, tileVkey: log.vkeys[0] };
  ours = await startSteleWitness(log.folder, 'stele.example/w', log, ofV1);
  theirs = await startLitewitness(log.folder, 'lite.example/w', log);
  for (const api of ['v1', 'v2']) await writeEntries(server.url, api, 300);
  feeder = startFeeder([
    { Origin: log.origin, PublicKey: log.tileVkey, URL: `${server.url}/`, Feeder: 'tiles' },
    {
      ...{ Origin: ofV1.origin, PublicKey: ofV1.tileVkey, Feeder: 'rekor' },
      URL: `${server.url}?treeID=${server.treeID}`,
    },
  ]);
});
after(async () => {
  await feeder?.end('SIGKILL', 0);
  await ours?.end();
  await theirs?.end();
  await log?.end();
});

function startFeeder(logs) {
  const known = readFileSync(join(dirname(FEEDWITNESS), 'logs.yaml'));
  const bytes = readFileSync(FEEDWITNESS);
  const list = Buffer.alloc(known.length, '\n');
  list.write(JSON.stringify({ Logs: logs }));
  const place = bytes.indexOf(known);
  assert.ok(place > 0, 'the list of logs is not in the program');
  bytes.set(list, place);
  const copy = join(log.folder, 'feedwitness');
  writeFileSync(copy, bytes);
  chmodSync(copy, 0o755);
  const witnesses = [ours, theirs].flatMap(({ url }) => ['--witness_url', url]);
  const flags = ['--metrics_listen', '', '--logtostderr', '--max_qps', '20'];
  return startProgram([copy, ...witnesses, ...flags], { env: { HOME: log.folder } });
}

/** Returns the checkpoint of an origin when our witness has cosigned that size. */
function cosignedAt(origin, size) {
  const id = createHash('sha256').update(origin).digest('hex');
  return eventually(`${origin} of ${size}: ${feeder.output().slice(-2000)}`, async () => {
    const answer = await fetch(`${ours.url}/${id}/checkpoint`);
    const note = await answer.text();
    return answer.status === 200 && readCheckpoint(note).size === size ? note : undefined;
  });
}

it('finds in the tiles and in the v1 API what a witness wants to know, as the logs grow', async () => {
  const { origin } = server;
  for (const grown of [0, 1, 260]) {
    for (const api of ['v1', 'v2']) await writeEntries(server.url, api, grown);
    const size = readCheckpoint(await (await fetch(`${server.url}/checkpoint`)).text()).size;
    await assertCosigned(policyOf([ours], 'all', log), await cosignedAt(log.origin, size));
    await cosignedAt(origin, size - 1);
  }
  assert.match(feeder.output(), new RegExp(`✅ ${theirs.url} ← ${log.origin}: updated`));
});
