/** Logs that would like a mirror to hang, to fill its memory, or to ask somebody else: over real sockets. */

import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { boundedFetch } from '../../src/cli/system-fetch.js';
import { RequestFailed } from '../../src/client/bounded-fetch.js';
import { isContradiction } from '../../src/mirror/follow-loop.js';
import { emptyCopy, lookAt, type Reach } from './copied-log.js';
import { tilesOf, UploadedLog } from './uploaded-log.js';

const SIZE = 700;
const TARGETS = ['checkpoint', 'tile/entries/001', 'tile/0/001', 'tile/1/000.p/2'] as const;

type Damage = (response: ServerResponse, honest: Uint8Array) => void;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a body without an end': endless,
  'a gzip bomb': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB),
  'a redirect': (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  'a body that is broken off': (response, honest) => {
    response.writeHead(200, { 'content-length': honest.length + 1 });
    response.write(honest, () => response.destroy());
  },
  'nothing at all': (response) => response.destroy(),
  'an error': (response) => response.writeHead(500).end('<html>'),
};
const BOMB = gzipSync(new Uint8Array(100_000_000));

for (const [what, damage] of Object.entries(DAMAGES)) {
  for (const target of TARGETS) {
    test(`${what} for ${target} is given up on, and nothing is copied but what was proven`, async (t) => {
      const log = new UploadedLog('hostile.example/log');
      const source = await serve(t, log);
      const copy = await emptyCopy(log);
      source.damage = (path) => (path === target ? damage : undefined);
      await assert.rejects(lookAt(log, copy, source), (error) => {
        assert.ok(error instanceof RequestFailed, String(error));
        assert.equal(isContradiction(error), false);
        return true;
      });
      assert.equal(copy.checkpoint, undefined);
      assert.ok(!source.asked.includes('elsewhere'));
      source.damage = () => undefined;
      assert.equal((await lookAt(log, copy, source)).outcome, 'copied');
      assert.deepEqual(
        await copy.tiles.leafBytes(0, SIZE),
        Array.from({ length: SIZE }, (_, i) => log.leaf(i)),
      );
    });
  }
}

test('a log that never answers is given up on in time', async (t) => {
  const log = new UploadedLog('hostile.example/log');
  const source = await serve(t, log);
  source.damage = () => () => {};
  await assert.rejects(
    lookAt(log, await emptyCopy(log), { ...source, timeoutMs: 50 }),
    RequestFailed,
  );
});

test('an answer that is no note is no contradiction, one that another has signed is', async (t) => {
  const log = new UploadedLog('hostile.example/log');
  const source = await serve(t, log);
  for (const [body, contradicts] of [
    ['<html>at our captive portal</html>\n', false],
    [new UploadedLog('hostile.example/log').checkpoint(SIZE), true],
    [log.checkpoint(2n ** 60n, new Uint8Array(32)), false],
  ] as const) {
    source.damage = () => (response) => response.end(body);
    await assert.rejects(lookAt(log, await emptyCopy(log), source), (error) => {
      assert.equal(isContradiction(error), contradicts, body);
      return true;
    });
  }
});

interface Source extends Reach {
  readonly asked: string[];
  damage: (path: string) => Damage | undefined;
}

async function serve(t: TestContext, log: UploadedLog): Promise<Source> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    asked.push(path);
    const honest = path === 'checkpoint' ? Buffer.from(log.checkpoint(SIZE)) : honestTile(path);
    const damage = source.damage(path);
    if (damage === undefined) response.end(honest);
    else damage(response, honest);
  });
  const honestTile = (path: string) =>
    path === 'elsewhere' ? new Uint8Array(0) : (tilesOf(log, path) ?? new Uint8Array(0));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const source: Source = { url, fetch: boundedFetch, asked, damage: () => undefined };
  return source;
}

function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write(FILLER));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}

const FILLER = Buffer.alloc(65_536);
