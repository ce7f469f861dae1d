import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultRow } from '../../bench/harness/result.js';
import { page } from '../../bench/page.js';

const row = (name: string, figures: Record<string, number>): ResultRow => ({
  case: name,
  figures,
});

test('every case stands in one section, with the figures that it has', () => {
  const text = page([
    {
      question: 'suite',
      command: 'npm run bench',
      date: '2026-01-02T03:04:05.000Z',
      commit: 'abc',
      node: 'v20',
      machine: '2 x CPU',
      rows: [
        row('v1 dsse 2 KB, 64 connections', { 'per second': 900, 'CPU us': 500 }),
        row('checkpoint', { 'per second': 30_000 }),
        row('entry by index, cold of 100', { 'per second': 3000 }),
        row('64 connections: Stele v1', { 'per second': 1 }),
      ],
    },
  ]);
  assert.match(text, /^`npm run bench`: 2026-01-02, abc, 2 x CPU, Node v20\n/);
  assert.match(
    text,
    /## Submissions\n\n\| case \| per second \| CPU us \|\n.*\n\| v1 dsse 2 KB.*900 \| 500 \|/,
  );
  assert.match(text, /## Reads\n\n\| case \| per second \|\n.*\n\| checkpoint \| 30,000 \|/);
  for (const name of ['v1 dsse', 'checkpoint |', 'cold of 100', 'Stele v1']) {
    assert.equal(text.slice(text.indexOf('## Beside')).split(name).length, 2, name);
  }
});
