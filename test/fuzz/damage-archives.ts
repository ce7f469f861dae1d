/** gzip, zip, tar and rpm: members are taken out, damaged inside, and packed again with sizes and sums that fit. */

import { crc32, deflateRawSync, gzipSync, inflateRawSync } from 'node:zlib';
import { type Damager, damageList, damageRaw, oddNumber, type Scene } from './damage.js';

const BOMB_LENGTH = 48 * 2 ** 20;
let bomb: Buffer | undefined;

/** Returns a few kilobytes that are a gzip member of many megabytes. */
function gzipBomb(): Buffer {
  bomb ??= gzipSync(Buffer.alloc(BOMB_LENGTH), { level: 9 });
  return bomb;
}

/** One or more gzip members. */
export const damageGzip: Damager = (bytes, scene) => {
  const { random } = scene;
  const members = splitGzip(bytes);
  if (members === undefined) return undefined;
  if (random.chance(0.01)) return Buffer.concat([bytes, gzipBomb()]);
  return Buffer.concat(
    damageList(members, random, (member) => {
      if (random.chance(0.1)) return [damageRaw(member, scene)];
      const content = inflateRawSync(member.subarray(gzipHeaderLength(member)));
      return [gzipSync(scene.inner(content))];
    }),
  );
};

function splitGzip(bytes: Buffer): Buffer[] | undefined {
  const members: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const rest = bytes.subarray(at);
    if (rest.length < 18 || rest[0] !== 0x1f || rest[1] !== 0x8b) break;
    const header = gzipHeaderLength(rest);
    try {
      const { engine } = inflateRawSync(rest.subarray(header), {
        info: true,
      } as object) as unknown as {
        engine: { bytesWritten: number };
      };
      const length = header + engine.bytesWritten + 8;
      members.push(rest.subarray(0, length));
      at += length;
    } catch {
      break;
    }
  }
  return members.length === 0 ? undefined : members;
}

function gzipHeaderLength(member: Buffer): number {
  const flags = member[3] as number;
  let length = 10;
  if (flags & 4) length += 2 + member.readUInt16LE(10);
  for (const flag of [8, 16]) {
    if (flags & flag) length = member.indexOf(0, length) + 1;
  }
  return flags & 2 ? length + 2 : length;
}

interface ZipMember {
  readonly name: Buffer;
  readonly content: Buffer;
  readonly method: number;
  /** Made wrong in the directory only. */
  readonly directory?: 'size' | 'packedSize' | 'crc' | 'offset' | 'flags';
}

/** A zip archive that has a central directory. */
export const damageZip: Damager = (bytes, scene) => {
  const { random } = scene;
  const members = splitZip(bytes);
  if (members === undefined) return undefined;
  if (random.chance(0.1)) return damageRaw(bytes, scene);
  const damaged = damageList(members, random, (member) => {
    if (random.chance(0.01)) return [{ ...member, content: Buffer.alloc(BOMB_LENGTH), method: 8 }];
    switch (random.below(8)) {
      case 0:
        return [{ ...member, name: scene.inner(member.name) }];
      case 1:
        return [
          {
            ...member,
            directory: random.pick(['size', 'packedSize', 'crc', 'offset', 'flags'] as const),
          },
        ];
      case 2:
        return [{ ...member, method: random.pick([0, 8, 1, 9, 12, 93, 99]) }];
      case 3:
        return [{ ...member, name: Buffer.from(random.pick(ODD_NAMES)) }];
      default:
        return [{ ...member, content: scene.inner(member.content) }];
    }
  });
  return joinZip(damaged, scene);
};

const ODD_NAMES = [
  '',
  '/',
  '../x',
  'META-INF/MANIFEST.MF',
  'meta-inf/manifest.mf',
  'META-INF/X.SF',
  'META-INF/X.RSA',
  'META-INF/X.EC',
  'META-INF/',
  'a\u0000b',
  'é',
  'x'.repeat(65_535),
];

function splitZip(bytes: Buffer): ZipMember[] | undefined {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || bytes.length < end + 22) return undefined;
  const members: ZipMember[] = [];
  let at = bytes.readUInt32LE(end + 16);
  try {
    while (bytes.readUInt32LE(at) === 0x02014b50) {
      const method = bytes.readUInt16LE(at + 10);
      const packedLength = bytes.readUInt32LE(at + 20);
      const nameLength = bytes.readUInt16LE(at + 28);
      const offset = bytes.readUInt32LE(at + 42);
      const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
      const packed = bytes.subarray(start, start + packedLength);
      const content = method === 8 ? inflateRawSync(packed) : packed;
      members.push({ name: bytes.subarray(at + 46, at + 46 + nameLength), content, method });
      at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    }
  } catch {
    return undefined;
  }
  return members.length === 0 ? undefined : members;
}

function joinZip(members: readonly ZipMember[], { random }: Scene): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method, directory: wrong } of members) {
    const packed = method === 8 ? deflateRawSync(content) : content;
    const numbers = {
      crc: crc32(content),
      packedSize: packed.length,
      size: content.length,
      offset,
      flags: 0,
    };
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(20, 4);
    header.writeUInt16LE(method, 8);
    header.writeUInt32LE(numbers.crc, 14);
    header.writeUInt32LE(numbers.packedSize, 18);
    header.writeUInt32LE(numbers.size, 22);
    header.writeUInt16LE(name.length & 0xffff, 26);
    local.push(header, name, packed);
    if (wrong !== undefined) numbers[wrong] = oddNumber(numbers[wrong], random);
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(20, 4);
    record.writeUInt16LE(20, 6);
    record.writeUInt16LE(numbers.flags & 0xffff, 8);
    record.writeUInt16LE(method, 10);
    record.writeUInt32LE(numbers.crc >>> 0, 16);
    record.writeUInt32LE(numbers.packedSize, 20);
    record.writeUInt32LE(numbers.size, 24);
    record.writeUInt16LE(name.length & 0xffff, 28);
    record.writeUInt32LE(numbers.offset, 42);
    directory.push(record, name);
    offset += 30 + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const count = random.chance(0.03) ? oddNumber(members.length, random) & 0xffff : members.length;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(random.chance(0.03) ? oddNumber(offset, random) : offset, 16);
  return Buffer.concat([...local, list, end]);
}

const BLOCK = 512;

/** A tar archive, also one without the two empty blocks at its end. */
export const damageTar: Damager = (bytes, scene) => {
  const { random } = scene;
  if (bytes.length < BLOCK || bytes.toString('latin1', 257, 262) !== 'ustar') return undefined;
  const entries: Buffer[] = [];
  let at = 0;
  while (at + BLOCK <= bytes.length && bytes[at] !== 0) {
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8) || 0;
    const end = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    entries.push(bytes.subarray(at, Math.min(end, bytes.length)));
    at = end;
  }
  const rest = bytes.subarray(Math.min(at, bytes.length));
  const damaged = damageList(entries, random, (entry) => [damageTarEntry(entry, scene)]);
  return Buffer.concat([...damaged, random.chance(0.1) ? damageRaw(rest, scene) : rest]);
};

/** Where the fields of a header are, and how long they are. */
const TAR_FIELDS = [
  [0, 100],
  [100, 8],
  [124, 12],
  [136, 12],
  [156, 1],
  [157, 100],
  [257, 8],
  [345, 155],
] as const;

function damageTarEntry(entry: Buffer, scene: Scene): Buffer {
  const { random } = scene;
  const header = Buffer.from(entry.subarray(0, BLOCK));
  let content = entry.subarray(BLOCK);
  if (random.chance(0.6)) {
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8) || 0;
    const changed = scene.inner(content.subarray(0, size));
    header.write(`${changed.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    content = Buffer.concat([changed, Buffer.alloc((BLOCK - (changed.length % BLOCK)) % BLOCK)]);
  } else {
    const [start, length] = random.pick(TAR_FIELDS);
    const field = header.subarray(start, start + length);
    const odd = [
      '77777777777\0',
      '00000000000\0',
      '-1',
      '\x80\0\0\0\0\0\0\0\xff\xff\xff\xff',
      'x',
      'g',
      'L',
      '5',
    ];
    if (random.chance(0.5)) field.write(random.pick(odd), 0, 'latin1');
    else field[random.below(length)] = random.below(256);
  }
  if (random.chance(0.95)) {
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, octet) => total + octet, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return Buffer.concat([header, content]);
}

const RPM_LEAD = 96;

/** An rpm: its lead, two headers, and a payload. */
export const damageRpm: Damager = (bytes, scene) => {
  const { random } = scene;
  if (bytes.length < RPM_LEAD || bytes.readUInt32BE(0) !== 0xedabeedb) return undefined;
  const starts = [0, RPM_LEAD];
  let at = RPM_LEAD;
  for (const alignment of [8, 1]) {
    if (bytes.length < at + 16 || bytes.readUInt32BE(at) !== 0x8eade801) break;
    const length = 16 + 16 * bytes.readUInt32BE(at + 8) + bytes.readUInt32BE(at + 12);
    at = Math.ceil((at + length) / alignment) * alignment;
    starts.push(Math.min(at, bytes.length));
  }
  const parts = starts.map((start, index) => bytes.subarray(start, starts[index + 1]));
  return Buffer.concat(
    damageList(parts, random, (part) => [
      part.length >= 32 && part.readUInt32BE(0) === 0x8eade801
        ? damageRpmHeader(part, scene)
        : scene.inner(part),
    ]),
  );
};

function damageRpmHeader(part: Buffer, scene: Scene): Buffer {
  const { random } = scene;
  const copy = Buffer.from(part);
  const count = copy.readUInt32BE(8);
  const store = 16 + 16 * count;
  switch (random.below(4)) {
    case 0: {
      const field = 8 + 4 * random.below(2);
      copy.writeUInt32BE(oddNumber(copy.readUInt32BE(field), random), field);
      return copy;
    }
    case 1: {
      const field = 16 + 16 * random.below(count) + 4 * random.below(4);
      if (field + 4 <= copy.length)
        copy.writeUInt32BE(oddNumber(copy.readUInt32BE(field), random), field);
      return copy;
    }
    case 2: {
      const from = 16 + 16 * random.below(count);
      const to = 16 + 16 * random.below(count);
      if (Math.max(from, to) + 16 <= copy.length) copy.copy(copy, to, from, from + 16);
      return copy;
    }
    default: {
      const index = 16 + 16 * random.below(count);
      const start = store + (copy.length >= index + 12 ? copy.readUInt32BE(index + 8) : 0);
      const value = copy.subarray(start, start + 24 + random.below(600));
      if (value.length > 0) scene.inner(value).copy(copy, start, 0, value.length);
      return copy;
    }
  }
}
