/**
 * Sends recorded cases to a server, in their order, and judges the answers.
 *
 * A case that is listed as a difference must be answered as listed AND must still differ from the recording:
 * a list that nobody needs any more is as wrong as one that lacks something.
 */

import { judge } from './judge.js';
import { LogUnderTest } from './log-under-test.js';
import { type RawAnswer, sendRaw } from './raw-request.js';
import type { Difference, RecordedCase } from './recorded-case.js';

export interface ReplayOptions {
  readonly url: string;
  readonly cases: readonly RecordedCase[];
  readonly differences: ReadonlyMap<string, Difference>;
}

export interface Verdict {
  readonly name: string;
  readonly type: string;
  /** Undefined: as recorded, or as listed. */
  readonly problem: string | undefined;
  readonly answer: RawAnswer;
}

/** Returns a verdict for each case. */
export async function replay(options: ReplayOptions): Promise<Verdict[]> {
  const log = await bootstrap(options.url);
  const verdicts: Verdict[] = [];
  for (const recorded of options.cases) {
    await readSize(options.url, log);
    const before = recorded.treeSizeBefore;
    if (before !== undefined && before !== log.size) log.inSync = false;
    const answer = await send(options.url, log, recorded);
    const problem = verdictOf(log, recorded, answer, options.differences.get(recorded.name));
    learn(log, recorded, answer);
    verdicts.push({ name: recorded.name, type: recorded.type, problem, answer });
  }
  return verdicts;
}

function verdictOf(
  log: LogUnderTest,
  recorded: RecordedCase,
  answer: RawAnswer,
  difference: Difference | undefined,
): string | undefined {
  const recordedProblem = judge(log, recorded.expect, answer);
  if (difference === undefined) return recordedProblem;
  if (recordedProblem === undefined) return 'listed as a difference, but answered as recorded';
  return judge(log, difference, answer);
}

async function bootstrap(url: string): Promise<LogUnderTest> {
  const key = await fetch(`${url}/api/v1/log/publicKey`);
  const info = await fetch(`${url}/api/v1/log`);
  // A server with these endpoints switched off is judged without its key.
  if (!key.ok || !info.ok) return new LogUnderTest('', '', 0);
  const { treeID, treeSize } = (await info.json()) as { treeID: string; treeSize: number };
  return new LogUnderTest(await key.text(), treeID, treeSize);
}

async function readSize(url: string, log: LogUnderTest): Promise<void> {
  if (log.pem === '') return;
  const info = await fetch(`${url}/api/v1/log`);
  const { treeSize, rootHash } = (await info.json()) as { treeSize: number; rootHash: string };
  log.size = treeSize;
  log.roots.set(treeSize, rootHash);
}

function send(url: string, log: LogUnderTest, recorded: RecordedCase): Promise<RawAnswer> {
  const { method, path, headers = [] } = recorded.request;
  return sendRaw(url, {
    method,
    path: log.fillIn(path),
    headers: headers.map(([name, value]) => [name, log.fillIn(value)] as const),
    body: bodyOf(log, recorded),
  });
}

function bodyOf(log: LogUnderTest, recorded: RecordedCase): Buffer | undefined {
  const { body, bodyB64, template } = recorded.request;
  if (bodyB64 !== undefined) return Buffer.from(bodyB64, 'base64');
  if (body === undefined) return undefined;
  return Buffer.from(template === true ? log.fillIn(body) : body);
}

/** Keeps the ID and index of an entry under the name of the case that made it. */
function learn(log: LogUnderTest, recorded: RecordedCase, answer: RawAnswer): void {
  if (recorded.creates !== true) return;
  const text = answer.body.toString('utf8');
  if (answer.status === 201) {
    const [made] = Object.entries(JSON.parse(text) as Record<string, { logIndex: number }>);
    if (made === undefined) return;
    log.entryIDs.set(recorded.name, made[0]);
    log.logIndexes.set(recorded.name, made[1].logIndex);
  } else if (answer.status === 409) {
    const id = /\b[0-9a-f]{80}\b/.exec(text)?.[0];
    if (id !== undefined) log.entryIDs.set(recorded.name, id);
  }
}
