/** Damaged submissions one after the other, and what they found. */

import { type Corpus, fuzzInput } from './fuzz-input.js';
import { type Judged, judge, judgeLookup } from './judge.js';

/** Longest that one submission may take. */
export const MAX_MS = 1_000;

/** Most that the memory of the process may grow over one submission. */
export const MAX_RSS_GROWTH = 160 * 2 ** 20;

/** Most that may be held after a run beyond what was held before, once the collector has run. */
export const MAX_HELD_BYTES = 96 * 2 ** 20;

/** One submission that was not handled as it must be. */
export interface Finding {
  readonly kind: string;
  readonly seed: number;
  readonly index: number;
  readonly what: string;
  readonly body: string;
}

/** What a run came to. */
export interface Report {
  readonly inputs: number;
  readonly accepted: number;
  readonly slowestMs: number;
  readonly greatestRssGrowth: number;
  /** Refusals by their code. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
}

/** What a run is made of. */
export interface FuzzOptions {
  readonly corpus: Corpus;
  readonly seed: number;
  readonly from: number;
  readonly inputs: number;
  /** Called before each input: what is running when nothing comes back any more. */
  readonly started?: (index: number) => void;
}

/** Submits `inputs` damaged submissions in this process. */
export async function fuzzKind(options: FuzzOptions): Promise<Report> {
  const { corpus, seed, from, inputs, started } = options;
  const findings: Finding[] = [];
  const refusals = new Map<string, number>();
  let accepted = 0;
  let slowestMs = 0;
  let greatestRssGrowth = 0;
  for (let index = from; index < from + inputs; index++) {
    started?.(index);
    const body = fuzzInput(corpus, seed, index);
    let judged = await judge(body);
    // Another process may have had the processor: what is slow, is slow again.
    if (judged.ms > MAX_MS || judged.rssGrowth > MAX_RSS_GROWTH) judged = await judge(body);
    const found = problemsOf(judged);
    if (index % 4 === 0) {
      const lookup = await judgeLookup(body);
      if (lookup.verdict === 'failed') found.push(`lookup: ${lookup.code}: ${lookup.message}`);
    }
    for (const what of found) findings.push({ kind: corpus.kind, seed, index, what, body });
    const { outcome } = judged;
    if (outcome.verdict === 'accepted') accepted++;
    else refusals.set(outcome.code, (refusals.get(outcome.code) ?? 0) + 1);
    slowestMs = Math.max(slowestMs, judged.ms);
    greatestRssGrowth = Math.max(greatestRssGrowth, judged.rssGrowth);
  }
  if (Object.keys(Object.prototype).length > 0) {
    const what = `Object.prototype has ${Object.keys(Object.prototype)}`;
    findings.push({ kind: corpus.kind, seed, index: from, what, body: '' });
  }
  return { inputs, accepted, slowestMs, greatestRssGrowth, refusals, findings };
}

function problemsOf({ outcome, ms, rssGrowth }: Judged): string[] {
  const found: string[] = [];
  if (outcome.verdict === 'failed') found.push(`${outcome.code}: ${outcome.message}`);
  if (ms > MAX_MS) found.push(`slow: ${Math.round(ms)} ms`);
  if (rssGrowth > MAX_RSS_GROWTH) found.push(`memory: ${Math.round(rssGrowth / 2 ** 20)} MiB more`);
  return found;
}
