import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { storedEntry } from '../entries/recorded.js';
import { packageRoot } from '../vectors.js';
import { assertCheap, ServedLog } from './served-log.js';

const log = await ServedLog.start();

/** Sends bytes as they are; returns what comes back until the server closes, or has answered. */
function exchange(request: string): Promise<string> {
  const { port, hostname } = new URL(log.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
      if (answer.includes('\r\n\r\n')) socket.end();
    });
    socket.on('close', () => resolve(answer));
    // Whoever goes on sending what is refused is cut off.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!['ECONNRESET', 'EPIPE'].includes(error.code ?? '')) reject(error);
    });
  });
}

const HEADERS = [
  ...['Authorization', 'Accept', 'Content-Type', 'Accept-Encoding', 'Accept-Language', 'Cookie'],
  ...['Origin', 'Access-Control-Request-Headers', 'Access-Control-Request-Method', 'Referer'],
  ...['X-Request-Id', 'If-None-Match', 'Range', 'Forwarded', 'X-Forwarded-For', 'Prefer'],
];

const MEBIBYTE = 2 ** 20;

function requestWith(method: string, header: string, value: string): string {
  const body = method === 'POST' ? '{}' : '';
  const path = method === 'POST' ? '/api/v1/index/retrieve' : '/api/v1/log/publicKey';
  const type = header === 'Content-Type' ? '' : 'Content-Type: application/json\r\n';
  return (
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n${type}` +
    `${header}: ${value}\r\n\r\n${body}`
  );
}

test('I18 CVE-2025-66506, GHSA-4qg8-fj49-pxjh: a MiB of full stops in any header is refused with 431, unread', async () => {
  for (const header of HEADERS) {
    for (const separator of ['.', ',', ';', ' a']) {
      const value = separator.repeat(MEBIBYTE / separator.length);
      const [answer, cost] = await log.measured(() => exchange(requestWith('POST', header, value)));
      // A reset may overtake the answer; then there is none.
      if (answer !== '') assert.match(answer, /^HTTP\/1\.1 431 /, header);
      assertCheap(cost, header);
    }
  }
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      exchange(requestWith('GET', 'Authorization', '.'.repeat(40_000))),
    ),
  );
  for (const answer of answers) {
    if (answer !== '')
      assert.match(answer, /431 .*\r\n\r\n\{"code":431,"message":"Request Header/s);
  }
});

test('I18 CVE-2025-66506, GHSA-4qg8-fj49-pxjh: 30 KiB of separators, which a header may have, are read in no time', async () => {
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const [answers, cost] = await log.measured(async () => {
      const found: string[] = [];
      for (const header of HEADERS) {
        for (const separator of [
          '.',
          ',',
          ';',
          ', ',
          'a,',
          '/',
          '*/*,',
          'a/b;q=0,',
          '"',
          '=',
          '\\',
        ]) {
          const value = separator.repeat(Math.floor(30_000 / separator.length));
          found.push(await exchange(requestWith(method, header, value)));
        }
      }
      return found;
    });
    assert.equal(answers.length, HEADERS.length * 11);
    for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 (?:200|204|4\d\d) /);
    // A second for all of them.
    assertCheap(cost, method);
  }
});

test('I18 GHSA-4qg8-fj49-pxjh: qualities and parameters that nearly are some are read in no time', async () => {
  const [answers, cost] = await log.measured(async () => {
    const found: string[] = [];
    for (const value of [
      `a/b;q=${'1'.repeat(30_000)}!`,
      `a/b;q=${'1'.repeat(15_000)}.${'1'.repeat(15_000)}!`,
      `a/b;q=1e${'1'.repeat(30_000)}!`,
      `a/b;${' '.repeat(30_000)}x`,
      `a/b;a="${'\\"'.repeat(15_000)}`,
      `${'"'.repeat(30_001)}`,
      `a/b${';a=b'.repeat(7_000)};`,
    ]) {
      for (const header of ['Accept', 'Content-Type']) {
        found.push(await exchange(requestWith('POST', header, value)));
      }
    }
    return found;
  });
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 (?:200|4\d\d) /);
  assert.ok(cost === undefined || cost.cpuMs < 500, `${cost?.cpuMs} ms`);
});

test('I18 GHSA-4qg8-fj49-pxjh: a Content-Type and an Accept that are none get 4xx', async () => {
  for (const [header, statuses] of [
    ['Content-Type', /^HTTP\/1\.1 4(?:00|15|22) /],
    ['Accept', /^HTTP\/1\.1 (?:200|4(?:00|06)) /],
  ] as const) {
    const answer = await exchange(requestWith('POST', header, '.'.repeat(30_000)));
    assert.match(answer, statuses, header);
  }
});

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

test('I20 GHSA-hm8f-75xx-w2vr: there is no login here: no route sets a cookie, redirects, or asks for credentials', async () => {
  const text = readFileSync(join(packageRoot, 'openapi.yaml'), 'utf8');
  const { paths } = parse(text) as Description;
  const targets = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
  );
  assert.ok(targets.length >= 10);
  const pages = [
    '/',
    '/api',
    '/api/v1',
    '/docs',
    '/login',
    '/oauth',
    '/callback',
    '/auth/callback',
  ];
  let asked = 0;
  for (const [method, template] of [...targets, ...pages.map((page) => ['GET', page] as const)]) {
    if (!['GET', 'POST'].includes(method)) continue;
    const path = template.replace(/\{\w+\}/g, '0');
    for (const query of ['', '?state=x&code=y', '?redirect_uri=https://example.com/']) {
      const response = await fetch(`${log.url}${path}${query}`, {
        method,
        redirect: 'manual',
        headers: {
          cookie: 'session=1',
          authorization: 'Bearer a.b.c',
          ...(method === 'POST' && { 'content-type': 'application/json' }),
        },
        ...(method === 'POST' && { body: JSON.stringify(storedEntry('hashedrekord', 'ec256')) }),
      });
      // Not read: some answers go on until one side ends them.
      await response.body?.cancel();
      const { status, headers } = response;
      assert.equal(headers.get('set-cookie'), null, path);
      assert.equal(headers.get('www-authenticate'), null, path);
      assert.ok(status < 300 || status >= 400, `${path}: ${status}`);
      assert.notEqual(status, 401, path);
      asked++;
    }
  }
  assert.ok(asked > 30);
});
