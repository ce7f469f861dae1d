import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedEntry } from '../entries/recorded.js';
import {
  copyOf,
  type JsonArray,
  type JsonObject,
  type JsonTree,
  type Place,
  placesOf,
  setValueAt,
  textOf,
  treeOf,
  valueAt,
} from '../fuzz/json-tree.js';
import { type Answer, leafIn, ServedLog } from './served-log.js';

/** One accepted proposal of each kind and version, and of each format of keys where a kind has several. */
const SAMPLES: readonly (readonly [kind: string, name: string])[] = [
  ['alpine', 'rsa2048'],
  ['cose', 'es256'],
  ['cose', 'aad'],
  ['dsse', 'two'],
  ['hashedrekord', 'chain-email'],
  ['helm', 'ed'],
  ['intoto', 'v1-certmulti'],
  ['intoto', 'v2-two'],
  ['jar', 'ec'],
  ['rekord', 'x509-ec256'],
  ['rekord', 'pgp-ed-armor'],
  ['rekord', 'ssh-ed'],
  ['rekord', 'minisign'],
  ['rfc3161', 'ec'],
  ['rpm', 'ed'],
  ['tuf', 'timestamp'],
];

/** What stands in the place of a node, as JSON. */
const REPLACEMENTS: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '9007199254740993',
  '1e400',
  '""',
  '"a"',
  '"AAAA"',
  '"\\ud800\\u0000"',
  '[]',
  '[null]',
  '[[]]',
  '{}',
  '{"content":null,"__proto__":{"content":"AAAA"},"constructor":1,"toString":null}',
];

const log = await ServedLog.start();

/** Every proposal that differs from `tree` in one node: without it, twice, or with another value. */
function* variants(tree: JsonTree): Generator<readonly [what: string, text: string]> {
  const count = placesOf(tree).length;
  for (let number = 0; number < count; number++) {
    const changed = (change: (place: Place) => void): string => {
      const copy = copyOf(tree);
      change(placesOf(copy)[number] as Place);
      return textOf(copy);
    };
    const path = placesOf(tree)[number]?.path ?? '';
    yield [`${path} removed`, changed((place) => void listOf(place).splice(place.at, 1))];
    yield [
      `${path} twice`,
      changed((place) => {
        const list = listOf(place);
        list.splice(place.at, 0, list[place.at]);
      }),
    ];
    for (const value of REPLACEMENTS) {
      yield [`${path} = ${value}`, changed((place) => setValueAt(place, value))];
    }
    yield* insideOf(tree, number, path);
  }
}

/** JSON in a string, or in the base64 of one, is walked as well. */
function* insideOf(
  tree: JsonTree,
  number: number,
  path: string,
): Generator<readonly [what: string, text: string]> {
  const value = valueAt(placesOf(tree)[number] as Place);
  if (typeof value !== 'string' || !value.startsWith('"')) return;
  const text = JSON.parse(value) as string;
  for (const [decode, encode] of [
    [(it: string) => it, (it: string) => it],
    [
      (it: string) => Buffer.from(it, 'base64').toString(),
      (it: string) => Buffer.from(it).toString('base64'),
    ],
  ] as const) {
    const inner = jsonObjectIn(decode(text));
    if (inner === undefined) continue;
    for (const [what, changed] of variants(inner)) {
      const copy = copyOf(tree);
      setValueAt(placesOf(copy)[number] as Place, JSON.stringify(encode(changed)));
      yield [`${path}: ${what}`, textOf(copy)];
    }
  }
}

function jsonObjectIn(text: string): JsonTree | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return treeOf(JSON.parse(text));
  } catch {
    // Bytes that happen to begin like an object.
    return undefined;
  }
}

function listOf({ parent }: Place): unknown[] {
  return 'items' in parent ? (parent as JsonArray).items : (parent as JsonObject).members;
}

const ABREAST = 8;

/** Submits all of `bodies`, some of them at a time. */
async function submitAll(
  bodies: Iterable<readonly [string, string]>,
  judge: (what: string, answer: Answer) => void,
): Promise<number> {
  let count = 0;
  const iterator = bodies[Symbol.iterator]();
  const line = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const [what, body] = next.value;
      judge(what, await log.submit(body));
      count++;
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, line));
  return count;
}

for (const [kind, name] of SAMPLES) {
  test(`I3 CVE-2023-33199, I4 CVE-2026-23831: ${kind} (${name}) without any one of its JSON nodes, or with another in its place, is refused with 4xx or stored as well-formed as before`, async () => {
    const proposal = storedEntry(kind, name);
    const original = leafIn(await log.submit(proposal));
    const refusals = new Map<number, number>();
    const judge = (what: string, { status, text }: Answer): void => {
      refusals.set(status, (refusals.get(status) ?? 0) + 1);
      assert.ok([201, 400, 409, 422].includes(status), `${what}: ${status} ${text}`);
      if (status === 201)
        assertAlike(leafIn({ status, text, headers: new Headers() }), original, what);
      else if (status !== 409) assert.notEqual(JSON.parse(text).message, '', what);
    };
    const count = await submitAll(variants(treeOf(proposal)), judge);
    assert.ok(count > 50, `${count}`);
    assert.ok((refusals.get(400) ?? 0) > 20, JSON.stringify([...refusals]));
    // Still there, and as it was.
    assert.equal((await log.submit(proposal)).status, 409);
  });
}

/** What was stored has the members of the original, none of them null. */
function assertAlike(leaf: string, original: string, what: string): void {
  assert.equal(leaf.includes(':null'), original.includes(':null'), `${what}: ${leaf}`);
  const stored = JSON.parse(leaf) as { readonly kind: string; readonly spec: object };
  const first = JSON.parse(original) as { readonly kind: string; readonly spec: object };
  assert.equal(stored.kind, first.kind, what);
}

test('I3 CVE-2023-33199: no bug came to light on the way', () => {
  assert.equal(log.output.includes('"level":'), false, log.output);
});
