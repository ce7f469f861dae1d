/**
 * Servers that take the same load in turn, so that a neighbour's load hits them all, and what comes out of the rounds.
 *
 * A figure is the median of its rounds; a ratio is the median of the ratios of the rounds, whose two halves are neighbours in
 * time. No state.
 */

import { median } from './latencies.js';
import type { LoadFigures } from './measure.js';
import type { ResultRow } from './result.js';

/** Runs `rounds` rounds; returns for each contender its figures in each round. */
export async function takeTurns<Contender>(
  contenders: readonly Contender[],
  rounds: number,
  run: (contender: Contender, round: number) => Promise<LoadFigures>,
): Promise<LoadFigures[][]> {
  const figures = contenders.map((): LoadFigures[] => []);
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes: the second one finds a machine that the first has warmed or worn.
    const order = contenders.map((_, at) => at);
    if (round % 2 === 1) order.reverse();
    for (const at of order) figures[at]?.push(await run(contenders[at] as Contender, round));
  }
  return figures;
}

/** Returns the ratios of one figure, round by round. */
export function ratios(
  ours: readonly LoadFigures[],
  theirs: readonly LoadFigures[],
  of: (figures: LoadFigures) => number,
): number[] {
  return ours.map((each, round) => of(each) / of(theirs[round] as LoadFigures));
}

/** Returns the row of a case: our figures, and beside them those of a peer. */
export function contestRow(
  name: string,
  ours: readonly LoadFigures[],
  peer: readonly LoadFigures[] | undefined,
): ResultRow {
  const middle = (of: (figures: LoadFigures) => number): number => median(ours.map(of));
  const figures: Record<string, number> = {
    'per second': middle((each) => each.perSecond),
    'p50 ms': middle((each) => each.p50Ms),
    'p99 ms': middle((each) => each.p99Ms),
    'p99.9 ms': middle((each) => each.p999Ms),
    'CPU us': Math.round(middle((each) => each.cpuMicroseconds)),
    'KiB allocated': middle((each) => each.allocatedKiB),
    'loop p99 ms': middle((each) => each.loopDelayMs),
    'peak MiB': Math.round(Math.max(...ours.map((each) => each.peakMiB))),
  };
  if (peer !== undefined) {
    figures['peer CPU us'] = Math.round(median(peer.map((each) => each.cpuMicroseconds)));
    figures['CPU / peer'] = median(ratios(ours, peer, (each) => each.cpuMicroseconds));
    figures['rate / peer'] = median(ratios(ours, peer, (each) => each.perSecond));
  }
  return { case: name, figures: known(figures) };
}

/** Returns the figures that are numbers: the others could not be measured. */
function known(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
}

/** One server's rounds in a comparison of whole servers. */
export interface Performance {
  readonly who: string;
  readonly rounds: readonly LoadFigures[];
}

/** Returns a row for each server; those of the others say how far ahead of them the first one is. */
export function versusRows(
  name: string,
  first: Performance,
  others: readonly Performance[],
): ResultRow[] {
  return [first, ...others].map(({ who, rounds }) => {
    const { case: title, figures } = contestRow(`${name}: ${who}`, rounds, undefined);
    if (rounds === first.rounds) return { case: title, figures };
    const middle = (of: (figures: LoadFigures) => number): number =>
      median(ratios(first.rounds, rounds, of));
    const ahead = {
      'times the rate': middle((each) => each.perSecond),
      'times as soon (p50)': 1 / middle((each) => each.p50Ms),
      'part of the CPU': middle((each) => each.cpuMicroseconds),
    };
    return { case: title, figures: known({ ...figures, ...ahead }) };
  });
}
