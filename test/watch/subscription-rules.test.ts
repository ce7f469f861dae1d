import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { MAX_SHARED_PATTERNS, SharedPatterns } from '../../src/watch/shared-patterns.js';
import {
  MAX_SUBSCRIPTION_PATTERNS,
  MAX_SUBSCRIPTION_RULES,
  MAX_SUBSCRIPTION_VALUES,
  SubscriptionRules,
} from '../../src/watch/subscription-rules.js';
import { Random } from '../random.js';
import { describe, leafOf } from './made-leaves.js';

const values = (count: number) => Array.from({ length: count }, (_, at) => `value ${at}`);
const patterns = (count: number, start = 0) =>
  Array.from({ length: count }, (_, at) => ({ pattern: `p${start + at}` }));
const isInvalid = (error: unknown) => isLogError(error, 'CONFIG_INVALID');
const isOverload = (error: unknown) => isLogError(error, 'OVERLOADED');

test('a subscription is bounded in rules, values and patterns, and tells the place of a mistake', () => {
  const rules = new SubscriptionRules(new SharedPatterns());
  const rule = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ name: `${at}`, san: 'a' }));
  rules.read({ watch: rule(MAX_SUBSCRIPTION_RULES) });
  assert.throws(() => rules.read({ watch: rule(MAX_SUBSCRIPTION_RULES + 1) }), isInvalid);
  rules.read({ watch: [{ san: values(MAX_SUBSCRIPTION_VALUES) }] });
  const halves = { watch: [{ san: values(1) }], allow: [{ san: values(MAX_SUBSCRIPTION_VALUES) }] };
  assert.throws(() => rules.read(halves), isInvalid);
  rules.read({ watch: [{ san: patterns(MAX_SUBSCRIPTION_PATTERNS) }] });
  assert.throws(
    () => rules.read({ watch: [{ san: patterns(MAX_SUBSCRIPTION_PATTERNS + 1) }] }),
    isInvalid,
  );
  for (const [document, place] of [
    [{ watch: [{ san: 'a' }, { nam: 'a' }] }, /watch\[1\]/],
    [{ watch: [{ san: { file: '/etc/passwd' } }] }, /watch\[0\]\.san.*file/],
    [{ watch: [{ san: { pattern: '(' } }] }, /watch\[0\]\.san/],
    [{ watch: [{ san: { pattern: 'a{200}' } }] }, /more than 128 steps/],
    [{ watch: {} }, /watch/],
    [{ allow: 7 }, /allow/],
    [{ watch: [], allow: [{}] }, /allow\[0\]/],
  ] as const) {
    assert.throws(
      () => rules.read(document),
      (error) => isInvalid(error) && place.test(`${error}`),
    );
  }
});

test('no rules are a rule that takes everything, and what is allowed is taken out', () => {
  const rules = new SubscriptionRules(new SharedPatterns());
  const { list } = rules.read({ allow: [{ name: 'ours', email: 'a@x' }] });
  const alarms = (leaf: Uint8Array) =>
    list.judge(describe(leaf)).filter(({ allowedBy }) => allowedBy === undefined).length;
  assert.equal(alarms(leafOf({ email: ['a@x'] })), 0);
  assert.equal(alarms(leafOf({ email: ['b@x'] })), 1);
  assert.equal(alarms(leafOf()), 1);
});

test('all subscriptions together are bounded, and what is given back can be had again', () => {
  const shared = new SharedPatterns();
  const rules = new SubscriptionRules(shared);
  const held = Array.from({ length: 200 }, () =>
    rules.read({ watch: [{ san: values(MAX_SUBSCRIPTION_VALUES) }] }),
  );
  assert.throws(() => rules.read({ watch: [{ san: 'one more' }] }), isOverload);
  for (const { release } of held) release();
  rules.read({ watch: [{ san: 'one more' }] }).release();

  const full = Array.from({ length: MAX_SHARED_PATTERNS / MAX_SUBSCRIPTION_PATTERNS }, (_, at) =>
    rules.read({
      watch: [{ san: patterns(MAX_SUBSCRIPTION_PATTERNS, at * MAX_SUBSCRIPTION_PATTERNS) }],
    }),
  );
  assert.equal(shared.size, MAX_SHARED_PATTERNS);
  assert.throws(() => rules.read({ watch: [{ san: { pattern: 'new' } }] }), isOverload);
  rules.read({ watch: [{ san: { pattern: 'p7' } }] }).release();
  for (const { release } of full) release();
  assert.equal(shared.size, 0);
});

test('the extensions that somebody asks for are known as long as somebody does', () => {
  const rules = new SubscriptionRules(new SharedPatterns());
  const first = rules.read({ watch: [{ extensions: { '1.2.3': 'a' } }] });
  const second = rules.read({ allow: [{ extensions: { '1.2.3': 'a', '1.2.4': 'b' } }] });
  assert.deepEqual(rules.extensions, ['1.2.3', '1.2.4']);
  first.release();
  assert.deepEqual(rules.extensions, ['1.2.3', '1.2.4']);
  second.release();
  assert.deepEqual(rules.extensions, []);
});

test('an entry that takes a pattern too long is told as one that cannot be read', () => {
  const shared = new SharedPatterns();
  const rules = new SubscriptionRules(shared);
  const { list } = rules.read({ watch: [{ san: { pattern: '(é|a)*a(é|a){12}c' } }] });
  const random = new Random(5);
  const text = Array.from({ length: 10_000 }, () => random.pick(['é', 'a'])).join('');
  const costly = leafOf({ email: [text] });
  shared.nextEntry();
  assert.throws(
    () => list.judge(describe(costly)),
    (error) => isLogError(error, 'ENTRY_TOO_COSTLY'),
  );
  shared.nextEntry();
  assert.deepEqual(list.judge(describe(leafOf({ email: ['a@x'] }))), []);
});
