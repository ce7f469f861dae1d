import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { readWebhookRules } from '../../src/watch/webhook-rules.js';

const FILES = {
  at: (path: string) => `/etc/${path}`,
  readText: (path: string) => `# ${path}\nalice@x\n\nbob@x\n`,
};
const WEBHOOK = { url: 'https://hooks.example/', secretFile: 'secret', deadLetters: 'dead.jsonl' };
const RULE = { name: 'a', san: { file: 'people' } };

test('rules, logs and webhooks are read, with paths beside the file', () => {
  const rules = readWebhookRules(
    {
      watch: [RULE],
      allow: [{ run: 'x' }],
      logs: 'v2',
      start: 'oldest',
      webhook: [
        WEBHOOK,
        { ...WEBHOOK, url: 'https://other.example/', allowPrivateAddresses: true },
      ],
    },
    FILES,
  );
  assert.deepEqual([rules.apis, rules.start, rules.list.valueCount], [['v2'], 'oldest', 3]);
  assert.deepEqual(
    rules.webhooks.map(({ deadLetters, allowPrivate }) => [deadLetters, allowPrivate]),
    [
      ['/etc/dead.jsonl', false],
      ['/etc/dead.jsonl', true],
    ],
  );
  const plain = readWebhookRules({ watch: [RULE], webhook: WEBHOOK }, FILES);
  assert.deepEqual([plain.apis, plain.start], [['v1', 'v2'], 'newest']);
});

test('what is missing, unknown or wrong is refused by name', () => {
  for (const [document, named] of [
    [undefined, /configuration/],
    [{ webhook: WEBHOOK }, /watch is missing/],
    [{ watch: [RULE] }, /webhook/],
    [{ watch: [RULE], webhook: [] }, /webhook/],
    [{ watch: [RULE], webhook: [WEBHOOK, WEBHOOK] }, /one URL/],
    [{ watch: [RULE], webhook: [WEBHOOK, { ...WEBHOOK, url: 7 }] }, /webhook\[1\]\.url/],
    [{ watch: [RULE], webhook: { ...WEBHOOK, secret: 'x' } }, /secret/],
    [{ watch: [RULE], webhook: WEBHOOK, logs: ['v3'] }, /logs/],
    [{ watch: [RULE], webhook: WEBHOOK, start: 7 }, /start/],
    [{ watch: [{}], webhook: WEBHOOK }, /watch\[0\]/],
    [{ watch: [RULE], webhook: WEBHOOK, output: {} }, /output/],
  ] as const) {
    assert.throws(
      () => readWebhookRules(document, FILES),
      (error) => isLogError(error, 'CONFIG_INVALID') && named.test(error.message),
      `${named}`,
    );
  }
});
