import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import {
  applyServerLimits,
  DEFAULT_SERVER_LIMITS,
  serverOptions,
} from '../../src/http/server-limits.js';

test('a time for requests below the one for headers bounds both', () => {
  const limits = { ...DEFAULT_SERVER_LIMITS, requestTimeoutMs: 1_000 };
  const server = createServer(serverOptions(limits));
  applyServerLimits(server, limits);
  assert.equal(server.requestTimeout, 1_000);
  assert.equal(server.headersTimeout, 1_000);
});
