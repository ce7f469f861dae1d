import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isPublicAddress, publicLookup } from '../../src/delivery/public-address.js';
import {
  type CloudEvent,
  openWebhook,
  readSecret,
  type WebhookOptions,
} from '../../src/delivery/webhook.js';
import { isLogError } from '../../src/errors.js';

interface Receiver {
  readonly url: string;
  readonly got: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
  /** Statuses of the next answers; then 200. */
  readonly statuses: number[];
}

async function receiver(t: TestContext, headers: Record<string, string> = {}): Promise<Receiver> {
  const got: Receiver['got'][number][] = [];
  const statuses: number[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    got.push({ headers: request.headers, body });
    response.writeHead(statuses.shift() ?? 200, headers).end('x'.repeat(100_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got, statuses };
}

interface Hook {
  readonly options: WebhookOptions;
  readonly pauses: number[];
  readonly given: string[];
}

function hookTo(t: TestContext, url: string, more: Partial<WebhookOptions> = {}): Hook {
  const folder = mkdtempSync(join(tmpdir(), 'stele-webhook-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pauses: number[] = [];
  const given: string[] = [];
  const options: WebhookOptions = {
    url,
    secret: readSecret('0123456789abcdef'),
    deadLetters: join(folder, 'dead.jsonl'),
    allowPrivate: true,
    attempts: 4,
    timeoutMs: 5_000,
    now: clock(),
    pause: async (ms) => void pauses.push(ms),
    gaveUp: (id, reason) => given.push(`${id}: ${reason}`),
    ...more,
  };
  return { options, pauses, given };
}

/** The clock of the sender: a second later with each look. */
function clock(): () => Date {
  let seconds = Date.parse('2026-11-20T12:00:00Z') / 1000;
  return () => new Date(seconds++ * 1000);
}

const EVENT: CloudEvent = {
  specversion: '1.0',
  id: 'log.example - 1/7/unparsable',
  source: 'https://log.example',
  type: 'dev.example.event.v1',
  subject: 'log.example - 1',
  time: '2026-11-20T11:59:00.000Z',
  datacontenttype: 'application/json',
  data: { reason: 'é' },
};

test('an event is posted as it stands, signed as Standard Webhooks are', async (t) => {
  const { url, got } = await receiver(t);
  await openWebhook(hookTo(t, url).options).deliver(EVENT);
  const [{ headers, body } = { headers: {}, body: '' }] = got;
  assert.equal(headers['content-type'], 'application/cloudevents+json; charset=utf-8');
  assert.deepEqual(JSON.parse(body), EVENT);
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', '0123456789abcdef').update(signed).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${expected}`);
});

test('every attempt is dated and signed anew, under the same ID', async (t) => {
  const { url, got, statuses } = await receiver(t);
  statuses.push(503);
  await openWebhook(hookTo(t, url).options).deliver(EVENT);
  const of = (name: string) => got.map(({ headers }) => headers[name]);
  assert.deepEqual(of('webhook-timestamp'), ['1795176000', '1795176001']);
  assert.equal(new Set(of('webhook-signature')).size, 2);
  assert.equal(new Set(of('webhook-id')).size, 1);
});

test('a busy receiver is asked again, later and later, and as late as it says', async (t) => {
  const { url, got, statuses } = await receiver(t, { 'retry-after': '3' });
  statuses.push(503, 429);
  const hook = hookTo(t, url);
  await openWebhook(hook.options).deliver(EVENT);
  assert.equal(got.length, 3);
  assert.deepEqual(hook.pauses, [3_000, 3_000]);
  assert.equal(existsSync(hook.options.deadLetters), false);
});

test('what nobody takes goes into the dead-letter file, once, and the next is sent', async (t) => {
  const { url, got, statuses } = await receiver(t);
  statuses.push(500, 500, 500, 500);
  const hook = hookTo(t, url);
  const webhook = openWebhook(hook.options);
  await webhook.deliver(EVENT);
  await webhook.deliver({ ...EVENT, id: 'second' });
  assert.equal(got.length, 5);
  assert.deepEqual(hook.pauses, [500, 1_000, 2_000]);
  assert.deepEqual(hook.given, [`${EVENT.id}: status 500`]);
  const lines = readFileSync(hook.options.deadLetters, 'utf8').trim().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { id: string }).id),
    [EVENT.id],
  );
});

test('a refusal or a redirection is final', async (t) => {
  for (const status of [400, 401, 404, 302]) {
    const { url, got, statuses } = await receiver(t, { location: 'http://127.0.0.1:1/' });
    statuses.push(status);
    const hook = hookTo(t, url);
    await openWebhook(hook.options).deliver(EVENT);
    assert.equal(got.length, 1);
    assert.deepEqual(hook.given, [`${EVENT.id}: status ${status}`]);
  }
});

test('a receiver that is not there is tried as often as is said', async (t) => {
  const hook = hookTo(t, 'http://127.0.0.1:1/');
  await openWebhook(hook.options).deliver(EVENT);
  assert.equal(hook.pauses.length, 3);
  assert.match(hook.given[0] ?? '', /ECONNREFUSED/);
});

test('private addresses, passwords and plain http are refused unless private is allowed', (t) => {
  const refused = [
    'http://example.com/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://user:password@example.com/',
    'ftp://example.com/',
    'nonsense',
  ];
  for (const url of refused) {
    const { options } = hookTo(t, url, { allowPrivate: false });
    assert.throws(
      () => openWebhook(options),
      (error) => isLogError(error, 'CONFIG_INVALID'),
      url,
    );
  }
  openWebhook(hookTo(t, 'https://example.com/', { allowPrivate: false }).options);
});

test('a name that leads to a private address is not connected to', async () => {
  for (const all of [true, false]) {
    const error = await new Promise<Error | null>((resolve) => {
      publicLookup('localhost', { all }, (failure) => resolve(failure));
    });
    assert.match(error?.message ?? '', /private address/);
  }
});

test('what is public and what is not follows the registries', () => {
  const closed =
    '10.1.2.3 172.31.0.1 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 :: ::1 fe80::1 fc00::1 64:ff9b::1 2002:7f00:1:: 2001::1 2001:db8::1 ff02::1 ::ffff:8.8.8.8 example.com';
  for (const address of closed.split(' ')) assert.equal(isPublicAddress(address), false, address);
  for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1', '2a00:1450::1']) {
    assert.equal(isPublicAddress(address), true, address);
  }
});

test('a secret is text, or base64 with its prefix; a short one is refused', () => {
  assert.deepEqual(Buffer.from(readSecret('whsec_MDEyMzQ1Njc4OQ==\n')).toString(), '0123456789');
  for (const text of ['short', 'whsec_!!!!!!!!!!!!!!!!']) {
    assert.throws(
      () => readSecret(text),
      (error) => isLogError(error, 'CONFIG_INVALID'),
    );
  }
});

test('a delivery that is ended is no failure: the event is not among the dead letters', async (t) => {
  const { url, statuses, got } = await receiver(t);
  statuses.push(503, 503);
  const ending = new AbortController();
  const { options, given } = hookTo(t, url, {
    signal: ending.signal,
    pause: async () => ending.abort(),
  });
  const isEnded = (error: unknown) => isLogError(error, 'SHUTTING_DOWN');
  await assert.rejects(openWebhook(options).deliver(EVENT), isEnded);
  await assert.rejects(openWebhook(options).deliver(EVENT), isEnded);
  assert.equal(got.length, 1);
  assert.deepEqual(given, []);
  assert.equal(existsSync(options.deadLetters), false);
});
