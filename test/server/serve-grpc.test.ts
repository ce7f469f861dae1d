/** The v2 API over gRPC beside HTTP: one log, two doorways. */

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { create, type MessageInitShape, toBinary, toJson } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { CreateEntryRequestSchema } from '../../src/grpc/generated/rekor/v2/entry_pb.js';
import { TransparencyLogEntrySchema } from '../../src/grpc/generated/sigstore_rekor_pb.js';
import { composeServer } from '../../src/server/compose.js';
import { ListenError } from '../../src/server/listen.js';
import { call } from '../grpc/grpc-client.js';
import { startWitness } from '../publishing/fake-witness.js';
import { linesOf, policyText } from '../publishing/witnessing.js';
import { configFor, start, temporaryFolder } from './scene.js';

const CREATE = '/dev.sigstore.rekor.v2.Rekor/CreateEntry';

function submission(artifact: string): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rawBytes = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const message: MessageInitShape<typeof CreateEntryRequestSchema> = {
    spec: {
      case: 'hashedRekordRequestV002',
      value: {
        digest: new Uint8Array(createHash('sha256').update(artifact).digest()),
        signature: {
          content: new Uint8Array(sign('sha256', Buffer.from(artifact), privateKey)),
          verifier: { verifier: { case: 'publicKey', value: { rawBytes } }, keyDetails: 5 },
        },
      },
    },
  };
  return toBinary(CreateEntryRequestSchema, create(CreateEntryRequestSchema, message));
}

test('an entry that came over gRPC is in the log that HTTP shows, and is there once', async (t) => {
  const server = await start(t, join(temporaryFolder(t), 'data'), '--grpc-port=0');
  assert.ok(server.grpcPort !== undefined && server.grpcPort > 0);
  const address = `127.0.0.1:${server.grpcPort}`;
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  t.after(() => client.close());
  const bytes = submission('artifact');
  const added = await call(client, CREATE, bytes, TransparencyLogEntrySchema);
  assert.equal(added.code, grpc.status.OK, added.details);
  assert.equal(added.header('x-http-code'), '201');
  assert.ok(added.message !== undefined);
  const told = toJson(TransparencyLogEntrySchema, added.message) as Record<string, unknown>;
  const shown = await (await fetch(`${server.url}/api/v2/log/entries/1`)).json();
  for (const name of ['logIndex', 'logId', 'kindVersion', 'inclusionProof', 'canonicalizedBody']) {
    assert.deepEqual(told[name], (shown as Record<string, unknown>)[name], name);
  }
  const again = await call(client, CREATE, bytes, TransparencyLogEntrySchema);
  assert.equal(again.code, grpc.status.ALREADY_EXISTS);
  assert.equal(again.header('x-log-index'), '1');
  const metrics = await (await fetch(server.metricsUrl)).text();
  assert.match(metrics, /^rekor_v2_new_hashedrekord_entries 1$/m);
});

test('an entry whose witnesses are away is UNAVAILABLE, says when to come again, and is there then', async (t) => {
  const folder = temporaryFolder(t);
  const witness = await startWitness('w.example/1', 'status-503');
  t.after(() => witness.close());
  writeFileSync(join(folder, 'policy'), policyText([witness], 1));
  const data = join(folder, 'data');
  const flags = ['--grpc-port=0', `--witness-policy=${join(folder, 'policy')}`];
  const bytes = submission('artifact');
  const ask = async ({ grpcPort }: { readonly grpcPort: number | undefined }) => {
    const client = new grpc.Client(`127.0.0.1:${grpcPort}`, grpc.credentials.createInsecure());
    t.after(() => client.close());
    return call(client, CREATE, bytes, TransparencyLogEntrySchema);
  };
  const before = await start(t, data, ...flags, '--witness-wait-ms=30');
  const refused = await ask(before);
  assert.equal(refused.code, grpc.status.UNAVAILABLE);
  assert.match(refused.details, /^QUORUM_MISSING, request /);
  assert.deepEqual(refused.trailer('grpc-retry-pushback-ms'), '5000');
  await before.close();
  witness.behaviour = 'honest';
  const after = await start(t, data, ...flags, '--witness-wait-ms=60000');
  const again = await ask(after);
  assert.equal(again.code, grpc.status.ALREADY_EXISTS);
  assert.equal(again.header('x-log-index'), '1');
  const shown = await fetch(`${after.url}/api/v2/log/entries/1`);
  const { inclusionProof } = (await shown.json()) as Shown;
  assert.equal(linesOf(witness, inclusionProof.checkpoint.envelope), 1);
});

interface Shown {
  readonly inclusionProof: { readonly checkpoint: { readonly envelope: string } };
}

test('gRPC is off unless a port is named, and a port in use refuses the start', async (t) => {
  const folder = temporaryFolder(t);
  const first = await start(t, join(folder, 'first'));
  assert.equal(first.grpcPort, undefined);
  const { port } = new URL(first.url);
  const second = composeServer(configFor(join(folder, 'second'), `--grpc-port=${port}`));
  await assert.rejects(
    second.then((server) => server.close()),
    (error) => error instanceof ListenError && /--grpc-port/.test(error.message),
  );
});
