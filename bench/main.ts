/**
 * `npm run bench -- QUESTION [options]`: one question a file, one table an answer.
 *
 * In scope: the command line. Figures come from the question's file; bench/harness/ starts, loads and measures.
 */

import { parseArgs } from 'node:util';
import { compare } from './compare.js';
import { readResult, report } from './harness/result.js';
import { INGEST_KINDS, ingest } from './ingest.js';
import { latency } from './latency.js';
import { load } from './load.js';
import { merkle } from './merkle.js';
import { reads } from './reads.js';
import { regression } from './regression.js';
import { search } from './search.js';
import { start } from './start.js';
import { tiles } from './tiles.js';

const USAGE = `npm run bench -- QUESTION [options] [-- flags of the server]

  ingest      submissions over HTTP, beside a bare server that only verifies them
              --kinds v1-hashedrekord,…  --connections 1,16,64,256  --entries 2000 (a round)  --rounds 3
  reads       entries and proofs over HTTP
              --entries 5000  --requests 5000  --connections 64  --data-dir DIR (of an existing log)
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
  start       how soon an existing log answers
              --data-dir DIR  --rounds 3
  regression  the cost of a submission over the peer's, held against bench/baseline.json
  compare     BEFORE.json AFTER.json: two results as one table
`;

const separator = process.argv.indexOf('--', 2);
const own = separator < 0 ? process.argv.slice(2) : process.argv.slice(2, separator);
const flags = separator < 0 ? [] : process.argv.slice(separator + 1);
const { values, positionals } = parseArgs({
  args: own,
  allowPositionals: true,
  options: {
    entries: { type: 'string' },
    kinds: { type: 'string' },
    requests: { type: 'string' },
    rounds: { type: 'string' },
    connections: { type: 'string' },
    batch: { type: 'string' },
    'data-dir': { type: 'string' },
    'fill-only': { type: 'boolean', default: false },
  },
});

function count(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`not a count: ${text}`);
  return value;
}

async function answer(question: string | undefined): Promise<number> {
  const dataDir = values['data-dir'];
  const rounds = count(values.rounds, 3);
  switch (question) {
    case 'ingest': {
      const connections = (values.connections ?? '1,16,64,256').split(',').map(Number);
      const names = values.kinds?.split(',') ?? Object.keys(INGEST_KINDS);
      const kinds = names.map((name) => {
        const kind = INGEST_KINDS[name];
        if (kind === undefined) throw new Error(`not a kind: ${name}`);
        return kind;
      });
      const entries = count(values.entries, 2000);
      const cases = await ingest({ kinds, connections, entries, rounds, flags });
      report(
        'ingest',
        cases.map(({ row }) => row),
        new Date(),
      );
      return 0;
    }
    case 'reads':
      await reads({
        entries: count(values.entries, 5000),
        dataDir,
        requests: count(values.requests, 5000),
        connections: count(values.connections, 64),
        flags,
      });
      return 0;
    case 'merkle':
      merkle(count(values.entries, 200_000));
      return 0;
    case 'load':
      await load({
        entries: count(values.entries, 1_000_000),
        batch: count(values.batch, 256),
        dataDir,
        isFillOnly: values['fill-only'],
      });
      return 0;
    case 'search':
      await search({
        entries: count(values.entries, 100_000),
        dataDir,
        requests: count(values.requests, 5000),
        connections: count(values.connections, 8),
        flags,
      });
      return 0;
    case 'latency':
      await latency({ entries: count(values.entries, 300), rounds, flags });
      return 0;
    case 'tiles':
      await tiles({
        entries: count(values.entries, 100_000),
        dataDir,
        requests: count(values.requests, 20_000),
        connections: count(values.connections, 32),
        flags,
      });
      return 0;
    case 'start':
      if (dataDir === undefined) break;
      await start({ dataDir, rounds, flags });
      return 0;
    case 'regression':
      return (await regression()) ? 0 : 1;
    case 'compare': {
      const [before, after] = positionals.slice(1);
      if (before === undefined || after === undefined) break;
      console.log(compare(readResult(before), readResult(after)));
      return 0;
    }
  }
  console.error(USAGE);
  return 2;
}

process.exitCode = await answer(positionals[0]);
