/** A witness on 127.0.0.1 that keeps the rules, or breaks one of them. */

import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import {
  cosignatureMessage,
  printCosignature,
  readCosignature,
} from '../../src/note/cosignature.js';
import {
  type NoteVerifier,
  parseSignedNote,
  printSignatureLine,
  printSignedNote,
} from '../../src/note/signed-note.js';
import { noteKeyID, SIGNATURE_TYPE } from '../../src/note/verifier-key.js';

/** What a witness may do wrong instead of cosigning. */
export const MISBEHAVIOURS = [
  'bad-signature',
  'wrong-key',
  'zero-timestamp',
  'old-timestamp',
  'future-timestamp',
  'other-checkpoint',
  'conflict-loop',
  'conflict-bigger',
  'conflict-no-body',
  'conflict-wrong-type',
  'status-500',
  'status-503',
  'status-429',
  'status-403',
  'status-404',
  'status-422',
  'slow',
  'hang-up',
  'empty',
  'html',
  'no-newline',
  'endless',
  'second-text',
  'redirect',
  'status-204',
  'status-206',
  'cut-short',
  'not-utf8',
  'byte-order-mark',
  'carriage-returns',
  'no-http',
  'endless-headers',
  'endless-continue',
  'drip',
  'drip-of-headers',
  'packed-endless',
] as const;

/** What a witness may do that does no harm. */
export const ODDITIES = ['extra-unknown', 'two-sigs', 'chunked'] as const;

export type Behaviour = (typeof MISBEHAVIOURS)[number] | (typeof ODDITIES)[number] | 'honest';

/** A running witness. */
export interface FakeWitness {
  readonly name: string;
  readonly url: string;
  readonly publicKey: Uint8Array;
  readonly verifier: NoteVerifier;
  behaviour: Behaviour;
  /** What it has cosigned last; tests may set it. */
  size: number;
  /** What it shows at its monitoring prefix. */
  held: string | undefined;
  /** Whether it leaves who asks for that without an answer. */
  hidesHeld: boolean;
  /** The first lines of the requests: `old N`. */
  readonly asked: string[];
  /** Bodies of its requests. */
  readonly bodies: string[];
  /** Its answers wait for this. */
  hold: Promise<void> | undefined;
  /** Most requests that were under way at once. */
  mostAtOnce: number;
  /** Resolves at the next request. */
  nextRequest(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one; it is to be closed. */
export async function startWitness(
  name: string,
  behaviour: Behaviour = 'honest',
): Promise<FakeWitness> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
  const keyID = noteKeyID(name, SIGNATURE_TYPE.ed25519Cosignature, raw);
  const listeners: (() => void)[] = [];
  let underWay = 0;
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.method === 'GET' && witness.hidesHeld) return;
    if (request.method === 'GET') return showHeld(witness, response);
    underWay += 1;
    witness.mostAtOnce = Math.max(witness.mostAtOnce, underWay);
    response.on('close', () => {
      underWay -= 1;
    });
    witness.asked.push(body.slice(0, body.indexOf('\n')));
    witness.bodies.push(body);
    for (const listener of listeners.splice(0)) listener();
    await witness.hold;
    answer(witness, { name, keyID, privateKey }, body, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const witness: FakeWitness = {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`,
    publicKey: raw,
    verifier: {
      name,
      keyID,
      verify(text, signature) {
        const parts = readCosignature(signature);
        if (parts === undefined) return false;
        const message = cosignatureMessage(parts.timeSeconds, Buffer.from(text).toString());
        return verify(null, message, publicKey, parts.signature);
      },
    },
    behaviour,
    size: 0,
    held: undefined,
    hidesHeld: false,
    asked: [],
    bodies: [],
    hold: undefined,
    mostAtOnce: 0,
    nextRequest: () => new Promise((resolve) => listeners.push(resolve)),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return witness;
}

interface Key {
  readonly name: string;
  readonly keyID: Uint8Array;
  readonly privateKey: KeyObject;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function showHeld({ held }: FakeWitness, response: ServerResponse): void {
  response.writeHead(held === undefined ? 404 : 200).end(held);
}

function answer(witness: FakeWitness, key: Key, body: string, response: ServerResponse): unknown {
  const end = body.indexOf('\n\n');
  const note = parseSignedNote(body.slice(end + 2));
  const size = Number(parseCheckpoint(note.text).size);
  const oldSize = Number(body.slice(4, body.indexOf('\n')));
  const { behaviour } = witness;
  const reply = (text: string): unknown => response.end(text);
  const conflict = (known: string, type = 'text/x.tlog.size'): unknown =>
    response.writeHead(409, { 'content-type': type }).end(known);
  const line = (seconds = nowSeconds(), text = note.text): string =>
    cosignatureLine(key, seconds, text);
  switch (behaviour) {
    case 'conflict-loop':
      return conflict(`${oldSize === 0 ? size : 0}\n`);
    case 'conflict-bigger':
      return conflict(`${size + 1000}\n`);
    case 'conflict-no-body':
      return conflict('');
    case 'conflict-wrong-type':
      return conflict(`${size}\n`, 'text/plain');
    case 'slow':
      return undefined;
    case 'hang-up':
      return response.destroy();
    case 'redirect':
      return response.writeHead(307, { location: `${witness.url}/elsewhere` }).end();
  }
  if (behaviour.startsWith('status-')) {
    return response.writeHead(Number(behaviour.slice(7))).end(line());
  }
  if (isStrange(behaviour)) return strange(behaviour, line(), response);
  if (oldSize !== witness.size) return conflict(`${witness.size}\n`);
  if (behaviour === 'honest' || (ODDITIES as readonly string[]).includes(behaviour)) {
    witness.size = size;
    witness.held = printSignedNote(note) + line();
  }
  if (behaviour === 'endless') return response.write('x'.repeat(200_000));
  if (behaviour === 'not-utf8') return response.end(Buffer.from(`${line()}\xff`, 'latin1'));
  if (behaviour === 'packed-endless') {
    response.setHeader('content-encoding', 'gzip');
    return response.end(gzipSync(line().repeat(100_000)));
  }
  const lines = linesOf(behaviour, key, line, note.text);
  if (behaviour !== 'chunked') return reply(lines);
  response.write(lines.slice(0, 20));
  return reply(lines.slice(20));
}

const STRANGE = {
  'cut-short': (line) => `HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n${line}`,
  'no-http': (line) => line,
  'endless-headers': () => `HTTP/1.1 200 OK\r\n${'X-Filler: filler\r\n'.repeat(20_000)}`,
  'endless-continue': () => 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20_000),
  drip: () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'drip-of-headers': () => 'HTTP/1.1 200 OK\r\n',
} as const satisfies Partial<Record<Behaviour, (line: string) => string>>;

const DROPS: Readonly<Record<string, string>> = {
  drip: '1\r\nx\r\n',
  'drip-of-headers': 'X-Filler: filler\r\n',
};

function isStrange(behaviour: Behaviour): behaviour is keyof typeof STRANGE {
  return behaviour in STRANGE;
}

/** Writes past Node's HTTP server, which would not be so rude. */
function strange(behaviour: keyof typeof STRANGE, line: string, response: ServerResponse): void {
  const { socket } = response;
  if (socket === null) return;
  // The other side hangs up in the middle of it.
  socket.on('error', () => {});
  socket.write(STRANGE[behaviour](line));
  const drop = DROPS[behaviour];
  if (behaviour === 'cut-short' || behaviour === 'no-http') socket.end();
  if (drop === undefined) return;
  const dripping = setInterval(() => socket.write(drop), 1);
  socket.on('close', () => clearInterval(dripping));
}

function linesOf(
  behaviour: Behaviour,
  key: Key,
  line: (seconds?: bigint, text?: string) => string,
  text: string,
): string {
  const other: Key = { ...key, privateKey: generateKeyPairSync('ed25519').privateKey };
  switch (behaviour) {
    case 'bad-signature':
      return cosignatureLine(other, nowSeconds(), text);
    case 'wrong-key':
      return cosignatureLine({ ...other, keyID: utf8('abcd') }, nowSeconds(), text);
    case 'zero-timestamp':
      return line(0n);
    case 'old-timestamp':
      return line(nowSeconds() - 3_600n);
    case 'future-timestamp':
      return line(nowSeconds() + 3_600n);
    case 'other-checkpoint':
      return line(undefined, text.replace(/\n\d+\n/, '\n99\n'));
    case 'empty':
      return '';
    case 'html':
      return '<!doctype html><p>Welcome';
    case 'no-newline':
      return line().trimEnd();
    case 'byte-order-mark':
      return `\ufeff${line()}`;
    case 'carriage-returns':
      return line().replace('\n', '\r\n');
    case 'second-text':
      return `more text\n\n${line()}`;
    case 'extra-unknown':
      return cosignatureLine({ ...other, name: 'unknown.example' }, nowSeconds(), text) + line();
    case 'two-sigs':
      return line() + line(nowSeconds() - 1n);
    default:
      return line();
  }
}

function cosignatureLine({ name, keyID, privateKey }: Key, seconds: bigint, text: string): string {
  const signature = sign(null, cosignatureMessage(seconds, text), privateKey);
  return printSignatureLine({
    name,
    keyID,
    signature: printCosignature(seconds, concatBytes(signature)),
  });
}

function nowSeconds(): bigint {
  return BigInt(Math.floor(Date.now() / 1000));
}
