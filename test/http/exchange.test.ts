import assert from 'node:assert/strict';
import { test } from 'node:test';
import { route } from '../../src/http/route.js';
import { sendRaw } from '../golden/raw-request.js';
import { ADAPTERS, serveRoutes } from './served-routes.js';

const replies = [
  { status: 200, body: 'text' },
  { status: 201 },
  { status: 204 },
  { status: 304, headers: [['ETag', '"x"']] as const },
];

const routes = replies.map((reply) =>
  route({
    method: 'GET',
    head: true,
    path: `/${reply.status}`,
    hot: true,
    produces: ['text/plain'],
    ignoresTypes: true,
    noCache: false,
    measured: false,
    read: () => undefined,
    handle: async () => reply,
  }),
);

for (const adapter of ADAPTERS) {
  // In a 304 it would be taken for the length of the answer that the client holds: RFC 9110, 8.6.
  test(`an answer tells its length, unless it can have no body (${adapter})`, async () => {
    const served = await serveRoutes(routes, adapter);
    try {
      for (const method of ['GET', 'HEAD']) {
        for (const [status, length] of [
          [200, '4'],
          [201, '0'],
          [204, undefined],
          [304, undefined],
        ] as const) {
          const request = { method, path: `/${status}`, headers: [], body: undefined };
          const answer = await sendRaw(served.url, request);
          assert.equal(answer.status, status);
          const names = answer.rawHeaders.map((text) => text.toLowerCase());
          const at = names.indexOf('content-length');
          assert.equal(
            at < 0 ? undefined : answer.rawHeaders[at + 1],
            length,
            `${method} ${status}`,
          );
          assert.ok(!names.includes('transfer-encoding'), `${method} ${status}`);
        }
      }
    } finally {
      await served.close();
    }
  });
}
