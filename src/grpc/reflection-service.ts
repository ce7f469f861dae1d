/**
 * grpc.reflection: what is served, told to clients that have no .proto files. v1 and v1alpha differ in name alone.
 *
 * Spec: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md. A file comes with all that it imports;
 * within one call no file is sent twice unless it is asked for again.
 *
 * In scope: the answers. Out of scope: extensions of messages, of which there are none. State: for each call, the
 * files sent.
 */

import { type DescFile, type DescMessage, type DescService, toBinary } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ConnectError } from '@connectrpc/connect';
import { GRPC_CODE } from '../api/v2/problem.js';

/** A request of either version; what it asks for is a name, of a file, a symbol or a message. */
interface Question {
  readonly host: string;
  readonly messageRequest:
    | { case: NameCase; value: string }
    | {
        case: 'fileContainingExtension';
        value: { containingType: string; extensionNumber: number };
      }
    | { case: undefined; value?: undefined };
}

type NameCase =
  | 'fileByFilename'
  | 'fileContainingSymbol'
  | 'allExtensionNumbersOfType'
  | 'listServices';

/** A response of either version. */
interface Reflected {
  readonly validHost: string;
  readonly originalRequest: Question;
  readonly messageResponse: Answer;
}

type Answer =
  | { case: 'listServicesResponse'; value: { service: { name: string }[] } }
  | { case: 'fileDescriptorResponse'; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: 'allExtensionNumbersResponse'; value: { baseTypeName: string } }
  | { case: 'errorResponse'; value: { errorCode: number; errorMessage: string } };

/**
 * Returns what answers a call about `services`, request by request. The answers end with a ConnectError at a request
 * that asks nothing.
 */
export function reflectionAnswers(
  services: readonly DescService[],
): (questions: AsyncIterable<Question>) => AsyncGenerator<Reflected> {
  const known = describe(services);
  return async function* answers(questions) {
    const sent = new Set<DescFile>();
    for await (const { host, messageRequest } of questions) {
      const messageResponse = answerTo(messageRequest, known, sent);
      yield { validHost: host, originalRequest: { host, messageRequest }, messageResponse };
    }
  };
}

/** All that can be asked for. */
interface Known {
  readonly services: readonly string[];
  readonly files: ReadonlyMap<string, DescFile>;
  /** The file of each full name: messages, fields, enums and their values, services, methods. */
  readonly symbols: ReadonlyMap<string, DescFile>;
  readonly messages: ReadonlySet<string>;
}

function describe(services: readonly DescService[]): Known {
  const all = new Set<DescFile>();
  for (const { file } of services) collect(file, all);
  const symbols = new Map<string, DescFile>();
  const messages = new Set<string>();
  for (const file of all) {
    for (const name of symbolsOf(file)) symbols.set(name, file);
    for (const { kind, typeName } of nestedTypes(file))
      if (kind === 'message') messages.add(typeName);
  }
  return {
    services: services.map(({ typeName }) => typeName).sort(),
    files: new Map([...all].map((file) => [file.proto.name, file])),
    symbols,
    messages,
  };
}

/** Adds a file and all that it imports, itself first. */
function collect(file: DescFile, into: Set<DescFile>): void {
  if (into.has(file)) return;
  into.add(file);
  for (const imported of file.dependencies) collect(imported, into);
}

function* symbolsOf(file: DescFile): Generator<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    if (type.kind === 'message') yield* membersOf(type);
    if (type.kind === 'service')
      for (const { name } of type.methods) yield `${type.typeName}.${name}`;
    // The values of an enum stand beside it, as in C.
    const scope = type.typeName.slice(0, type.typeName.lastIndexOf('.'));
    if (type.kind === 'enum') for (const { name } of type.values) yield `${scope}.${name}`;
  }
}

function* membersOf({ typeName, fields, oneofs }: DescMessage): Generator<string> {
  for (const { name } of fields) yield `${typeName}.${name}`;
  for (const { name } of oneofs) yield `${typeName}.${name}`;
}

function answerTo(asked: Question['messageRequest'], known: Known, sent: Set<DescFile>): Answer {
  switch (asked.case) {
    case 'listServices': {
      const service = known.services.map((name) => ({ name }));
      return { case: 'listServicesResponse', value: { service } };
    }
    case 'fileByFilename':
      return filesAnswer(known.files.get(asked.value), sent);
    case 'fileContainingSymbol':
      return filesAnswer(known.symbols.get(asked.value), sent);
    case 'fileContainingExtension':
      return NOT_FOUND;
    case 'allExtensionNumbersOfType': {
      if (!known.messages.has(asked.value)) return NOT_FOUND;
      return { case: 'allExtensionNumbersResponse', value: { baseTypeName: asked.value } };
    }
    case undefined:
      throw new ConnectError('the request asks nothing', GRPC_CODE.invalidArgument);
  }
}

/** The request that is answered says what was not found. */
const NOT_FOUND: Answer = {
  case: 'errorResponse',
  value: { errorCode: GRPC_CODE.notFound, errorMessage: 'not found' },
};

function filesAnswer(wanted: DescFile | undefined, sent: Set<DescFile>): Answer {
  if (wanted === undefined) return NOT_FOUND;
  const all = new Set<DescFile>();
  collect(wanted, all);
  const files = [...all].filter((file) => file === wanted || !sent.has(file));
  for (const file of files) sent.add(file);
  const fileDescriptorProto = files.map((file) => toBinary(FileDescriptorProtoSchema, file.proto));
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}
