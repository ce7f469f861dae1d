/**
 * `node dist/test/fuzz/fuzz-entries.js [--kind rpm] [--inputs 20000] [--seed N] [--from 0] [--save]
 *   [--oracle URL | --url URL]`
 *
 * Submits damaged submissions of a kind, or of all kinds: in this process by default; to a server that must answer
 * each of them with 2xx or 4xx (`--url`); or both in this process and to another log, to compare (`--oracle`).
 * `--save` keeps what was found as files under test/vectors/fuzz/. A seed and a number give the same input again:
 * `--from NUMBER --inputs 1`. Exits with 1 when something was found, with 2 for a kind that there is not.
 */

import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { vectorPath } from '../vectors.js';
import { FUZZ_KINDS, fuzzInput, readCorpus } from './fuzz-input.js';
import { type Finding, fuzzKind, MAX_HELD_BYTES, MAX_MS, type Report } from './fuzz-loop.js';
import { differenceWith, submit } from './remote.js';

interface Job {
  readonly kind: string;
  readonly seed: number;
  readonly from: number;
  readonly inputs: number;
}

type ChildMessage =
  | { readonly started: number }
  | { readonly report: Report; readonly heldBytes: number };

type JobEnd =
  | Exclude<ChildMessage, { started: number }>
  | { readonly stoppedAt: number; readonly error: string };

/** A child that shows no progress for so long is at the input that it has begun. */
const STUCK_MS = 30_000;

const GROUPS_SHOWN = 40;

if (process.send === undefined) await main();
else process.once('message', (job: Job) => void work(job));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kind: { type: 'string' },
      inputs: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      from: { type: 'string', default: '0' },
      save: { type: 'boolean', default: false },
      oracle: { type: 'string' },
      url: { type: 'string' },
    },
  });
  const remote = values.oracle ?? values.url;
  // A message of the v2 API, decoded as it is, is no body that a server takes.
  const known = remote === undefined ? FUZZ_KINDS : KNOWN_KINDS;
  const kinds = values.kind?.split(',') ?? known;
  const unknown = kinds.find((kind) => !known.includes(kind));
  if (unknown !== undefined) {
    console.error(`no such kind: '${unknown}'; there are ${known.join(', ')}`);
    process.exitCode = 2;
    return;
  }
  let found = 0;
  for (const kind of kinds) {
    const seed = Number(values.seed);
    const job = { kind, seed, from: Number(values.from), inputs: Number(values.inputs) };
    const findings =
      remote === undefined
        ? await inProcess(job)
        : await overHttp(job, remote, values.oracle !== undefined);
    printGroups(findings);
    if (values.save) save(findings);
    found += findings.length;
  }
  console.log(found === 0 ? 'nothing found' : `${found} findings`);
  process.exitCode = found === 0 ? 0 : 1;
}

/** Runs a job in a process of its own, and goes on after an input that never comes back. */
async function inProcess(job: Job): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { kind, seed } = job;
  const last = job.from + job.inputs;
  for (let from = job.from; from < last; ) {
    const end = await runChild({ ...job, from, inputs: last - from });
    if ('report' in end) {
      findings.push(...end.report.findings, ...held(job, end.heldBytes));
      printReport(job, end.report, end.heldBytes);
      break;
    }
    const body = fuzzInput(readCorpus(kind), seed, end.stoppedAt);
    findings.push({ kind, seed, index: end.stoppedAt, what: end.error, body });
    from = end.stoppedAt + 1;
  }
  return findings;
}

function runChild(job: Job): Promise<JobEnd> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), {
      execArgv: [...process.execArgv, '--expose-gc', '--max-old-space-size=1024'],
      serialization: 'advanced',
    });
    let reached: number | undefined;
    let isStuck = false;
    const stop = () => {
      isStuck = true;
      child.kill('SIGKILL');
    };
    let watch = setTimeout(stop, STUCK_MS);
    child.on('message', (message: ChildMessage) => {
      if ('report' in message) resolve(message);
      else reached = message.started;
      clearTimeout(watch);
      if (!('report' in message)) watch = setTimeout(stop, STUCK_MS);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(watch);
      const error = isStuck ? `no end within ${STUCK_MS} ms` : `process ended: ${signal ?? code}`;
      if (reached === undefined) reject(new Error(`${job.kind} did not start: ${error}`));
      else resolve({ stoppedAt: reached, error });
    });
    child.send(job);
  });
}

async function work(job: Job): Promise<void> {
  const corpus = readCorpus(job.kind);
  const started = (index: number) => void process.send?.({ started: index });
  // Lazy parts are loaded before memory is compared.
  await fuzzKind({ ...job, corpus, started, inputs: Math.min(job.inputs, 20) });
  const before = await heldBytes();
  const report = await fuzzKind({ ...job, corpus, started });
  process.send?.({ report, heldBytes: (await heldBytes()) - before }, () => process.disconnect());
}

/** Returns what is held once the collector has run; what the last input inflated goes a turn after that. */
async function heldBytes(): Promise<number> {
  globalThis.gc?.();
  await nextTurn();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function held({ kind, seed, from }: Job, bytes: number): Finding[] {
  if (bytes <= MAX_HELD_BYTES) return [];
  const what = `${Math.round(bytes / 2 ** 20)} MiB are held after the run`;
  return [{ kind, seed, index: from, what, body: '' }];
}

async function overHttp(job: Job, url: string, compares: boolean): Promise<Finding[]> {
  const corpus = readCorpus(job.kind);
  const findings: Finding[] = [];
  const { kind, seed } = job;
  for (let index = job.from; index < job.from + job.inputs; index++) {
    const body = fuzzInput(corpus, seed, index);
    const what = compares ? await differenceWith(url, body) : await breakage(url, body);
    if (what !== undefined) findings.push({ kind, seed, index, what, body });
  }
  console.log(`${kind}: ${job.inputs} inputs sent, seed ${seed}, ${findings.length} findings`);
  return findings;
}

async function breakage(url: string, body: string): Promise<string | undefined> {
  const { status, message, ms } = await submit(url, body);
  if (status === 0 || status >= 500) return `${status} ${message.slice(0, 100)}`;
  return ms > MAX_MS ? `slow: ${Math.round(ms)} ms` : undefined;
}

function printReport({ kind, seed }: Job, report: Report, bytes: number): void {
  const refusals = [...report.refusals].map(([code, count]) => `${code} ${count}`).join(', ');
  console.log(
    `${kind}: ${report.inputs} inputs, seed ${seed}: ${report.accepted} accepted; ${refusals}; ` +
      `slowest ${Math.round(report.slowestMs)} ms, ` +
      `at most ${Math.round(report.greatestRssGrowth / 2 ** 20)} MiB more for one, ` +
      `${Math.round(bytes / 2 ** 20)} MiB held after`,
  );
}

function printGroups(findings: readonly Finding[]): void {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const title = `${finding.kind}: ${finding.what.split('\n').slice(0, 4).join('\n')}`;
    groups.set(title, [...(groups.get(title) ?? []), finding]);
  }
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length);
  for (const [title, [first, ...others]] of sorted.slice(0, GROUPS_SHOWN)) {
    console.log(`  ${others.length + 1} x ${title}\n      --from ${first?.index}`);
  }
}

function save(findings: readonly Finding[]): void {
  const folder = vectorPath('fuzz');
  mkdirSync(folder, { recursive: true });
  for (const finding of findings) {
    const name = `${finding.kind}-${finding.seed}-${finding.index}.json`;
    writeFileSync(join(folder, name), `${JSON.stringify(finding, null, 2)}\n`);
  }
}
