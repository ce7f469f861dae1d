/** A client of gRPC that knows nothing of the server's code but the messages, and a desk to put behind the server. */

import type { TestContext } from 'node:test';
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import type { V2Answer } from '../../src/api/v2/submit.js';
import { utf8 } from '../../src/encoding/bytes.js';
import type { EntryRequest } from '../../src/entries/v2-messages.js';
import type { CompletedCall } from '../../src/grpc/call-streams.js';
import { type GrpcOptions, openGrpcServer } from '../../src/grpc/grpc-server.js';
import type { RekorDesk } from '../../src/grpc/rekor-service.js';

export const LOG_ID = 'ab'.repeat(32);
const LEAF = utf8('{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{}}');

/** An answer of the desk: the entry at an index. */
export function added(logIndex: number): V2Answer {
  return {
    outcome: 'added',
    entry: {
      entryID: 'cd'.repeat(40),
      leaf: LEAF,
      logIndex,
      integratedTimeSeconds: 1_700_000_000,
      signedEntryTimestamp: undefined,
      proof: {
        hashes: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
        checkpoint: { size: logIndex + 1, root: new Uint8Array(32).fill(3), note: 'a note\n' },
      },
    },
  };
}

/** A server with a client to it; both end with the test. */
export interface Talk {
  readonly port: number;
  readonly client: grpc.Client;
  readonly completed: CompletedCall[];
  /** What was asked to be logged. */
  readonly asked: EntryRequest[];
  close(graceMs: number): Promise<void>;
}

export async function talk(
  t: TestContext,
  desk: Partial<RekorDesk> = {},
  options: Partial<GrpcOptions> = {},
): Promise<Talk> {
  const completed: CompletedCall[] = [];
  const asked: EntryRequest[] = [];
  const { submit = async () => added(asked.length - 1), ...rest } = desk;
  let ids = 0;
  const server = await openGrpcServer({
    port: 0,
    address: '127.0.0.1',
    isServing: () => true,
    newRequestID: () => `request-${ids++}`,
    completed: (call) => completed.push(call),
    ...options,
    rekor: {
      logID: LOG_ID,
      reads: undefined,
      ...rest,
      submit(request) {
        asked.push(request);
        return submit(request);
      },
    },
  });
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  let closing: Promise<void> | undefined;
  const close = (graceMs: number): Promise<void> => {
    closing ??= server.close(graceMs);
    return closing;
  };
  t.after(async () => {
    client.close();
    await close(0);
  });
  return { port: server.port, client, completed, asked, close };
}

/** What came back from a call. */
export interface Outcome<Message> {
  readonly message: Message | undefined;
  readonly code: number;
  readonly details: string;
  readonly header: (name: string) => string | undefined;
  readonly trailer: (name: string) => string | undefined;
}

/** Calls a method with a message, or with bytes that need not be one. */
export function call<Output extends DescMessage>(
  client: grpc.Client,
  path: string,
  request: Uint8Array,
  output: Output,
  options: grpc.CallOptions & { readonly metadata?: Record<string, string> } = {},
): Promise<Outcome<MessageShape<Output>>> {
  const { metadata = {}, ...rest } = options;
  const sent = new grpc.Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  return new Promise((resolve) => {
    let headers = new grpc.Metadata();
    let message: MessageShape<Output> | undefined;
    const begun = client.makeUnaryRequest<Uint8Array, MessageShape<Output>>(
      path,
      (bytes) => Buffer.from(bytes),
      (bytes) => fromBinary(output, bytes),
      request,
      sent,
      rest,
      (_, value) => {
        message = value;
      },
    );
    begun.on('metadata', (found) => {
      headers = found;
    });
    begun.on('status', ({ code, details, metadata: trailers }) => {
      const valueIn = (from: grpc.Metadata) => (name: string) => from.get(name)[0]?.toString();
      resolve({ message, code, details, header: valueIn(headers), trailer: valueIn(trailers) });
    });
  });
}

/** Sends messages over a stream in both directions and returns the answers and the code at its end. */
export function converse<Input extends DescMessage, Output extends DescMessage>(
  client: grpc.Client,
  path: string,
  [input, output]: readonly [Input, Output],
  requests: readonly MessageInitShape<Input>[],
): Promise<{ readonly answers: MessageShape<Output>[]; readonly code: number }> {
  return new Promise((resolve) => {
    const answers: MessageShape<Output>[] = [];
    const stream = client.makeBidiStreamRequest<Uint8Array, MessageShape<Output>>(
      path,
      (bytes) => Buffer.from(bytes),
      (bytes) => fromBinary(output, bytes),
    );
    stream.on('data', (answer) => answers.push(answer));
    stream.on('error', () => {});
    stream.on('status', ({ code }: grpc.StatusObject) => resolve({ answers, code }));
    for (const request of requests) stream.write(toBinary(input, create(input, request)));
    stream.end();
  });
}
