/**
 * Submissions that lie ready in files: signing 20,000 of them takes seconds, which nobody wants to wait for twice.
 *
 * Owns the files in bench/results/; a file that has too few is made longer, and what it has stays.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Api, type Payload, requestOf, type Submission, submissionMaker } from './payloads.js';
import { projectRoot } from './server-process.js';

/** Where prepared submissions and results lie; not under version control. */
export const resultsFolder: string = join(projectRoot, 'bench', 'results');

/** Returns `count` submissions of a kind: the same ones in each run, where they are kept. */
export function preparedSubmissions(payload: Payload, count: number): Submission[] {
  const make = submissionMaker(payload);
  if (!isKept(payload)) return Array.from({ length: count }, make);
  const name = payload.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase();
  const path = join(resultsFolder, `submissions-${name}.jsonl`);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  if (lines.length < count) {
    while (lines.length < count) lines.push(JSON.stringify(make()));
    mkdirSync(resultsFolder, { recursive: true });
    writeFileSync(`${path}.new`, `${lines.join('\n')}\n`);
    renameSync(`${path}.new`, path);
  }
  return lines.slice(0, count).map((line) => JSON.parse(line) as Submission);
}

/** To read large ones takes longer than to make them. */
function isKept(payload: Payload): boolean {
  return payload !== 'dsse 100 KB';
}

const BLOCK = 5000;

/** Hands out submissions, none of them twice to the same API. */
export class SubmissionSource {
  readonly #fresh: boolean;
  readonly #kept = new Map<Payload, readonly Submission[]>();
  readonly #used = new Map<string, number>();

  /** `fresh` ones are signed now and not kept: a log of somebody else's may have those of an earlier run already. */
  constructor({ fresh }: { readonly fresh: boolean }) {
    this.#fresh = fresh;
  }

  /** Returns the requests of `count` submissions that this API has not been given yet. */
  take(api: Api, payload: Payload, count: number): Buffer[] {
    return this.#submissions(api, payload, count).map((each) => requestOf(api, each));
  }

  #submissions(api: Api, payload: Payload, count: number): readonly Submission[] {
    if (this.#fresh || !isKept(payload))
      return Array.from({ length: count }, submissionMaker(payload));
    const from = this.#used.get(`${api} ${payload}`) ?? 0;
    const to = from + count;
    this.#used.set(`${api} ${payload}`, to);
    let kept = this.#kept.get(payload) ?? [];
    if (kept.length < to) {
      kept = preparedSubmissions(payload, Math.ceil(to / BLOCK) * BLOCK);
      this.#kept.set(payload, kept);
    }
    return kept.slice(from, to);
  }
}
