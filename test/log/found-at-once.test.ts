/** Read your writes: whatever an entry is found by finds it as soon as its submission has been answered. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { acceptEntry, identifyEntry, MAX_SEARCH_TERM_LENGTH } from '../../src/entries/accept.js';
import {
  type AcceptedEntry,
  SEARCH_FIELDS,
  type SearchTerm,
} from '../../src/entries/entry-kind.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { termKey } from '../../src/entries/search-key.js';
import type { Log } from '../../src/log/log.js';
import { MAX_INDEX_KEY_LENGTH } from '../../src/storage/log-store.js';
import { openPolicy, testContext } from '../entries/policy.js';
import { proposedEntry, recordedEntries } from '../entries/recorded.js';
import { vectorPath } from '../vectors.js';
import { acceptText, newStore, openTestLog, proposal } from './log-fixture.js';

/** Every entry that a log may have matched a search for one term by then. */
const MOST = 10_000;

async function indexesByTerm(log: Log, term: SearchTerm): Promise<readonly number[]> {
  const size = log.statistics().treeSize;
  const page = await log.searchByTerms({ groups: [[term]], order: 'newest', size, limit: MOST });
  assert.ok(page.isLast);
  return page.indexes;
}

for (const kind of KNOWN_KINDS) {
  if (!existsSync(vectorPath(`rekor-v1/cases/${kind}.jsonl`))) continue;

  test(`each key and term of each recorded ${kind} entry finds it once its POST is answered`, async () => {
    const accepted = new Map<unknown, AcceptedEntry>();
    const log = await openTestLog(await newStore(), {
      accept: async (proposed) => {
        const entry = await acceptEntry(proposed, openPolicy, testContext);
        accepted.set(proposed, entry);
        return entry;
      },
      identify: (proposed) => identifyEntry(proposed, testContext),
    });
    let added = 0;
    for (const { name, body, expect } of recordedEntries(kind)) {
      if ('error' in expect) continue;
      const proposed = proposedEntry(body);
      const submission = await log.submit(proposed);
      if (submission.outcome !== 'added') continue;
      added += 1;
      const { entryID, logIndex } = submission.entry;
      const { indexKeys, searchTerms } = accepted.get(proposed) as AcceptedEntry;
      assert.ok(searchTerms.length > 1, name);
      for (const key of indexKeys) {
        const found = await log.search([key], 'or', MOST);
        assert.ok(found.includes(entryID), `${name}: ${key}`);
      }
      for (const term of searchTerms) {
        const found = await indexesByTerm(log, term);
        assert.ok(found.includes(logIndex), `${name}: ${term.field} ${term.value}`);
        const key = termKey(term);
        for (const spelling of [key, key.toLowerCase(), `${term.field}:${term.value}`]) {
          // index/retrieve takes any text as a subject; it must not reach the terms, however they are spelt.
          const asSubject = await log.search([spelling], 'or', MOST);
          const isKey = indexKeys.includes(spelling.toLowerCase());
          assert.ok(isKey || !asSubject.includes(entryID), `${name}: subject ${spelling}`);
        }
      }
    }
    assert.ok(added > 0);
    await log.close();
  });
}

test('keys of the index and typed terms never meet, whatever their values', async () => {
  const tricky = ['email:a@b', 'EMAIL:a@b', 'a@b', 'kind:dsse', 'KIND:', 'ı', 'K:x', ' ', '\0'];
  const log = await openTestLog(await newStore(), {
    accept: async (proposed) => {
      const { searchTerms, indexKeys } = proposed.spec as AcceptedEntry;
      return { ...(await acceptText(proposed)), searchTerms, indexKeys };
    },
  });
  const submit = async (text: string, values: Partial<AcceptedEntry>): Promise<string> => {
    const entry = proposal(text);
    const spec = { searchTerms: [], indexKeys: [], ...(entry.spec as object), ...values };
    const submission = await log.submit({ ...entry, spec });
    assert.ok(submission.outcome === 'added');
    return submission.entry.entryID;
  };
  const byKey = await submit('keys', {
    indexKeys: tricky
      .map((key) => key.toLowerCase())
      .filter((key, i, all) => all.indexOf(key) === i),
  });
  const terms = SEARCH_FIELDS.flatMap((field) =>
    [...new Set(tricky.map((value) => value.toLowerCase()))].map((value) => ({ field, value })),
  );
  await submit('terms', { searchTerms: terms });
  for (const subject of [...tricky, ...terms.map(termKey)]) {
    const found = await log.search([subject], 'or', MOST);
    assert.deepEqual(
      found,
      tricky.some((key) => key.toLowerCase() === subject.toLowerCase()) ? [byKey] : [],
      subject,
    );
  }
  for (const term of terms) assert.deepEqual(await indexesByTerm(log, term), [1]);
});

test('a term of one field is not found in another', async () => {
  const value = 'a@b';
  const log = await openTestLog(await newStore(), {
    accept: async (proposed) => ({
      ...(await acceptText(proposed)),
      searchTerms: [{ field: (proposed.spec as { text: SearchTerm['field'] }).text, value }],
    }),
  });
  for (const field of SEARCH_FIELDS) await log.submit(proposal(field));
  for (const [i, field] of SEARCH_FIELDS.entries()) {
    assert.deepEqual(await indexesByTerm(log, { field, value }), [i]);
  }
});

test('the longest term of every field is a key that the store takes', () => {
  const value = 'x'.repeat(MAX_SEARCH_TERM_LENGTH);
  for (const field of SEARCH_FIELDS) {
    assert.ok(termKey({ field, value }).length <= MAX_INDEX_KEY_LENGTH, field);
    assert.match(termKey({ field, value }), /^[A-Z]/);
  }
});
