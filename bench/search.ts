/**
 * How long does a look-up take in a big log while it is written to as fast as it goes: by Rekor's keys and by terms?
 *
 * The log is filled through sequencer and store with entries that have the keys and terms of keyless signatures; then
 * a server answers look-ups over HTTP, first at rest, then beside writers that never pause. Times are the client's;
 * each stands beside the 10 ms that are promised, as a ratio. Clients keep out of its way (harness/cores.ts).
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { AcceptedEntry, SearchTerm } from '../src/entries/entry-kind.js';
import { leafHash } from '../src/merkle/hash.js';
import { Connection, requestBytes } from './harness/connection.js';
import { keepClientsApart } from './harness/cores.js';
import { type GeneratorReport, runGenerator } from './harness/generator-client.js';
import { percentile } from './harness/latencies.js';
import { openUnverifiedLog } from './harness/open-log.js';
import { requestOf } from './harness/payloads.js';
import { preparedSubmissions } from './harness/prepared.js';
import { type ResultRow, report } from './harness/result.js';
import { type ServerProcess, startServer, waitUntilReady } from './harness/server-process.js';

export interface SearchOptions {
  /** Entries in the log; a log in `dataDir` that has them already is taken as it is. */
  readonly entries: number;
  readonly dataDir: string | undefined;
  /** Look-ups at rest; beside the writers they go on as long as these do. */
  readonly requests: number;
  /** Connections of the writers. */
  readonly connections: number;
  readonly flags: readonly string[];
}

const PROMISED_MS = 10;
/** Look-ups a second: of the indexes, which are promised to be quick, and of everything. */
const INDEX_RATE = 200;
const SEARCH_RATE = 50;
/** Connections that the look-ups of a phase share; one that is due waits for a free one, and that counts. */
const LOOKUP_CONNECTIONS = 16;
/** Entries that are written beside a phase, for each look-up at rest. */
const WRITTEN_PER_REQUEST = 4;
/** Entries that are written before the first such phase, so that the code of writing is compiled by then. */
const WARM_UP = 4_000;
const BATCH = 256;
/** Entries that share an identity. */
const PER_IDENTITY = 100;
const READY_WITHIN_MS = 300_000;

/** Fills, measures, prints and keeps the figures. */
export async function search(options: SearchOptions): Promise<void> {
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), 'stele-search-'));
  try {
    await fill(folder, options.entries);
    const written = WARM_UP + 2 * options.requests * WRITTEN_PER_REQUEST;
    const prepared = preparedSubmissions('hashedrekord', written);
    const submissions = prepared.map((each) => requestOf('v1', each));
    const { wrapper, told } = keepClientsApart();
    console.log(told);
    const server = await startServer({ dataDir: folder, flags: options.flags, wrapper });
    try {
      await waitUntilReady(server, READY_WITHIN_MS);
      report('search', await measure(server, submissions, options), new Date());
    } finally {
      await server.stop();
    }
  } finally {
    if (options.dataDir === undefined) rmSync(folder, { recursive: true });
  }
}

async function fill(folder: string, entries: number): Promise<void> {
  const log = await openUnverifiedLog(folder);
  try {
    let next = await log.size();
    const submit = async (): Promise<void> => {
      while (next < entries) await log.add(entryOf(next++));
    };
    await Promise.all(Array.from({ length: BATCH }, submit));
  } finally {
    await log.close();
  }
}

async function measure(
  server: ServerProcess,
  submissions: readonly Buffer[],
  { entries, requests, connections }: SearchOptions,
): Promise<ResultRow[]> {
  let asked = 0;
  const all = [...INDEX_QUESTIONS, ...SEARCH_QUESTIONS, PING];
  const atRest = await lookUp(server, all, SEARCH_RATE, entries, () => asked++ < requests);
  await runGenerator(server.url, submissions.slice(0, WARM_UP), connections);
  const half = WARM_UP + requests * WRITTEN_PER_REQUEST;
  const besideWriters = async (
    questions: readonly Question[],
    rate: number,
    written: readonly Buffer[],
  ): Promise<ResultRow[]> => {
    let writing = true;
    const writers = runGenerator(server.url, written, connections).finally(() => {
      writing = false;
    });
    const lookups = lookUp(server, questions, rate, entries, () => writing);
    const [latencies, report] = await Promise.all([lookups, writers]);
    return [...rows(`beside writers, ${rate}/s`, latencies), writes(report)];
  };
  return [
    ...rows(`at rest, ${SEARCH_RATE}/s`, atRest),
    ...(await besideWriters(
      [...INDEX_QUESTIONS, PING],
      INDEX_RATE,
      submissions.slice(WARM_UP, half),
    )),
    ...(await besideWriters([...SEARCH_QUESTIONS, PING], SEARCH_RATE, submissions.slice(half))),
  ];
}

type Latencies = ReadonlyMap<string, readonly number[]>;

/**
 * Asks the questions in turn at a steady rate as long as `goOn` says so, whether those before have been answered or
 * not. A time runs from the moment at which the look-up was due, whenever it was sent.
 */
async function lookUp(
  server: ServerProcess,
  questions: readonly Question[],
  perSecond: number,
  entries: number,
  goOn: () => boolean,
): Promise<Latencies> {
  const latencies = new Map(questions.map(([name]) => [name, [] as number[]]));
  const began = performance.now();
  let turn = 0;
  const ask = async (): Promise<void> => {
    const connection = await Connection.open(server.url);
    while (goOn()) {
      const due = began + (turn * 1000) / perSecond;
      const [name, requestFor] = questions[turn++ % questions.length] as Question;
      const request = requestFor(Math.floor(Math.random() * entries));
      if (due > performance.now()) await setTimeout(due - performance.now());
      // A timer may come early, and what is sent early is not due any sooner.
      const started = Math.min(due, performance.now());
      const { status, body } = await connection.send(request);
      latencies.get(name)?.push(performance.now() - started);
      // An answer without a result would be cheap and flatter.
      if (status !== 200 || !/[0-9a-f]{80}|^\.$/.test(body.toString('latin1'))) {
        throw new Error(`${name}: ${status} ${body.toString().slice(0, 300)}`);
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: LOOKUP_CONNECTIONS }, ask));
  return latencies;
}

function retrieve(subject: string): Buffer {
  return requestBytes('POST', '/api/v1/index/retrieve', JSON.stringify({ subject }));
}

function searched(conditions: Record<string, string>): Buffer {
  return requestBytes('GET', `/api/v1/search?${new URLSearchParams(conditions)}`);
}

/** Each finds entry `n` among others. */
type Question = readonly [name: string, requestFor: (n: number) => Buffer];

const INDEX_QUESTIONS: readonly Question[] = [
  ['retrieve by digest', (n) => retrieve(`sha256:${digestOf(n)}`)],
  ['retrieve by key', (n) => retrieve(keyOf(n))],
  [`retrieve by identity of ${PER_IDENTITY}`, (n) => retrieve(workflowOf(n))],
  ['search by digest', (n) => searched({ digest: digestOf(n) })],
];

const SEARCH_QUESTIONS: readonly Question[] = [
  ['search by identity', (n) => searched({ identity: workflowOf(n) })],
  ['search by identity, counted', (n) => searched({ uri: workflowOf(n), count: 'true' })],
  [
    'search by identity, whole entries',
    (n) => searched({ uri: workflowOf(n), include: 'entries' }),
  ],
  ['search by issuer and commit', (n) => searched({ issuer: ISSUER, commit: commitOf(n) })],
  ['search by kind, oldest', () => searched({ kind: 'hashedrekord', order: 'oldest' })],
  ['search by issuer, newest', () => searched({ issuer: ISSUER })],
];

// What an answer takes here that looks nothing up: the machine, the connection, the turn.
const PING: Question = ['ping', () => requestBytes('GET', '/ping')];

const ISSUER = 'https://token.actions.githubusercontent.com';

function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const digestOf = (n: number): string => hexOf(`artifact ${n}`);
const keyOf = (n: number): string => hexOf(`key ${n}`);
const commitOf = (n: number): string => hexOf(`commit ${Math.floor(n / 10)}`).slice(0, 40);
const repositoryOf = (n: number): string => `example/project-${Math.floor(n / PER_IDENTITY)}`;
const workflowOf = (n: number): string =>
  `https://github.com/example/project-${Math.floor(n / PER_IDENTITY)}/.github/workflows/release.yml@refs/tags/v1`;

/** Returns the entry of a number, with the size, the keys and the terms of a keyless hashedrekord. */
function entryOf(n: number): AcceptedEntry {
  const filling = randomBytes(1_300).toString('base64');
  const digest = digestOf(n);
  const leaf = Buffer.from(
    `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"${digest}"}},` +
      `"signature":{"content":"${filling}"}}}`,
  );
  const terms: readonly (readonly [SearchTerm['field'], string])[] = [
    ['kind', 'hashedrekord'],
    ['key', keyOf(n)],
    ['key', hexOf(`spki ${n}`)],
    ['uri', workflowOf(n)],
    ['certificate-issuer', 'cn=sigstore-intermediate,o=sigstore.dev'],
    ['issuer', ISSUER],
    ['commit', commitOf(n)],
    ['workflow', 'release'],
    ['workflow', workflowOf(n)],
    ['repository', repositoryOf(n)],
    ['repository', `https://github.com/${repositoryOf(n)}`],
    ['ref', 'refs/tags/v1'],
    ['run', `https://github.com/example/actions/runs/${n}/attempts/1`],
    ['run', `https://github.com/example/actions/runs/${n}`],
    ['signature', hexOf(`signature ${n}`)],
    ['digest', `sha256:${digest}`],
  ];
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    leaf,
    leafHash: leafHash(leaf),
    indexKeys: [keyOf(n), workflowOf(n), `sha256:${digest}`],
    searchTerms: terms.map(([field, value]) => ({ field, value })),
  };
}

function rows(when: string, latencies: Latencies): ResultRow[] {
  const lookups = [...latencies].filter(([name]) => name !== PING[0]).map(([, values]) => values);
  const together: Latencies = new Map([['all look-ups', lookups.flat()]]);
  return [...latencies, ...together].map(([name, values]) => {
    const sorted = [...values].sort((a, b) => a - b);
    const p99 = percentile(sorted, 0.99);
    return {
      case: `${name}, ${when}`,
      figures: {
        lookups: sorted.length,
        'p50 ms': percentile(sorted, 0.5),
        'p99 ms': p99,
        [`p99 / ${PROMISED_MS} ms`]: p99 / PROMISED_MS,
      },
    };
  });
}

function writes({ answered, seconds, p50Ms, p99Ms }: GeneratorReport): ResultRow {
  const figures = { 'entries/s': Math.round(answered / seconds), 'p50 ms': p50Ms, 'p99 ms': p99Ms };
  return { case: `the writers, ${answered} entries`, figures };
}
