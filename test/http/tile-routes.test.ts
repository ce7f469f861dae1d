import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { PackedBundles } from '../../src/http/packed-bundles.js';
import type { Reply } from '../../src/http/reply.js';
import { parseRequestTarget, type RequestTarget } from '../../src/http/request-target.js';
import type { Route, RouteRequest } from '../../src/http/route.js';
import { tileRoutes } from '../../src/http/tile-routes.js';
import { type TileCoordinates, tilePath } from '../../src/merkle/tile.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import { type RawAnswer, sendRaw } from '../golden/raw-request.js';
import { recordedTrees } from '../merkle/golden-trees.js';
import { ADAPTERS, type ServedRoutes, serveRoutes } from './served-routes.js';
import { goldenSource } from './tile-source.js';

const sources = new Map(
  recordedTrees.map(({ folder, size }) => [folder, goldenSource(folder, size)]),
);
const HASH_SIZE = 32;

interface Answer extends RawAnswer {
  /** Values by lower-case name; those of several lines are joined. */
  readonly headers: ReadonlyMap<string, string>;
}

for (const adapter of ADAPTERS) {
  describe(`trees served as tiles (${adapter})`, () => {
    let served: ServedRoutes;
    before(async () => {
      served = await serveRoutes(
        tileRoutes('/trees/{tree}', ({ tree = '' }) => sources.get(tree), new PackedBundles()),
        adapter,
      );
    });
    after(async () => {
      await served.close();
      assert.deepEqual(served.faults, []);
    });

    const ask = async (
      path: string,
      headers: Readonly<Record<string, string>> = {},
      method = 'GET',
    ): Promise<Answer> => {
      const lines = Object.entries(headers);
      const answer = await sendRaw(served.url, { method, path, headers: lines, body: undefined });
      return { ...answer, headers: headersOf(answer.rawHeaders) };
    };

    for (const { folder, size, paths, read } of recordedTrees) {
      it(`gives the recorded bytes of every file of ${folder}`, async () => {
        const recorded = parseCheckpoint(parseSignedNote(read('checkpoint')).text);
        const checkpoint = await ask(`/trees/${folder}/checkpoint`);
        const shown = parseCheckpoint(checkpoint.body.toString());
        assert.equal(shown.size, BigInt(size));
        assert.deepEqual([shown.size, shown.root], [recorded.size, recorded.root]);
        for (const path of paths) {
          const answer = await ask(`/trees/${folder}/${path}`);
          assert.equal(answer.status, 200, path);
          assert.ok(answer.body.equals(read(path)), path);
        }
      });
    }

    it('gives tiles and bundles of every width, and none beyond the tree', async () => {
      const whole = new Map<string, Buffer>();
      const tree = recordedTrees.find(({ folder }) => folder === 'tree-600');
      for (const path of tree?.paths ?? []) {
        whole.set(path.replace(/\.p\/.*$/, ''), tree?.read(path) as Buffer);
      }
      const reach = new Map([
        ['tile/0/000', 256],
        ['tile/0/001', 256],
        ['tile/0/002', 88],
        ['tile/0/003', 0],
        ['tile/1/000', 2],
        ['tile/1/001', 0],
        ['tile/2/000', 0],
        ['tile/6/000', 0],
        ['tile/7/000', 0],
        ['tile/63/000', 0],
      ]);
      for (const [tile, widest] of reach) {
        for (let width = 1; width < 256; width++) {
          const answer = await ask(`/trees/tree-600/${tile}.p/${width}`);
          assert.equal(answer.status, width <= widest ? 200 : 404, `${tile} ${width}`);
          if (width > widest) continue;
          const wanted = whole.get(tile)?.subarray(0, width * HASH_SIZE);
          assert.ok(answer.body.equals(wanted as Buffer), `${tile} ${width}`);
        }
        const full = await ask(`/trees/tree-600/${tile}`);
        assert.equal(full.status, widest === 256 ? 200 : 404, tile);
      }
      for (const [bundle, widest] of [
        ['tile/entries/000', 256],
        ['tile/entries/002', 88],
        ['tile/entries/003', 0],
      ] as const) {
        for (let width = 1; width < 256; width++) {
          const answer = await ask(`/trees/tree-600/${bundle}.p/${width}`);
          assert.equal(answer.status, width <= widest ? 200 : 404, `${bundle} ${width}`);
          if (width > widest) continue;
          const bytes = whole.get(bundle) as Buffer;
          assert.ok(answer.body.equals(bytes.subarray(0, answer.body.length)), bundle);
          assert.equal(countOf(answer.body), width, bundle);
        }
      }
    });

    it('knows no path that is not the canonical one', async () => {
      for (const path of STRANGE_PATHS) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await ask(path, {}, method);
          assert.equal(answer.status, 404, `${method} ${path}`);
          assert.equal(answer.headers.get('etag'), undefined, path);
          assert.equal(answer.headers.get('cache-control'), undefined, path);
        }
      }
    });

    it('looks at no query', async () => {
      assert.equal((await ask('/trees/tree-600/tile/0/000?x=1')).status, 200);
    });

    it('answers no other method', async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        for (const path of ['checkpoint', 'tile/0/000']) {
          const answer = await ask(`/trees/tree-600/${path}`, {}, method);
          assert.equal(answer.status, 405, `${method} ${path}`);
          assert.equal(answer.headers.get('allow'), 'GET,HEAD');
        }
      }
    });

    it('says what each answer is and how long it holds', async () => {
      const forEver = 'public, max-age=31536000, immutable';
      for (const [path, type, caching, vary] of [
        ['checkpoint', 'text/plain; charset=utf-8', 'no-cache', 'Origin'],
        ['tile/0/000', 'application/octet-stream', forEver, 'Origin'],
        ['tile/0/002.p/88', 'application/octet-stream', forEver, 'Origin'],
        ['tile/entries/000', 'application/octet-stream', forEver, 'Origin, Accept-Encoding'],
        ['tile/entries/002.p/88', 'application/octet-stream', forEver, 'Origin, Accept-Encoding'],
      ] as const) {
        const { headers, body } = await ask(`/trees/tree-600/${path}`);
        assert.equal(headers.get('content-type'), type, path);
        assert.equal(headers.get('cache-control'), caching, path);
        assert.equal(headers.get('vary'), vary, path);
        assert.equal(headers.get('content-length'), String(body.length), path);
        assert.equal(headers.get('content-encoding'), undefined, path);
      }
    });

    it('answers HEAD as GET without the body', async () => {
      for (const path of [
        'checkpoint',
        'tile/0/000',
        'tile/entries/000',
        'tile/entries/002.p/88',
      ]) {
        for (const asked of [{}, { 'Accept-Encoding': 'gzip' }]) {
          const whole = await ask(`/trees/tree-600/${path}`, asked);
          const head = await ask(`/trees/tree-600/${path}`, asked, 'HEAD');
          assert.equal(head.status, 200, path);
          assert.equal(head.body.length, 0, path);
          assert.deepEqual(lasting(head), lasting(whole), path);
        }
      }
    });

    it('gives every tile, width, tree and encoding an ETag of its own', async () => {
      const seen = new Set<string>();
      let count = 0;
      for (const folder of ['tree-513', 'tree-600']) {
        for (const path of ['tile/0/000', 'tile/0/001', 'tile/0/000.p/1', 'tile/1/000.p/1']) {
          seen.add(strongEtag(await ask(`/trees/${folder}/${path}`)));
          count++;
        }
        for (const asked of [{}, { 'Accept-Encoding': 'gzip' }]) {
          seen.add(strongEtag(await ask(`/trees/${folder}/tile/entries/000`, asked)));
          count++;
        }
        seen.add(strongEtag(await ask(`/trees/${folder}/checkpoint`)));
        count++;
      }
      assert.equal(seen.size, count);
    });

    it('answers 304 to who holds the answer, with what keeps it fresh', async () => {
      for (const [path, asked] of [
        ['checkpoint', {}],
        ['tile/0/000', {}],
        ['tile/entries/000', {}],
        ['tile/entries/000', { 'Accept-Encoding': 'gzip' }],
      ] as const) {
        const target = `/trees/tree-600/${path}`;
        const whole = await ask(target, asked);
        const etag = strongEtag(whole);
        for (const held of [etag, `W/${etag}`, '*', `"other", ${etag}`, `${etag},"other"`]) {
          for (const method of ['GET', 'HEAD']) {
            const answer = await ask(target, { ...asked, 'If-None-Match': held }, method);
            assert.equal(answer.status, 304, `${method} ${path} ${held}`);
            assert.equal(answer.body.length, 0);
            // A star holds any encoding of it.
            const names = ['cache-control', 'vary', ...(held === '*' ? [] : ['etag'])];
            for (const name of names) {
              assert.equal(answer.headers.get(name), whole.headers.get(name), `${path} ${name}`);
            }
            // A length here would be taken for that of the answer that is held (RFC 9110, 8.6).
            assert.equal(answer.headers.get('content-length'), undefined, path);
            assert.equal(answer.headers.get('content-type'), undefined, path);
          }
        }
        for (const held of ['"other"', etag.slice(1, -1), '', `${etag}x`]) {
          const answer = await ask(target, { ...asked, 'If-None-Match': held });
          assert.equal(answer.status, 200, `${path} ${held}`);
        }
      }
    });

    it('knows a bundle that is held in the other encoding, and says which', async () => {
      const target = '/trees/tree-600/tile/entries/000';
      const gzip = { 'Accept-Encoding': 'gzip' };
      const held = [strongEtag(await ask(target)), strongEtag(await ask(target, gzip))] as const;
      assert.notEqual(held[0], held[1]);
      for (const etag of held) {
        for (const asked of [{}, gzip]) {
          const answer = await ask(target, { ...asked, 'If-None-Match': etag });
          assert.equal(answer.status, 304);
          assert.equal(answer.headers.get('etag'), etag);
        }
      }
    });

    it('answers 404 where there is no tile, whatever is held', async () => {
      const answer = await ask('/trees/tree-600/tile/0/003', { 'If-None-Match': '*' });
      assert.equal(answer.status, 404);
    });

    it('packs bundles, and only those, for who takes gzip', async () => {
      const target = '/trees/tree-600/tile/entries/000';
      const plain = (await ask(target)).body;
      for (const [accepted, isPacked] of ACCEPTED_ENCODINGS) {
        const answer = await ask(target, { 'Accept-Encoding': accepted });
        assert.equal(answer.status, 200);
        const encoding = answer.headers.get('content-encoding');
        assert.equal(encoding, isPacked ? 'gzip' : undefined, accepted);
        assert.equal(answer.headers.get('content-length'), String(answer.body.length));
        const bytes = isPacked ? gunzipSync(answer.body) : answer.body;
        assert.ok(bytes.equals(plain), accepted);
      }
      for (const path of ['checkpoint', 'tile/0/000']) {
        const answer = await ask(`/trees/tree-600/${path}`, { 'Accept-Encoding': 'gzip' });
        assert.equal(answer.headers.get('content-encoding'), undefined, path);
      }
    });
  });
}

it('reads nothing for who holds the answer', async () => {
  const read: string[] = [];
  const golden = goldenSource('tree', 600);
  const source = {
    ...golden,
    tile: (tile: TileCoordinates) => {
      read.push(tilePath(tile));
      return golden.tile(tile);
    },
  };
  const [, tiles] = tileRoutes('', () => source, new PackedBundles());
  for (const tile of ['0/000', 'entries/000', 'entries/002.p/88']) {
    const ask = (held: string | undefined): Promise<Reply> =>
      (tiles as Route).answer(
        requestFor(tile, (name) => (name === 'if-none-match' ? held : undefined)),
      );
    const whole = await ask(undefined);
    const etag = new Map(whole.headers).get('ETag');
    assert.equal((await ask(etag)).status, 304);
  }
  assert.deepEqual(read, ['tile/0/000', 'tile/entries/000', 'tile/entries/002.p/88']);
});

it('gives a bundle plain while another one is being packed, and packs each only once', async () => {
  const golden = goldenSource('tree', 600);
  const read: string[] = [];
  const source = {
    ...golden,
    tile: (tile: TileCoordinates) => {
      read.push(tilePath(tile));
      return golden.tile(tile);
    },
  };
  const [, tiles] = tileRoutes('', () => source, new PackedBundles());
  const ask = async (tile: string): Promise<[encoding: string | undefined, Reply]> => {
    const header = (name: string) => (name === 'accept-encoding' ? 'gzip' : undefined);
    const reply = await (tiles as Route).answer(requestFor(tile, header));
    const headers = new Map(reply.headers);
    assert.equal(headers.get('Vary'), 'Accept-Encoding');
    const encoding = headers.get('Content-Encoding');
    const suffix = encoding === undefined ? '' : '+gzip';
    assert.equal(headers.get('ETag'), `"tree/tile/${tile}${suffix}"`);
    return [encoding, reply];
  };
  const answers = await Promise.all(['entries/000', 'entries/001', 'entries/000'].map(ask));
  assert.deepEqual(
    answers.map(([encoding]) => encoding),
    ['gzip', undefined, undefined],
  );
  const [packed, , plain] = answers.map(([, { body }]) => body as Uint8Array);
  assert.ok(gunzipSync(packed as Uint8Array).equals(plain as Uint8Array));
  read.length = 0;
  const again = await Promise.all(['entries/000', 'entries/001', 'entries/000'].map(ask));
  assert.deepEqual(
    again.map(([encoding]) => encoding),
    ['gzip', 'gzip', 'gzip'],
  );
  assert.equal(again[0]?.[1].body, packed);
  assert.deepEqual(read, ['tile/entries/001']);
});

function requestFor(tile: string, header: RouteRequest['header']): RouteRequest {
  return {
    method: 'GET',
    target: parseRequestTarget(`/tile/${tile}`) as RequestTarget,
    parameters: { tile },
    query: () => [],
    body: undefined,
    format: '',
    requestID: '',
    header,
  };
}

const ACCEPTED_ENCODINGS: readonly (readonly [string, boolean])[] = [
  ['gzip', true],
  ['GZip', true],
  ['gzip, identity', true],
  ['deflate, gzip;q=1.0, br', true],
  ['gzip;q=0.5', true],
  ['gzip; q=0.001', true],
  ['identity;q=1, gzip;q=0.1', true],
  ['gzip;q=0', false],
  ['gzip; q=0.000', false],
  ['gzip;Q=0.0, identity', false],
  ['identity', false],
  ['', false],
  ['br', false],
  ['gzipped', false],
  ['x-gzipx', false],
];

const STRANGE_PATHS: readonly string[] = [
  ...[
    ...['', '/', '/tile', '/tile/', '/tile/0', '/tile/0/', '/tile/entries', '/tile/entries/'],
    ...['/Checkpoint', '/checkpoint/', '/checkpoint/x', '//checkpoint', '/./checkpoint'],
    ...['/x/../checkpoint', '/checkpoin%74', '/checkpoint%00'],
    ...['/tile/00/000', '/tile/-1/000', '/tile/+0/000', '/tile/64/000', '/tile/256/000'],
    ...['/tile/abc/000', '/tile/0x0/000', '/tile/1e0/000', '/tile/Entries/000', '/Tile/0/000'],
    ...['/tile/0/0', '/tile/0/00', '/tile/0/0000', '/tile/0/abc', '/tile/0/-01', '/tile/0/x000'],
    ...['/tile/0/x000/000', '/tile/0/x000/x000/000', '/tile/0/000/000', '/tile/0/x001/000'],
    ...['/tile/0/000.p', '/tile/0/000.p/', '/tile/0/000.p/0', '/tile/0/000.p/00'],
    ...['/tile/0/000.p/01', '/tile/0/000.p/256', '/tile/0/000.p/257', '/tile/0/000.p/1000'],
    ...['/tile/0/000.p/-1', '/tile/0/000.p/1.0', '/tile/0/000.p/1/', '/tile/0/000.p/1/1'],
    ...['/tile/0/000.P/1', '/tile/0/000p/1', '/tile/0/000.p1', '/tile/0/000.q/1'],
    ...['/tile/0/000/', '/tile//0/000', '/tile/0//000', '/tile/./0/000', '/tile/1/../0/000'],
    ...['/tile/0/%30%30%30', '/tile/%30/000', '/til%65/0/000', '/tile%2f0%2f000'],
    ...[
      '/tile/0/000%2ep/1',
      '/tile/0/000.p%2F1',
      '/tile/0/000%20',
      '/tile/0/000%00',
      '/tile/0/%ff',
    ],
    ...['/tile/0/000;x', '/tile/0/000,', '/tile/0/٠٠٠', '/tile/entries/0', '/tile/entries/000.p/0'],
    ...[`/tile/0/${'x000/'.repeat(2_000)}000`, `/tile/0/${'9'.repeat(8_000)}`],
    ...['/tile/0/x999/x999/x999/x999/x999/999', '/tile/0/x009/x007/x199/x254/x740/992'],
  ].map((path) => `/trees/tree-600${encodeNonAscii(path)}`),
  ...['/trees/tree-601/checkpoint', '/trees/tree-601/tile/0/000', '/trees/__proto__/checkpoint'],
  ...['/trees//checkpoint', '/trees/tree-600/tree-600/checkpoint', '/trees/TREE-600/checkpoint'],
  ...['/trees/tree%2D600/checkpoint', '/trees/tree%2d600/tile/0/000', '/tile/0/000'],
];

/** The client library sends no bytes beyond ASCII in a path. */
function encodeNonAscii(path: string): string {
  return path.replace(/[^\x20-\x7e]+/g, encodeURIComponent);
}

function headersOf(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const known = headers.get(name);
    const value = raw[i + 1] as string;
    headers.set(name, known === undefined ? value : `${known}, ${value}`);
  }
  return headers;
}

/** The headers that are not of the moment. */
function lasting({ headers }: Answer): [string, string][] {
  return [...headers].filter(([name]) => name !== 'date');
}

function strongEtag({ headers }: Answer): string {
  const etag = headers.get('etag') ?? '';
  assert.match(etag, /^"[\x21\x23-\x7e]+"$/);
  return etag;
}

function countOf(bundle: Buffer): number {
  let count = 0;
  for (let at = 0; at < bundle.length; at += 2 + bundle.readUInt16BE(at)) count++;
  return count;
}
