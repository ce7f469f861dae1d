/**
 * `node dist/test/faults/fuzz.js [--seconds 60] [--seed N]`
 *
 * Sends a running server what nobody should send: damaged submissions and queries, odd paths, methods and headers,
 * over many connections. Nothing that a client can send may be answered 5xx, end the process, or make its memory
 * grow without end; and what was acknowledged before is there afterwards.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Connection, ConnectionLost, requestBytes } from '../../bench/harness/connection.js';
import { newSigningKey, newSubmission } from '../../bench/harness/entries.js';
import { memoryBytes } from '../../bench/harness/process-figures.js';
import { type ServerProcess, startServer } from '../../bench/harness/server-process.js';
import { Ledger } from '../crash/ledger.js';
import { Random } from '../random.js';
import { appendEntries } from './scene.js';

const CONNECTIONS = 16;
const MOST_GROWTH = 400 * 2 ** 20;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});

const random = new Random(Number(values.seed));

function oneOf<T>(choices: readonly [T, ...T[]]): T {
  return choices[random.below(choices.length)] ?? choices[0];
}

const ODD_VALUES = [
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '0',
  '-1',
  '1e400',
  '9007199254740993',
  '9223372036854775808',
  '"\\ud800"',
  '"\\u0000"',
  '"===="',
  '{"__proto__":{"polluted":true}}',
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  `${'{"a":'.repeat(10_001)}1${'}'.repeat(10_001)}`,
] as const;

/** Returns `text` with one thing wrong. */
function damaged(text: string): Buffer {
  const bytes = Buffer.from(text);
  const at = random.below(bytes.length);
  switch (random.below(7)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      bytes[at] = random.below(256);
      return bytes;
    case 2: {
      const end = at + random.below(40);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    }
    case 3:
      return Buffer.concat([bytes, bytes.subarray(at)]);
    case 4:
      return Buffer.from(text.replace(/"[^"]*"(?=[,}\]])/, () => oneOf(ODD_VALUES)));
    case 5: {
      const strings = [...text.matchAll(/"[^"]*"/g)];
      const chosen = strings[random.below(strings.length)]?.[0] ?? '""';
      return Buffer.from(text.replace(chosen, () => oneOf(ODD_VALUES)));
    }
    default:
      return Buffer.from(text.replace('{', () => `{"spec":${oneOf(ODD_VALUES)},"kind":"x",`));
  }
}

const PATHS = [
  '/api/v1/log',
  '/api/v1/log/proof?firstSize=1&lastSize=2',
  '/api/v1/log/publicKey?treeID=1',
  '/api/v1/log/entries?logIndex=0',
  `/api/v1/log/entries/${'0'.repeat(80)}`,
  '/ping',
  '/healthz',
  '/readyz',
] as const;
/** Without HEAD, whose answer has no body: it would confuse the client, not the server. */
const METHODS = ['GET', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'PATCH', 'QUX'] as const;

/** A path of printable characters without a space, so that it stays one word of the request line. */
function damagedPath(): string {
  const path = damaged(oneOf(PATHS)).toString('latin1').slice(0, 2000);
  return `/${path.replace(/^\//, '').replaceAll(/[^!-~]/g, '%')}`;
}

function nextRequest(submissions: readonly string[]): Buffer {
  const submission = submissions[random.below(submissions.length)] ?? '{}';
  switch (random.below(5)) {
    case 0:
      return requestBytes('GET', damagedPath(), undefined, {
        Accept: oneOf(['*/*', 'text/html', 'x']),
      });
    case 1:
      return requestBytes(oneOf(METHODS), oneOf(PATHS), '{}', {
        'Content-Type': oneOf(['application/json', 'text/plain', 'garbage', ';', '']),
      });
    case 2: {
      const query = oneOf([
        '{"hash":"sha256:00"}',
        '{"email":"a@example.com"}',
        '{"operator":"and"}',
      ]);
      return requestBytes('POST', '/api/v1/index/retrieve', damaged(query));
    }
    case 3: {
      const query = oneOf(['{"logIndexes":[1,2]}', `{"entries":[${submission}]}`]);
      return requestBytes('POST', '/api/v1/log/entries/retrieve', damaged(query));
    }
    default:
      return requestBytes('POST', '/api/v1/log/entries', damaged(submission));
  }
}

interface Counts {
  requests: number;
  lost: number;
  readonly statuses: Map<number, number>;
}

async function torment(
  server: ServerProcess,
  submissions: readonly string[],
  end: number,
  counts: Counts,
): Promise<void> {
  let connection = await Connection.open(server.url);
  while (performance.now() < end) {
    const request = nextRequest(submissions);
    try {
      if (!connection.usable) connection = await Connection.open(server.url);
      const { status, body } = await connection.send(request);
      counts.statuses.set(status, (counts.statuses.get(status) ?? 0) + 1);
      if (status >= 500 && status !== 503) {
        throw new Error(
          `${status} ${body.toString()} to ${request.toString('latin1').slice(0, 1000)}`,
        );
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      counts.lost++;
    }
    counts.requests++;
  }
  connection.close();
}

async function main(folder: string): Promise<void> {
  const server = await startServer({ dataDir: folder });
  const ledger = new Ledger();
  await appendEntries(server, ledger, 50);
  const before = memoryBytes(server.pid).peak;
  const keys = [newSigningKey(), newSigningKey()];
  const submissions = keys.flatMap((key) => Array.from({ length: 20 }, () => newSubmission(key)));
  const counts: Counts = { requests: 0, lost: 0, statuses: new Map() };
  const end = performance.now() + Number(values.seconds) * 1000;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () => torment(server, submissions, end, counts)),
  );
  const grown = memoryBytes(server.pid).peak - before;
  if (grown > MOST_GROWTH) throw new Error(`peak memory grew by ${grown} bytes`);
  await appendEntries(server, ledger, 50);
  await ledger.audit(server);
  const { code } = await server.stop();
  if (code !== 0) throw new Error(`the server ended with ${code}`);
  console.log(
    `FUZZ PASSED: seed ${values.seed}, ${counts.requests} requests, ${counts.lost} connections lost, ` +
      `answers ${JSON.stringify(Object.fromEntries(counts.statuses))}, ` +
      `peak memory grew by ${Math.round(grown / 2 ** 20)} MiB`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'stele-fuzz-'));
try {
  await main(folder);
} catch (error) {
  console.error(error);
  console.log(`FUZZ FAILED: seed ${values.seed}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
