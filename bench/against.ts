/**
 * How does any server of Rekor's API compare with us? `npm run bench -- --peer URL`.
 *
 * The peer and a Stele of ours take the same submissions in turn, and the same kinds of reads, each of its own log. Its
 * cost is known only with the numbers of its processes. In scope: what a server takes, found by asking it. Out of scope:
 * starting it. The peer's log grows.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, requestBytes } from './harness/connection.js';
import { takeTurns, versusRows } from './harness/contest.js';
import { sampleLog } from './harness/log-sample.js';
import { measureLoad, type Target } from './harness/measure.js';
import { type Api, weightOf } from './harness/payloads.js';
import { SubmissionSource } from './harness/prepared.js';
import { entryQuestions } from './harness/read-questions.js';
import { bytesOfRead } from './harness/read-request.js';
import type { ResultRow } from './harness/result.js';
import { startServer } from './harness/server-process.js';
import type { IngestKind } from './ingest.js';

export interface AgainstOptions {
  readonly url: string;
  /** Its processes, where they run on this machine. */
  readonly pids: readonly number[];
  readonly kinds: readonly IngestKind[];
  readonly connections: readonly number[];
  /** How long one round of one case takes. */
  readonly seconds: number;
  readonly rounds: number;
  readonly flags: readonly string[];
}

const CREATED = 201;
const FILL = 3000;
const FILL_CONNECTIONS = 64;
const READ_CONNECTIONS = 64;
const SAMPLED = 200;
/** More than any server here takes from so many connections in a second. */
const MOST_PER_SECOND = 4000;
const MOST_PER_CONNECTION = 500;
const PAYLOAD = 'hashedrekord, certificate';

/** Measures. Throws when the server at the URL speaks neither API. */
export async function against(options: AgainstOptions): Promise<ResultRow[]> {
  const apis = await apisOf(options.url);
  if (apis.length === 0) throw new Error(`${options.url} answers neither as Rekor v1 nor as v2`);
  console.log(`${options.url} speaks ${apis.join(' and ')}`);
  const peer: Target = { url: options.url, otherPids: options.pids };
  const folder = mkdtempSync(join(tmpdir(), 'stele-against-'));
  const flags = ['--log-level', 'warn', ...options.flags];
  const stele = await startServer({ dataDir: folder, flags, probed: true });
  try {
    // The peer's log may have what we have signed before.
    const source = new SubmissionSource({ fresh: true });
    const rows: ResultRow[] = [];
    for (const kind of options.kinds.filter(({ api }) => apis.includes(api))) {
      if (await isTaken(peer, kind, source)) {
        rows.push(...(await submitTo(stele, peer, kind, source, options)));
      } else console.log(`${kind.api} ${kind.payload}: refused by the peer`);
    }
    if (apis.includes('v1')) rows.push(...(await readFrom(stele, peer, source, options)));
    return rows;
  } finally {
    await stele.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Returns the APIs that the server at `url` speaks. */
export async function apisOf(url: string): Promise<Api[]> {
  const v1 = await statusOf(url, requestBytes('GET', '/api/v1/log'));
  // A request without content is refused where there is such a path.
  const v2 = await statusOf(url, requestBytes('POST', '/api/v2/log/entries', '{}'));
  return [...(v1 === 200 ? (['v1'] as const) : []), ...(v2 === 400 ? (['v2'] as const) : [])];
}

async function isTaken(
  peer: Target,
  { api, payload }: IngestKind,
  source: SubmissionSource,
): Promise<boolean> {
  const [request = Buffer.alloc(0)] = source.take(api, payload, 1);
  return (await statusOf(peer.url, request)) === CREATED;
}

async function statusOf(url: string, request: Uint8Array): Promise<number> {
  const connection = await Connection.open(url);
  const { status } = await connection.send(request);
  connection.close();
  return status;
}

async function submitTo(
  stele: Target,
  peer: Target,
  { api, payload }: IngestKind,
  source: SubmissionSource,
  { connections, rounds, seconds }: AgainstOptions,
): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  const most = (count: number): number =>
    Math.ceil(
      (Math.min(count * MOST_PER_CONNECTION, MOST_PER_SECOND) * seconds) / weightOf(payload),
    );
  const warmUp = source.take(api, payload, most(FILL_CONNECTIONS));
  for (const target of [stele, peer]) {
    await measureLoad(target, warmUp, FILL_CONNECTIONS, [CREATED], { seconds });
  }
  for (const count of connections) {
    // Both get those of a round; signed when it begins, for those of all rounds would need a lot of memory.
    let current = { round: -1, requests: [] as readonly Uint8Array[] };
    const [ours = [], theirs = []] = await takeTurns([stele, peer], rounds, (target, round) => {
      if (current.round !== round) {
        current = { round, requests: source.take(api, payload, most(count)) };
      }
      return measureLoad(target, current.requests, count, [CREATED], { seconds });
    });
    const name = `${api} ${payload}, ${count} ${count === 1 ? 'connection' : 'connections'}`;
    rows.push(
      ...versusRows(name, { who: 'Stele', rounds: ours }, [{ who: 'peer', rounds: theirs }]),
    );
  }
  return rows;
}

async function readFrom(
  stele: Target,
  peer: Target,
  source: SubmissionSource,
  { rounds, seconds }: AgainstOptions,
): Promise<ResultRow[]> {
  await measureLoad(stele, source.take('v1', PAYLOAD, FILL), FILL_CONNECTIONS, [CREATED]);
  const targets = [stele, peer];
  const samples = await Promise.all(targets.map(({ url }) => sampleLog(url, SAMPLED)));
  const [ofStele = [], ofPeer = []] = samples.map(entryQuestions);
  const rows: ResultRow[] = [];
  for (const [at, { name, status }] of ofStele.entries()) {
    const sent = [ofStele, ofPeer].map((all) => (all[at]?.requests ?? []).map(bytesOfRead));
    const [ours = [], theirs = []] = await takeTurns([0, 1], rounds, (which) =>
      measureLoad(targets[which] ?? peer, sent[which] ?? [], READ_CONNECTIONS, [status], {
        repeat: true,
        seconds,
      }),
    );
    rows.push(
      ...versusRows(name, { who: 'Stele', rounds: ours }, [{ who: 'peer', rounds: theirs }]),
    );
  }
  return rows;
}
