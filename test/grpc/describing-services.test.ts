import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  create,
  createFileRegistry,
  type DescFile,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import {
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from '../../src/grpc/generated/grpc/health/v1/health_pb.js';
import {
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from '../../src/grpc/generated/grpc/reflection/v1/reflection_pb.js';
import * as alpha from '../../src/grpc/generated/grpc/reflection/v1alpha/reflection_pb.js';
import { Rekor } from '../../src/grpc/generated/rekor/v2/rekor_service_pb.js';
import { call, converse, talk } from './grpc-client.js';

const ANY_SERVICE = toBinary(
  HealthCheckRequestSchema,
  create(HealthCheckRequestSchema, { service: 'any' }),
);

test('health says whether the log can do its work, and cannot be watched', async (t) => {
  const health = [true, false];
  const { client } = await talk(t, {}, { isServing: async () => health.shift() ?? true });
  const check = () =>
    call(client, '/grpc.health.v1.Health/Check', ANY_SERVICE, HealthCheckResponseSchema);
  const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
  assert.equal((await check()).message?.status, SERVING);
  assert.equal((await check()).message?.status, NOT_SERVING);
  const watch = '/grpc.health.v1.Health/Watch';
  const { code, details } = await call(client, watch, ANY_SERVICE, HealthCheckResponseSchema);
  assert.deepEqual([code, details], [status.UNIMPLEMENTED, 'method Watch not implemented']);
});

const VERSIONS = {
  v1: [ServerReflectionRequestSchema, ServerReflectionResponseSchema],
  v1alpha: [alpha.ServerReflectionRequestSchema, alpha.ServerReflectionResponseSchema],
} as const;
type Version = keyof typeof VERSIONS;
type Question = NonNullable<
  MessageInitShape<typeof ServerReflectionRequestSchema>['messageRequest']
>;

async function reflect(t: Parameters<typeof talk>[0], version: Version, questions: Question[]) {
  const { client } = await talk(t);
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const requests = questions.map((messageRequest) => ({ host: 'h', messageRequest }));
  return converse(client, path, VERSIONS[version] as (typeof VERSIONS)['v1'], requests);
}

for (const version of ['v1', 'v1alpha'] as const) {
  test(`reflection ${version} lists the services, as recorded`, async (t) => {
    const { answers, code } = await reflect(t, version, [{ case: 'listServices', value: '*' }]);
    assert.equal(code, status.OK);
    const [answer] = answers;
    assert.equal(answer?.validHost, 'h');
    assert.equal(answer.originalRequest?.messageRequest.value, '*');
    assert.ok(answer.messageResponse.case === 'listServicesResponse');
    assert.deepEqual(
      answer.messageResponse.value.service.map(({ name }) => name),
      [
        'dev.sigstore.rekor.v2.Rekor',
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
      ],
    );
  });

  test(`reflection ${version} gives a file with all that it needs, by name and by symbol`, async (t) => {
    const { answers } = await reflect(t, version, [
      { case: 'fileByFilename', value: 'rekor/v2/rekor_service.proto' },
    ]);
    const [first, ...rest] = namesIn(answers[0]);
    assert.equal(first, 'rekor/v2/rekor_service.proto');
    assert.deepEqual(rest.sort(), [
      'envelope.proto',
      'google/api/httpbody.proto',
      'google/protobuf/any.proto',
      'google/protobuf/empty.proto',
      'rekor/v2/dsse.proto',
      'rekor/v2/entry.proto',
      'rekor/v2/hashedrekord.proto',
      'rekor/v2/verifier.proto',
      'sigstore_common.proto',
      'sigstore_rekor.proto',
    ]);
    const files = filesIn(answers[0]);
    const registry = createFileRegistry(files[0] as DescFile['proto'], (wanted) =>
      files.find(({ name }) => name === wanted),
    );
    assert.equal(registry.getService(Rekor.typeName)?.methods.length, Rekor.methods.length);
  });
}

type Answer = MessageShape<typeof ServerReflectionResponseSchema> | undefined;

function filesIn(answer: Answer): DescFile['proto'][] {
  assert.ok(answer?.messageResponse.case === 'fileDescriptorResponse');
  const { fileDescriptorProto } = answer.messageResponse.value;
  return fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

function namesIn(answer: Answer): string[] {
  return filesIn(answer).map(({ name }) => name);
}

test('every symbol leads to its file, and a file that was sent is sent again only when asked for', async (t) => {
  const symbols = {
    'dev.sigstore.rekor.v2.Rekor': 'rekor/v2/rekor_service.proto',
    'dev.sigstore.rekor.v2.Rekor.CreateEntry': 'rekor/v2/rekor_service.proto',
    'dev.sigstore.rekor.v2.CreateEntryRequest': 'rekor/v2/entry.proto',
    'dev.sigstore.rekor.v2.CreateEntryRequest.spec': 'rekor/v2/entry.proto',
    'dev.sigstore.rekor.v2.TileRequest.L': 'rekor/v2/rekor_service.proto',
    'dev.sigstore.common.v1.PKIX_ED25519': 'sigstore_common.proto',
    'grpc.health.v1.HealthCheckResponse.ServingStatus': 'grpc/health/v1/health.proto',
    'grpc.health.v1.HealthCheckResponse.SERVING': 'grpc/health/v1/health.proto',
  };
  const { answers, code } = await reflect(
    t,
    'v1',
    Object.keys(symbols).map((value) => ({ case: 'fileContainingSymbol', value })),
  );
  assert.equal(code, status.OK);
  assert.deepEqual(
    answers.map((answer) => namesIn(answer)[0]),
    Object.values(symbols),
  );
  assert.deepEqual(
    answers.slice(1).map((answer) => namesIn(answer).length),
    answers.slice(1).map(() => 1),
  );
});

test('what is not there is not found, and the call goes on', async (t) => {
  const unknown: Question[] = [
    { case: 'fileByFilename', value: 'nope.proto' },
    { case: 'fileContainingSymbol', value: '__proto__' },
    { case: 'fileContainingSymbol', value: 'dev.sigstore.rekor.v2' },
    { case: 'allExtensionNumbersOfType', value: 'nope.Message' },
    {
      case: 'fileContainingExtension',
      value: { containingType: 'google.api.HttpBody', extensionNumber: 1 },
    },
  ];
  const { answers, code } = await reflect(t, 'v1', [
    ...unknown,
    { case: 'allExtensionNumbersOfType', value: 'google.api.HttpBody' },
  ]);
  assert.equal(code, status.OK);
  const last = answers.pop();
  for (const { messageResponse } of answers) {
    assert.ok(messageResponse.case === 'errorResponse');
    assert.equal(messageResponse.value.errorCode, status.NOT_FOUND);
  }
  assert.equal(answers.length, unknown.length);
  assert.ok(last?.messageResponse.case === 'allExtensionNumbersResponse');
  assert.deepEqual(last.messageResponse.value.extensionNumber, []);
});

test('a request that asks nothing ends the call', async (t) => {
  const { answers, code } = await reflect(t, 'v1', [{ case: undefined }]);
  assert.deepEqual([answers, code], [[], status.INVALID_ARGUMENT]);
});
