/** JSON, PEM and OpenPGP armour, and text of lines: base64 in them is decoded, damaged inside, and encoded again. */

import { type Damager, damageList, damageRaw, type Scene } from './damage.js';
import {
  copyOf,
  type JsonTree,
  type Place,
  placesOf,
  setValueAt,
  textOf,
  treeOf,
  valueAt,
} from './json-tree.js';

/** A JSON object or array as text. */
export const damageJsonText: Damager = (bytes, scene) => {
  if (bytes[0] !== 0x7b && bytes[0] !== 0x5b) return undefined;
  let tree: JsonTree;
  try {
    tree = treeOf(JSON.parse(bytes.toString()));
  } catch {
    return undefined;
  }
  return Buffer.from(textOf(damageTree(tree, [], scene)));
};

/** Scalars and containers that stand where something else should. */
const ODD_VALUES = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '1e400',
  '9007199254740993',
  '""',
  '"a"',
  '"="',
  '"AAAA"',
  '"YQ"',
  '"Y-_="',
  '"\\ud800"',
  '"\\u0000"',
  '"__proto__"',
  '"sha256"',
  '[]',
  '[null]',
  '[[]]',
  '["YQ=="]',
  '{}',
  '{"content":"YQ=="}',
  '{"__proto__":{"content":"YQ=="},"constructor":1}',
];

/** Values that are too much of something. */
const HUGE_VALUES = [
  `${'['.repeat(9_900)}${']'.repeat(9_900)}`,
  `${'{"a":'.repeat(9_900)}1${'}'.repeat(9_900)}`,
  `[${'0,'.repeat(200_000)}0]`,
  `"${'QUFB'.repeat(300_000)}"`,
  `"${'-----BEGIN '.repeat(60_000)}"`,
  '9'.repeat(200_000),
];

/** Returns a copy of `tree` with one thing wrong; `others` are trees of the same kind to take values from. */
export function damageTree(tree: JsonTree, others: readonly JsonTree[], scene: Scene): JsonTree {
  const { random } = scene;
  const copy = copyOf(tree);
  const places = placesOf(copy);
  if (places.length === 0) return random.pick(ODD_VALUES);
  if (random.chance(0.005)) {
    setValueAt(random.pick(places), random.pick(HUGE_VALUES));
    return copy;
  }
  if (random.chance(0.7)) {
    const strings = places.filter((place) => isString(valueAt(place)));
    const weighted = strings.filter((place) => textLength(place) > 40);
    const wanted = weighted.length > 0 && random.chance(0.85) ? weighted : strings;
    if (wanted.length > 0) {
      const place = random.pick(wanted);
      damageString(place, scene);
      return copy;
    }
  }
  damageShape(random.pick(places), others, scene);
  return copy;
}

function isString(value: JsonTree): value is string {
  return typeof value === 'string' && value.startsWith('"');
}

function textLength(place: Place): number {
  return (valueAt(place) as string).length;
}

function damageString(place: Place, scene: Scene): void {
  const text = JSON.parse(valueAt(place) as string) as string;
  const damaged = scene.inner(Buffer.from(text));
  setValueAt(place, JSON.stringify(damaged.toString()));
}

function damageShape(place: Place, others: readonly JsonTree[], { random }: Scene): void {
  const { parent, at } = place;
  switch (random.below(6)) {
    case 0:
      ('items' in parent ? parent.items : parent.members).splice(at, 1);
      return;
    case 1:
    case 2: {
      const donor = others.length > 0 ? random.pick(others) : undefined;
      const found =
        donor === undefined ? undefined : placesOf(donor).find(({ path }) => path === place.path);
      if (found !== undefined) setValueAt(place, copyOf(valueAt(found)));
      else setValueAt(place, random.pick(ODD_VALUES));
      return;
    }
    case 3:
      if ('items' in parent) {
        parent.items.splice(at, 0, copyOf(valueAt(place)));
      } else {
        const { name, value } = parent.members[at] as { name: string; value: JsonTree };
        const again = random.chance(0.5) ? copyOf(value) : random.pick(ODD_VALUES);
        const spelling = random.chance(0.7) ? name : name.toUpperCase();
        parent.members.splice(at + random.below(2), 0, { name: spelling, value: again });
      }
      return;
    default:
      setValueAt(place, random.pick(ODD_VALUES));
  }
}

/** Text that is standard or URL-safe base64 as a whole, perhaps in lines. */
export const damageBase64Text: Damager = (bytes, scene) => {
  const { random } = scene;
  if (bytes.length < 8 || bytes.length % 4 === 1) return undefined;
  const text = bytes.toString('latin1');
  if (!/^[A-Za-z0-9+/_\-\r\n]+={0,2}\s*$/.test(text)) return undefined;
  if (random.chance(0.06)) return damageRaw(bytes, scene);
  const decoded = Buffer.from(text, 'base64');
  if (decoded.length === 0) return undefined;
  const damaged = scene.inner(decoded);
  const isUrlSafe = /[_-]/.test(text) || random.chance(0.02);
  const encoded = damaged.toString(isUrlSafe ? 'base64url' : 'base64');
  if (random.chance(0.02)) return Buffer.from(encoded.replace(/.{64}/g, '$&\n'));
  return Buffer.from(encoded);
};

const ARMOUR = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/g;

/** Text with PEM blocks or OpenPGP armour in it. */
export const damageArmour: Damager = (bytes, scene) => {
  const { random } = scene;
  if (!bytes.includes('-----BEGIN ')) return undefined;
  const text = bytes.toString('latin1');
  const blocks = [...text.matchAll(ARMOUR)];
  if (blocks.length === 0) return undefined;
  if (random.chance(0.15)) return damageLines(bytes, scene);
  const block = random.pick(blocks);
  const [whole, label = '', body = ''] = block;
  const lines = body.split(/\r?\n/);
  const blank = lines.indexOf('');
  const hasHeaders = blank >= 0 && blank < lines.length - 1;
  const headers = hasHeaders ? lines.slice(0, blank + 1) : [];
  const content = lines
    .slice(headers.length)
    .filter((line) => line !== '' && !(line.startsWith('=') && line.length === 5))
    .join('');
  const damaged = scene.inner(Buffer.from(content, 'base64'));
  const encoded = damaged.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  const isPgp = label.startsWith('PGP ');
  const head = headers.length > 0 ? `${headers.join('\n')}\n` : isPgp ? '\n' : '';
  const sum = isPgp && random.chance(0.8) ? `\n=${crc24(damaged)}` : '';
  const rebuilt = `-----BEGIN ${label}-----\n${head}${encoded}${sum}\n-----END ${label}-----`;
  const start = block.index;
  const joined = text.slice(0, start) + rebuilt + text.slice(start + whole.length);
  return Buffer.from(joined, 'latin1');
};

function crc24(bytes: Buffer): string {
  let crc = 0xb704ce;
  for (const octet of bytes) {
    crc ^= octet << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([(crc >> 16) & 255, (crc >> 8) & 255, crc & 255]).toString('base64');
}

/** Text of more than one line. */
export const damageTextLines: Damager = (bytes, scene) => {
  if (bytes.length > 100_000 || !bytes.includes('\n')) return undefined;
  const isText = bytes.every(
    (octet) => octet >= 0x20 || octet === 0x0a || octet === 0x0d || octet === 9,
  );
  return isText ? damageLines(bytes, scene) : undefined;
};

/** Lines that mean something in YAML, in manifests or in armour. */
const ODD_LINES = [
  '',
  '---',
  '...',
  'a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b]',
  `a: ${'['.repeat(5_000)}`,
  `${'- '.repeat(3_000)}x`,
  '<<: *a',
  '!!binary x: y',
  '? [a]',
  '%YAML 1.1',
  '\tname: x',
  'files: {}',
  'Name: x',
  ' continued',
  'SHA-256-Digest: AAAA',
  'Hash: SHA1',
  '- -----BEGIN PGP SIGNATURE-----',
  '-----BEGIN PGP SIGNATURE-----',
  'datahash = 00',
  'pkgname = x',
];

function damageLines(bytes: Buffer, scene: Scene): Buffer {
  const { random } = scene;
  const lines = bytes.toString('latin1').split('\n');
  const damaged = damageList(lines, random, (line) => {
    switch (random.below(9)) {
      case 8:
        return [random.pick(ODD_LINES), line];
      case 0:
        return [`${line}\r`];
      case 1:
        return [`${line} `];
      case 2:
        return [line.toUpperCase()];
      case 3:
        return [`${line}${'x'.repeat(random.pick([1, 72, 5_000]))}`];
      case 4:
        return [
          line.slice(0, random.below(line.length + 1)),
          line.slice(random.below(line.length + 1)),
        ];
      default:
        return [scene.inner(Buffer.from(line, 'latin1')).toString('latin1')];
    }
  });
  return Buffer.from(damaged.join('\n'), 'latin1');
}
