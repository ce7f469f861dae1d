/**
 * How do we compare with the servers that we stand in for: rekor-tiles, and Rekor v1?
 *
 * rekor-tiles is built and run here, at its defaults and at its fastest settings; it and a Stele take the same hashedrekords
 * in turn. Rekor v1 needs five programs beside it and is not run: its figures are quoted, and say so.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeTurns, versusRows } from './harness/contest.js';
import { type LoadFigures, measureLoad, type Target } from './harness/measure.js';
import { SubmissionSource } from './harness/prepared.js';
import {
  buildRekorTiles,
  FASTEST_FLAGS,
  REKOR_TILES_VERSION,
  startRekorTiles,
} from './harness/rekor-tiles.js';
import type { ResultRow } from './harness/result.js';
import { QUIET_FLAGS, startServer } from './harness/server-process.js';

export interface PeersOptions {
  readonly connections: readonly number[];
  /** Rounds at its fastest settings; at its defaults, where a timer is all that counts, there is one. */
  readonly rounds: number;
  readonly flags: readonly string[];
}

/**
 * Rekor v1.5.4 with Trillian, MySQL and Redis on a machine of two cores, 2026, P-256 hashedrekords: its one connection,
 * and its best rate at any number of them.
 */
const REKOR_V1: readonly ResultRow[] = [
  { case: 'Rekor v1.5.4, 1 connection: recorded', figures: { 'p50 ms': 194 } },
  {
    case: 'Rekor v1.5.4, its best: recorded, five processes',
    figures: { 'per second': 136, 'CPU us': 16_000, 'peak MiB': 575 },
  },
];

const SETTINGS = ['fastest', 'defaults'] as const;
type Setting = (typeof SETTINGS)[number];

const CREATED = [201];
const WARM_UP = 8000;
const WARM_UP_CONNECTIONS = 64;
/** Of rekor-tiles, which answers once a second or once in ten; what it has begun it ends. */
const PEER_SECONDS = { fastest: 4, defaults: 12 };

/** Measures; undefined where there is no Go to build the peer with. */
export async function peers(options: PeersOptions): Promise<ResultRow[] | undefined> {
  const program = buildRekorTiles();
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'stele-peers-'));
  const flags = [...QUIET_FLAGS, ...options.flags];
  const stele = await startServer({ dataDir: folder, flags, probed: true });
  try {
    const source = new SubmissionSource({ fresh: false });
    for (const api of ['v1', 'v2'] as const) {
      const requests = source.take(api, 'hashedrekord', WARM_UP);
      await measureLoad(stele, requests, WARM_UP_CONNECTIONS, CREATED);
    }
    const rows: ResultRow[] = [];
    for (const setting of SETTINGS) {
      const peer = await startRekorTiles(program, setting === 'fastest' ? FASTEST_FLAGS : []);
      try {
        rows.push(...(await compareWith(stele, peer, setting, source, options)));
      } finally {
        await peer.stop();
      }
    }
    return [...rows, ...overBest(rows), ...REKOR_V1];
  } finally {
    await stele.stop();
    rmSync(folder, { recursive: true });
  }
}

async function compareWith(
  stele: Target,
  peer: Target,
  setting: Setting,
  source: SubmissionSource,
  options: PeersOptions,
): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const connections of options.connections) {
    const rounds = setting === 'fastest' ? options.rounds : 1;
    const ofRound = (api: 'v1' | 'v2'): Buffer[][] =>
      Array.from({ length: rounds }, () =>
        source.take(api, 'hashedrekord', entriesFor(connections)),
      );
    const [v1, v2] = [ofRound('v1'), ofRound('v2')];
    const contenders: ((round: number) => Promise<LoadFigures>)[] = [
      (round) => measureLoad(stele, v2[round] ?? [], connections, CREATED),
      (round) =>
        measureLoad(peer, v2[round] ?? [], connections, CREATED, {
          seconds: PEER_SECONDS[setting],
        }),
      (round) => measureLoad(stele, v1[round] ?? [], connections, CREATED),
    ];
    const [ours = [], theirs = [], ofV1 = []] = await takeTurns(contenders, rounds, (run, round) =>
      run(round),
    );
    const name = `${connections} ${connections === 1 ? 'connection' : 'connections'}`;
    const who = `rekor-tiles ${REKOR_TILES_VERSION}, ${setting}`;
    rows.push(...versusRows(name, { who: 'Stele v2', rounds: ours }, [{ who, rounds: theirs }]));
    if (setting === 'fastest') {
      rows.push(...versusRows(name, { who: 'Stele v1', rounds: ofV1 }, []));
    }
  }
  return rows;
}

/** Returns how our rate at each number of connections compares with the peer's best at any. */
function overBest(rows: readonly ResultRow[]): ResultRow[] {
  const rate = ({ figures }: ResultRow): number => figures['per second'] ?? 0;
  const theirs = rows.filter((row) => row.case.includes(`rekor-tiles ${REKOR_TILES_VERSION}`));
  const best = Math.max(...theirs.map(rate));
  return rows
    .filter((row) => row.case.endsWith('Stele v1'))
    .map((row) => ({
      case: `${row.case}, over the best of rekor-tiles (${best.toFixed(0)}/s)`,
      figures: { 'per second': rate(row), 'times the rate': rate(row) / best },
    }));
}

/** Submissions a round: as many as take some seconds, and more than one for each connection. */
function entriesFor(connections: number): number {
  return connections === 1 ? 500 : Math.max(4000, 3 * connections);
}
