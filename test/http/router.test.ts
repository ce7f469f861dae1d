import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestTarget, type RequestTarget } from '../../src/http/request-target.js';
import { type Page, route } from '../../src/http/route.js';
import { createRouter } from '../../src/http/router.js';

const at = (method: 'GET' | 'POST', path: string) =>
  route({
    method,
    path,
    hot: false,
    produces: [],
    noCache: false,
    measured: false,
    read: () => undefined,
    handle: async () => ({ status: 200 }),
  });
const page = (path: string, match: Page['match'], methods?: string[]): Page => ({
  path,
  match,
  hot: false,
  ...(methods === undefined ? {} : { methods }),
  handle: () => ({ status: 200 }),
});

const router = createRouter({
  pages: [page('/ping', 'any-case', ['GET']), page('/docs', 'cleaned'), page('/', 'exact')],
  routes: [
    at('POST', '/entries'),
    at('GET', '/entries'),
    at('GET', '/entries/{id}'),
    at('POST', '/entries/retrieve'),
  ],
});

function match(method: string, path: string) {
  return router.match(method, parseRequestTarget(path) as RequestTarget);
}

function routeOf(method: string, path: string): string {
  const found = match(method, path);
  return found.kind === 'route' ? `${found.route.method} ${found.route.path}` : found.kind;
}

test('methods and paths lead to their route', () => {
  assert.equal(routeOf('GET', '/entries'), 'GET /entries');
  assert.equal(routeOf('POST', '/entries/'), 'POST /entries');
  assert.equal(routeOf('POST', '/entries/retrieve'), 'POST /entries/retrieve');
  assert.equal(routeOf('GET', '/entries/retrieve'), 'GET /entries/{id}');
  assert.equal(routeOf('GET', '/entries/a/b'), 'not-found');
  assert.equal(routeOf('GET', '/Entries'), 'not-found');
  assert.equal(routeOf('GET', '/%65ntries'), 'not-found');
});

test('path parameters are decoded', () => {
  const found = match('GET', '/entries/%61%C3%A9');
  assert.deepEqual(found.kind === 'route' && found.parameters, { id: 'aé' });
});

test('another method is told all methods of the path', () => {
  for (const [method, path, allowed] of [
    ['PUT', '/entries', ['GET', 'POST']],
    ['HEAD', '/entries', ['GET', 'POST']],
    ['PUT', '/entries/retrieve', ['GET', 'POST']],
    ['POST', '/entries/abc', ['GET']],
  ] as const) {
    assert.deepEqual(match(method, path), { kind: 'method-not-allowed', allowed });
  }
});

test('pages are compared as each of them says', () => {
  assert.equal(routeOf('GET', '/PING'), 'page');
  assert.equal(routeOf('POST', '/ping'), 'not-found');
  assert.equal(routeOf('GET', '/ping/'), 'not-found');
  assert.equal(routeOf('DELETE', '/docs/'), 'page');
  assert.equal(routeOf('GET', '/doc%73'), 'page');
  assert.equal(routeOf('GET', '/x%2f..%2fdocs'), 'page');
  assert.equal(routeOf('GET', '/p%69ng'), 'page');
  assert.equal(routeOf('GET', '/%2f'), 'not-found');
  assert.equal(routeOf('GET', '/'), 'page');
  assert.equal(routeOf('GET', '//'), 'not-found');
});
