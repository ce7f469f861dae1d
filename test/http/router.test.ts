import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestTarget, type RequestTarget } from '../../src/http/request-target.js';
import { type Page, route } from '../../src/http/route.js';
import { createRouter } from '../../src/http/router.js';

const at = (
  method: 'GET' | 'POST',
  path: string,
  more: { readonly head?: boolean; readonly exact?: boolean } = {},
) =>
  route({
    method,
    path,
    ...more,
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
    at('GET', '/exact/checkpoint', { exact: true, head: true }),
    at('POST', '/exact/add', { exact: true }),
    at('GET', '/exact/tile/{tile+}', { exact: true, head: true }),
    at('GET', '/exact/{id}/proof', { exact: true, head: true }),
    at('GET', '/rest/{rest+}'),
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

test('an exact route takes no other spelling of its path', () => {
  assert.equal(routeOf('GET', '/exact/checkpoint'), 'GET /exact/checkpoint');
  assert.equal(routeOf('GET', '/exact/checkpoint?x=1'), 'GET /exact/checkpoint');
  assert.equal(routeOf('GET', 'http://log.test/exact/checkpoint'), 'GET /exact/checkpoint');
  assert.equal(routeOf('GET', '/exact/7/proof'), 'GET /exact/{id}/proof');
  assert.equal(routeOf('GET', '/exact/tile/0/000'), 'GET /exact/tile/{tile+}');
  for (const path of [
    ...['/exact/checkpoint/', '//exact/checkpoint', '/exact//checkpoint', '/./exact/checkpoint'],
    ...['/x/../exact/checkpoint', '/exact/checkpoin%74', '/exact/checkpoint%2f'],
    ...['/exact/7/proof/', '/exact//7/proof', '/exact/%37/proof', '/exact/7%2f8/proof'],
    ...['/exact/tile/0/000/', '/exact/tile/0//000', '/exact/tile/./0', '/exact/tile/0/%30%30%30'],
    ...['/exact/tile/0/000%2ep/1', '/exact/tile/', '/exact/tile/0/a b', '/exact/tile/0/%zz%00'],
  ]) {
    const target = parseRequestTarget(path);
    if (target === undefined) continue;
    for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
      assert.equal(router.match(method, target).kind, 'not-found', `${method} ${path}`);
    }
  }
});

test('a parameter of the rest of a path takes its slashes, and something', () => {
  const rest = (path: string) => {
    const found = match('GET', path);
    return found.kind === 'route' ? found.parameters['rest'] : found.kind;
  };
  assert.equal(rest('/rest/a'), 'a');
  assert.equal(rest('/rest/a/b/c'), 'a/b/c');
  assert.equal(rest('/rest/a%2fb'), 'a/b');
  assert.equal(rest('/rest/'), 'not-found');
  assert.equal(rest('/rest'), 'not-found');
});

test('HEAD goes where GET goes on routes that say so, and is told of', () => {
  assert.equal(routeOf('HEAD', '/exact/checkpoint'), 'GET /exact/checkpoint');
  assert.equal(routeOf('HEAD', '/exact/tile/0/000'), 'GET /exact/tile/{tile+}');
  assert.equal(routeOf('HEAD', '/entries/7'), 'method-not-allowed');
  for (const [method, path, allowed] of [
    ['POST', '/exact/checkpoint', ['GET', 'HEAD']],
    ['PUT', '/exact/tile/0/000', ['GET', 'HEAD']],
    ['GET', '/exact/add', ['POST']],
  ] as const) {
    assert.deepEqual(match(method, path), { kind: 'method-not-allowed', allowed });
  }
});
