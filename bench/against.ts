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
import { entryQuestions, type ReadQuestion, tileQuestions } from './harness/read-questions.js';
import { bytesOfRead } from './harness/read-request.js';
import type { ResultRow } from './harness/result.js';
import { QUIET_FLAGS, startServer } from './harness/server-process.js';
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
const WARM_UP_CONNECTIONS = 64;
const READ_CONNECTIONS = 64;
const SAMPLED = 200;
/** Entries that our log has at least, for reads. */
const FILL = 1000;
/** Where servers of the v2 API that serve tiles themselves have them. */
const TILE_PREFIXES = ['/api/v2', ''];
/** More than any server here takes from so many connections in a second. */
const MOST_PER_SECOND = 4000;
const MOST_PER_CONNECTION = 500;

/** Measures. Throws when the server at the URL speaks neither API. */
export async function against(options: AgainstOptions): Promise<ResultRow[]> {
  const apis = await apisOf(options.url);
  if (apis.length === 0) throw new Error(`${options.url} answers neither as Rekor v1 nor as v2`);
  console.log(`${options.url} speaks ${apis.join(' and ')}`);
  const peer: Target = { url: options.url, otherPids: options.pids };
  const folder = mkdtempSync(join(tmpdir(), 'stele-against-'));
  const flags = [...QUIET_FLAGS, ...options.flags];
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
    for (const api of apis) {
      const filling = source.take(api, 'hashedrekord', FILL);
      await measureLoad(stele, filling, WARM_UP_CONNECTIONS, [CREATED]);
    }
    const both = [stele, peer] as const;
    if (apis.includes('v1')) rows.push(...(await readFrom(both, await entriesOf(both), options)));
    // A log of the v1 API may have tiles as well, but no common place for them.
    if (apis.includes('v2')) rows.push(...(await readFrom(both, await tilesOf(both), options)));
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
  const warmUp = source.take(api, payload, most(WARM_UP_CONNECTIONS));
  for (const target of [stele, peer]) {
    await measureLoad(target, warmUp, WARM_UP_CONNECTIONS, [CREATED], { seconds });
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

async function entriesOf(targets: readonly Target[]): Promise<ReadQuestion[][]> {
  const samples = await Promise.all(targets.map(({ url }) => sampleLog(url, SAMPLED)));
  return samples.map(entryQuestions);
}

async function tilesOf(targets: readonly Target[]): Promise<ReadQuestion[][]> {
  return Promise.all(
    targets.map(async ({ url }) => {
      for (const prefix of TILE_PREFIXES) {
        const size = await treeSizeBelow(url, prefix);
        if (size !== undefined) return tileQuestions(url, prefix, size);
      }
      return [];
    }),
  );
}

async function treeSizeBelow(url: string, prefix: string): Promise<number | undefined> {
  const connection = await Connection.open(url);
  const { status, body } = await connection.send(requestBytes('GET', `${prefix}/checkpoint`));
  connection.close();
  return status === 200 ? Number(body.toString().split('\n')[1]) : undefined;
}

/** Asks both what both can be asked, each of its own log. */
async function readFrom(
  targets: readonly [Target, Target],
  [ofStele = [], ofPeer = []]: readonly ReadQuestion[][],
  { rounds, seconds }: AgainstOptions,
): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const { name, status, requests } of ofStele) {
    const same = ofPeer.find((each) => each.name === name);
    if (same === undefined) continue;
    const sent = [requests, same.requests].map((all) => all.map(bytesOfRead));
    const [ours = [], theirs = []] = await takeTurns([0, 1] as const, rounds, (which) =>
      measureLoad(targets[which], sent[which] ?? [], READ_CONNECTIONS, [status], {
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
