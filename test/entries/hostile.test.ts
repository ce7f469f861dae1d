import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/encoding/bytes.js';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { type ErrorCode, LogError } from '../../src/errors.js';
import { openPolicy, testContext } from './policy.js';
import { storedEntry } from './recorded.js';

/** What a client may be told about its submission. */
const CLIENT_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ENTRY_MALFORMED',
  'ENTRY_NOT_INSERTABLE',
  'ENTRY_TOO_LARGE',
  'ALGORITHM_NOT_ALLOWED',
  'SIGNATURE_INVALID',
  'KEY_MALFORMED',
]);

/** Submits `entry`; anything but acceptance or a refusal for the client fails the test. */
async function survives(entry: ProposedEntry): Promise<void> {
  for (const walk of [
    () => acceptEntry(entry, openPolicy, testContext),
    () => identifyEntry(entry, testContext),
  ]) {
    try {
      await walk();
    } catch (error) {
      assert.ok(error instanceof LogError, `${(error as Error).stack}`);
      assert.ok(CLIENT_CODES.has(error.code), error.code);
    }
  }
}

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, item]) => pathsOf(item, [...path, name]));
  return [path, ...inner];
}

/** Returns a copy of `value` with the node at `path` changed; `undefined` removes it. */
function changed(value: unknown, path: Path, change: (node: unknown) => unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return change(value);
  if (Array.isArray(value)) {
    return value
      .map((item, at) => (at === Number(name) ? changed(item, rest, change) : item))
      .filter((item) => item !== undefined);
  }
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  const result = changed(copy[name], rest, change);
  if (result === undefined) delete copy[name];
  else copy[name] = result;
  return copy;
}

const SAMPLES = {
  hashedrekord: ['ec256', 'cert-multi', 'chain-email', 'ed25519ph'],
  dsse: ['two', 'certother', 'v1prov'],
} as const;

const storedDsse: ProposedEntry = {
  kind: 'dsse',
  apiVersion: '0.0.1',
  spec: {
    envelopeHash: { algorithm: 'sha256', value: 'ab' },
    payloadHash: { algorithm: 'sha256', value: 'cd' },
    signatures: [{ signature: 'YWFh', verifier: 'YWFh' }],
  },
};

const samples: ProposedEntry[] = [
  ...SAMPLES.hashedrekord.map((name) => storedEntry('hashedrekord', name)),
  ...SAMPLES.dsse.map((name) => storedEntry('dsse', name)),
  storedDsse,
];

const REPLACEMENTS: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  2 ** 53,
  1e308,
  Number.POSITIVE_INFINITY,
  '',
  'a',
  '=',
  'AAAA',
  'YQ',
  'Y-_=',
  '\ud800',
  '\u0000',
  '__proto__',
  'x'.repeat(100_000),
  [],
  [null],
  ['', 'YQ=='],
  [[]],
  {},
  { content: 'YQ==' },
  JSON.parse('{"__proto__":{"content":"YQ=="},"constructor":1,"toString":null}'),
];

test('each node of a valid spec removed, nulled or of another type: a refusal, never a crash', async () => {
  let tried = 0;
  for (const { kind, apiVersion, spec } of samples) {
    for (const path of pathsOf(spec)) {
      for (const replacement of REPLACEMENTS) {
        await survives({ kind, apiVersion, spec: changed(spec, path, () => replacement) });
        tried++;
      }
    }
  }
  assert.ok(tried > 1000);
});

test('random JSON in the place of any node: a refusal, never a crash', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...samples),
      fc.nat(),
      fc.jsonValue({ maxDepth: 4 }),
      async ({ kind, apiVersion, spec }, at, replacement) => {
        const paths = pathsOf(spec);
        const path = paths[at % paths.length] as Path;
        await survives({ kind, apiVersion, spec: changed(spec, path, () => replacement) });
      },
    ),
    { numRuns: 400, seed: 20_260_101 },
  );
});

test('damaged base64 and damaged bytes inside it: a refusal, never a crash', async () => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...samples),
      fc.nat(),
      edits,
      fc.boolean(),
      async ({ kind, apiVersion, spec }, at, changes, decode) => {
        const paths = pathsOf(spec);
        const path = paths[at % paths.length] as Path;
        const damage = (node: unknown) => {
          if (typeof node !== 'string' || node === '') return node;
          const bytes = Buffer.from(node, decode ? 'base64' : 'latin1');
          if (bytes.length === 0) return node;
          for (const [where, value] of changes) bytes[where % bytes.length] = value;
          return bytes.toString(decode ? 'base64' : 'latin1');
        };
        await survives({ kind, apiVersion, spec: changed(spec, path, damage) });
      },
    ),
    { numRuns: 400, seed: 20_260_102 },
  );
});

test('damaged envelopes: a refusal, never a crash', async () => {
  const { kind, apiVersion, spec } = storedEntry('dsse', 'two');
  const text = (spec as { proposedContent: { envelope: string } }).proposedContent.envelope;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(text.length),
      fc.nat(12),
      fc.string({ unit: 'binary', maxLength: 4 }),
      async (at, cut, insert) => {
        const envelope = text.slice(0, at) + insert + text.slice(at + cut);
        const path = ['proposedContent', 'envelope'];
        await survives({ kind, apiVersion, spec: changed(spec, path, () => envelope) });
      },
    ),
    { numRuns: 600, seed: 20_260_103 },
  );
});

test('ten thousand levels of nesting, in the spec and in the envelope, are refused or ignored', async () => {
  let deep: unknown = 'x';
  for (let level = 0; level < 10_000; level++) deep = level % 2 === 0 ? [deep] : { spec: deep };
  await survives({ kind: 'hashedrekord', apiVersion: '0.0.1', spec: deep });
  await survives({ kind: 'dsse', apiVersion: '0.0.1', spec: { proposedContent: deep } });
  const { kind, apiVersion, spec } = storedEntry('dsse', 'ec256');
  for (const envelope of ['['.repeat(20_000), `${'['.repeat(20_000)}${']'.repeat(20_000)}`]) {
    const path = ['proposedContent', 'envelope'];
    await assert.rejects(
      acceptEntry(
        { kind, apiVersion, spec: changed(spec, path, () => envelope) },
        openPolicy,
        testContext,
      ),
      /exceeded max depth/,
    );
  }
});

test('members of the prototype are no members', async () => {
  const { spec } = storedEntry('hashedrekord', 'ec256') as { spec: Record<string, unknown> };
  const inherited = Object.create(spec) as Record<string, unknown>;
  await assert.rejects(
    acceptEntry(
      { kind: 'hashedrekord', apiVersion: '0.0.1', spec: inherited },
      openPolicy,
      testContext,
    ),
    /data in body is required\nsignature in body is required/,
  );
  for (const kind of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    await assert.rejects(
      acceptEntry({ kind, apiVersion: '0.0.1', spec }, openPolicy, testContext),
      (error) => error instanceof LogError && error.code === 'ENTRY_KIND_UNKNOWN',
    );
    await assert.rejects(
      acceptEntry({ kind: 'dsse', apiVersion: kind, spec }, openPolicy, testContext),
      (error) => error instanceof LogError && error.code === 'ENTRY_VERSION_UNKNOWN',
    );
  }
});

test('a hundred shuffles of members give one leaf', async () => {
  for (const sample of samples.slice(0, -1)) {
    const leaves = new Set<string>();
    for (let round = 0; round < 100; round++) {
      const entry = { ...sample, spec: shuffled(sample.spec, round) };
      const { leaf, indexKeys } = await acceptEntry(entry, openPolicy, testContext);
      leaves.add(toHex(leaf) + JSON.stringify([...indexKeys].sort()));
    }
    assert.equal(leaves.size, 1);
  }
});

function shuffled(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, seed + 1));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, item]) => [name, shuffled(item, seed + 1)]);
  const order = (name: string) =>
    (Math.imul(
      utf8(name).reduce((a, b) => a * 31 + b, seed),
      40_503,
    ) >>>
      8) &
    0xffff;
  members.sort(([a], [b]) => order(a as string) - order(b as string));
  return Object.fromEntries(members as [string, unknown][]);
}
