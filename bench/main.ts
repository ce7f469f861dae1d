/**
 * `npm run bench`: the whole suite; `npm run bench -- QUESTION [options]`: one question a file, one table an answer.
 *
 * In scope: the command line. Figures come from the question's file; bench/harness/ starts, loads and measures.
 */

import { against } from './against.js';
import { compare } from './compare.js';
import { fillLog } from './fill.js';
import { goalsTable } from './goals.js';
import { type ResultRow, readResult, report } from './harness/result.js';
import { INGEST_KINDS, type IngestKind, ingest } from './ingest.js';
import { latency } from './latency.js';
import { load } from './load.js';
import { merkle } from './merkle.js';
import { mirror } from './mirror.js';
import { mixed } from './mixed.js';
import { monitor } from './monitor.js';
import { type BenchOptions, parseBenchOptions, UsageError } from './options.js';
import { page } from './page.js';
import { peers } from './peers.js';
import { profile } from './profile.js';
import { published } from './published.js';
import { reads } from './reads.js';
import { regression } from './regression.js';
import { search } from './search.js';
import { start } from './start.js';
import { suite } from './suite.js';
import { tiles } from './tiles.js';
import { watch } from './watch.js';
import { witness } from './witness.js';

const USAGE = `npm run bench [-- [QUESTION] [options] [-- flags of the server]]

  (none)      all of ingest, reads, mixed, growth and start, in about 10 minutes
              --quick (2 minutes)  --data-dir DIR (a big log, for its start and for cold reads)
              --peer URL: instead, submissions and reads beside any server of Rekor's v1 or v2 API
              --peer-pid 12,34 (its processes)  --kinds …  --connections 1,16,64,256  --seconds 3  --rounds 3
  ingest      submissions over HTTP, beside a bare server that only verifies them
              --kinds v1-hashedrekord,…  --connections 1,16,64,256  --entries 2000 (a round)  --rounds 3
  reads       entries, proofs, look-ups, tiles over HTTP, beside a bare server that sends the same bytes
              --kinds PART-OF-A-NAME,…  --entries 5000  --seconds 1.5 (a round)  --rounds 3  --connections 64
              --data-dir DIR (of an existing log: cold reads as well)
  mixed       nine reads to one write
              --entries 5000  --requests 20000 (a round)  --rounds 3  --connections 64
  merkle      integration and proofs, in this process
              --entries 200000
  load        what entries cost as a log grows, without HTTP and verification; then reads and its start
              --entries 1000000  --data-dir DIR (kept; one that has entries is gone on with)  --batch 256
              --fill-only  (makes the log and measures nothing)
  search      look-ups in a big log while it is written to
              --entries 100000  --requests 5000  --connections 8  --data-dir DIR (kept)
  latency     a single submission at a time, over the v1 and the v2 API
              --entries 300 (a round and API)  --rounds 3
  tiles       tiles and checkpoints over HTTP, and a log read whole through them
              --entries 100000  --requests 20000  --connections 32  --data-dir DIR (of an existing log)
  monitor     how fast identities are looked for in a log of the v2 API, every entry hashed into the root
              --entries 50000  --rounds 3
  watch       how soon subscribers hear of an entry, and what they cost those who write
              --subscribers 1000  --entries 400 (a case)  --connections 16
  mirror      how fast a log is copied by tiles, every entry and tile proven
              --entries 50000  --rounds 3
  start       how soon an existing log answers
              --data-dir DIR  --rounds 3
  witness     how long a witness takes for a checkpoint: one log, 64 logs at once, beside a bare write
              --requests 1000 (a round)  --rounds 3
  published   what a witness policy costs submissions over the v2 API, one witness dead or not
              --entries 500 (a round and case)  --connections 1,64  --rounds 3
  peers       rekor-tiles, built with Go and run here, beside us
              --connections 1,64,256,2048  --rounds 3
  profile     where the time of a submission goes: a flame graph, docs/pictures/ingest-profile.svg
              --entries 8000  --connections 64
  regression  what submissions and reads cost over the bare servers, held against bench/baseline.json
              --write  (makes it the baseline)
  goals       RESULT.json…: what the figures of these results say to the goals
  page        RESULT.json…: the tables of docs/performance.md
  compare     BEFORE.json AFTER.json: two results as one table
`;

type Question = (options: BenchOptions) => boolean | undefined | Promise<boolean | undefined>;

/** Each prints its answer; false is a failure, undefined a result. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  ingest: async (options) => {
    const { connections = [1, 16, 64, 256], entries = 2000, rounds = 3, flags } = options;
    const kinds = kindsOf(options);
    keep(options, await ingest({ kinds, connections, entries, rounds, flags }));
  },
  reads: async (options) => {
    const { entries = 5000, dataDir, kinds: only = [], rounds = 3, seconds = 1.5, flags } = options;
    const connections = options.connections?.[0] ?? 64;
    keep(options, await reads({ entries, dataDir, only, connections, rounds, seconds, flags }));
  },
  mixed: async (options) => {
    const { entries = 5000, requests = 20_000, rounds = 3, flags } = options;
    const connections = options.connections?.[0] ?? 64;
    keepRows(options, await mixed({ entries, requests, connections, rounds, flags }));
  },
  merkle: ({ entries = 200_000 }) => void merkle(entries),
  load: async ({ entries = 1_000_000, batch = 256, dataDir, isFillOnly }) => {
    if (isFillOnly && dataDir !== undefined) await fillLog(dataDir, entries);
    else await load({ entries, batch, dataDir });
  },
  search: async ({ entries = 100_000, requests = 5000, connections = [8], dataDir, flags }) => {
    await search({ entries, dataDir, requests, connections: connections[0] ?? 8, flags });
  },
  latency: async ({ entries = 300, rounds = 3, flags }) => {
    await latency({ entries, rounds, flags });
  },
  tiles: async ({ entries = 100_000, requests = 20_000, connections = [32], dataDir, flags }) => {
    await tiles({ entries, dataDir, requests, connections: connections[0] ?? 32, flags });
  },
  mirror: async (options) => {
    const { entries = 50_000, rounds = 3, flags } = options;
    keepRows(options, await mirror({ entries, rounds, flags }));
  },
  monitor: async (options) => {
    const { entries = 50_000, rounds = 3, flags } = options;
    keepRows(options, await monitor({ entries, rounds, flags }));
  },
  watch: async (options) => {
    const { subscribers = 1000, entries = 400, connections = [16], flags } = options;
    const [senders = 16] = connections;
    keepRows(options, await watch({ subscribers, entries, connections: senders, flags }));
  },
  start: async ({ dataDir, rounds = 3, flags }) => {
    if (dataDir === undefined) throw new UsageError('start needs --data-dir');
    await start({ dataDir, rounds, flags });
  },
  witness: async (options) => {
    const { requests = 1000, rounds = 3 } = options;
    keepRows(options, await witness({ requests, rounds }));
  },
  published: async (options) => {
    const { entries = 500, connections = [1, 64], rounds = 3, flags } = options;
    keepRows(options, await published({ entries, connections, rounds, flags }));
  },
  peers: async (options) => {
    const { connections = [1, 64, 256, 2048], rounds = 3, flags } = options;
    const rows = await peers({ connections, rounds, flags });
    if (rows === undefined) console.log('NO GO: rekor-tiles cannot be built, nothing was compared');
    else keepRows(options, rows);
  },
  profile: async ({ entries = 8000, connections = [64], flags }) => {
    await profile({ entries, connections: connections[0] ?? 64, flags });
  },
  regression: ({ write }) => regression({ write }),
  goals: ({ operands }) => {
    if (operands.length === 0) throw new UsageError('goals needs a file');
    console.log(goalsTable(operands.flatMap((path) => readResult(path).rows)));
  },
  page: ({ operands }) => {
    if (operands.length === 0) throw new UsageError('page needs a file');
    console.log(page(operands.map(readResult)));
  },
  compare: ({ operands: [before, after] }) => {
    if (before === undefined || after === undefined)
      throw new UsageError('compare needs two files');
    console.log(compare(readResult(before), readResult(after)));
  },
};

async function answer(options: BenchOptions): Promise<boolean | undefined> {
  if (options.peer !== undefined) {
    const { connections = [1, 16, 64, 256], seconds = 3, rounds = 3, flags } = options;
    const [url, pids, kinds] = [options.peer, options.peerPids, kindsOf(options)];
    const rows = await against({ url, pids, kinds, connections, seconds, rounds, flags });
    keepRows({ ...options, question: 'against' }, rows);
    return;
  }
  if (options.question === undefined) {
    const rows = await suite(options);
    keepRows({ ...options, question: 'suite' }, rows);
    console.log(`\n${goalsTable(rows)}`);
    return;
  }
  const question = QUESTIONS[options.question];
  if (question === undefined) throw new UsageError(`no question ${options.question}`);
  return question(options);
}

function kindsOf({ kinds = Object.keys(INGEST_KINDS) }: BenchOptions): IngestKind[] {
  return kinds.map((name) => {
    const kind = INGEST_KINDS[name];
    if (kind === undefined) throw new UsageError(`no kind ${name}`);
    return kind;
  });
}

function keep(options: BenchOptions, cases: readonly { readonly row: ResultRow }[]): void {
  keepRows(
    options,
    cases.map(({ row }) => row),
  );
}

function keepRows({ question = '' }: BenchOptions, rows: readonly ResultRow[]): void {
  report(question, rows, new Date());
}

try {
  const good = await answer(parseBenchOptions(process.argv.slice(2)));
  process.exitCode = good === false ? 1 : 0;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
