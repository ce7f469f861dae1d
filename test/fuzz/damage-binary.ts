/** DER, CBOR and OpenPGP packets: trees and lists whose lengths fit again after one element was damaged. */

import type { Random } from '../random.js';
import { type Damager, damageList, damageRaw, oddNumber, type Scene } from './damage.js';

interface DerNode {
  tag: number;
  /** Bytes of a primitive, or elements. */
  content: Buffer | DerNode[];
}

const MAX_DER_DEPTH = 24;

/** One DER element, with what follows it. */
export const damageDer: Damager = (bytes, scene) => {
  const { random } = scene;
  if (bytes[0] !== 0x30 || bytes.length < 4) return undefined;
  const read = readDer(bytes, 0, bytes.length, 0);
  if (read === undefined || typeof read.node.content === 'string') return undefined;
  const nodes = allNodes(read.node);
  if (nodes.length < 2) return undefined;
  const target = random.pick(nodes);
  if (random.chance(0.01)) return nestedDer(random.pick([40, 1_000, 20_000]));
  if (random.chance(0.1)) {
    target.tag = random.pick([0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0x31, 0xa0, 0x80, 0x1f, 0xff, 0]);
  } else if (Array.isArray(target.content)) {
    target.content = damageList(target.content, random, () => [random.pick(nodes)]);
  } else {
    target.content = damagePrimitive(target, scene);
  }
  if (allNodes(read.node).length > 4_096) return damageRaw(bytes, scene);
  const wrongLength = random.chance(0.08) ? target : undefined;
  return Buffer.concat([writeDer(read.node, random, wrongLength, 0), bytes.subarray(read.end)]);
};

/** Returns sequences within sequences. */
function nestedDer(depth: number): Buffer {
  const heads: Buffer[] = [];
  let length = 0;
  for (let level = 0; level < depth; level++) {
    const head = Buffer.from([0x30, 0x83, length >> 16, (length >> 8) & 255, length & 255]);
    heads.push(head);
    length += head.length;
  }
  return Buffer.concat(heads.reverse());
}

function damagePrimitive({ tag, content }: DerNode, scene: Scene): Buffer {
  const { random } = scene;
  const bytes = content as Buffer;
  if ((tag === 0x03 || tag === 0x04) && random.chance(0.6)) {
    const from = tag === 0x03 ? 1 : 0;
    return Buffer.concat([bytes.subarray(0, from), scene.inner(bytes.subarray(from))]);
  }
  if (tag === 0x02 && random.chance(0.5)) {
    const odd = ['00', '01', 'ff', '80', '7fffffffffffffff', '0080000000000000000', '', '0001'];
    return Buffer.from(random.pick(odd), 'hex');
  }
  return damageRaw(bytes, scene);
}

function readDer(
  bytes: Buffer,
  start: number,
  limit: number,
  depth: number,
): { node: DerNode; end: number } | undefined {
  if (start + 2 > limit) return undefined;
  const tag = bytes[start] as number;
  let length = bytes[start + 1] as number;
  let at = start + 2;
  if (length > 0x80) {
    const octets = length & 0x7f;
    if (octets > 4 || at + octets > limit) return undefined;
    length = bytes.readUIntBE(at, octets);
    at += octets;
  }
  const end = at + length;
  if (end > limit) return undefined;
  const isConstructed = (tag & 0x20) !== 0 && depth < MAX_DER_DEPTH;
  if (!isConstructed) return { node: { tag, content: bytes.subarray(at, end) }, end };
  const content: DerNode[] = [];
  while (at < end) {
    const child = readDer(bytes, at, end, depth + 1);
    if (child === undefined) return undefined;
    content.push(child.node);
    at = child.end;
  }
  return { node: { tag, content }, end };
}

function allNodes(node: DerNode, depth = 0): DerNode[] {
  if (!Array.isArray(node.content) || depth > 2 * MAX_DER_DEPTH) return [node];
  return [node, ...node.content.flatMap((child) => allNodes(child, depth + 1))];
}

// A node may have become its own ancestor: then nothing is written below the depth that is read.
function writeDer(
  node: DerNode,
  random: Random,
  wrongLength: DerNode | undefined,
  depth: number,
): Buffer {
  const { tag, content } = node;
  const inside = !Array.isArray(content)
    ? content
    : depth > MAX_DER_DEPTH
      ? Buffer.alloc(0)
      : Buffer.concat(content.map((child) => writeDer(child, random, wrongLength, depth + 1)));
  const length = node === wrongLength ? oddNumber(inside.length, random) : inside.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), inside]);
  const octets = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const header = Buffer.alloc(2 + octets);
  header[0] = tag;
  header[1] = 0x80 | octets;
  header.writeUIntBE(length, 2, octets);
  return Buffer.concat([header, inside]);
}

interface CborNode {
  readonly major: number;
  argument: number;
  /** Bytes of a string, or the items; a map has keys and values in turn. */
  content: Buffer | CborNode[];
}

/** One CBOR item that is a tag or an array. */
export const damageCbor: Damager = (bytes, scene) => {
  const { random } = scene;
  const first = bytes[0] ?? 0;
  if (first >> 5 !== 6 && first >> 5 !== 4 && first >> 5 !== 5) return undefined;
  const read = readCbor(bytes, 0, 0);
  if (read === undefined || read.end !== bytes.length) return undefined;
  if (random.chance(0.01))
    return Buffer.alloc(100_000, random.pick([0x81, 0xa1, 0xc1, 0x9f, 0xd2]));
  const nodes = allCbor(read.node);
  const target = random.pick(nodes);
  if (Array.isArray(target.content) && target.content.length > 0 && random.chance(0.7)) {
    target.content = damageList(target.content, random, () => [
      random.chance(0.5) ? random.pick(nodes.slice(1)) : random.pick(ODD_CBOR),
    ]);
    target.argument = target.major === 6 ? target.argument : countOf(target);
  } else if (Buffer.isBuffer(target.content) && target.content.length > 0) {
    target.content = scene.inner(target.content);
    target.argument = target.content.length;
  } else {
    target.argument = oddNumber(target.argument, random);
  }
  if (random.chance(0.05)) target.argument = oddNumber(target.argument, random);
  return writeCbor(read.node, random, 0);
};

const EMPTY = Buffer.alloc(0);
const ODD_CBOR: readonly CborNode[] = [
  { major: 0, argument: 0, content: EMPTY },
  { major: 1, argument: 6, content: EMPTY },
  { major: 2, argument: 0, content: EMPTY },
  { major: 3, argument: 1, content: Buffer.from('a') },
  { major: 4, argument: 0, content: [] },
  { major: 5, argument: 0, content: [] },
  { major: 7, argument: 20, content: EMPTY },
  { major: 7, argument: 22, content: EMPTY },
  { major: 7, argument: 23, content: EMPTY },
  { major: 6, argument: 2, content: [{ major: 2, argument: 1, content: Buffer.from([1]) }] },
];

function countOf({ major, content }: CborNode): number {
  return major === 5 ? Math.floor(content.length / 2) : content.length;
}

function readCbor(
  bytes: Buffer,
  start: number,
  depth: number,
): { node: CborNode; end: number } | undefined {
  const first = bytes[start];
  if (first === undefined || depth > MAX_DER_DEPTH) return undefined;
  const major = first >> 5;
  let argument = first & 31;
  let at = start + 1;
  if (argument >= 24) {
    const octets = [1, 2, 4][argument - 24];
    if (octets === undefined || at + octets > bytes.length) return undefined;
    argument = bytes.readUIntBE(at, octets);
    at += octets;
  }
  if (major === 2 || major === 3) {
    const end = at + argument;
    if (end > bytes.length) return undefined;
    return { node: { major, argument, content: bytes.subarray(at, end) }, end };
  }
  const count = major === 4 ? argument : major === 5 ? 2 * argument : major === 6 ? 1 : 0;
  const content: CborNode[] = [];
  while (content.length < count) {
    const child = readCbor(bytes, at, depth + 1);
    if (child === undefined) return undefined;
    content.push(child.node);
    at = child.end;
  }
  return {
    node: { major, argument, content: count === 0 && major < 4 ? EMPTY : content },
    end: at,
  };
}

function allCbor(node: CborNode): CborNode[] {
  return [node, ...(Array.isArray(node.content) ? node.content.flatMap(allCbor) : [])];
}

function writeCbor({ major, argument, content }: CborNode, random: Random, depth: number): Buffer {
  const inside = Buffer.isBuffer(content)
    ? content
    : depth > MAX_DER_DEPTH
      ? EMPTY
      : Buffer.concat(content.map((child) => writeCbor(child, random, depth + 1)));
  return Buffer.concat([cborHead(major, argument, random), inside]);
}

function cborHead(major: number, argument: number, random: Random): Buffer {
  const wide = random.chance(0.01);
  if (argument < 24 && !wide) return Buffer.from([(major << 5) | argument]);
  const octets = wide ? 4 : argument < 0x100 ? 1 : argument < 0x10000 ? 2 : 4;
  const head = Buffer.alloc(1 + octets);
  head[0] = (major << 5) | (octets === 1 ? 24 : octets === 2 ? 25 : 26);
  head.writeUIntBE(argument, 1, octets);
  return head;
}

interface Packet {
  readonly tag: number;
  readonly body: Buffer;
}

/** A sequence of OpenPGP packets. */
export const damagePackets: Damager = (bytes, scene) => {
  const { random } = scene;
  const packets = splitPackets(bytes);
  if (packets === undefined) return undefined;
  const damaged = damageList(packets, random, (packet) => {
    if (random.chance(0.1)) return [{ ...packet, tag: random.below(20) }];
    return [{ ...packet, body: damagePacketBody(packet, scene) }];
  });
  return Buffer.concat(damaged.map((packet) => writePacket(packet, random)));
};

function damagePacketBody({ body }: Packet, scene: Scene): Buffer {
  const { random } = scene;
  // The fixed part at the front is where versions, algorithms and lengths are.
  if (random.chance(0.5) && body.length > 0) {
    const copy = Buffer.from(body);
    copy[random.below(Math.min(copy.length, 24))] = random.pick([0, 1, 2, 3, 4, 5, 8, 17, 22, 255]);
    return copy;
  }
  return damageRaw(body, scene);
}

function splitPackets(bytes: Buffer): Packet[] | undefined {
  const packets: Packet[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] as number;
    if (first < 0x80) return undefined;
    const isNew = (first & 0x40) !== 0;
    const size = isNew ? newLength(bytes, at + 1) : oldLength(bytes, at + 1, first & 3);
    if (size === undefined || size.start + size.length > bytes.length) return undefined;
    packets.push({
      tag: isNew ? first & 0x3f : (first >> 2) & 15,
      body: bytes.subarray(size.start, size.start + size.length),
    });
    at = size.start + size.length;
  }
  return packets.length === 0 ? undefined : packets;
}

function newLength(bytes: Buffer, at: number): { start: number; length: number } | undefined {
  const first = bytes[at];
  if (first === undefined || (first >= 224 && first < 255)) return undefined;
  if (first < 192) return { start: at + 1, length: first };
  if (first < 224) {
    return { start: at + 2, length: ((first - 192) << 8) + (bytes[at + 1] ?? 0) + 192 };
  }
  return at + 5 <= bytes.length ? { start: at + 5, length: bytes.readUInt32BE(at + 1) } : undefined;
}

function oldLength(
  bytes: Buffer,
  at: number,
  type: number,
): { start: number; length: number } | undefined {
  const octets = [1, 2, 4][type];
  if (octets === undefined || at + octets > bytes.length) return undefined;
  return { start: at + octets, length: bytes.readUIntBE(at, octets) };
}

function writePacket({ tag, body }: Packet, random: Random): Buffer {
  const length = random.chance(0.03) ? oddNumber(body.length, random) : body.length;
  if (tag < 16 && random.chance(0.5)) {
    const head = Buffer.alloc(3);
    if (length < 0x10000) {
      head[0] = 0x80 | (tag << 2) | 1;
      head.writeUInt16BE(length, 1);
      return Buffer.concat([head, body]);
    }
  }
  const head = Buffer.alloc(6);
  head[0] = 0xc0 | tag;
  head[1] = 255;
  head.writeUInt32BE(length, 2);
  if (random.chance(0.02))
    return Buffer.concat([Buffer.from([0xc0 | tag, 224 + random.below(31)]), body]);
  return Buffer.concat([head, body]);
}
