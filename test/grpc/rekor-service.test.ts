import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  create,
  type MessageInitShape,
  toBinary,
  toJson,
  type UnknownEnum,
} from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { transparencyLogEntryJson } from '../../src/api/v2/entry-json.js';
import { readEntryRequest } from '../../src/api/v2/request-json.js';
import { utf8 } from '../../src/encoding/bytes.js';
import { LogError } from '../../src/errors.js';
import { HttpBodySchema } from '../../src/grpc/generated/google/api/httpbody_pb.js';
import { CreateEntryRequestSchema } from '../../src/grpc/generated/rekor/v2/entry_pb.js';
import {
  EntryBundleRequestSchema,
  TileRequestSchema,
} from '../../src/grpc/generated/rekor/v2/rekor_service_pb.js';
import { VerifierSchema } from '../../src/grpc/generated/rekor/v2/verifier_pb.js';
import { TransparencyLogEntrySchema } from '../../src/grpc/generated/sigstore_rekor_pb.js';
import type { TileSource } from '../../src/http/tile-routes.js';
import { tilePath } from '../../src/merkle/tile.js';
import { added, call, LOG_ID, talk } from './grpc-client.js';

const CREATE = '/dev.sigstore.rekor.v2.Rekor/CreateEntry';
const bytes = (...octets: number[]) => Uint8Array.from(octets);

function request(spec: MessageInitShape<typeof CreateEntryRequestSchema>): Uint8Array {
  return toBinary(CreateEntryRequestSchema, create(CreateEntryRequestSchema, spec));
}

const HASHEDREKORD = request({
  spec: {
    case: 'hashedRekordRequestV002',
    value: {
      digest: bytes(1),
      signature: {
        content: bytes(2),
        verifier: {
          verifier: { case: 'publicKey', value: { rawBytes: bytes(3) } },
          keyDetails: 5,
        },
      },
    },
  },
});
const VERIFIERS = [
  create(VerifierSchema, {
    verifier: { case: 'x509Certificate', value: { rawBytes: bytes(6) } },
    keyDetails: 9999 as UnknownEnum,
  }),
  create(VerifierSchema),
];
const DSSE = request({
  spec: {
    case: 'dsseRequestV002',
    value: {
      envelope: {
        payload: bytes(4),
        payloadType: 'type',
        signatures: [{ sig: bytes(5), keyid: 'key' }],
      },
      verifiers: VERIFIERS,
    },
  },
});

test('a request over gRPC asks for the same as one in JSON', async (t) => {
  const { client, asked } = await talk(t);
  for (const message of [HASHEDREKORD, DSSE]) {
    await call(client, CREATE, message, TransparencyLogEntrySchema);
  }
  const [hashedrekord, dsse] = [
    `{"hashedRekordRequestV002":{"digest":"AQ==","signature":{"content":"Ag==","verifier":
      {"publicKey":{"rawBytes":"Aw=="},"keyDetails":5}}}}`,
    `{"dsseRequestV002":{"envelope":{"payload":"BA==","payloadType":"type","signatures":
      [{"sig":"BQ==","keyid":"key"}]},"verifiers":[{"x509Certificate":{"rawBytes":"Bg=="},"keyDetails":9999},{}]}}`,
  ];
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value, withoutTypeNames));
  assert.deepEqual(
    plain(asked),
    plain([hashedrekord, dsse].map((json) => readEntryRequest(utf8(json)))),
  );
});

function withoutTypeNames(name: string, value: unknown): unknown {
  return name === '$typeName' ? undefined : value;
}

test('a new entry comes back as over JSON, with the code of HTTP in the metadata', async (t) => {
  const { client, completed } = await talk(t, { submit: async () => added(7) });
  const { message, code, header } = await call(
    client,
    CREATE,
    HASHEDREKORD,
    TransparencyLogEntrySchema,
  );
  assert.equal(code, status.OK);
  assert.equal(header('x-http-code'), '201');
  assert.ok(message !== undefined);
  const answer = added(7);
  assert.ok(answer.outcome === 'added');
  const { inclusionPromise, integratedTime, ...json } = JSON.parse(
    transparencyLogEntryJson(answer.entry, LOG_ID),
  );
  assert.deepEqual(toJson(TransparencyLogEntrySchema, message), json);
  assert.equal(inclusionPromise, null);
  assert.equal(integratedTime, '0');
  assert.deepEqual(
    completed.map(({ method, code }) => [method, code]),
    [[CREATE, 0]],
  );
});

test('an entry of a log that promises has its timestamp and its time', async (t) => {
  const answer = added(0);
  assert.ok(answer.outcome === 'added');
  const entry = { ...answer.entry, signedEntryTimestamp: bytes(9) };
  const { client } = await talk(t, { submit: async () => ({ outcome: 'added', entry }) });
  const { message } = await call(client, CREATE, HASHEDREKORD, TransparencyLogEntrySchema);
  assert.equal(message?.integratedTime, 1_700_000_000n);
  assert.deepEqual([...(message?.inclusionPromise?.signedEntryTimestamp ?? [])], [9]);
});

test('a known entry is ALREADY_EXISTS with its index, as recorded', async (t) => {
  const { client } = await talk(t, { submit: async () => ({ outcome: 'known', logIndex: 2 }) });
  const { code, details, header } = await call(
    client,
    CREATE,
    HASHEDREKORD,
    TransparencyLogEntrySchema,
  );
  assert.equal(code, status.ALREADY_EXISTS);
  assert.equal(details, 'an equivalent entry already exists in the transparency log with index 2');
  assert.equal(header('x-log-index'), '2');
  assert.equal(header('x-http-code'), undefined);
});

test('what the log throws has the code and words of the v2 API, and its reason beside them', async (t) => {
  const errors = [
    new LogError('ENTRY_KIND_DISABLED', 'invalid type, must be hashedrekord'),
    new LogError('SIGNATURE_INVALID', 'no good: é\n%'),
    new LogError('OVERLOADED', 'full'),
    new Error('a bug'),
  ];
  const queue = [...errors];
  const { client, completed } = await talk(t, { submit: () => Promise.reject(queue.shift()) });
  const outcomes = [];
  for (const _ of errors) {
    const outcome = await call(client, CREATE, bytes(), TransparencyLogEntrySchema);
    outcomes.push([outcome.code, outcome.details, outcome.header('x-stele-reason')]);
    if (outcome.code === status.UNAVAILABLE) {
      assert.equal(outcome.trailer('grpc-retry-pushback-ms'), '1000');
    }
  }
  assert.deepEqual(outcomes, [
    [status.INVALID_ARGUMENT, 'invalid type, must be hashedrekord', undefined],
    [status.INVALID_ARGUMENT, 'invalid hashedrekord request', 'no good: ??%'],
    [status.UNAVAILABLE, 'reached max pushback; retry', undefined],
    [status.INTERNAL, 'INTERNAL, request request-3', undefined],
  ]);
  assert.deepEqual(
    completed.map(({ error }) => error),
    errors,
  );
});

const READS: TileSource = {
  name: 'a log',
  checkpoint: async () => 'a checkpoint\n',
  has: ({ level }) => level !== 1,
  tile: async (tile) => (tile.level === 1 ? undefined : utf8(tilePath(tile))),
};
const SERVICE = '/dev.sigstore.rekor.v2.Rekor';
const READ_CALLS = [
  ['GetTile', toBinary(TileRequestSchema, create(TileRequestSchema, { L: 0, N: 'x001/234.p/5' }))],
  [
    'GetEntryBundle',
    toBinary(EntryBundleRequestSchema, create(EntryBundleRequestSchema, { N: '000.p/1' })),
  ],
  ['GetCheckpoint', toBinary(EmptySchema, create(EmptySchema))],
] as const;

test('the log is read as tiles', async (t) => {
  const { client } = await talk(t, { reads: READS });
  const answers = [];
  for (const [method, message] of READ_CALLS) {
    const answer = await call(client, `${SERVICE}/${method}`, message, HttpBodySchema);
    answers.push([answer.message?.contentType, Buffer.from(answer.message?.data ?? []).toString()]);
  }
  assert.deepEqual(answers, [
    ['application/octet-stream', 'tile/0/x001/234.p/5'],
    ['application/octet-stream', 'tile/entries/000.p/1'],
    ['text/plain; charset=utf-8', 'a checkpoint\n'],
  ]);
});

test('a tile that is not there, and a path that is none, are not found', async (t) => {
  const { client } = await talk(t, { reads: READS });
  for (const message of [{ L: 1, N: '000' }, { L: 0, N: '0' }, { L: 0xffffffff, N: '000' }, {}]) {
    const path = toBinary(TileRequestSchema, create(TileRequestSchema, message));
    const { code, details } = await call(client, `${SERVICE}/GetTile`, path, HttpBodySchema);
    assert.deepEqual([code, details], [status.NOT_FOUND, 'Not Found']);
  }
});

test('reads that are not served are unimplemented, as recorded', async (t) => {
  const { client } = await talk(t);
  for (const [method, message] of READ_CALLS) {
    const { code, details } = await call(client, `${SERVICE}/${method}`, message, HttpBodySchema);
    assert.deepEqual([code, details], [status.UNIMPLEMENTED, `method ${method} not implemented`]);
  }
});
