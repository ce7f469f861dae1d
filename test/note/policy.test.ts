import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import {
  isQuorumMet,
  MAX_POLICY_BYTES,
  MAX_POLICY_ENTRIES,
  type Policy,
  parsePolicy,
} from '../../src/note/policy.js';
import { printVerifierKey, type SignatureType } from '../../src/note/verifier-key.js';
import { vectorPath } from '../vectors.js';
import { openByPolicy } from './policy-opener.js';

const malformed = (error: unknown) => isLogError(error, 'POLICY_MALFORMED');
const unverified = (error: unknown) => isLogError(error, 'NOTE_UNVERIFIED');
const malformedAt = (line: number) => (error: unknown) =>
  malformed(error) && (error as Error).message.startsWith(`line ${line} of the policy`);

const recorded = JSON.parse(readFileSync(vectorPath('witness/policy.json'), 'utf8')) as {
  cases: {
    case: string;
    policy: string;
    valid: boolean;
    why: string;
    checks: { what: string; note: string; satisfied: boolean }[];
  }[];
};

test('at least twenty recorded policies are read', () => {
  assert.ok(recorded.cases.length >= 20);
});

for (const { case: name, policy, valid, why } of recorded.cases) {
  test(`the policy "${name}" is ${valid ? 'read' : `refused: ${why}`}`, () => {
    if (valid) {
      parsePolicy(policy);
      return;
    }
    assert.throws(() => parsePolicy(policy), malformed);
    const [, line] = /^line (\d+)/.exec(why) ?? [];
    if (line !== undefined) assert.throws(() => parsePolicy(policy), malformedAt(Number(line)));
  });
}

test('recorded notes satisfy the recorded policies, or do not', () => {
  let notes = 0;
  for (const { case: name, policy, checks } of recorded.cases) {
    for (const { what, note, satisfied } of checks) {
      const open = () => openByPolicy(note, parsePolicy(policy));
      if (satisfied) open();
      else assert.throws(open, unverified, `${name}: ${what}`);
      notes++;
    }
  }
  assert.ok(notes >= 10);
});

/** Returns a verifier key of a type, its public key made of one number. */
function vkey(number: number, type: SignatureType = 4, name = `w${number}`): string {
  const length = type === 6 ? 1312 : 32;
  const publicKey = new Uint8Array(length);
  new DataView(publicKey.buffer).setUint32(0, number);
  return printVerifierKey({ name, type, publicKey });
}

const WITNESSES = [...'ABCDEF'].map((name, at) => `witness ${name} ${vkey(at)}\n`).join('');

/** Returns the smallest sets of witnesses that meet the quorum, in words of their names. */
function smallestQuorums(policy: Policy): string[] {
  const names = policy.witnesses.map(({ name }) => name);
  const met: string[] = [];
  for (let set = 0; set < 2 ** names.length; set++) {
    const chosen = names.filter((_, at) => (set & (1 << at)) !== 0);
    if (isQuorumMet(policy, (name) => chosen.includes(name))) met.push(chosen.join(''));
  }
  const isIn = (small: string, large: string) => [...small].every((name) => large.includes(name));
  return met.filter((set) => !met.some((other) => other !== set && isIn(other, set))).sort();
}

test('a quorum is met by just the sets of witnesses that its groups say', () => {
  for (const [rule, expected] of [
    ['quorum none', ['']],
    ['quorum B', ['B']],
    ['group g any A B\nquorum g', ['A', 'B']],
    ['group g all A B\nquorum g', ['AB']],
    ['group g 2 A B C\nquorum g', ['AB', 'AC', 'BC']],
    [
      'group x 2 A B C\ngroup y any D E\ngroup z all x y\nquorum z',
      ['ABD', 'ABE', 'ACD', 'ACE', 'BCD', 'BCE'],
    ],
    ['group x all A B\ngroup y 1 x C\nquorum y\ngroup later any D y', ['AB', 'C']],
    // Words that mean something elsewhere are names like any others here.
    ['group any any A\ngroup 2 all any B\nquorum 2', ['AB']],
    ['group quorum any #\nquorum quorum', ['#']],
  ] as const) {
    const policy = parsePolicy(`${WITNESSES}witness # ${vkey(9)}\n${rule}\n`);
    assert.deepEqual(smallestQuorums(policy), expected, rule);
  }
});

test('a policy holds its logs and witnesses as they were written', () => {
  const { logs, witnesses } = parsePolicy(
    `log ${vkey(1, 1)}\nlog ${vkey(2, 6)} https://log.example/\n` +
      `witness W ${vkey(3, 6)} https://w.example/#x\nwitness V ${vkey(4)}\nquorum V\n`,
  );
  assert.deepEqual(
    logs.map(({ key, url }) => [key.name, key.type, url]),
    [
      ['w1', 1, undefined],
      ['w2', 6, 'https://log.example/'],
    ],
  );
  assert.deepEqual(
    witnesses.map(({ name, key, url }) => [name, key.name, key.type, url]),
    [
      ['W', 'w3', 6, 'https://w.example/#x'],
      ['V', 'w4', 4, undefined],
    ],
  );
});

test('each broken line is refused and named', () => {
  const quorum = 'quorum none\n';
  for (const [line, broken] of [
    [1, `log\n${quorum}`],
    [1, `log ${vkey(1, 1)} https://log.example/ more\n${quorum}`],
    [1, `log ${vkey(1, 1)}x\n${quorum}`],
    [1, `log ${vkey(1, 4)}\n${quorum}`],
    [1, `Log ${vkey(1, 1)}\n${quorum}`],
    [1, `logs ${vkey(1, 1)}\n${quorum}`],
    [1, `\ufefflog ${vkey(1, 1)}\n${quorum}`],
    [1, `log\u00a0${vkey(1, 1)}\n${quorum}`],
    [2, `log ${vkey(1, 1)}\nlog ${vkey(1, 1, 'other')}\n${quorum}`],
    [1, `witness A\n${quorum}`],
    [1, `witness ${vkey(1)}\n${quorum}`],
    [1, `witness A ${vkey(1)} https://w.example/ more\n${quorum}`],
    [1, `witness A ${vkey(1, 1)}\n${quorum}`],
    [1, `witness none ${vkey(1)}\n${quorum}`],
    [2, `witness A ${vkey(1)}\nwitness B ${vkey(1, 4, 'other')}\n${quorum}`],
    [2, `witness A ${vkey(1)}\nwitness A ${vkey(2)}\n${quorum}`],
    [7, `${WITNESSES}group A any B\n${quorum}`],
    [7, `${WITNESSES}group none any B\n${quorum}`],
    [7, `${WITNESSES}group g any\n${quorum}`],
    [7, `${WITNESSES}group g A B\n${quorum}`],
    [7, `${WITNESSES}group g Any B\n${quorum}`],
    [7, `${WITNESSES}group g any A A\n${quorum}`],
    [7, `${WITNESSES}group g any none\n${quorum}`],
    [8, `${WITNESSES}group g any A\ngroup h any A B\n${quorum}`],
    [9, `${WITNESSES}group g any A\ngroup h any g\ngroup i any g B\n${quorum}`],
    [7, `${WITNESSES}quorum g\ngroup g any A\n`],
    [1, `quorum A\n${WITNESSES}`],
    [7, `${WITNESSES}quorum\n`],
    [7, `${WITNESSES}quorum A B\n`],
    [7, `${WITNESSES}quorum A #\n`],
    [8, `${WITNESSES}quorum A\nquorum A\n`],
    [7, `${WITNESSES}quorum A`],
    [3, `quorum none\n\nquorum none\n`],
    [2, 'quorum none\nx'],
    [2, 'quorum none\n '],
    [1, 'quorum none\r\n'],
    [1, 'quorum\0none\n'],
    [2, '\n# \x7f\nquorum none\n'],
  ] as const) {
    assert.throws(() => parsePolicy(broken), malformedAt(line), JSON.stringify(broken));
  }
  for (const threshold of ['0', '3', '+1', '-1', '01', '1.0', '1e0', '0x1', '٢', '']) {
    const group = `${WITNESSES}group g ${threshold || '""'} A B\nquorum g\n`;
    assert.throws(() => parsePolicy(group), malformedAt(7), threshold);
  }
  for (const without of ['', '\n', '# quorum none\n', WITNESSES]) {
    assert.throws(() => parsePolicy(without), malformed);
  }
  assert.throws(() => parsePolicy('# \ud800\nquorum none\n'), malformed);
});

test('no octet but space and tab separates fields', () => {
  for (const octet of [0x85, 0xa0, 0xc2]) {
    const line = concatBytes(utf8('quorum'), Uint8Array.of(octet), utf8('none\n'));
    assert.throws(() => parsePolicy(line), malformedAt(1), octet.toString(16));
  }
  parsePolicy('quorum \t\t none\t\n');
});

test('one key may be of a log and of a witness', () => {
  const policy = parsePolicy(`log ${vkey(1, 6)}\nwitness A ${vkey(1, 6)}\nquorum A\n`);
  assert.deepEqual(policy.logs[0]?.key, policy.witnesses[0]?.key);
});

test('names are octets: what is no UTF-8 is a name of its own', () => {
  const kelvin = parsePolicy(`witness K ${vkey(1)}\nwitness \u212a ${vkey(2)}\nquorum \u212a\n`);
  assert.deepEqual(smallestQuorums(kelvin), ['\u212a']);
  const octets = (name: number[], rest: string) =>
    concatBytes(utf8('witness '), Uint8Array.from(name), utf8(` ${rest}\n`));
  const policy = parsePolicy(
    concatBytes(
      utf8('# a comment in another encoding: '),
      Uint8Array.of(0xe9, 0x0a),
      octets([0xe9], vkey(1)),
      octets([0xc3, 0xa9], vkey(2)),
      octets([0xc3], vkey(3)),
      octets([0xef, 0xbf, 0xbd], vkey(4, 4, 'wítness')),
      utf8('quorum '),
      Uint8Array.of(0xe9, 0x0a),
    ),
  );
  assert.deepEqual(
    policy.witnesses.map(({ name }) => name),
    ['\udce9', 'é', '\udcc3', '\ufffd'],
  );
  assert.deepEqual(policy.quorum, { witness: '\udce9' });
});

test('a policy of as many witnesses and bytes as may be is read, of more it is not', () => {
  const lines = Array.from({ length: MAX_POLICY_ENTRIES + 1 }, (_, at) => [
    `log ${vkey(at, 1)}\n`,
    `witness n${at} ${vkey(at)}\n`,
    at === 0 ? 'group g0 any n0\n' : `group g${at} all n${at} g${at - 1}\n`,
  ]);
  const most = lines.slice(0, -1).map((line) => line.join(''));
  const quorum = `quorum g${MAX_POLICY_ENTRIES - 1}\n`;
  const policy = parsePolicy([...most, quorum].join(''));
  assert.equal(policy.logs.length, MAX_POLICY_ENTRIES);
  assert.ok(isQuorumMet(policy, () => true));
  assert.ok(!isQuorumMet(policy, (name) => name !== 'n0'));
  const [log, witness] = lines.at(-1) as [string, string];
  for (const more of [log, witness, 'group more any g255\n']) {
    assert.throws(() => parsePolicy([...most, more, quorum].join('')), malformed, more);
  }
  const padding = (bytes: number) => `#${' '.repeat(bytes - 14)}\nquorum none\n`;
  parsePolicy(padding(MAX_POLICY_BYTES));
  assert.throws(() => parsePolicy(padding(MAX_POLICY_BYTES + 1)), malformed);
  assert.throws(
    () => parsePolicy(`#${'é'.repeat(MAX_POLICY_BYTES / 2)}\nquorum none\n`),
    malformed,
  );
});

test('any lines make a policy or are refused as one', () => {
  const word = fc.constantFrom('A', 'B', 'g', 'none', 'any', 'all', '1', '2', vkey(1), vkey(2));
  const keyword = fc.constantFrom('witness', 'group', 'quorum', '#', 'log', '');
  const line = fc
    .tuple(keyword, fc.array(word, { maxLength: 4 }))
    .map(([first, rest]) => [first, ...rest, '\n'].join(' '));
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.array(line, { maxLength: 6 })), (made) => {
      const text = typeof made === 'string' ? made : `${made.join('')}quorum none\n`;
      try {
        parsePolicy(text);
        read++;
      } catch (error) {
        assert.ok(malformed(error), String(error));
      }
    }),
    { seed: 72, numRuns: 2000 },
  );
  assert.ok(read > 50, `only ${read} policies were read`);
});
