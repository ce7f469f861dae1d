import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Answer, ENTRIES, startApp } from './started-app.js';

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND'];
const SEGMENTS = [
  '',
  '.',
  '..',
  'api',
  'v1',
  'log',
  'entries',
  'retrieve',
  'index',
  'proof',
  'publicKey',
  'ping',
  'PING',
  'docs',
  '%65ntries',
  '%zz',
  '%2f',
  '%ff',
  'a b',
  ':x',
  '(',
  '*',
  '0'.repeat(64),
];
const KNOWN = [
  ENTRIES,
  `${ENTRIES}/retrieve`,
  `${ENTRIES}/batch`,
  `${ENTRIES}/${'0'.repeat(80)}`,
  '/api/v1/log',
  '/api/v1/log/proof',
  '/api/v1/log/publicKey',
  '/api/v1/limits',
  '/api/v1/index/retrieve',
  '/',
  '/ping',
  '/healthz',
  '/readyz',
  '/swagger.json',
  '/docs',
];
const QUERIES = [
  '',
  '?',
  '?logIndex=0',
  '?logIndex=x',
  '?lastSize=1&firstSize=2',
  '?treeID=4660',
  '?treeID=1',
  '?%zz',
  '?a=1;b',
];
const HEADERS = [
  ['Accept', 'application/json'],
  ['Accept', 'text/html'],
  ['Accept', ''],
  ['Content-Type', 'application/json'],
  ['Content-Type', 'text/plain'],
  ['Content-Type', 'garbage'],
  ['Origin', 'https://ui.example'],
  ['Access-Control-Request-Method', 'POST'],
  ['Access-Control-Request-Headers', 'content-type'],
  ['If-None-Match', '*'],
  ['X-HTTP-Method-Override', 'PUT'],
] as const;
const BODIES = [
  undefined,
  '',
  '{}',
  'null',
  '[',
  '{"logIndexes":[0]}',
  '{"entries":[{"kind":"dsse","apiVersion":"0.0.1","spec":{}},{}],"mode":"per-item"}',
  '{"kind":"hashedrekord","apiVersion":"0.0.1","spec":{}}',
];

const request = fc.record({
  method: fc.constantFrom(...METHODS),
  path: fc.oneof(
    fc.constantFrom(...KNOWN),
    fc.array(fc.constantFrom(...SEGMENTS), { maxLength: 8 }).map((parts) => `/${parts.join('/')}`),
  ),
  query: fc.constantFrom(...QUERIES),
  headers: fc.array(fc.constantFrom(...HEADERS), { maxLength: 4 }),
  body: fc.constantFrom(...BODIES),
});

/** What is not of the connection or the moment. */
function comparable({ status, headers, body }: Answer): unknown {
  const { date: _, connection: __, 'keep-alive': ___, ...kept } = headers;
  return { status, headers: kept, body };
}

test('the fast adapter and express cannot be told apart', async (t) => {
  const fast = await startApp(t, { adapter: 'fast' });
  const express = await startApp(t, { adapter: 'express' });
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, query, headers, body }) => {
      // The client library escapes nothing and refuses spaces.
      const target = `${path.replaceAll(' ', '')}${query}`;
      const fields = Object.fromEntries(headers);
      const answers = [
        await fast.send(method, target, fields, body),
        await express.send(method, target, fields, body),
      ] as const;
      assert.deepEqual(comparable(answers[0]), comparable(answers[1]));
      assert.ok(answers[0].status < 500, `${method} ${target}`);
    }),
    { numRuns: 500, seed: 7 },
  );
});
