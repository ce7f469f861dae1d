import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWatchList, type WatchList } from '../../src/matching/watch-list.js';
import { RuleIndex } from '../../src/watch/rule-index.js';
import { SharedPatterns } from '../../src/watch/shared-patterns.js';
import { Random } from '../random.js';
import { describe, leafOf, listOf } from './made-leaves.js';

/** The owners whose rules take a leaf, and how many rules were asked. */
function judged(index: RuleIndex<string>, leaf: Uint8Array) {
  const described = describe(leaf);
  const owners = new Set<string>();
  let asked = 0;
  for (const candidate of index.candidates(described)) {
    if (candidate === undefined) continue;
    asked++;
    if (candidate.rule?.judge(described) !== undefined) owners.add(candidate.owner);
  }
  return { owners: [...owners].sort(), asked };
}

test('a thousand subscribers with a value each cost an entry as much as the one that it is for', () => {
  const index = new RuleIndex<string>();
  for (let at = 0; at < 1_000; at++) {
    const rule = { name: 'a', san: `User${at}@x`, kind: 'hashedrekord' };
    index.add(`${at}`, listOf([rule]).rules);
  }
  assert.deepEqual(judged(index, leafOf({ email: ['USER7@x'] })), { owners: ['7'], asked: 1 });
  assert.deepEqual(judged(index, leafOf({ email: ['nobody@x'] })), { owners: [], asked: 0 });
});

test('a pattern that many share is run once for a text, whoever asks', () => {
  const index = new RuleIndex<string>();
  const patterns = new SharedPatterns();
  let runs = 0;
  for (let at = 0; at < 100; at++) {
    const { compile } = patterns.lease(1);
    const list = readWatchList(
      { watch: [{ name: 'a', san: { pattern: '@x$' } }] },
      () => [],
      (source, options) => {
        const shared = compile(source, options);
        return at > 0 ? shared : Object.assign(shared, { matches: counted(shared) });
      },
    );
    index.add(`${at}`, list.rules);
  }
  function counted(pattern: { matches(text: string): boolean }) {
    const matches = pattern.matches.bind(pattern);
    return (text: string) => {
      runs++;
      return matches(text);
    };
  }
  patterns.nextEntry();
  const { owners } = judged(index, leafOf({ email: ['a@x'] }));
  assert.equal(owners.length, 100);
  assert.equal(patterns.size, 1);
  // Once by the index, and once, from memory, by each rule that it found.
  assert.equal(runs, 101);
});

test('the index finds what asking every rule finds, whoever comes and goes', () => {
  const random = new Random(7);
  const names = ['a@x', 'b@x', 'A@x', 'c@y'];
  const issuers = ['https://i', 'https://j'];
  const condition = (values: readonly string[]) => {
    const value = random.pick(values);
    return random.chance(0.3) ? { pattern: value.slice(0, 3) } : [value, random.pick(values)];
  };
  const ruleOf = (name: string): object => {
    const conditions = {
      ...(random.chance(0.5) && { san: condition(names) }),
      ...(random.chance(0.5) && { issuer: condition(issuers) }),
      ...(random.chance(0.2) && { kind: 'hashedrekord' }),
    };
    const isEmpty = Object.keys(conditions).length === 0;
    return { name, ...conditions, ...(isEmpty && { everything: true }) };
  };
  const index = new RuleIndex<string>();
  const lists = new Map<string, WatchList>();
  for (let round = 0; round < 400; round++) {
    const owner = `${random.below(40)}`;
    index.remove(owner);
    lists.delete(owner);
    if (random.chance(0.7)) {
      const list = listOf([ruleOf('1'), ruleOf('2')]);
      lists.set(owner, list);
      index.add(owner, list.rules);
    }
    const signers = Array.from({ length: random.below(3) }, () => ({
      email: [random.pick(names)],
      issuer: [random.pick(issuers)],
    }));
    const leaf = leafOf(...signers);
    const described = describe(leaf);
    const expected = [...lists].filter(([, list]) => list.judge(described).length > 0);
    assert.deepEqual(judged(index, leaf).owners, expected.map(([name]) => name).sort());
  }
});

test('a field that cannot be read is told to all who ask for it, and to nobody else', () => {
  const index = new RuleIndex<string>();
  index.add('names', listOf([{ name: 'a', san: 'a@x' }]).rules);
  index.add('keys', listOf([{ name: 'a', key: 'aa' }]).rules);
  index.add('pattern', listOf([{ name: 'a', san: { pattern: 'b' } }]).rules);
  const signer = {
    values(field: string) {
      if (field === 'key') return ['aa'];
      throw new Error('no names');
    },
    names() {
      throw new Error('no names');
    },
    extension: () => [],
    certificates: () => [],
  };
  const leaf = { kind: 'hashedrekord', apiVersion: '0.0.1', terms: [], signers: [signer] };
  const found = [...index.candidates(leaf)].filter((each) => each !== undefined);
  assert.deepEqual(found.map(({ owner, rule }) => [owner, rule === undefined]).sort(), [
    ['keys', false],
    ['names', true],
    ['pattern', true],
  ]);
});

test('nothing is left of those who went', () => {
  const index = new RuleIndex<string>();
  index.add('a', listOf([{ name: 'a', san: ['a@x', { pattern: 'b' }] }]).rules);
  index.add('b', listOf([{ name: 'a', everything: true }]).rules);
  index.remove('a');
  index.remove('b');
  index.remove('never there');
  assert.deepEqual([...index.owners()], []);
  assert.deepEqual([...index.candidates(describe(leafOf({ email: ['a@x', 'b'] })))], []);
});
