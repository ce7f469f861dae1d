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
  'v2',
  'checkpoint',
  'tile',
  'logs',
  '000',
  '000.p',
  'x000',
  '0',
  '1',
];
const V2_ENTRIES = '/api/v2/log/entries';
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
  V2_ENTRIES,
  `${V2_ENTRIES}/0`,
  `${V2_ENTRIES}/${'0'.repeat(64)}`,
  `${V2_ENTRIES}/0/proof`,
  `${ENTRIES}/0/proof`,
  ...['', '/api/v2', '/logs/4660', '/logs/1'].flatMap((prefix) => [
    `${prefix}/checkpoint`,
    `${prefix}/tile/0/000`,
    `${prefix}/tile/0/000.p/1`,
    `${prefix}/tile/entries/000.p/1`,
    `${prefix}/tile/0/0`,
  ]),
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
  '?format=bundle',
  '?format=tlog-proof',
  '?format=x',
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
  ['If-None-Match', '"0000000000001234/tile/0/000.p/1"'],
  ['Accept-Encoding', 'gzip'],
  ['Accept-Encoding', 'gzip;q=0'],
  ['Content-Encoding', 'gzip'],
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
  '{"hashedRekordRequestV002":{"digest":"AA=="}}',
  '{"dsseRequestV002":{}} trailing',
  '{"hashedRekordRequestV002":{"x":1}}',
];

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
}

const request: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom(...METHODS),
  path: fc.oneof(
    fc.constantFrom(...KNOWN),
    fc.array(fc.constantFrom(...SEGMENTS), { maxLength: 8 }).map((parts) => `/${parts.join('/')}`),
  ),
  query: fc.constantFrom(...QUERIES),
  headers: fc.array(fc.constantFrom(...HEADERS), { maxLength: 4 }),
  body: fc.constantFrom(...BODIES),
});

/** Asked first, so that there is something to read, in each of its forms. */
const FIRST = [
  ['POST', V2_ENTRIES, '', [], '{"hashedRekordRequestV002":{"digest":"AA=="}}'],
  ['POST', V2_ENTRIES, '', [], '{"hashedRekordRequestV002":{"digest":"AA=="}}'],
  ['GET', `${V2_ENTRIES}/0`, '', [], undefined],
  ['GET', `${V2_ENTRIES}/0/proof`, '', [], undefined],
  ['GET', `${V2_ENTRIES}/0/proof`, '?format=bundle', [], undefined],
  ['GET', '/checkpoint', '', [], undefined],
  ['HEAD', '/api/v2/tile/0/000.p/1', '', [], undefined],
  ['GET', '/logs/4660/tile/entries/000.p/1', '', [['Accept-Encoding', 'gzip']], undefined],
  ['GET', '/tile/0/000.p/1', '', [['If-None-Match', '*']], undefined],
  ['PUT', V2_ENTRIES, '', [], '{}'],
] as const;
const examples = FIRST.map(([method, path, query, headers, body]): [Asked] => [
  { method, path, query, headers: [...headers], body },
]);

/** What is not of the connection or the moment. */
function comparable({ status, headers, body }: Answer): unknown {
  const { date: _, connection: __, 'keep-alive': ___, ...kept } = headers;
  return { status, headers: kept, body };
}

test('the fast adapter and express cannot be told apart', async (t) => {
  const fast = await startApp(t, { adapter: 'fast' });
  const express = await startApp(t, { adapter: 'express' });
  const seen = new Set<number>();
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
      // Rekor v2's word for a method that a path does not have.
      const isOfV2 = answers[0].status === 501 && path.startsWith('/api/v2/');
      assert.ok(answers[0].status < 500 || isOfV2, `${method} ${target}`);
      seen.add(answers[0].status);
    }),
    { numRuns: 1_500, seed: 7, examples },
  );
  for (const status of [200, 201, 204, 304, 400, 404, 405, 409, 501]) {
    assert.ok(seen.has(status), `no answer was ${status}`);
  }
});
