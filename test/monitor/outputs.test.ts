import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CloudEvent } from '../../src/delivery/webhook.js';
import type { MatchEvent } from '../../src/matching/match-event.js';
import { atomFeed, MAX_FEED_ENTRIES } from '../../src/monitor/atom-feed.js';
import { webhookSink } from '../../src/monitor/webhook-sink.js';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-outputs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function matchOf(index: number, value = 'x'): MatchEvent {
  return {
    type: 'match',
    id: `log.example/${index}/rule`,
    log: 'https://log.example',
    origin: 'log.example',
    index,
    logIndex: index,
    leafHash: '00',
    rule: value,
    found: [{ field: 'san', value }],
    kind: 'hashedrekord',
    digests: [],
  };
}

const AT = new Date('2026-11-20T12:00:00Z');

/** What XML 1.0 lets a document carry, with every sign that means something escaped; the tags balanced. */
function assertWellFormed(xml: string): void {
  assert.doesNotMatch(xml, /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
  const open: string[] = [];
  for (const [, text, close, name, empty] of xml.matchAll(
    /([^<]*)<(\/?)\??([a-z]+)[^<>]*?(\/|\?)?>/g,
  )) {
    assert.doesNotMatch(text ?? '', />|&(?!(?:amp|lt|gt|quot);)/);
    if (close === '/') assert.equal(open.pop(), name);
    else if (empty === undefined) open.push(name as string);
  }
  assert.deepEqual(open, []);
}

test('a feed is well-formed whatever strangers put into certificates', async (t) => {
  const path = join(folderOf(t), 'feed.atom');
  const feed = atomFeed(path);
  const nasty = [
    '</content></entry><script>alert(1)</script>',
    ']]>&amp;&#0;&nbsp;<!--',
    '\u0000\u0001\u001b[31m\r\n\ufffe\uffff',
    '\ud800 alone \udfff',
    '🔒 "quoted" \'single\'',
    'x'.repeat(100_000),
  ];
  for (const [index, value] of nasty.entries()) await feed.take([matchOf(index, value)], AT);
  const xml = readFileSync(path, 'utf8');
  assertWellFormed(xml);
  assert.equal(xml.match(/<entry>/g)?.length, nasty.length);
});

test('a feed has a bounded number of entries, the newest first, each with the same ID for ever', async (t) => {
  const path = join(folderOf(t), 'feed.atom');
  const feed = atomFeed(path);
  const all = Array.from({ length: 250 }, (_, index) => matchOf(index));
  await feed.take(all.slice(0, 120), AT);
  const idsOf = () => [...readFileSync(path, 'utf8').matchAll(/<id>([^<]+)</g)].map(([, id]) => id);
  const before = idsOf();
  assert.equal(before.length, 1 + MAX_FEED_ENTRIES);
  await feed.take(all.slice(119, 121), AT);
  const after = idsOf();
  assert.equal(after.length, 1 + MAX_FEED_ENTRIES);
  assert.equal(new Set(after).size, after.length);
  assert.equal(after[2], before[1]);
});

test('what a feed was made of may be damaged: the feed is begun anew', async (t) => {
  const path = join(folderOf(t), 'feed.atom');
  for (const text of ['', '{}', 'null', '[1,{},{"time":"x"}]', '[{"time":"x","event":{}}]', '[']) {
    writeFileSync(`${path}.json`, text);
    await atomFeed(path).take([matchOf(1)], AT);
    assert.equal(readFileSync(path, 'utf8').match(/<entry>/g)?.length, 1, text);
  }
});

test('a receiver that is away is waited for once, and asked again a minute later', async (t) => {
  const deadLetters = join(folderOf(t), 'dead.jsonl');
  let [nowMs, takesMs] = [0, 75_000];
  const sent: string[] = [];
  const unsent: string[] = [];
  const sink = webhookSink(
    {
      async deliver({ id }: CloudEvent) {
        sent.push(id);
        nowMs += takesMs;
      },
    },
    { deadLetters, now: () => new Date(nowMs), gaveUp: (id) => void unsent.push(id) },
  );
  const ids = (...indexes: number[]) => indexes.map((index) => `log.example/${index}/rule`);
  await sink.take(
    [0, 1, 2].map((index) => matchOf(index)),
    AT,
  );
  assert.deepEqual(sent, ids(0));
  assert.deepEqual(unsent, ids(1, 2));
  const letters = readFileSync(deadLetters, 'utf8').trim().split('\n');
  assert.deepEqual(
    letters.map((line) => (JSON.parse(line) as CloudEvent).id),
    ids(1, 2),
  );
  nowMs += 60_000;
  takesMs = 10;
  await sink.take(
    [3, 4].map((index) => matchOf(index)),
    AT,
  );
  assert.deepEqual(sent, ids(0, 3, 4));
  assert.ok(existsSync(deadLetters));
});
